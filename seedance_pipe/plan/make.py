"""Making a plan: one verdict for every step of a story, and what carrying it out would cost at most."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from seedance_pipe.document import Json, digest, freeze
from seedance_pipe.plan.drafted import Drafts
from seedance_pipe.plan.fingerprint import document, fingerprint
from seedance_pipe.plan.freshness import (
    Blocked,
    Ended,
    Fresh,
    InDoubt,
    Lost,
    Stale,
    Undelivered,
    Upstream,
    Verdict,
    changes,
    judge,
)
from seedance_pipe.plan.graph import Graph, Step, StepKey, StepKind
from seedance_pipe.plan.history import History
from seedance_pipe.plan.known import known_takes, next_take
from seedance_pipe.plan.recipe import order_digest
from seedance_pipe.plan.redraft import told_of_draft
from seedance_pipe.plan.repair import repaired
from seedance_pipe.plan.repick import Repicks
from seedance_pipe.plan.unroll import FILM, Methods, needed_for, unroll
from seedance_pipe.spec.story import Shot, Story
from seedance_pipe.units import Digest, Fingerprint, Money


@dataclass(frozen=True, slots=True)
class Planned:
    """`digests` are the step's inputs by slot and `mark` is its fingerprint. As long as something before it is not
    made, `mark` is None and `digests` lacks some.
    """

    step: Step
    verdict: Verdict
    digests: Mapping[str, Digest] = field(default_factory=lambda: MappingProxyType({}))
    mark: Fingerprint | None = None


@dataclass(frozen=True, slots=True)
class Bill:
    """The takes that would be bought: their greatest cost by currency, whether that is `exact`, and those whose
    price is unknown. What several steps ask for alike is bought once, so it counts once.
    """

    most: Mapping[str, Money] = field(default_factory=lambda: MappingProxyType({}))
    exact: bool = True
    unknown: tuple[StepKey, ...] = ()

    def plus(self, step: Step) -> Bill:
        """The same with one take more."""
        if step.estimate is None or step.estimate.most is None:
            return replace(self, unknown=(*self.unknown, step.key))
        price = step.estimate.most
        before = self.most.get(price.currency, Money.zero(price.currency))
        most = {**self.most, price.currency: before + price}
        return Bill(most, self.exact and step.estimate.exact, self.unknown)


@dataclass(frozen=True, slots=True)
class Plan:
    """`steps` are in the graph's order, `story` as its chains are repaired."""

    story: Story
    graph: Graph
    steps: tuple[Planned, ...]

    @property
    def pending(self) -> tuple[Planned, ...]:
        """The steps that a run would have to do something about."""
        return tuple(planned for planned in self.steps if not isinstance(planned.verdict, Fresh))

    @property
    def purchases(self) -> Mapping[StepKey, StepKey]:
        """For each take to be made the one that is bought for it: itself, or the first that asks for the same."""
        names = _names(self.steps)
        stale = [
            planned.step.key
            for planned in self.steps
            if isinstance(planned.verdict, Stale) and planned.step.estimate is not None
        ]
        first: dict[str, StepKey] = {}
        return {key: first.setdefault(names[key], key) for key in stale}

    @property
    def bill(self) -> Bill:
        total = Bill()
        purchases = self.purchases
        for planned in self.steps:
            if purchases.get(planned.step.key) == planned.step.key:
                total = total.plus(planned.step)
        return total

    @property
    def marks(self) -> Mapping[StepKey, Fingerprint]:
        """The fingerprints of the steps whose inputs are all there."""
        return {one.step.key: one.mark for one in self.steps if one.mark is not None}


def make(story: Story, history: History, methods: Methods, *, only: Iterable[StepKey] | None = None) -> Plan:
    """What a run of `story` would do. `only` limits it to these steps and what they need."""
    story = as_repaired(story, history, methods)
    drafts = Drafts(history)
    graph = unroll(story, history, methods, drafts)
    if only is not None:
        graph = needed_for(graph, only)
    verdicts: dict[StepKey, Verdict] = {}
    every: list[Planned] = []
    repicks = Repicks({step.key: step for step in graph.steps}, verdicts, history)
    for step in graph.steps:
        planned = _planned(step, verdicts, history)
        if isinstance(planned.verdict, Stale):
            told = repicks.told(step, planned.verdict)
            planned = replace(planned, verdict=told_of_draft(step, told, history, drafts))
        elif step.key == FILM and isinstance(planned.verdict, Fresh):
            planned = replace(planned, verdict=_delivered(story, planned.verdict, history))
        verdicts[step.key] = planned.verdict
        every.append(planned)
    left = _left_behind(every, history)
    steps = tuple(planned for planned in every if planned.step.key not in left)
    return Plan(story, Graph(tuple(planned.step for planned in steps)), steps)


