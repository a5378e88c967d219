"""The life of a submission as one table: what its last entry means, what may be done next, what may follow.

The vendor's craft asks it for the next act; the journal refuses every entry that the table does not allow.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from shlex import quote
from types import MappingProxyType

from seedance_pipe.errors import InDoubt
from seedance_pipe.plan.history import State, Submission


class Act(enum.Enum):
    """What a run may do with a fingerprint, given its newest submission (design section 6)."""

    INTEND = "intend"
    """Nothing is open: a new intent may be written, within policy and cap."""
    SETTLE = "settle"
    """The request may have left: settle the doubt by the vendor's policy, never simply send again."""
    POLL = "poll"
    """The vendor has it: ask how it is, for as long as the vendor knows it."""
    FETCH = "fetch"
    """It is made: fetch it at once, with fresh addresses where the old ones are gone."""
    USE = "use"
    """It is ours."""


class IllegalAct(Exception):
    """An entry that the table does not allow: our bug, so it is not a PipeError."""


@dataclass(frozen=True, slots=True)
class _Stage:
    act: Act
    then: frozenset[State] = frozenset()


_LIFE: Mapping[State | None, _Stage] = MappingProxyType(
    {
        None: _Stage(Act.INTEND, frozenset({State.INTENT})),
        State.INTENT: _Stage(
            Act.SETTLE, frozenset({State.SUBMITTED, State.REFUSED, State.UNSENT, State.ABANDONED})
        ),
        State.SUBMITTED: _Stage(Act.POLL, frozenset({State.READY, State.FAILED, State.ABANDONED})),
        State.READY: _Stage(Act.FETCH, frozenset({State.STORED, State.FAILED})),
        State.STORED: _Stage(Act.USE),
        State.REFUSED: _Stage(Act.INTEND),
        State.FAILED: _Stage(Act.INTEND),
        State.UNSENT: _Stage(Act.INTEND),
        State.ABANDONED: _Stage(Act.INTEND),
    }
)

OPEN: frozenset[State] = frozenset(state for state, stage in _LIFE.items() if state is not None and stage.then)
"""The states of a submission that may still cost money or bring a clip."""


def next_act(submission: Submission | None) -> Act:
    """What may be done now; None means that the fingerprint was never asked for."""
    return _LIFE[None if submission is None else submission.state].act


UNSENT_AGAIN = "; nothing was sent again"


def doubted(
    submission: Submission,
    *,
    shot: str,
    vendor: str,
    model: str,
    why: str = "",
    first: str = "",
    then: str = UNSENT_AGAIN,
) -> InDoubt:
    """The error for a paid request of which nobody knows whether the vendor has it. `shot`, `vendor` and `model`
    are as the message names them, `why` is what happened, and `first` what to do before all else.
    """
    return InDoubt(
        f"take {submission.take} of shot '{shot}': {vendor} may or may not have accepted the request ({model}, "
        f"{when(submission)}, {at_most(submission)}){f': {why}' if why else ''}{then}",
        next_step=f"{first}look for a task of that time in the console of {vendor}, then say what is true: "
        f"{told_by_a_person(submission, shot)}",
    )


def when(submission: Submission) -> str:
    """When it was asked for."""
    return datetime.fromtimestamp(submission.at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def at_most(submission: Submission) -> str:
    """What it costs, if it was accepted."""
    return f"at most {submission.reserved}" if submission.reserved else "price unknown"


def resolving(submission: Submission, shot: str = "") -> str:
    """The command with which a person says what became of it, without what they say; `shot` is as a message names
    it.
    """
    take = f" --take {submission.take}" if submission.take > 1 else ""
    return f"seedance-pipe resolve {quote(submission.story)} {shot or submission.shot}{take}"


def told_by_a_person(submission: Submission, shot: str) -> str:
    """The commands with which a person settles a doubt of `shot`."""
    command = resolving(submission, shot)
    return (
        f"`{command} --adopt TASK` if it is there, `{command} --lost` if it is not, or "
        f"`{command} --resubmit` to buy it anew, which may pay twice"
    )


def ended_by_a_person(submission: Submission) -> str:
    """The commands with which a person ends a task that the vendor has, and that never ends."""
    command = resolving(submission)
    return f"`{command} --lost` if it cost nothing, or `{command} --resubmit` to buy it anew, which may pay twice"


def may_follow(last: State | None, entry: State) -> bool:
    """Whether `entry` is allowed after `last`; None stands for a submission that does not exist yet."""
    return entry in _LIFE[last].then
