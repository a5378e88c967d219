"""A stage for faults: vendors played on loopback, stories made with them by the program in this process, and a
checker that holds the vendors' ledger against the journal.

Clips are painted once and told apart by a few bytes at their end, and an hour lasts some seconds.
"""

from __future__ import annotations

import hashlib
import os
import random
import struct
import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import anyio

from seedance_pipe.disk import DISK, Disk
from seedance_pipe.effects import Effects
from seedance_pipe.errors import PipeError
from seedance_pipe.plan.history import State, Submission
from seedance_pipe.plan.make import Plan
from seedance_pipe.run.event import Doubted, Emit, Event, Failed
from seedance_pipe.run.journal import Journal
from seedance_pipe.run.store import Store
from seedance_pipe.sandbox import easel
from seedance_pipe.sandbox.app import serve
from seedance_pipe.sandbox.painter import Scene, paint
from seedance_pipe.sandbox.settings import Settings
from seedance_pipe.studio.home import Home, home, read
from seedance_pipe.studio.run import run
from seedance_pipe.studio.work import Wishes
from seedance_pipe.vendor.adapter import Doubt
from tests.studio.vendor import Vendor

FASTER = 200
"""So many seconds of a run, and of its vendor, pass in one."""

_STANDSTILL_SECONDS = 10.0

AT_ONCE = Settings(queued_seconds=0.0, running_seconds=0.0)


@dataclass(frozen=True, slots=True)
class Part:
    """What a story must say for one vendor. `policy` is how the vendor lets doubts be settled."""

    model: str
    seconds: int
    policy: Doubt


PARTS = {
    "modelark": Part("modelark/seedance-1-0-pro-fast", 2, Doubt.LIST),
    "rivya": Part("rivya/seedance-1-0-lite", 5, Doubt.SAME_KEY),
    "runbase": Part("runbase/seedance-1.5-pro", 4, Doubt.PERSON),
    "runware": Part("runware/seedance-1-0-pro-fast", 2, Doubt.SAME_ID),
}

CHAIN = """\
version: 1
model: MODEL
defaults: {duration: SECONDS, resolution: 480p, ratio: "1:1"}
shots:
  - {id: one, prompt: "one of NAME"}
  - {id: two, prompt: "two of NAME", continues: one}
  - {id: three, prompt: "three of NAME", continues: two}
"""
SHOTS = ("one", "two", "three")


ROOMY = replace(DISK, free=lambda path: 1 << 50)
"""The disk, but however small it is, there is room for the largest clips."""


class Clock:
    """Time that runs `FASTER`, for a run and its vendor alike; a run's clock on the wall is `ahead` by seconds."""

    def __init__(self) -> None:
        self._began, self._seen, self._passed = time.time(), time.monotonic(), 0.0
        self._lock = threading.Lock()
        self.ahead = 0.0
        self._chance = random.Random(1)

    def now(self) -> float:
        """What the vendor's clock says."""
        return self._began + self.monotonic()

    def monotonic(self) -> float:
        with self._lock:
            seen = time.monotonic()
            # A computer that stands still for minutes must not let a day pass, on which clips are thrown away.
            self._passed += min(seen - self._seen, _STANDSTILL_SECONDS)
            self._seen = seen
            return self._passed * FASTER

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(seconds / FASTER)

    def effects(self, environ: dict[str, str], disk: Disk = DISK) -> Effects:
        return Effects(
            now=lambda: self.now() + self.ahead,
            monotonic=self.monotonic,
            sleep=self.sleep,
            draw=self._chance.randrange,
            environ={**os.environ, **environ},
            disk=disk,
        )


@dataclass
class Ending:
    """How a run ended. `trace` is not empty when it was by our own bug; `told` is what a person would read of each
    failure: a message and a next step.
    """

    code: int
    told: list[tuple[str, str]] = field(default_factory=list)
    trace: str = ""
    events: list[Event] = field(default_factory=list)


@dataclass(frozen=True)
class Stage:
    """Vendors at one address."""

    folder: Path
    vendor: Vendor
    clock: Clock

    def film(self, vendor: str, name: str, text: str = CHAIN) -> Film:
        """A new story in a folder of its own."""
        folder = self.folder / name
        folder.mkdir()
        told = text.replace("MODEL", PARTS[vendor].model).replace("SECONDS", str(PARTS[vendor].seconds))
        (folder / "story.yaml").write_text(told.replace("NAME", name), encoding="utf-8")
        return Film(self, vendor, name, folder)


@contextmanager
def stage(folder: Path, *, painted: Path | None = None) -> Iterator[Stage]:
    """Films and the vendors' memory go into `folder`; clips that are painted already may be in `painted`."""
    clock = Clock()
    with (
        patch.object(easel, "paint", _Painter(painted or folder / "painted").paint),
        serve(folder / "vendor", settings=AT_ONCE, effects=replace(Effects(), now=clock.now)) as server,
    ):
        yield Stage(folder, Vendor(server.address), clock)