def as_repaired(story: Story, history: History, methods: Methods) -> Story:
    """The story with the shots that its chains are repaired with: it is these that are made and picked."""

    def judged(one: Story, wanted: Collection[StepKey]) -> Mapping[StepKey, Verdict]:
        verdicts: dict[StepKey, Verdict] = {}
        for step in needed_for(unroll(one, history, methods), wanted).steps:
            verdicts[step.key] = _planned(step, verdicts, history).verdict
        return verdicts

    return repaired(story, history, judged)


def with_new_takes(story: Story, history: History, shots: Iterable[str]) -> dict[str, int]:
    """For each of `shots` its order's digest and the number of a take that was never asked for."""
    chosen = {shot.id: shot for shot in story.shots}
    return {order_digest(chosen[shot]): next_take(chosen[shot], history) for shot in shots}


def with_more_takes(story: Story, history: History, more: Mapping[str, int]) -> dict[str, frozenset[int]]:
    """By the order's digest of each shot of `more`, so many takes that were never asked for."""
    asks: dict[str, frozenset[int]] = {}
    for shot in story.shots:
        first = next_take(shot, asking(history, asks)) if more.get(shot.id) else 0
        if first:
            order = order_digest(shot)
            asks[order] = asks.get(order, frozenset()) | frozenset(range(first, first + more[shot.id]))
    return asks


def asking(history: History, asks: Mapping[str, frozenset[int]]) -> History:
    """The same history, had these takes been asked for besides."""
    every = {order: history.asked.get(order, frozenset()) | takes for order, takes in asks.items()}
    return replace(history, asked={**history.asked, **every})


def _left_behind(every: Iterable[Planned], history: History) -> frozenset[StepKey]:
    """The takes that were asked for once, besides the story's, and would now come out otherwise: what they begin
    with has changed. Each was one attempt more with what there was then, so it is not bought again.
    """
    further: list[tuple[StepKey, Shot, int]] = []
    for planned in every:
        step, verdict = planned.step, planned.verdict
        if step.kind is not StepKind.TAKE or step.shot is None or step.take <= step.shot.takes:
            continue
        if not isinstance(verdict, Stale | Blocked) or step.take == history.picks.get(order_digest(step.shot)):
            continue
        if isinstance(verdict, Stale) and any(isinstance(reason, Ended | Lost) for reason in verdict.reasons):
            continue
        further.append((step.key, step.shot, step.take))
    known = known_takes([shot for _, shot, _ in further], history) if further else {}
    return frozenset(key for key, shot, take in further if take in known[order_digest(shot)])


def picking(history: History, picks: Mapping[str, int]) -> History:
    """The same history, had these takes been picked."""
    return replace(history, picks={**history.picks, **picks})


def _planned(step: Step, verdicts: Mapping[StepKey, Verdict], history: History) -> Planned:
    digests: dict[str, Digest] = dict(step.given)
    waiting: list[StepKey] = []
    for need in step.needs:
        match verdicts[need.step]:
            case Fresh(outputs):
                if need.output in outputs:
                    digests[need.slot] = outputs[need.output]
            case InDoubt():
                return Planned(step, Blocked(need.step))
            case Blocked(by):
                return Planned(step, Blocked(by))
            case _:
                waiting.append(need.step)
    if not waiting:
        inputs = document(step, digests)
        mark = fingerprint(inputs)
        return Planned(step, judge(step, inputs, mark, history), digests, mark)
    known = freeze({"kind": step.kind.value, "recipe": step.recipe})
    upstream = (Upstream(key) for key in dict.fromkeys(waiting))
    return Planned(step, Stale((*changes(step, known, history), *upstream)), digests)


def _names(steps: Iterable[Planned]) -> Mapping[StepKey, str]:
    """A name of what each step makes, told by what goes into it: steps of one name will share a fingerprint."""
    names: dict[StepKey, str] = {}
    fresh: dict[StepKey, Mapping[str, Digest]] = {}
    for planned in steps:
        step = planned.step
        names[step.key] = step.key
        match planned.verdict:
            case Fresh(outputs):
                fresh[step.key] = outputs
            case Stale() if step.kind in (StepKind.TAKE, StepKind.FRAME):
                given: dict[str, Json] = {
                    need.slot: fresh[need.step].get(need.output) if need.step in fresh else names[need.step]
                    for need in step.needs
                }
                names[step.key] = digest({"recipe": step.recipe, "inputs": {**step.given, **given}})
    return names


def _delivered(story: Story, verdict: Fresh, history: History) -> Verdict:
    path = story.output.relative_to(story.root).as_posix()
    if history.delivered.get(path) == verdict.outputs["film"]:
        return verdict
    return Stale((Undelivered(path),))
