"""Standing and result: where a story stands, and how a run ended, as values for every kind of report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from seedance_pipe.plan.freshness import Fresh, InDoubt, InFlight
from seedance_pipe.plan.graph import StepKey, StepKind
from seedance_pipe.plan.history import History, State, Submission
from seedance_pipe.plan.make import Plan, Planned
from seedance_pipe.run.budget import Total
from seedance_pipe.run.settled import Accounts
from seedance_pipe.units import Money


@dataclass(frozen=True, slots=True)
class Forecast:
    """A plan, and what the story has spent and reserved before it."""

    plan: Plan
    total: Total


@dataclass(frozen=True, slots=True)
class Standing:
    """`clips` holds the path of each made take's clip; `total` what the story has spent and reserved; `accounts`
    how the bills came out.
    """

    plan: Plan
    history: History
    total: Total
    clips: Mapping[StepKey, Path]
    accounts: Accounts = field(default_factory=lambda: MappingProxyType({}))

    @property
    def strays(self) -> tuple[Submission, ...]:
        """Open submissions of this story that no step of its plan stands for any more."""
        return strays(self.plan, self.history)

    def submission_of(self, planned: Planned) -> Submission | None:
        """The submission that made a fresh take, or that is open for one; None for any other step."""
        match planned.verdict:
            case InFlight(submission) | InDoubt(submission):
                return submission
            case Fresh(outputs) if planned.step.kind is StepKind.TAKE:
                made = (one for one in self.history.submissions.values() if one.outputs == outputs)
                return next(made, None)
        return None


@dataclass(frozen=True, slots=True)
class Result:
    """How a run ended. `film` is the film's path, None when there is none or it is not complete. When the run
    was `stopped`, `running` counts the takes that the vendors still work on.
    """

    exit_code: int
    film: Path | None
    made: tuple[StepKey, ...] = ()
    fresh: tuple[StepKey, ...] = ()
    failed: tuple[StepKey, ...] = ()
    doubted: tuple[StepKey, ...] = ()
    blocked: tuple[StepKey, ...] = ()
    charged: Mapping[str, Money] = field(default_factory=lambda: MappingProxyType({}))
    stopped: bool = False
    running: int = 0


def strays(plan: Plan, history: History) -> tuple[Submission, ...]:
    """Open submissions of the plan's story that none of its steps stands for: the story has moved on."""
    known = {
        planned.verdict.submission.id for planned in plan.steps if isinstance(planned.verdict, InFlight | InDoubt)
    }
    return tuple(
        submission
        for submission in history.submissions.values()
        if submission.story == plan.story.path.name
        and submission.state in (State.INTENT, State.SUBMITTED, State.READY)
        and submission.id not in known
    )
