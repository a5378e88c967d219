"""Parts of the long sweeps, small enough that several processes can be at them."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults import errors, power
from tests.faults.stage import stage

SLICES = 8
"""Into so many parts each sweep is cut."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a sweep: at every `stride`-th effect from `first` on. No `kind` of error is a power cut."""

    vendor: str
    kind: int | None
    first: int
    stride: int

    @property
    def name(self) -> str:
        return f"{self.vendor:<10}{errors.KINDS[self.kind] if self.kind is not None else 'power cut'}"


@dataclass
class Seen:
    """What came of a part: films and images made, runs of the program, and how those ended that a fault befell."""

    counts: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


def parts(vendors: Sequence[str], thinned: int) -> Iterator[Part]:
    """Of the first vendor every kind of error at every effect, of the others one of them at each."""
    of_the_disk = [number for number, kind in enumerate(errors.KINDS) if kind.name == "disk"]
    few = range(len(of_the_disk), len(errors.KINDS))
    first, *others = vendors
    for kind in (*of_the_disk, None):
        yield from (Part(first, kind, 1 + part * thinned, SLICES * thinned) for part in range(SLICES))
    for vendor in others:
        yield from (Part(vendor, kind, 1 + kind * thinned, len(of_the_disk) * thinned) for kind in of_the_disk)
        yield from (Part(vendor, None, 1 + part * thinned, 4 * SLICES * thinned) for part in range(SLICES))
    yield from (Part(vendor, kind, 1, 1) for vendor in vendors for kind in few)


def play(part: Part) -> Seen:
    seen = Seen()
    with tempfile.TemporaryDirectory() as folder, stage(Path(folder)) as on:
        # What is remembered of the ffmpeg at hand is not left in the cache of whoever runs this.
        os.environ["XDG_CACHE_HOME"] = f"{folder}/cache"
        if part.kind is not None:
            tally = errors.Tally()
            errors.sweep(on, part.vendor, errors.KINDS[part.kind], tally, first=part.first, stride=part.stride)
            seen.counts = Counter(films=tally.films, runs=tally.runs, doubts=tally.doubts)
            seen.counts.update({f"exit {code}": count for code, count in tally.codes.items()})
            seen.problems = tally.problems
        else:
            cut = power.Tally()
            film = on.film(part.vendor, "recorded")
            power.look(film, power.recorded(film), cut, first=part.first, stride=part.stride)
            power.go_on(on, part.vendor, cut, first=part.first, stride=part.stride, seed=part.first)
            seen.counts = Counter(images=cut.images, runs=2 * cut.runs, films=cut.runs)
            seen.counts.update({f"exit {code}": count for code, count in cut.codes.items()})
            seen.problems = cut.problems
    return seen
