"""Cancelling: the open tasks of a story are given back to their vendors, as far as those take them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import anyio

from seedance_pipe.effects import Effects
from seedance_pipe.plan.history import State, Submission
from seedance_pipe.report.standing import GivenBack
from seedance_pipe.run.journal import Journal
from seedance_pipe.run.submission import OPEN, resolving
from seedance_pipe.studio.decide import deciding, of_story
from seedance_pipe.studio.enquiry import led, opened
from seedance_pipe.studio.home import Home
from seedance_pipe.studio.models import catalogue
from seedance_pipe.studio.stray import recalled
from seedance_pipe.units import Money
from seedance_pipe.vendor.account import Account, accounts
from seedance_pipe.vendor.cancel import Cancelled, Ended, GoesOn, cancel
from seedance_pipe.vendor.registry import CANCELS, VENDORS


def cancel_open(where: Home, shot: str | None = None, *, effects: Effects | None = None) -> Sequence[GivenBack]:
    """Cancel what is open of the story, or of one shot as the journal names it, and can be cancelled.

    Raises StoryHeld while a run is at work on it, and Missing, before anything is sent, without a key that is
    needed.
    """
    effects = effects or Effects()
    with deciding(where, effects) as journal:
        chosen = [one for one in of_story(where, journal) if one.state in OPEN and shot in (None, one.shot)]
        waiting = [one for one in chosen if one.state is State.SUBMITTED and one.vendor in CANCELS]
        told: dict[str, GivenBack] = {}
        if waiting:
            with led(where, effects) as there:
                keys = accounts(there.environ, sorted({one.vendor for one in waiting}))
                anyio.run(_cancel_all, waiting, keys, journal, there, told)
        return [told.get(one.id) or _left(one) for one in chosen]


def _left(submission: Submission) -> GivenBack:
    """An open submission about which no vendor needs to be asked."""
    title = VENDORS[submission.vendor].FACTS.title
    if submission.state is State.INTENT:
        why, next_step = f"{title} may have it or not", f"`{resolving(submission)}` says what became of it"
    elif submission.state is State.READY:
        why, next_step = "is made already, and paid for", "the next run fetches it"
    else:
        why, next_step = f"{title} has no way to cancel", "the next run fetches it"
    return GivenBack(submission, cancelled=False, ended=False, why=why, next_step=next_step)


async def _cancel_all(
    waiting: Sequence[Submission],
    keys: Mapping[str, Account],
    journal: Journal,
    effects: Effects,
    told: dict[str, GivenBack],
) -> None:
    """One after the other, and each is written down before the next is asked for: a task that is asked after must
    not begin, let alone end, while others have their turn.
    """
    for vendor, account in keys.items():
        async with opened(account, effects) as line:
            for one in (one for one in waiting if one.vendor == vendor):
                model = catalogue().find(f"{one.vendor}/{one.model}")
                if model is None:
                    unknown = GoesOn("its model is no longer known", f"`{resolving(one)} --lost` ends it")
                    told[one.id] = _told(one, unknown)
                    continue
                assert one.task is not None
                came = await cancel(line, one.task, recalled(one, model), effects=effects)
                if isinstance(came, Ended):
                    _write_down(journal, one, came)
                told[one.id] = _told(one, came)


def _write_down(journal: Journal, submission: Submission, came: Ended) -> None:
    failed, reason = came.failed, came.failed.reason
    charged = failed.charged
    if came.ours:
        reason, charged = "a person cancelled it while it waited", charged or Money.zero()
    journal.failed(submission.id, code=failed.code, reason=reason, charged=charged)


def _told(submission: Submission, came: Cancelled) -> GivenBack:
    if isinstance(came, GoesOn):
        return GivenBack(submission, cancelled=False, ended=False, why=came.why, next_step=came.next_step)
    why = "cost nothing" if came.ours else f"had ended already: {came.failed.reason}"
    return GivenBack(submission, cancelled=came.ours, ended=True, why=why, next_step="the next run buys it anew")
