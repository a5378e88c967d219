"""Cancelling: asking a vendor to let go of a task that waits. Only the task's own state says what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias, assert_never

from seedance_pipe.effects import Effects
from seedance_pipe.spec.story import Shot
from seedance_pipe.vendor.adapter import (
    Barred,
    Dropped,
    Failed,
    Gone,
    Missed,
    Progress,
    Queued,
    Ready,
    Refused,
    Running,
)
from seedance_pipe.vendor.line import Line
from seedance_pipe.vendor.pace import Rank

_ASKS = 4
_TRIES = 2
_SLOW_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Ended:
    """The task came to nothing. `ours` says that it did so because we cancelled it."""

    failed: Failed
    ours: bool


@dataclass(frozen=True, slots=True)
class GoesOn:
    """The task could not be cancelled: a clause that says why, and what is to be done next."""

    why: str
    next_step: str = "the next run fetches it"


Cancelled: TypeAlias = Ended | GoesOn


async def cancel(line: Line, task: str, shot: Shot, *, effects: Effects) -> Cancelled:
    """Have the vendor let go of `task`, if it waits. It is asked how the task is before, because what has ended
    would lose its clip, and after, because an answer may be lost and a yes does not say what it was for.
    """
    reason, tried = "", 0
    while True:
        told = await told_of(line, task, shot, effects=effects)
        if not isinstance(told, Queued) or tried == _TRIES:
            return _meaning(told, reason, tried=tried > 0)
        tried += 1
        reason = _reason(await line.drop(task))


async def told_of(line: Line, task: str, shot: Shot, *, effects: Effects) -> Progress:
    """How `task` is; asked again, with growing pauses, as long as the question comes to nothing. That it waits is
    not believed to an answer that took long to come: it tells of a past that must not be acted on.
    """
    asked = 0
    while True:
        began = effects.monotonic()
        told = await line.ask(task, shot, Rank.FIRST, alone=True)
        if isinstance(told, Queued) and effects.monotonic() - began > _SLOW_SECONDS:
            told = Missed("its answers take too long")
        asked += 1
        if not isinstance(told, Missed) or asked == _ASKS:
            return told
        await effects.sleep(2.0 ** (asked - 1))


def _reason(said: Dropped | Refused | Barred | Missed) -> str:
    return "" if isinstance(said, Dropped) else said.reason


def _meaning(told: Progress, reason: str, *, tried: bool) -> Cancelled:
    why = f" ({reason})" if reason else ""
    match told:
        case Failed(code):
            return Ended(told, ours=tried and code == "cancelled")
        case Queued():
            return GoesOn(f"still waits, though it was asked to be cancelled{why}", "`cancel` may be tried again")
        case Running():
            return GoesOn("is at work already, and cannot be stopped")
        case Ready():
            return GoesOn("is made already, and paid for")
        case Gone(_, gone) if tried:
            return GoesOn(
                f"is not known any more since it was asked to be cancelled: {gone}",
                "look in the vendor's console whether it was charged, then say so with `resolve`",
            )
        case Gone(_, gone):
            return GoesOn(f"could not be cancelled: {gone}", "check that the key is of the right project")
        case Missed(missed):
            what = (
                "was asked to be cancelled, but does not tell what came of that"
                if tried
                else "could not be asked after"
            )
            return GoesOn(f"{what} ({missed})", "`cancel` may be tried again, and the next run asks after it too")
        case Barred(_, barred, next_step):
            return GoesOn(f"could not be cancelled: {barred}", next_step)
        case _ as never:
            assert_never(never)
