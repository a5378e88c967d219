"""Error injection: one film after the other, in each of which another effect of the program fails (security.md
section 6, R-E).

A film of three chained shots is made with the N-th effect refused, once or from then on, for N = 1, 2, 3 … until
nothing is left to refuse. Then the fault is gone, and the program has to finish the film.
"""

from __future__ import annotations

import errno
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tests.faults.gate import CONNECT, PROCESS, Failing, gated, guarding, open_files
from tests.faults.stage import ROOMY, Ending, Film, Stage, problems

FOREVER = 1 << 40
BURST = 12
"""Connections that fail one after the other where a fault on the network lasts: more than one call is tried."""

NUMBERS = (errno.EIO, errno.ENOSPC, errno.EMFILE, errno.EACCES)
STARTS = (errno.EMFILE, errno.ENOENT, errno.EACCES)
"""What a process cannot be started for."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One way for effects to fail: which, by which error of the operating system, and how often."""

    name: str
    counts: Callable[[str], bool]
    number: int
    times: int

    def __str__(self) -> str:
        often = {1: "once", FOREVER: "from then on"}.get(self.times, f"{self.times} times")
        return f"{self.name} {errno.errorcode[self.number]} {often}"


def _of_the_disk(effect: str) -> bool:
    return effect not in (CONNECT, PROCESS)


KINDS = (
    *(Kind("disk", _of_the_disk, number, times) for number in NUMBERS for times in (1, FOREVER)),
    *(Kind("connection", lambda effect: effect == CONNECT, errno.EMFILE, times) for times in (1, BURST)),
    *(Kind("process", lambda effect: effect == PROCESS, number, FOREVER) for number in STARTS),
)


@dataclass
class Tally:
    """What a sweep saw. `problems` is what must be empty; `codes` counts how the runs with a fault ended."""

    films: int = 0
    runs: int = 0
    codes: Counter[int] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    doubts: int = 0
    problems: list[str] = field(default_factory=list)


def sweep(on: Stage, vendor: str, kind: Kind, tally: Tally, *, first: int = 1, stride: int = 1) -> None:
    """Refuse effect number `first`, and each that is `stride` further on, until a run has none of that number."""
    at = first
    while True:
        film = on.film(vendor, f"{vendor}-{tally.films}")
        gate = Failing(at, kind.number, kind.times, kind.counts)
        with guarding(gate):
            ending = film.run(gated(gate, ROOMY))
        tally.films += 1
        tally.runs += 1
        where = f"{vendor}, {kind}, at effect {at} ({gate.refused[0] if gate.refused else 'none'})"
        found = [*_ended_well(film, ending, gate), *_finished(film, tally)]
        tally.problems += [f"{where}: {problem}" for problem in found]
        if not gate.refused:
            return
        tally.codes[ending.code] += 1
        tally.refused[gate.refused[0]] += 1
        at += stride


def _ended_well(film: Film, ending: Ending, gate: Failing) -> Iterator[str]:
    if ending.trace:
        yield ending.trace
        return
    right = {0, 1, 4, 6} if PROCESS in gate.refused else {0, 1, 4}
    if ending.code not in right or (not gate.refused and ending.code):
        yield f"exit {ending.code}: {ending.told}"
    if ending.code == 0 and not film.output.is_file():
        yield "exit 0 without a film"
    if ending.code and not ending.told:
        yield f"exit {ending.code} and nothing was said"
    yield from (f"no next step: {message}" for message, next_step in ending.told if not next_step)
    yield from (f"left open: {path}" for path in open_files(film.folder).values())


def _finished(film: Film, tally: Tally) -> Iterator[str]:
    """The fault is gone: the next run finishes the film, and the one after it finds nothing to do."""
    for _ in range(2):
        ending = film.run()
        tally.runs += 1
        if ending.code not in (0, 4):
            yield f"a run without a fault ended with {ending.code}: {ending.told} {ending.trace}"
    tally.doubts += ending.code == 4
    yield from problems(film)
