"""A past that was not: the history as it would be had every step of a graph been made, and all else forgotten.

A plan made against it says what one story asks for beyond another, whatever was bought in truth.
"""

from __future__ import annotations

from types import MappingProxyType

from seedance_pipe.document import digest
from seedance_pipe.plan.fingerprint import document, fingerprint
from seedance_pipe.plan.graph import Graph, StepKey, StepKind
from seedance_pipe.plan.history import History, Made
from seedance_pipe.plan.unroll import FILM
from seedance_pipe.units import Digest, Fingerprint

_OUTPUTS = {StepKind.TAKE: "clip"}


def as_if_made(graph: Graph, output: str) -> History:
    """`output` is where the film would lie, relative to the story's folder. An output's digest is drawn from what
    goes into it, so that like steps make like things.
    """
    made: dict[Fingerprint, Made] = {}
    latest: dict[str, Fingerprint] = {}
    outputs: dict[StepKey, MappingProxyType[str, Digest]] = {}
    for step in graph.steps:
        given = {need.slot: outputs[need.step].get(need.output) for need in step.needs}
        there = {slot: content for slot, content in given.items() if content is not None}
        inputs = document(step, {**step.given, **there})
        mark = fingerprint(inputs)
        name = _OUTPUTS.get(step.kind, step.kind.value)
        outputs[step.key] = MappingProxyType({name: Digest(digest([name, mark]))})
        made[mark] = Made(mark, step.key, inputs, outputs[step.key])
        latest[step.key] = mark
    return History(made=made, latest=latest, delivered={output: outputs[FILM]["film"]})
