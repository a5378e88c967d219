"""Power loss: a run is recorded, and for moments of it all disks are built that it may leave behind (security.md
section 6, R-P).

Of each the journal must open, know all that was promised before the power went, and name only files that are
there and whole. From some of them the program goes on, and must come to the end without paying twice.
"""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from seedance_pipe.effects import Effects
from seedance_pipe.errors import PipeError
from seedance_pipe.run.journal import Journal
from seedance_pipe.run.store import Store
from seedance_pipe.studio.deliver import guard_output
from seedance_pipe.studio.home import Home
from seedance_pipe.studio.look import status
from tests.faults.gate import Deadly, dying, guarding
from tests.faults.images import Image, Operation, Promise, images, lay_out, mark, promised
from tests.faults.recorder import Recorder
from tests.faults.stage import Film, Stage, problems, torn

_QUICK = Path("/dev/shm")
"""Where there is one, images are laid out in memory: nothing of them has to last."""


@dataclass
class Tally:
    """What was tried: moments of runs, distinct images, and runs that went on from one. `problems` is what must be
    empty.
    """

    moments: int = 0
    images: int = 0
    runs: int = 0
    codes: Counter[int] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


def recorded(film: Film) -> Sequence[Operation]:
    """All that one whole run does to the disk."""
    recorder = Recorder(film.folder, lambda: len(film.charged()))
    with recorder.recording():
        ending = film.run(recorder.disk())
    assert ending.code == 0, ending
    return recorder.operations


def look(film: Film, operations: Sequence[Operation], tally: Tally, *, first: int = 1, stride: int = 1) -> None:
    """Build and check the images of every `stride`-th moment of the recorded run that made `film`."""
    whole = film.output.read_bytes()
    seen: set[str] = set()
    with tempfile.TemporaryDirectory(dir=_QUICK if _QUICK.is_dir() else None) as folder:
        for end in range(first, len(operations) + 1, stride):
            if isinstance(operations[end - 1], Promise):
                continue
            tally.moments += 1
            for name, found in images(operations[:end]):
                if mark(found) in seen:
                    continue
                seen.add(mark(found))
                tally.images += 1
                there = Film(film.stage, film.vendor, film.name, Path(folder) / "film")
                tally.problems += [
                    f"{film.vendor}, after operation {end}, {name}: {problem}"
                    for problem in _laid_out(there, film, found, promised(operations[:end]), whole)
                ]


def _laid_out(there: Film, film: Film, found: Image, kept: Promise, whole: bytes) -> list[str]:
    there.folder.mkdir()
    shutil.copy(film.story, there.story)
    lay_out(found, there.folder)
    where = there.home(there.stage.clock.effects(there.stage.vendor.environ))
    seen = list(problems_of(there, where, kept, whole))
    shutil.rmtree(there.folder)
    return seen


def go_on(stage: Stage, vendor: str, tally: Tally, *, first: int, stride: int, seed: int) -> None:
    """Let the power go before every `stride`-th effect of a run, draw one of the images, and run on from it."""
    chance = random.Random(seed)
    at = first
    while True:
        film = stage.film(vendor, f"{vendor}-power-{tally.runs}")
        gate = Deadly(at)
        recorder = Recorder(film.folder, lambda: 0, gate)
        with recorder.recording(), guarding(gate), dying():
            film.run(recorder.disk())
        if not gate.fell:
            return
        name, found = chance.choice(list(images(recorder.operations)))
        after = Film(stage, vendor, film.name, film.folder.with_name(f"{film.folder.name}-after"))
        after.folder.mkdir()
        shutil.copy(film.story, after.story)
        lay_out(found, after.folder)
        ending = after.run()
        tally.runs += 1
        tally.codes[ending.code] += 1
        wrong = list(problems(after, killed=True))
        if ending.code not in (0, 4) or ending.trace:
            wrong.append(f"exit {ending.code}: {ending.told} {ending.trace}")
        tally.problems += [f"{vendor}, power gone at effect {at}, {name}: {problem}" for problem in wrong]
        at += stride


def problems_of(film: Film, where: Home, kept: Promise, whole: bytes) -> Iterator[str]:
    """What is wrong with an image of `film` that lies in its folder, whose home is `where`. `kept` is what was
    promised before the power went, and `whole` all that the film's place may hold.
    """
    try:
        with Journal.open(where.journal, story=where.name, effects=Effects()) as journal:
            store = Store(where.store)
            yield from torn(film, list(journal.history(store.has, {}).submissions.values()))
            guard_output(where, journal, store, force=False)
        status(where)
    except PipeError as error:
        yield f"the program does not go on from there: {error.message}"
        return
    try:
        with closing(sqlite3.connect(where.journal)) as connection:
            (said,) = connection.execute("PRAGMA integrity_check").fetchone()
            rows = connection.execute("SELECT coalesce(submission, ''), act, document FROM entry").fetchall()
    except sqlite3.DatabaseError as error:
        said, rows = str(error), []
    if said != "ok":
        yield f"the journal is damaged: {said}"
    acts = {(submission, act) for submission, act, _ in rows}
    yield from (f"the journal has forgotten {act} of {one}" for one, act in sorted(kept.acts - acts))
    if kept.charged > sum(act == "intent" for _, act in acts):
        yield f"{kept.charged} tasks are at the vendor, and the journal knows of less"
    named = [digest for _, act, text in rows if act in _OURS for digest in json.loads(text)["outputs"].values()]
    yield from (
        f"the journal names {digest[:12]}, which is not there" for digest in named if not store.has(digest)
    )
    if film.output.exists() and film.output.read_bytes() != whole:
        yield "half a film is in its place"


_OURS = frozenset({"stored", "made"})
"""Acts that say that the store has their outputs."""
