"""The checker: the vendor's own ledger against the journal, and the store and the film against both."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from seedance_pipe.effects import Effects
from seedance_pipe.errors import MediaFailed, PipeError
from seedance_pipe.media.probe import check_clip
from seedance_pipe.plan.freshness import InDoubt
from seedance_pipe.plan.history import State, Submission
from seedance_pipe.run import lockfile
from seedance_pipe.run.journal import Journal
from seedance_pipe.run.store import Store
from seedance_pipe.studio import look
from seedance_pipe.studio.home import home, read
from seedance_pipe.studio.verify import verify
from seedance_pipe.vendor.adapter import Doubt
from tests.crash.plays import Play, prompts

_DECODED: set[str] = set()
"""The films that were decoded to their end once."""

Tasks: TypeAlias = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Film:
    """A film that is being made: its story, whose prompts are marked with `name`, as it is told to a vendor, and
    the `environ` that leads there.
    """

    story: Path
    name: str
    play: Play
    environ: dict[str, str]

    @property
    def state(self) -> Path:
        return self.story.parent / ".seedance"

    @property
    def place(self) -> Path:
        return self.story.parent / "out" / "story.mp4"


@dataclass(frozen=True)
class Memory:
    """What the journal says at one moment, and what SQLite says of the journal."""

    submissions: Sequence[Submission] = ()
    films: frozenset[str] = frozenset()
    integrity: str = "ok"

    @property
    def doubts(self) -> Sequence[Submission]:
        return [one for one in self.submissions if one.state is State.INTENT]

    @property
    def tasks(self) -> frozenset[str]:
        return frozenset(one.task for one in self.submissions if one.task)


def recall(film: Film) -> Memory:
    """Read from a copy: to open the journal itself would put in order what the next run is to find as it is."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "journal.db"
        for name in ("journal.db", "journal.db-wal"):
            if (film.state / name).exists():
                shutil.copyfile(film.state / name, Path(folder) / name)
        try:
            journal = Journal.look(copy, story=film.story.name, effects=Effects())
            if journal is None:
                return Memory()
            with journal, closing(sqlite3.connect(copy)) as plain:
                (integrity,) = plain.execute("PRAGMA integrity_check").fetchone()
                history = journal.history(Store(film.state / "store").has, {})
        except (PipeError, sqlite3.DatabaseError) as problem:
            return Memory(integrity=str(problem))
    films = {made.outputs["film"] for made in history.made.values() if "film" in made.outputs}
    return Memory(tuple(history.submissions.values()), frozenset(films), integrity)


def at_any_moment(film: Film, tasks: Tasks, memory: Memory) -> Iterator[str]:
    """What must hold whenever a program has died."""
    if memory.integrity != "ok":
        yield f"the journal is damaged: {memory.integrity}"
    yield from _charges(film, tasks, memory)
    yield from _torn(film, memory)
    try:
        lockfile.read(film.story.with_name("seedance.lock"))
    except PipeError as problem:
        yield f"the lock file is torn: {problem.message}"


def _charges(film: Film, tasks: Tasks, memory: Memory) -> Iterator[str]:
    """No take is charged twice, and each charged task is known by its name or behind a doubt that is on record."""
    for shot, prompt in prompts(film.name).items():
        bought = sum(task["prompt"] == prompt for task in tasks)
        known = sum(one.shot == shot and bool(one.task) for one in memory.submissions)
        doubts = sum(one.shot == shot for one in memory.doubts)
        if bought > film.play.takes:
            yield f"shot {shot} was charged {bought} times"
        if not known <= bought <= known + doubts:
            yield f"shot {shot}: {bought} charged, {known} known, {doubts} in doubt"
    if film.play.takes == 1 and not memory.tasks <= {task["id"] for task in tasks}:
        yield "a task is in the journal alone"


