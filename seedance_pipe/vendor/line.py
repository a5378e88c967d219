"""A line to one vendor: its adapter, its API with one key, and the pace that all takes on it share.

Every text of the vendor's is cleaned here, so nothing past this point can carry a key or a signed query.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

import anyio

from seedance_pipe.effects import Effects
from seedance_pipe.spec.story import Shot
from seedance_pipe.vendor.account import Account
from seedance_pipe.vendor.adapter import Adapter, Doubtful, Missed, Progress, Verdict
from seedance_pipe.vendor.answer import Answered, Call, NotSent
from seedance_pipe.vendor.pace import Bucket
from seedance_pipe.vendor.redact import Redactor
from seedance_pipe.vendor.transport import Api

_SUBMIT_SECONDS = 60.0
_POLL_SECONDS = 30.0
# A request with pictures in it may take 64 MB of memory while it is on its way.
_DOORS = 4
_FIELDS = ("code", "reason", "status")

_Said = TypeVar("_Said")


@dataclass(frozen=True, slots=True)
class Line:
    """`door` bounds how many submissions are on their way at once."""

    adapter: Adapter
    account: Account
    api: Api
    redactor: Redactor
    polls: Bucket
    submissions: Bucket
    door: anyio.CapacityLimiter

    async def submit(self, call: Call) -> Verdict | NotSent:
        """Send a paid call once, and say what its answer means. The caller has waited for its turn."""
        outcome = await self.api.send(call, deadline=_SUBMIT_SECONDS)
        if isinstance(outcome, Answered):
            return self._clean(self.adapter.verdict(outcome))
        return self._clean(outcome if isinstance(outcome, NotSent) else Doubtful(outcome.reason))

    async def ask(self, task: str, shot: Shot) -> Progress:
        """How `task` is, as far as one poll can tell."""
        await self.polls.turn()
        outcome = await self.api.send(self.adapter.poll(task), deadline=_POLL_SECONDS)
        if isinstance(outcome, Answered):
            return self._clean(self.adapter.progress(outcome, task, shot=shot))
        return self._clean(Missed(outcome.reason))

    def _clean(self, said: _Said) -> _Said:
        texts = {name: self.redactor.clean(getattr(said, name)) for name in _FIELDS if hasattr(said, name)}
        return replace(said, **texts) if texts else said  # type: ignore[type-var]  # all of them are dataclasses


def line(adapter: Adapter, account: Account, api: Api, redactor: Redactor, *, effects: Effects) -> Line:
    """A line with the pace that the vendor's facts name."""
    pace = adapter.FACTS.pace
    return Line(
        adapter,
        account,
        api,
        redactor,
        polls=Bucket(pace.polls, burst=int(pace.polls), effects=effects),
        submissions=Bucket(pace.submissions, burst=2, effects=effects),
        door=anyio.CapacityLimiter(_DOORS),
    )
