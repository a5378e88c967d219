"""The sweep over every effect: a film for each of them, killed just before or just after it, killed a second time
while it recovers, and then run until done.

Effects are numbered through all programs that a film takes, a person's decisions among them. Where several
things go on at once their order may differ a little from film to film; each number comes all the same.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import random
import shutil
import signal
import time
import traceback
from collections import Counter as Counts
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path

import certifi

from tests.crash import checks
from tests.crash.checks import Film, Memory
from tests.crash.nursery import Ended, Order
from tests.crash.plays import IN_A_CHAIN, PLAYS, Answer, Play, painting_once, vendors
from tests.crash.programs import Nursery, nursery
from tests.crash.seams import Side, Stop
from tests.studio.vendor import Vendor

HURRY = 100
"""How many times faster the programs' clock is, by which ModelArk's lists are looked at for two minutes."""

MOST_PROGRAMS = 20
_NAME = "act"
_RECOVERY = 30
"""Effects that a recovery has beside those that the first run did not come to, more or less."""


@dataclass(frozen=True)
class Cell:
    """One vendor with one kind of answer."""

    vendor: str
    answer: Answer

    @property
    def play(self) -> Play:
        return PLAYS[self.vendor]

    def __str__(self) -> str:
        return f"{self.vendor}:{self.answer.value}"


CELLS = tuple(Cell(vendor, answer) for vendor in PLAYS for answer in Answer)


@dataclass(frozen=True)
class Case:
    """A film and the moments at which it is killed, each counted from where the one before was: in effects, or in
    `lines` of the modules that deal with money.
    """

    cell: Cell
    stops: tuple[Stop, ...] = ()
    lines: bool = False

    def __str__(self) -> str:
        return ":".join((str(self.cell), *(["lines"] if self.lines else []), *map(str, self.stops)))

    @classmethod
    def parse(cls, text: str) -> Case:
        """From its text, such as `runware:lost:137:before:12:after`. Raises ValueError."""
        vendor, answer, *moments = text.split(":")
        lines = moments[:1] == ["lines"]
        moments = moments[lines:]
        if vendor not in PLAYS or len(moments) % 2:
            raise ValueError(f"'{text}' is no case; write for example runware:lost:137:before:12:after")
        pairs = zip(moments[::2], moments[1::2], strict=True)
        stops = tuple(Stop(int(number), Side(side)) for number, side in pairs)
        return cls(Cell(vendor, Answer(answer)), stops, lines)


@dataclass
class Told:
    """What became of one film. `passed` counts the effects of the programs that were not killed, `killed` the
    kills by the kind of the effect; `doubts` are those that a run ended with, `decided` those that a person
    settled.
    """

    case: Case
    programs: int = 0
    passed: Counts[str] = field(default_factory=Counts)
    killed: Counts[str] = field(default_factory=Counts)
    moments: list[str] = field(default_factory=list)
    charged: int = 0
    doubts: set[str] = field(default_factory=set)
    decided: int = 0
    problems: list[str] = field(default_factory=list)


def cases(cell: Cell, moments: int, seed: int, *, lines: bool = False) -> Iterator[Case]:
    """Both sides of so many effects, or before so many lines, each with a second kill early, in the middle or late
    in the recovery.
    """
    sides = [Side.BEFORE] if lines else list(Side)
    for number in range(1, moments + 1):
        for side in sides:
            chance = random.Random(f"{seed}:{cell}:{number}:{side.value}")
            third = max(1, (moments - number + _RECOVERY) // 3)
            second = 1 + third * chance.randrange(3) + chance.randrange(third)
            yield Case(cell, (Stop(number, side), Stop(second, chance.choice(sides))), lines)


def share(some: Sequence[Case], one_in: int, seed: int) -> Sequence[Case]:
    """One of each `one_in` in a row, drawn, so that both sides and all kinds of effects come; in a drawn order."""
    chance = random.Random(seed)
    chosen = [chance.choice(some[first : first + one_in]) for first in range(0, len(some), one_in)]
    chance.shuffle(chosen)
    return chosen


@dataclass(frozen=True)
class Stage:
    """Where films are made, one at a time. Programs find a bundle of one certificate at `trust`: a vendor on
    loopback is reached without TLS, and one is read sooner than all of them.
    """

    folder: Path
    runs: Nursery
    trust: Path

    def play(self, case: Case) -> Told:
        """Make the film of `case`. What is left of it is kept if there is a problem."""
        folder = self.folder / str(case).replace(":", "-")
        story = folder / "film" / "story.yaml"
        story.parent.mkdir(parents=True)
        story.write_text(case.cell.play.story(_NAME, IN_A_CHAIN))
        with vendors(folder / "vendor", case.cell.answer.faults(_NAME)) as vendor:
            film = Film(story, _NAME, case.cell.play, {**vendor.environ, "SSL_CERT_FILE": str(self.trust)})
            told = _Shooting(film, vendor, self, Told(case), list(case.stops)).to_its_end()
        if not told.problems:
            # An ffmpeg whose program was killed may still be at work in there.
            shutil.rmtree(folder, ignore_errors=True)
        return told


@contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    folder.mkdir(parents=True)
    trust = folder / "certificate.pem"
    bundle = Path(certifi.where()).read_text()
    trust.write_text(bundle[bundle.index(_BEGINS) : bundle.index(_ENDS)] + _ENDS + "\n")
    with painting_once(folder / "painted"), nursery() as runs:
        yield Stage(folder, runs, trust)


_BEGINS, _ENDS = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"


@contextmanager
def stages(folder: Path, workers: int) -> Iterator[Callable[[Iterable[Case], float | None], Iterator[Told]]]:
    """A function that plays cases on so many stages at once, which are processes with vendors and a nursery of
    their own. It begins none any more after so many minutes.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_set_up, initargs=(folder,)) as pool:

        def play(some: Iterable[Case], minutes: float | None) -> Iterator[Told]:
            last = time.monotonic() + (inf if minutes is None else 60 * minutes)
            begun = [pool.submit(_play, case) for case in some]
            for one in as_completed(begun):
                if not one.cancelled():
                    yield one.result()
                if time.monotonic() > last:
                    for other in begun:
                        other.cancel()

        yield play


