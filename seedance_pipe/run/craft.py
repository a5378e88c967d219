"""A craft carries out steps of some kinds. The scheduler knows crafts by this shape alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from seedance_pipe.document import Json
from seedance_pipe.plan.graph import Step
from seedance_pipe.run.event import Emit
from seedance_pipe.units import Digest, Fingerprint


@dataclass(frozen=True, slots=True)
class Job:
    """A step whose inputs are all there.

    `inputs` maps each slot to its file in the store (read-only); `digests` to that file's digest. `given` is
    the document whose digest is `fingerprint`. `scratch` is an empty folder on the store's own file system;
    it is removed when the job ends. `keep` moves a finished file of `scratch` into the store, durably.
    """

    step: Step
    fingerprint: Fingerprint
    given: Json
    inputs: Mapping[str, Path]
    digests: Mapping[str, Digest]
    scratch: Path
    keep: Callable[[Path], Awaitable[Digest]]


class Craft(Protocol):
    async def perform(self, job: Job, emit: Emit) -> Mapping[str, Digest]:
        """The outputs by name, each already kept. Raises PipeError: InDoubt when a paid request may have
        been accepted without our knowing, anything else when the step failed.
        """
        ...
