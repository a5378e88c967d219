"""Events: what happens during a run, as values. Whoever shows a run reads nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from seedance_pipe.plan.graph import StepKey
from seedance_pipe.units import Digest, Money


@dataclass(frozen=True, slots=True)
class Started:
    """The step has begun; `resumed` when an earlier run had already submitted it."""

    step: StepKey
    resumed: bool = False


@dataclass(frozen=True, slots=True)
class Moved:
    """`status` is one word of what the step does now (`submitted`, `queued`, `running`, `fetching`, …)."""

    step: StepKey
    status: str
    task: str = ""
    fraction: float | None = None


@dataclass(frozen=True, slots=True)
class Finished:
    """The step's outputs are in the store; `fresh` when nothing had to be done for that."""

    step: StepKey
    outputs: Mapping[str, Digest]
    fresh: bool = False
    charged: Money | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    step: StepKey
    message: str
    next_step: str = ""


@dataclass(frozen=True, slots=True)
class Doubted:
    """The vendor may or may not have accepted the step's paid request."""

    step: StepKey
    message: str
    next_step: str = ""


@dataclass(frozen=True, slots=True)
class Blocked:
    """The step was not started, because `by` could not be made."""

    step: StepKey
    by: StepKey


@dataclass(frozen=True, slots=True)
class Noted:
    """Something that a person should know and that stops nothing."""

    step: StepKey
    message: str


Event: TypeAlias = Started | Moved | Finished | Failed | Doubted | Blocked | Noted
Emit: TypeAlias = Callable[[Event], None]
