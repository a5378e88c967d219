"""Fingerprints: the digest of all that decides what a step makes, and of nothing else (design D5)."""

from __future__ import annotations

from collections.abc import Mapping

from seedance_pipe.document import Json, digest, freeze
from seedance_pipe.plan.graph import Step
from seedance_pipe.units import Digest, Fingerprint


def document(step: Step, digests: Mapping[str, Digest]) -> Json:
    """What the fingerprint of `step` is made of, given the digest of each of its inputs by slot.

    The journal keeps this document, so that a later plan can say which leaf changed (design D6).
    """
    return freeze({"kind": step.kind.value, "recipe": step.recipe, "inputs": digests})


def fingerprint(inputs: Json) -> Fingerprint:
    return Fingerprint(digest(inputs))
