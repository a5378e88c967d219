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
from seedance_pipe.plan.ways import Choice
from seedance_pipe.run.budget import Total
from seedance_pipe.run.settled import Accounts
from seedance_pipe.units import Money


@dataclass(frozen=True, slots=True)
class Forecast:
    """A plan, and what the story has spent and reserved before it. `known` are the steps that a run has seen,
    `choices` the changed shots of which a person may say what becomes of those that continue them.
    """

    plan: Plan
    total: Total
    known: frozenset[str] = frozenset()
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """`clips` holds the path of each made take's clip; `total` what the story has spent and reserved; `accounts`
    how the bills came out. `settling` names, by vendor, the key with which a run may settle a doubt by itself;
    `sharing` are the vendors with which several takes of a shot may go out in one request.
    """

    plan: Plan
    history: History
    total: Total
    clips: Mapping[StepKey, Path]
    accounts: Accounts = field(default_factory=lambda: MappingProxyType({}))
    settling: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    sharing: frozenset[str] = frozenset()

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
    was `stopped`, `running` counts the takes that are with each vendor, by its title, and `unanswered` those of
    which nobody knows whether a vendor has them. `unpinned` is why the lock file is not up to date, "" if it is.
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
    running: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    unanswered: int = 0
    unpinned: str = ""


@dataclass(frozen=True, slots=True)
class Adopted:
    """A take that was taken in. Either `submission` is its task, which the next run fetches, or `clip` its file
    here. `total` is what the story has spent and reserved with it. `unpinned` is as in `Result`.
    """

    step: StepKey
    total: Total
    submission: Submission | None = None
    clip: Path | None = None
    unpinned: str = ""


@dataclass(frozen=True, slots=True)
class GivenBack:
    """What `cancel` came to for one open submission, which is told as it was before. `cancelled` says that we
    cancelled it; unless it `ended`, it goes on. `why` is a clause, `next_step` what happens then or can be done.
    """

    submission: Submission
    cancelled: bool
    ended: bool
    why: str
    next_step: str


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
