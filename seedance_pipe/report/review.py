"""The review of a plan: what each step costs and why it is stale, what it drags along, and what nobody knows yet.

A review is a value that text, Markdown and JSON are made of; none of them decides anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from seedance_pipe.plan.freshness import Blocked, Changed, Fresh, InDoubt, InFlight, Stale, Upstream, Verdict
from seedance_pipe.plan.graph import StepKey, StepKind
from seedance_pipe.plan.make import Bill, Plan, Planned
from seedance_pipe.plan.unroll import take_key
from seedance_pipe.plan.ways import Choice
from seedance_pipe.report.departure import Departure, departures
from seedance_pipe.run.budget import Total
from seedance_pipe.spec.diagnostic import Place

WRITTEN = (StepKind.TAKE, StepKind.FILM)
"""The steps that a person asks for; the others follow from them."""


@dataclass(frozen=True, slots=True)
class Item:
    """One step. `total` is what it and all before it come to, given for takes to be bought. `drags` are the
    takes, and the film, that are stale for this step alone; `again` names the step that buys the same thing, so
    that this one costs nothing.
    """

    planned: Planned
    total: Bill | None = None
    drags: tuple[Planned, ...] = ()
    again: StepKey | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """Something of another shot that is not there yet: `what` it is, and the takes that hang on it. Those of them
    that were `made` before are not bought if it comes out as it was.
    """

    what: str
    of: StepKey
    steps: tuple[StepKey, ...]
    made: tuple[StepKey, ...]


@dataclass(frozen=True, slots=True)
class Review:
    """`items` are in the plan's order. `waiting` are takes that are not part of the bill because something before
    them is in doubt. `total` is what was spent and reserved before, `known` are the steps that were asked for
    before, `choices` the changed shots of which a person may say what becomes of those that continue them.
    """

    plan: Plan
    items: tuple[Item, ...]
    bill: Bill
    total: Total
    pending: tuple[Pending, ...]
    waiting: tuple[Planned, ...]
    departures: tuple[Departure, ...]
    known: frozenset[str]
    choices: tuple[Choice, ...] = ()

    @property
    def bought(self) -> tuple[Planned, ...]:
        """The takes that are to be made, those that cost nothing beside their twin included."""
        return tuple(item.planned for item in self.items if item.total is not None)

    @property
    def takes(self) -> tuple[Planned, ...]:
        return tuple(item.planned for item in self.items if item.planned.step.kind is StepKind.TAKE)


def review(
    plan: Plan, total: Total | None = None, *, known: Iterable[str] = (), choices: Iterable[Choice] = ()
) -> Review:
    """`total` is None when nothing was spent yet. `known` are the steps that were asked for before; a step that
    is not among them is new in itself, whatever it waits for.

    Places are told relative to the story's folder where they were absolute: no path of this machine is in a
    review.
    """
    asked = frozenset(known)
    root, caps = plan.story.root, plan.story.budget
    steps = tuple(replace(one, verdict=_told(one.verdict, root)) for one in plan.steps)
    named = {name: replace(cap, by=_near(cap.by, root)) for name, cap in caps.items()}
    items = tuple(_items(plan, steps, asked))
    return Review(
        plan=replace(plan, steps=steps, story=replace(plan.story, budget=named)),
        items=items,
        bill=next((item.total for item in reversed(items) if item.total is not None), Bill()),
        total=total or Total(),
        pending=tuple(_pending(steps, asked)),
        waiting=tuple(one for one in steps if isinstance(one.verdict, Blocked) and one.step.kind is StepKind.TAKE),
        departures=departures(steps),
        known=asked,
        choices=tuple(replace(one, place=near(one.place, root)) for one in choices),
    )


def _items(plan: Plan, steps: tuple[Planned, ...], known: frozenset[str]) -> Iterator[Item]:
    dragged = _dragged(steps, known)
    purchases = plan.purchases
    bill = Bill()
    for planned in steps:
        key = planned.step.key
        drags = dragged.get(key, ())
        if key not in purchases:
            yield Item(planned, drags=drags)
            continue
        bought = purchases[key]
        bill = bill.plus(planned.step) if bought == key else bill
        yield Item(planned, bill, drags, None if bought == key else bought)


def _dragged(steps: Iterable[Planned], known: frozenset[str]) -> Mapping[StepKey, tuple[Planned, ...]]:
    """By step, what a person asked for that is stale because of that step and for no other reason."""
    causes: dict[StepKey, StepKey | None] = {}
    dragged: dict[StepKey, list[Planned]] = {}
    for planned in steps:
        step = planned.step
        match planned.verdict:
            case Fresh():
                continue
            case Stale(why) if all(isinstance(reason, Upstream) for reason in why) and not _new(planned, known):
                before = {causes[reason.step] for reason in why if isinstance(reason, Upstream)}
                # None stands for several.
                cause = before.pop() if len(before) == 1 else None
            case Blocked(by):
                cause = causes[by]
            case _:
                cause = step.key
        causes[step.key] = cause
        if cause is not None and cause != step.key and step.kind in WRITTEN:
            dragged.setdefault(cause, []).append(planned)
    return {cause: tuple(every) for cause, every in dragged.items()}


def _new(planned: Planned, known: frozenset[str]) -> bool:
    """Whether a take was never asked for; the program's own steps simply follow."""
    return planned.step.kind is StepKind.TAKE and planned.step.key not in known


def _pending(steps: tuple[Planned, ...], known: frozenset[str]) -> Iterator[Pending]:
    """Frames and clips that a take will be given and that do not exist yet."""
    by_key = {planned.step.key: planned for planned in steps}
    found: dict[tuple[str, StepKey], dict[StepKey, bool]] = {}
    for planned in steps:
        if planned.step.kind is not StepKind.TAKE or isinstance(planned.verdict, Fresh | InFlight | InDoubt):
            continue
        again = planned.step.key in known and not _changed(planned)
        for need in planned.step.needs:
            giver = by_key[need.step]
            if not isinstance(giver.verdict, Fresh) and giver.step.shot is not None:
                what = "the last frame" if need.output == "frame" else "the clip"
                of = take_key(giver.step.shot.id, giver.step.take)
                found.setdefault((what, of), {})[planned.step.key] = again
    for (what, of), keys in found.items():
        yield Pending(what, of, tuple(keys), tuple(key for key, again in keys.items() if again))


def _changed(planned: Planned) -> bool:
    """Whether a step has a reason of its own, too."""
    verdict = planned.verdict
    return isinstance(verdict, Stale) and not all(isinstance(reason, Upstream) for reason in verdict.reasons)


def _told(verdict: Verdict, root: Path) -> Verdict:
    """The verdict with its places told relative to the story."""
    if not isinstance(verdict, Stale):
        return verdict
    return Stale(
        tuple(
            replace(reason, place=near(reason.place, root)) if isinstance(reason, Changed) else reason
            for reason in verdict.reasons
        )
    )


def near(place: Place | None, root: Path) -> Place | None:
    """`place` without the way to the story's folder on this machine."""
    return place and replace(place, file=_near(place.file, root))


def _near(name: str, root: Path) -> str:
    return name.removeprefix(f"{root.as_posix()}/")
