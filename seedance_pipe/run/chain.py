"""Chains: which steps wait for which, and how much work lies between a step and the end of the film."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from seedance_pipe.plan.graph import Graph, Step, StepKey, StepKind


def usual_effort(step: Step) -> float:
    """Roughly how many seconds a step takes: a vendor works for a minute, we for a moment."""
    return 60.0 if step.kind is StepKind.TAKE else 1.0


def needed_by(graph: Graph) -> Mapping[StepKey, Sequence[StepKey]]:
    """For each step those that need something of it, in the graph's order."""
    above: dict[StepKey, list[StepKey]] = {step.key: [] for step in graph.steps}
    for step in graph.steps:
        for key in dict.fromkeys(need.step for need in step.needs):
            above[key].append(step.key)
    return above


def chains(
    graph: Graph, above: Mapping[StepKey, Sequence[StepKey]], effort: Callable[[Step], float]
) -> Mapping[StepKey, float]:
    """For each step the longest way from its start to the end of the film, in units of `effort`."""
    longest: dict[StepKey, float] = {}
    for step in reversed(graph.steps):
        rest = max((longest[key] for key in above[step.key]), default=0.0)
        longest[step.key] = effort(step) + rest
    return longest