class _Painter:
    """Paints a few clips of each size and length, and makes every scene's out of one of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def paint(self, scene: Scene, target: Path) -> None:
        told = repr(scene).encode()
        kind = hashlib.sha256(told).digest()[0] % 4
        plain = replace(scene, prompt=f"painting {kind}", note="", seed=kind, first=None, last=None, references=())
        kept = self._folder / f"{hashlib.sha256(repr(plain).encode()).hexdigest()}.{scene.form}"
        if not kept.exists():
            aside = kept.with_name(f"{os.getpid()} {kept.name}")
            paint(plain, aside)
            aside.replace(kept)
        # An MP4 may end in a box of nothing; here it holds what tells this clip from the others.
        mark = hashlib.sha256(told).digest()
        target.write_bytes(kept.read_bytes() + struct.pack(">I4s", 8 + len(mark), b"free") + mark)


@dataclass
class Film:
    """A story at one vendor, and what the vendor's ledger must have of it."""

    stage: Stage
    vendor: str
    name: str
    folder: Path

    @property
    def story(self) -> Path:
        return self.folder / "story.yaml"

    @property
    def output(self) -> Path:
        return self.folder / "out" / "story.mp4"

    @property
    def part(self) -> Part:
        return PARTS[self.vendor]

    def home(self, effects: Effects) -> Home:
        told = read(self.story, environ=effects.environ)
        assert told.story is not None, told
        return home(told.story)

    def run(self, disk: Disk = ROOMY, **wishes: Any) -> Ending:
        """One run, as the command line would end it."""
        effects = self.stage.clock.effects(self.stage.vendor.environ, disk)
        ending = Ending(70)

        @contextmanager
        def showing(plan: Plan) -> Iterator[Emit]:
            yield ending.events.append

        where = self.home(effects)
        try:
            ending.code = run(where, Wishes(yes=True, **wishes), showing=showing, effects=effects).exit_code
        except PipeError as error:
            ending.code = error.exit_code
            ending.told.append((error.message, error.next_step))
        except Exception:
            ending.trace = traceback.format_exc()
        ending.told += [
            (event.message, event.next_step) for event in ending.events if isinstance(event, Failed | Doubted)
        ]
        return ending

    def submissions(self) -> list[Submission]:
        """The newest submission of every fingerprint, by shot and take."""
        state = self.folder / ".seedance"
        if not (state / "journal.db").exists():
            return []
        with Journal.open(state / "journal.db", story=self.story.name, effects=Effects()) as journal:
            found = journal.history(Store(state / "store").has, {}).submissions.values()
            return sorted(found, key=lambda one: (one.shot, one.take))

    def charged(self) -> list[dict[str, Any]]:
        """What the vendors ever accepted for this film: the prompts of `CHAIN` name it."""
        prompts = {_digest(f"{shot} of {self.name}") for shot in SHOTS}
        return [task for task in self.stage.vendor.ledger() if task["prompt"] in prompts]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def problems(film: Film, *, killed: bool = False) -> Iterator[str]:
    """What is wrong with the film of `CHAIN` after a run with which nothing interfered.

    One that was `killed` before may have died between its intent and the request: a list shows no task then, and
    where a list is all there is, that leaves a doubt.
    """
    submissions, tasks = film.submissions(), film.charged()
    doubted = False
    for shot in SHOTS:
        bought = sum(task["prompt"] == _digest(f"{shot} of {film.name}") for task in tasks)
        states = {one.state for one in submissions if one.shot == shot}
        known = any(one.task for one in submissions if one.shot == shot)
        doubt = State.INTENT in states
        doubted = doubted or doubt
        if bought > 1:
            yield f"shot {shot} was charged {bought} times"
        if known and not bought:
            yield f"shot {shot} has a task that the vendor has not"
        if bought and not known and not doubt:
            yield f"the paid task of shot {shot} is forgotten"
        if doubt and not _may_be_left(film.part.policy, bought, killed):
            yield f"shot {shot} is in doubt, charged {bought} times"
    if not doubted and (len(tasks) != len(SHOTS) or not film.output.is_file()):
        yield f"{len(tasks)} charged, film {film.output.is_file()}"
    yield from torn(film, submissions)


def _may_be_left(policy: Doubt, bought: int, killed: bool) -> bool:
    return policy is Doubt.PERSON or (policy is Doubt.LIST and killed and not bought)


def torn(film: Film, submissions: Sequence[Submission]) -> Iterator[str]:
    """Files that are not what their name, or the journal, says."""
    kept = set()
    for path in (film.folder / ".seedance" / "store").glob("[0-9a-f][0-9a-f]/*"):
        kept.add(path.parent.name + path.stem)
        if hashlib.sha256(path.read_bytes()).hexdigest() != path.parent.name + path.stem:
            yield f"the store's {path.stem[:12]} is torn"
    for one in submissions:
        if one.state is State.STORED and not kept.issuperset(one.outputs.values()):
            yield f"a file of shot {one.shot} is gone"
    if film.output.exists() and hashlib.sha256(film.output.read_bytes()).hexdigest() not in kept:
        yield "the film is torn"
