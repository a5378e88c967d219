"""Repicking: telling that a step is stale because another take of a shot was picked, and which it was before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from seedance_pipe.document import Json, at, digest
from seedance_pipe.plan.freshness import Changed, Fresh, Repicked, Stale, Verdict, last_inputs
from seedance_pipe.plan.graph import Need, Step, StepKey, StepKind
from seedance_pipe.plan.history import History, Made
from seedance_pipe.plan.recipe import recipe
from seedance_pipe.units import Digest


@dataclass(frozen=True)
class Repicks:
    """`steps` are those of one graph, `verdicts` those on the ones that were judged so far."""

    steps: Mapping[StepKey, Step]
    verdicts: Mapping[StepKey, Verdict]
    history: History
    _told: dict[StepKey, tuple[Repicked, ...]] = field(default_factory=dict)

    def told(self, step: Step, verdict: Stale) -> Stale:
        """`verdict` with the picks that led to it, in place of the inputs that are other ones because of them.

        A pick of a take that is not made yet is none of the reasons: the step waits for that take.
        """
        found = list(self._of(step))
        before = [was for was, _ in found]
        others = [one for one in verdict.reasons if not (isinstance(one, Changed) and one.old in before)]
        self._told[step.key] = picks = tuple(dict.fromkeys(pick for _, pick in found))
        return Stale((*picks, *others))

    def _of(self, step: Step) -> Iterator[tuple[Json, Repicked]]:
        """Each pick that the step is stale for, with the digest of what it had before (or the key of the step that
        hands the reason on, where the cutting room stands between).
        """
        before = at(last_inputs(step, self.history), ("inputs",))
        if not isinstance(before, Mapping):
            return
        for need in step.needs:
            source, verdict = self.steps[need.step], self.verdicts[need.step]
            if source.kind in (StepKind.TAKE, StepKind.FRAME):
                was = before.get(need.slot)
                if was != _now(need, verdict) and (reason := self._instead(source, was)) is not None:
                    yield was, reason
            else:
                yield from ((need.step, one) for one in self._told.get(need.step, ()))

    def _instead(self, source: Step, was: Json) -> Repicked | None:
        """The pick of `source`, a take or its frame, where another take of the same order gave `was`."""
        take = source.key if source.kind is StepKind.TAKE else source.needs[0].step
        if not isinstance(self.verdicts[take], Fresh):
            return None
        made = self._maker(was)
        if made is not None and at(made.inputs, ("kind",)) == StepKind.FRAME.value:
            made = self._maker(at(made.inputs, ("inputs", "clip")))
        inputs = made.inputs if made is not None else None
        old = at(inputs, ("recipe", "take"))
        if not isinstance(old, int) or old == source.take:
            return None
        assert source.shot is not None
        alike = digest(at(inputs, ("recipe",))) == digest(recipe(source.shot, old))
        return Repicked(source.shot.id, old, source.take) if alike else None

    def _maker(self, output: Json) -> Made | None:
        return self._makers.get(Digest(output)) if isinstance(output, str) else None

    @cached_property
    def _makers(self) -> Mapping[Digest, Made]:
        """The take or frame that came to each file, whatever its shot is called."""
        return {
            output: made
            for made in self.history.made.values()
            if "#" in made.step
            for output in made.outputs.values()
        }


def _now(need: Need, verdict: Verdict) -> Json:
    return verdict.outputs.get(need.output) if isinstance(verdict, Fresh) else None
