"""A line to one vendor: its adapter, its API with one key, and the pace that all takes on it share.

Every text of the vendor's is cleaned here, so nothing past this point can carry a key or a signed query.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

import anyio

from seedance_pipe.document import Json
from seedance_pipe.effects import Effects
from seedance_pipe.spec.story import Shot
from seedance_pipe.vendor.account import Account
from seedance_pipe.vendor.adapter import (
    Accepted,
    Adapter,
    Barred,
    Busy,
    Cancelling,
    Doubtful,
    Dropped,
    Listed,
    Lodged,
    Lodging,
    Missed,
    Progress,
    Ready,
    Refused,
    Searching,
    Upload,
    Verdict,
)
from seedance_pipe.vendor.answer import Answered, Call, NotSent
from seedance_pipe.vendor.pace import Bucket, Rank
from seedance_pipe.vendor.polls import Polls
from seedance_pipe.vendor.redact import Redactor
from seedance_pipe.vendor.transport import Api

_SUBMIT_SECONDS = 60.0
_LODGE_SECONDS = 600.0
_LIST_SECONDS = 60.0
# The quickest clips take 25 s (modelark.md section 6, 2026-11-21): what was queued a moment ago has not ended yet
# when this is over, so a cancellation never meets a finished task and deletes it with its clip.
_DROP_SECONDS = 10.0
# ModelArk lets an account list its tasks once a second (modelark.md section 1, 2026-11-21).
_LISTS_A_SECOND = 1.0
# A request with pictures in it may take 64 MB of memory while it is on its way.
_DOORS = 4
_FIELDS = ("code", "reason", "next_step", "status")

_Said = TypeVar("_Said")


@dataclass(frozen=True, slots=True)
class Line:
    """All calls share the bucket `calls`; the paid ones have `submissions` besides. `door` bounds how many
    submissions are on their way at once. `lodging` is None where the vendor keeps no files of ours, `searching`
    where its list of tasks settles no doubts, `cancelling` where it lets go of no task; `listings` is the pace of
    that list.
    """

    adapter: Adapter
    lodging: Lodging | None
    searching: Searching | None
    account: Account
    api: Api
    redactor: Redactor
    effects: Effects
    calls: Bucket
    submissions: Bucket
    listings: Bucket
    polls: Polls
    door: anyio.CapacityLimiter
    cancelling: Cancelling | None = None

    @property
    def keeper(self) -> str:
        """Who keeps files of ours: what one account was given, at one address, another cannot read."""
        return f"{self.adapter.FACTS.vendor} {self.account.mark}"

    async def paid_turn(self) -> None:
        """Returns when a paid call may go. It goes before all polls."""
        await self.submissions.turn()
        await self.calls.turn(Rank.FIRST)

    async def submit(self, call: Call, request: Json) -> Verdict | NotSent:
        """Send a paid call once, and say what its answer means. The caller has waited for its turn."""
        outcome = await self.api.send(call, deadline=_SUBMIT_SECONDS)
        if isinstance(outcome, Answered):
            said = self.adapter.verdict(outcome, request)
            if isinstance(said, Accepted) and self.redactor.holds(said.task):
                # The name of a task is written down and shown.
                return Doubtful("the name that it gave the task has a secret of ours in it")
            return self._clean(said)
        return self._clean(outcome if isinstance(outcome, NotSent) else Doubtful(outcome.reason))

    async def ask(self, task: str, shot: Shot, rank: Rank = Rank.USUAL, *, alone: bool = False) -> Progress:
        """How `task` is, as far as one poll can tell; with `alone` one that asks after no other task."""
        outcome = await self.polls.ask(task, rank, alone=alone)
        if isinstance(outcome, Answered):
            said = self.adapter.progress(outcome, task, shot=shot)
            if isinstance(said, Ready):
                self.redactor.hide_address(said.clip)
                self.redactor.hide_address(said.last_frame or "")
            return self._clean(said)
        return self._clean(Missed(outcome.reason))

    async def lodge(self, file: Upload) -> Lodged | Refused | Busy | Missed:
        """Send a file to be kept by the vendor, once. Where it lies then is nobody's business, so it is hidden."""
        assert self.lodging is not None
        await self.calls.turn(Rank.FIRST)
        call = self.lodging.upload(file, draw=self.effects.draw)
        outcome = await self.api.send(call, deadline=_LODGE_SECONDS)
        if not isinstance(outcome, Answered):
            return self._clean(Missed(outcome.reason))
        said = self.lodging.uploaded(outcome)
        if isinstance(said, Lodged):
            self.redactor.hide_address(said.address)
        return self._clean(said)

    async def listed(self, request: Json, name: str, page: int, *, since: float) -> Listed | Missed | Barred:
        """What one page of a list of the vendor's tasks has of `request`."""
        assert self.searching is not None
        await self.listings.turn()
        outcome = await self.api.send(self.searching.listing(request, name, page), deadline=_LIST_SECONDS)
        if not isinstance(outcome, Answered):
            return self._clean(Missed(outcome.reason))
        said = self.searching.listed(outcome, request, page=page, since=since)
        if isinstance(said, Listed):
            said = replace(said, tasks=frozenset(task for task in said.tasks if not self.redactor.holds(task)))
        return self._clean(said)

    async def drop(self, task: str) -> Dropped | Refused | Barred | Missed:
        """Ask the vendor once to let go of a task that was seen waiting just now. No turn is waited for."""
        assert self.cancelling is not None
        outcome = await self.api.send(self.cancelling.cancellation(task), deadline=_DROP_SECONDS)
        if not isinstance(outcome, Answered):
            return self._clean(Missed(outcome.reason))
        return self._clean(self.cancelling.dropped(outcome))

    def _clean(self, said: _Said) -> _Said:
        texts = {name: self.redactor.clean(getattr(said, name)) for name in _FIELDS if hasattr(said, name)}
        return replace(said, **texts) if texts else said  # type: ignore[type-var]  # all of them are dataclasses


def line(
    adapter: Adapter,
    account: Account,
    api: Api,
    redactor: Redactor,
    *,
    effects: Effects,
    lodging: Lodging | None = None,
    searching: Searching | None = None,
    cancelling: Cancelling | None = None,
) -> Line:
    """A line with the pace that the vendor's facts name."""
    pace = adapter.FACTS.pace
    calls = Bucket(pace.calls, burst=pace.burst, effects=effects)
    return Line(
        adapter,
        lodging,
        searching,
        account,
        api,
        redactor,
        effects,
        calls=calls,
        submissions=Bucket(pace.submissions, burst=2, effects=effects),
        listings=Bucket(_LISTS_A_SECOND, effects=effects),
        polls=Polls(adapter, api, calls, effects=effects),
        door=anyio.CapacityLimiter(_DOORS),
        cancelling=cancelling,
    )
