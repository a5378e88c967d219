"""The ways of repairing a chain, each with its price: what would be bought if a changed shot rippled on, became a
bridge, or were accepted as it comes.

No plan is made for any of them: one walk down the chains tells what hangs on which changed shot.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from seedance_pipe.plan.cost import estimate
from seedance_pipe.plan.drafted import Drafts, following
from seedance_pipe.plan.fingerprint import document, fingerprint
from seedance_pipe.plan.freshness import Fresh, Stale, Upstream, judge
from seedance_pipe.plan.graph import Step, StepKey, StepKind
from seedance_pipe.plan.hanging import Hanging, hanging
from seedance_pipe.plan.history import History
from seedance_pipe.plan.make import Bill, Plan, Planned
from seedance_pipe.plan.recipe import order_digest
from seedance_pipe.plan.repair import Handoff, Handoffs, ends_of_bridges, way_of
from seedance_pipe.plan.unroll import take_key, take_step
from seedance_pipe.spec.bridge import Bridges
from seedance_pipe.spec.diagnostic import Place
from seedance_pipe.spec.medium import SeamPicture
from seedance_pipe.spec.repair import Repair
from seedance_pipe.spec.story import Shot, Story


class By(enum.Enum):
    """Who chose a way: this command, a command before it, the story, or nobody."""

    OPTION = "option"
    BEFORE = "before"
    STORY = "story"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Way:
    """The takes that are bought this way, and their price; what other changes buy anyway is no part of it.
    `refusal` says why there is no such way, "" if there is.
    """

    repair: Repair
    takes: tuple[StepKey, ...] = ()
    bill: Bill = field(default_factory=Bill)
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """A changed shot, and the made shots that go on from it: what may become of them. `place` is where the story
    says so, None where it does not.
    """

    shot: str
    followers: tuple[str, ...]
    chosen: Repair
    by: By
    place: Place | None
    ways: tuple[Way, ...]


def choices(story: Story, plan: Plan, history: History, *, now: Collection[str] = ()) -> tuple[Choice, ...]:
    """The choices that `plan`, that of the whole `story` as it is written, leaves to a person, in film order.
    `now` are the shots for which a way is being chosen by this command.
    """
    chains = _Chains(story, plan, history)
    return tuple(chains.choices(now)) if chains.anything_changed else ()


@dataclass
class _Chains:
    """The chains of a story in which something has changed."""

    story: Story
    plan: Plan
    history: History

    def choices(self, now: Collection[str]) -> Iterator[Choice]:
        found = self._hanging()
        for shot in self.story.shots:
            if shot.id in found.free:
                origin, by = shot.origins.get(("repair",)), self._by(shot, now)
                yield Choice(
                    shot=shot.id,
                    followers=tuple(found.free[shot.id]),
                    chosen=self._in_force[shot.id],
                    by=by,
                    place=origin.place if origin is not None and by is By.STORY else None,
                    ways=tuple(self._way(shot, repair, found) for repair in Repair),
                )

    @property
    def anything_changed(self) -> bool:
        return any(_changed(self._planned[take]) for take in self._picked.values())

    def _by(self, shot: Shot, now: Collection[str]) -> By:
        if shot.id in now:
            return By.OPTION
        if order_digest(shot) in self.history.repairs:
            return By.BEFORE
        return By.DEFAULT if shot.repair is None else By.STORY

    def _way(self, shot: Shot, repair: Repair, found: Hanging) -> Way:
        bridge = repair is Repair.BRIDGE
        why = self._no_bridge(shot) if bridge else ""
        if why:
            return Way(repair, refusal=why)
        others = (found.rippled if repair is Repair.RIPPLE else found.always).get(shot.id, ())
        steps = [*self._own(shot, bridge=bridge), *(step for other in others for step in self._takes[other])]
        total = Bill()
        for step in steps:
            total = total.plus(step)
        return Way(repair, tuple(step.key for step in steps), total)

    def _no_bridge(self, shot: Shot) -> str:
        end = self._ends.get(shot.id)
        if end is None:
            return "no shot begins with its last frame"
        if end.picture in self.history.lost:
            return f"the picture with which '{end.shot}' begins is not in the store"
        return self._bridges.refusal(shot)

    def _own(self, shot: Shot, *, bridge: bool) -> Iterator[Step]:
        """The takes of the changed shot itself, as it is or as a bridge, that are not there yet."""
        now = self._present[shot.id]
        if bridge == _is_bridge(now, shot):
            yield from (
                step for step in self._every[shot.id] if isinstance(self._planned[step.key].verdict, Stale)
            )
            return
        media = tuple(replace(one, source=new.source) for one, new in zip(shot.media, now.media, strict=False))
        other = replace(shot, media=media)
        if bridge:
            other = self._bridges.bridged(other, self._ends[shot.id])
        price = estimate(other, self._present)
        picked = self.history.picks.get(order_digest(other), 1)
        for number in sorted({*range(1, other.takes + 1), picked}):
            step = following(take_step(other, number, self._numbers), self._drafts)
            if not self._is_there(step):
                yield replace(step, estimate=price)

    def _is_there(self, step: Step) -> bool:
        """Whether a step that the plan does not hold is made, or is at its vendor."""
        given = {need.slot: self._planned[need.step] for need in step.needs}
        outputs = {need.slot: need.output for need in step.needs}
        known = {
            slot: one.verdict.outputs[outputs[slot]]
            for slot, one in given.items()
            if isinstance(one.verdict, Fresh) and outputs[slot] in one.verdict.outputs
        }
        if known.keys() != given.keys():
            return False
        inputs = document(step, {**step.given, **known})
        return not isinstance(judge(step, inputs, fingerprint(inputs), self.history), Stale)

    def _hanging(self) -> Hanging:
        changed = {shot for shot, take in self._picked.items() if self._is_changed(shot, self._planned[take])}
        return hanging(self.story, changed, self._kept, self._in_force)

    def _is_changed(self, shot: str, planned: Planned) -> bool:
        never = planned.step.key not in self.history.latest and not any(one == shot for one, _ in self._kept)
        return _changed(planned) or (never and isinstance(planned.verdict, Stale))

    @cached_property
    def _present(self) -> Mapping[str, Shot]:
        return {shot.id: shot for shot in self.plan.story.shots}

    @cached_property
    def _in_force(self) -> Mapping[str, Repair]:
        return {shot.id: way_of(shot, self.history) for shot in self.story.shots}

    @cached_property
    def _planned(self) -> Mapping[StepKey, Planned]:
        return {one.step.key: one for one in self.plan.steps}

    @cached_property
    def _numbers(self) -> Mapping[str, int]:
        """The picked take of each shot: the one that the film uses."""
        clips = (step for step in self.plan.graph.steps if step.kind is StepKind.CLIP)
        return {step.shot.id: step.take for step in clips if step.shot is not None}

    @cached_property
    def _picked(self) -> Mapping[str, StepKey]:
        return {shot: take_key(shot, number) for shot, number in self._numbers.items()}

    @cached_property
    def _every(self) -> Mapping[str, list[Step]]:
        found: dict[str, list[Step]] = {}
        for step in self.plan.graph.steps:
            if step.kind is StepKind.TAKE and step.shot is not None:
                found.setdefault(step.shot.id, []).append(step)
        return found

    @cached_property
    def _takes(self) -> Mapping[str, list[Step]]:
        """What would be made of each shot with another first frame; a further take was an attempt with the old."""
        return {
            shot: [step for step in steps if step.shot and step.take in (*range(step.shot.takes + 1), numbered)]
            for shot, steps in self._every.items()
            for numbered in [self._numbers[shot]]
        }

    @cached_property
    def _handoffs(self) -> Sequence[Handoff]:
        known = Handoffs(self.history)
        return [one for shot in self.story.shots for one in known.of(shot)]

    @cached_property
    def _kept(self) -> frozenset[tuple[str, int]]:
        """The media for which a picture is there that could be kept."""
        return frozenset((one.shot, one.index) for one in self._handoffs)

    @cached_property
    def _ends(self) -> Mapping[str, SeamPicture]:
        return ends_of_bridges(self.story, self._handoffs)

    @cached_property
    def _bridges(self) -> Bridges:
        return Bridges()

    @cached_property
    def _drafts(self) -> Drafts:
        return Drafts(self.history)


def _changed(planned: Planned) -> bool:
    """Whether a step is to be made for a reason of its own."""
    verdict = planned.verdict
    return isinstance(verdict, Stale) and not all(isinstance(reason, Upstream) for reason in verdict.reasons)


def _is_bridge(now: Shot, written: Shot) -> bool:
    return len(now.media) > len(written.media)