_ours: Stage
"""The stage of this process."""


def _set_up(folder: Path) -> None:
    global _ours
    stack = ExitStack()
    _ours = stack.enter_context(stage(folder / str(os.getpid())))
    atexit.register(stack.close)


def _play(case: Case) -> Told:
    try:
        return _ours.play(case)
    except Exception:
        # One film that cannot be told of does not end the sweep.
        return Told(case, problems=[traceback.format_exc()])


@dataclass
class _Shooting:
    """The programs that one film takes, one after the other. `stops` are the kills that are still to come."""

    film: Film
    vendor: Vendor
    stage: Stage
    told: Told
    stops: list[Stop]
    passed: int = 0

    def to_its_end(self) -> Told:
        doubted: Sequence[str] = ()
        while not self.told.problems and self.told.programs < MOST_PROGRAMS:
            ended = self._program()
            if ended.status == -signal.SIGKILL:
                continue
            memory = checks.recall(self.film)
            self._note(checks.at_the_end_of_a_run(self.film, ended.status, memory))
            if not memory.doubts:
                self._finish(memory)
                return self.told
            self.told.doubts |= {one.id for one in memory.doubts}
            # What a run leaves in doubt, the next one may settle; what it leaves as it is, a person decides.
            now = [one.id for one in memory.doubts]
            if now == doubted:
                self._decide(memory)
            doubted = now
        self.told.problems += ["it does not end"] if not self.told.problems else []
        return self.told

    def _program(self, *, decides: str = "", task: str = "") -> Ended:
        """One program, which is killed if its time has come. Everything is looked at when it is dead."""
        stop = self.stops[0] if self.stops else None
        left = "" if stop is None else str(Stop(stop.number - self.passed, stop.side))
        order = replace(
            self._order(),
            decides=decides,
            task=task,
            stop=left,
            chance=self.told.programs,
            lines=self.told.case.lines,
        )
        ended = self.stage.runs.end_of(order)
        self.told.programs += 1
        if ended.status == -signal.SIGKILL and ended.kind:
            self.told.killed[ended.kind] += 1
            self.told.moments.append(f"{ended.kind} {ended.name}")
            self.stops.pop(0)
            self.passed = 0
        elif ended.effects is not None:
            self.told.passed.update(ended.effects)
            self.passed += ended.passed
        else:
            self.told.problems.append(f"a program that nobody killed ended with {ended.status}")
        self._note(checks.at_any_moment(self.film, self.vendor.ledger(), checks.recall(self.film)))
        return ended

    def _decide(self, memory: Memory) -> None:
        """A person looks into the vendor's console, and says of each doubt what is true."""
        tasks = self.vendor.ledger()
        self._note(checks.unsettled(self.film, tasks, memory))
        for shot in sorted({one.shot for one in memory.doubts}):
            doubt = next(one for one in memory.doubts if one.shot == shot)
            task = next(iter(checks.behind(self.film, doubt, tasks, memory)), "")
            ended = self._program(decides=shot, task=task)
            if ended.status == -signal.SIGKILL:
                return
            self.told.decided += 1
            if ended.status:
                self.told.problems.append(f"the decision on shot {shot} ended with {ended.status}")

    def _finish(self, memory: Memory) -> None:
        tasks = self.vendor.ledger()
        self.told.charged = len(tasks)
        self._note(checks.finished(self.film, tasks, memory))
        ended = self.stage.runs.end_of(self._order())
        self.told.programs += 1
        if ended.status or ended.requests:
            self.told.problems.append(f"one more run ended with {ended.status} and sent {ended.requests} requests")
        if self.vendor.ledger() != tasks:
            self.told.problems.append("one more run changed the vendor's ledger")

    def _note(self, problems: Iterator[str]) -> None:
        self.told.problems += problems

    def _order(self) -> Order:
        return Order(str(self.film.story), self.film.environ, faster=HURRY)
