"""The outcome of a run: what became of every step, gathered and told as it happens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from seedance_pipe.errors import InDoubt, PipeError
from seedance_pipe.plan.graph import StepKey
from seedance_pipe.run.event import Blocked, Doubted, Emit, Failed, Finished
from seedance_pipe.units import Digest, Money


@dataclass(frozen=True, slots=True)
class Outcome:
    """Every step of the graph is in exactly one of `made`, `fresh`, `failed`, `doubted` and `blocked`.

    `outputs` holds what is in the store for each step that is made or fresh. `blocked` names for each step
    the one because of which it was not started. `charged` is what this run's takes cost, by currency, as far
    as the vendors told.
    """

    outputs: Mapping[StepKey, Mapping[str, Digest]]
    made: tuple[StepKey, ...]
    fresh: tuple[StepKey, ...]
    failed: Mapping[StepKey, PipeError]
    doubted: tuple[StepKey, ...]
    blocked: Mapping[StepKey, StepKey]
    charged: Mapping[str, Money]


@dataclass(slots=True)
class Ends:
    """The ends that steps have come to so far; each is told to `emit` when it is added."""

    emit: Emit
    outputs: dict[StepKey, Mapping[str, Digest]] = field(default_factory=dict)
    made: list[StepKey] = field(default_factory=list)
    fresh: list[StepKey] = field(default_factory=list)
    failed: dict[StepKey, PipeError] = field(default_factory=dict)
    doubted: list[StepKey] = field(default_factory=list)
    blocked: dict[StepKey, StepKey] = field(default_factory=dict)
    charged: dict[str, Money] = field(default_factory=dict)

    def find(self, key: StepKey, outputs: Mapping[str, Digest]) -> None:
        self.outputs[key] = outputs
        self.fresh.append(key)
        self.emit(Finished(key, outputs, fresh=True))

    def finish(self, key: StepKey, outputs: Mapping[str, Digest], charged: Money | None) -> None:
        self.outputs[key] = outputs
        self.made.append(key)
        self._charge(charged)
        self.emit(Finished(key, outputs, charged=charged))

    def fail(self, key: StepKey, error: PipeError, charged: Money | None) -> None:
        self.failed[key] = error
        self._charge(charged)
        self.emit(Failed(key, error.message, error.next_step))

    def doubt(self, key: StepKey, error: InDoubt) -> None:
        self.doubted.append(key)
        self.emit(Doubted(key, error.message, error.next_step))

    def block(self, key: StepKey, by: StepKey) -> None:
        self.blocked[key] = by
        self.emit(Blocked(key, by))

    def outcome(self) -> Outcome:
        return Outcome(
            outputs=MappingProxyType(self.outputs),
            made=tuple(self.made),
            fresh=tuple(self.fresh),
            failed=MappingProxyType(self.failed),
            doubted=tuple(self.doubted),
            blocked=MappingProxyType(self.blocked),
            charged=MappingProxyType(self.charged),
        )

    def _charge(self, money: Money | None) -> None:
        if money is not None and money.amount:
            self.charged[money.currency] = self.charged.get(money.currency, Money.zero(money.currency)) + money