def _torn(film: Film, memory: Memory) -> Iterator[str]:
    """Whatever has the name of a store file or of the film is whole."""
    for path in sorted((film.state / "store").glob("[0-9a-f][0-9a-f]/*")):
        if _digest(path) != path.parent.name + path.stem:
            yield f"{path.name} in the store is not what its name says"
    if (film.state / "store" / "damaged").exists():
        yield "a file of the store was set aside as damaged"
    for path in sorted(film.place.parent.glob("*")):
        if path == film.place and _digest(path) not in memory.films:
            yield "the film in its place is none that was made"
        if path != film.place and not path.name.startswith("."):
            yield f"{path.name} lies beside the film"


def at_the_end_of_a_run(film: Film, status: int, memory: Memory) -> Iterator[str]:
    """What must hold when a run has ended by itself: doubts are told by its exit status, and shown by `status`."""
    if status != (4 if memory.doubts else 0):
        yield f"a run that nobody killed ended with {status} and {len(memory.doubts)} in doubt"
    doubted = {(one.shot, one.take) for one in memory.doubts}
    if doubted and shown_in_doubt(film) != doubted:
        yield f"status shows {sorted(shown_in_doubt(film))} in doubt, and it is {sorted(doubted)}"
    if film.place.exists() == bool(doubted):
        yield f"film {film.place.exists()} with {len(doubted)} in doubt"


def shown_in_doubt(film: Film) -> set[tuple[str, int | None]]:
    story = read(film.story, environ=film.environ).story
    assert story is not None
    steps = [one for one in look.status(home(story)).plan.steps if isinstance(one.verdict, InDoubt)]
    return {(one.step.shot.id, one.step.take) for one in steps if one.step.shot}


def unsettled(film: Film, tasks: Tasks, memory: Memory) -> Iterator[str]:
    """Doubts that the program should have settled. A list says nothing of a request that never arrived."""
    doubts, policy = memory.doubts, film.play.policy
    if doubts and policy in (Doubt.SAME_ID, Doubt.SAME_KEY):
        yield f"{len(doubts)} in doubt, though the same could be sent again"
    if doubts and policy is Doubt.LIST:
        for task in {str(task["id"]) for task in tasks} - memory.tasks:
            yield f"task {task} is on the vendor's list and was not adopted"


def behind(film: Film, doubt: Submission, tasks: Tasks, memory: Memory) -> Sequence[str]:
    """The tasks that a person finds in the vendor's console for a shot in doubt, and that the journal lacks."""
    prompt = prompts(film.name)[doubt.shot]
    return [str(task["id"]) for task in tasks if task["prompt"] == prompt and task["id"] not in memory.tasks]


def finished(film: Film, tasks: Tasks, memory: Memory) -> Iterator[str]:
    """What must hold of a film that is made: each take was charged once, and everything is there."""
    for shot, prompt in prompts(film.name).items():
        bought = sum(task["prompt"] == prompt for task in tasks)
        if bought != film.play.takes:
            yield f"shot {shot} of a whole film was charged {bought} times"
    for one in memory.submissions:
        if one.state is not State.STORED:
            yield f"take {one.take} of shot {one.shot} ended as {one.state.value}"
    yield from lost(film, memory)
    if not film.place.exists():
        yield "there is no film"
        return
    if (digest := _digest(film.place)) not in _DECODED:
        try:
            check_clip(film.place)
        except MediaFailed as problem:
            yield f"the film cannot be played: {problem.message}"
        _DECODED.add(digest)
    yield from unproven(film)
    left = sorted(path.name for path in film.place.parent.iterdir() if path != film.place)
    if left:
        yield f"left beside the film: {', '.join(left)}"


def unproven(film: Film) -> Iterator[str]:
    """What another machine would miss, which has the story, the lock file and the store."""
    story = read(film.story, environ=film.environ).story
    assert story is not None
    try:
        yield from (f"verify: {fault.step}: {fault.what}" for fault in verify(home(story)).faults)
    except PipeError as problem:
        yield f"verify: {problem.message}"


def lost(film: Film, memory: Memory) -> Iterator[str]:
    store = Store(film.state / "store")
    for one in memory.submissions:
        for name, digest in one.outputs.items() if one.state is State.STORED else ():
            if not store.check(digest):
                yield f"{name} of {one.shot} is torn or gone"


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
