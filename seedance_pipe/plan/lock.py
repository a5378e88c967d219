"""The lock: what the films of a folder came to and which takes they use, as a value that is kept in git beside
their stories. It holds digests alone: no machine's path, no time, no price.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from seedance_pipe.plan.freshness import Fresh, Stale, Undelivered
from seedance_pipe.plan.graph import Step, StepKey, StepKind
from seedance_pipe.plan.history import Drafted, History
from seedance_pipe.plan.make import Plan, Planned
from seedance_pipe.plan.recipe import order_digest
from seedance_pipe.plan.unroll import take_key
from seedance_pipe.spec.repair import Repair
from seedance_pipe.spec.story import Shot
from seedance_pipe.units import Digest, Fingerprint

T = TypeVar("T")

Choices = Mapping[str, Mapping[str, Mapping[str, T]]]
"""What a person chose: by film (its path relative to the story's folder), by shot, by the order's digest."""


class Pin(NamedTuple):
    """A step that was made: the digests of its outputs by name and, of a take, those of its inputs by slot.

    They are kept as the lock file tells them, a line each: a long story has tens of thousands of pins, which are
    read in every run, and hardly any is ever looked into.
    """

    of: Fingerprint
    told: str

    @property
    def inputs(self) -> Mapping[str, Digest]:
        return {name.removeprefix(_IN): digest for name, digest in self._lines() if name.startswith(_IN)}

    @property
    def outputs(self) -> Mapping[str, Digest]:
        return {name: digest for name, digest in self._lines() if not name.startswith(_IN)}

    def _lines(self) -> Iterator[tuple[str, Digest]]:
        for line in self.told.splitlines():
            name, _, digest = line.strip().partition(": ")
            yield name, Digest(digest)


_IN = "in "
INDENT = " " * 10
"""Before each line that a pin tells."""


def pin_of(mark: Fingerprint, inputs: Mapping[str, Digest], outputs: Mapping[str, Digest]) -> Pin:
    told = "".join([f"{INDENT}{name}: {digest}\n" for name, digest in sorted(outputs.items())])
    if inputs:
        told = "".join([f"{INDENT}{_IN}{slot}: {digest}\n" for slot, digest in sorted(inputs.items())]) + told
    return Pin(mark, told)


@dataclass(frozen=True, slots=True)
class Block:
    """What is pinned of one shot, as it was ordered then: `take 1`, `frame 1` and `clip`. `draft` is what its
    takes follow, where they follow one.
    """

    order: str
    pins: Mapping[str, Pin]
    draft: Drafted | None = None


@dataclass(frozen=True, slots=True)
class Film:
    """`cut` pins the `film` and its `format`; `shots` holds a block by each shot's id."""

    cut: Mapping[str, Pin] = field(default_factory=lambda: MappingProxyType({}))
    shots: Mapping[str, Block] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Lock:
    """`picks` are takes other than the first; `films` are by their path relative to the story's folder."""

    picks: Choices[int] = field(default_factory=lambda: MappingProxyType({}))
    repairs: Choices[Repair] = field(default_factory=lambda: MappingProxyType({}))
    films: Mapping[str, Film] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def files(self) -> frozenset[Digest]:
        """Every stored file that it names."""
        pins = (pin for film in self.films.values() for pin in _pins(film))
        return frozenset(digest for pin in pins for digest in pin.outputs.values())


EMPTY = Lock()


def picks_of(lock: Lock, film: str) -> Mapping[str, int]:
    """The take by each order that the lock speaks of: the first, where none is picked. Where a merge left two
    words on one order, that for `film` holds.
    """
    ordered = (block.order for one in lock.films.values() for block in one.shots.values())
    return {**dict.fromkeys(ordered, 1), **chosen(lock.picks, film)}


def chosen(choices: Choices[T], film: str) -> dict[str, T]:
    """What was chosen by each order; the word for `film` comes before that for others."""
    every = (shots for name, shots in sorted(choices.items(), key=lambda one: one[0] == film))
    return {order: one for shots in every for orders in shots.values() for order, one in orders.items()}


def choosing(
    choices: Choices[T], film: str, shots: Mapping[str, str], news: Mapping[str, T], *, usual: T | None = None
) -> Choices[T]:
    """`choices` with the `news`, by order, for `film`, whose `shots` have these orders. What is `usual` is not
    written down. An order is one thing in all films, so no other film may go on saying something else of it.
    """
    held = {
        name: {
            shot: {
                order: news.get(order, one)
                for order, one in orders.items()
                if order not in news or news[order] != usual
            }
            for shot, orders in by_shot.items()
        }
        for name, by_shot in choices.items()
    }
    for shot, order in shots.items():
        if order in news and news[order] != usual:
            held.setdefault(film, {}).setdefault(shot, {})[order] = news[order]
    full = {name: {shot: one for shot, one in by_shot.items() if one} for name, by_shot in held.items()}
    return {name: by_shot for name, by_shot in full.items() if by_shot}


def lock_of(plan: Plan, history: History, before: Lock, film: str) -> Lock:
    """`before`, with what `plan`, that of the whole film, finds made. What is to be made anew keeps its old pin;
    shots that the story has no more are left out, and other films stay as they are.
    """
    old = before.films.get(film, Film())
    cut = dict(old.cut)
    made: dict[str, dict[str, Pin]] = {shot.id: {} for shot in plan.story.shots}
    for planned in plan.steps:
        pin = _pin(planned, history)
        if pin is not None:
            step = planned.step
            (cut if step.shot is None else made[step.shot.id])[pin_name(step)] = pin
    asked = _Asked(plan, history)
    blocks = ((shot, _block(shot, made[shot.id], old.shots.get(shot.id), asked)) for shot in plan.story.shots)
    shots = {shot.id: block for shot, block in blocks if block is not None}
    if not cut and not shots:
        return before
    films = {**before.films, film: Film(cut, shots)}
    orders = {shot: block.order for shot, block in shots.items()}
    said = chosen(before.picks, film)
    news = {
        order: take
        for order in orders.values()
        if (take := history.picks.get(order, 1)) != 1 and said.get(order) != take
    }
    return replace(before, films=films, picks=choosing(before.picks, film, orders, news, usual=1))


def pin_name(step: Step) -> str:
    """What a block, or the cut, calls a step."""
    if step.kind is StepKind.TAKE or step.kind is StepKind.FRAME:
        return f"{step.kind.value} {step.take}"
    return str(step.kind.value)


def step_key(shot: str, name: str) -> StepKey:
    """The step that the block of a shot calls so."""
    kind, _, take = name.partition(" ")
    match kind:
        case StepKind.TAKE.value:
            return take_key(shot, int(take))
        case StepKind.FRAME.value:
            return StepKey(f"{take_key(shot, int(take))}/{kind}")
    return StepKey(f"{shot}/{kind}")


def _pins(film: Film) -> Iterator[Pin]:
    yield from film.cut.values()
    for block in film.shots.values():
        yield from block.pins.values()


def _pin(planned: Planned, history: History) -> Pin | None:
    """The pin of a step that is made; None of one that is not."""
    verdict, mark = planned.verdict, planned.mark
    if mark is None:
        return None
    if isinstance(verdict, Fresh):
        outputs = verdict.outputs
    elif isinstance(verdict, Stale) and isinstance(verdict.reasons[0], Undelivered):
        outputs = history.made[mark].outputs
    else:
        return None
    return pin_of(mark, planned.digests if planned.step.kind is StepKind.TAKE else {}, outputs)


@dataclass(frozen=True)
class _Asked:
    """What a plan asks for of each shot, looked up only for shots of which something is new."""

    plan: Plan
    history: History

    def keeps(self, shot: Shot, name: str, pin: Pin) -> bool:
        """Whether an old pin stays: of a step that is still asked for, or a take that another machine may have."""
        lost = any(digest in self.history.lost for digest in pin.outputs.values())
        return lost or any(pin_name(step) == name for step in self.steps[shot.id])

    @cached_property
    def steps(self) -> Mapping[str, Sequence[Step]]:
        by_shot: dict[str, list[Step]] = {}
        for step in self.plan.graph.steps:
            if step.shot is not None:
                by_shot.setdefault(step.shot.id, []).append(step)
        return by_shot


def _block(shot: Shot, made: Mapping[str, Pin], before: Block | None, asked: _Asked) -> Block | None:
    """The block of a shot of which this is `made`; None where nothing ever was. Nothing new costs no digest."""
    if before is not None and made == before.pins:
        return before
    if not any(name.startswith(StepKind.TAKE.value) for name in made):
        return before
    order, steps = order_digest(shot), asked.steps[shot.id]
    kept: Mapping[str, Pin] = {}
    if before is not None and before.order == order:
        kept = {name: pin for name, pin in before.pins.items() if asked.keeps(shot, name, pin)}
    drafted = next((step.drafted for step in steps if step.drafted is not None), None)
    draft = None if drafted is None else Drafted(drafted.order, drafted.take, drafted.clip, drafted.seed)
    return Block(order, {**kept, **made}, draft)
