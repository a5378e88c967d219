"""Shooting: the craft that makes takes. What is paid for is fetched before anything is bought."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import assert_never

from seedance_pipe.effects import Effects
from seedance_pipe.errors import VendorFailed
from seedance_pipe.plan.graph import Graph, Step, StepKey
from seedance_pipe.plan.history import State, Submission
from seedance_pipe.run.craft import Job
from seedance_pipe.run.event import Emit
from seedance_pipe.run.journal import Journal
from seedance_pipe.run.submission import Act, next_act
from seedance_pipe.units import Digest
from seedance_pipe.vendor.account import Account
from seedance_pipe.vendor.adapter import Ready
from seedance_pipe.vendor.assets import Assets
from seedance_pipe.vendor.buy import Budget, buy
from seedance_pipe.vendor.collect import Checks, collect
from seedance_pipe.vendor.doubt import settle
from seedance_pipe.vendor.download import Downloads
from seedance_pipe.vendor.follow import follow
from seedance_pipe.vendor.line import Line, line
from seedance_pipe.vendor.lodgings import Lodgings
from seedance_pipe.vendor.party import Parties
from seedance_pipe.vendor.redact import Redactor
from seedance_pipe.vendor.registry import LODGINGS, SEARCHES, VENDORS
from seedance_pipe.vendor.take import Take
from seedance_pipe.vendor.target import UploadTarget
from seedance_pipe.vendor.transport import Api, Web, trust
from seedance_pipe.vendor.uploads import Uploads


@dataclass(frozen=True, slots=True)
class Shooting:
    """The craft of takes. `frames` are the takes whose last frame another step would like to have."""

    lines: Mapping[str, Line]
    journal: Journal
    effects: Effects
    budget: Budget
    frames: Collection[StepKey]
    parties: Parties
    assets: Assets
    downloads: Downloads
    checks: Checks

    async def perform(self, job: Job, emit: Emit) -> Mapping[str, Digest]:
        """The outputs `clip` and, where the vendor gave it, `last_frame`."""
        shot = job.step.shot
        assert shot is not None
        take = Take(job, shot, self.lines[shot.model.vendor], self.journal, self.effects, emit)
        async with self.parties.alone(take):
            submission = await self._submission(take)
        ready = await self._followed(take, submission)
        return await collect(take, submission, ready, downloads=self.downloads, checks=self.checks)

    async def _submission(self, take: Take) -> Submission:
        """The submission that the vendor has: the known one, or one that is bought now."""
        known = self.journal.submission(take.job.fingerprint)
        if self.parties.asked(take):
            assert known is not None
            return known
        act = next_act(known)
        match act:
            case Act.INTEND:
                await self._buy(take)
                accepted = self.journal.open_submission(take.job.fingerprint)
                assert accepted is not None
                return accepted
            case Act.SETTLE:
                assert known is not None
                if known.story == self.journal.story:
                    return await self._settled(take, known)
                # A run of that story may be waiting for its answer right now.
                raise take.failed(
                    f"a run of story '{known.story}' has just asked {take.vendor} for the same take",
                    next_step="run again when that run has its answer: nothing was bought here",
                )
            case Act.POLL | Act.FETCH | Act.USE:
                # USE comes here when the store has lost the file: the vendor may still have it.
                assert known is not None
                return known
            case _ as never:
                assert_never(never)

    async def _settled(self, take: Take, known: Submission) -> Submission:
        """What became of a request of this story whose answer was lost. This story's lock is ours, so nobody else
        is at it.
        """
        together = self.journal.companions(known) if take.line.adapter.FACTS.most_takes > 1 else (known,)
        with self.parties.settling(take, [one for one in together if one.state is State.INTENT]):
            await settle(take, together, assets=self.assets)
        accepted = self.journal.open_submission(take.job.fingerprint)
        assert accepted is not None
        return accepted

    async def _followed(self, take: Take, submission: Submission) -> Ready:
        try:
            return await follow(take, submission, wait=self.parties.asked(take))
        except VendorFailed:
            now = self.journal.submission(submission.fingerprint)
            assert now is not None
            if now.state is State.FAILED:
                self.assets.failed(take.job, take.shot, take.line)
            raise

    async def _buy(self, take: Take) -> None:
        seats = self.parties.of(take)
        frame = any(seat.step.key in self.frames for seat in seats)
        with self.parties.asking(take, seats):
            await buy(take, seats, assets=self.assets, last_frame=frame, budget=self.budget)


def frames_wanted(graph: Graph) -> frozenset[StepKey]:
    """The takes of `graph` whose own last frame another step would use."""
    return frozenset(need.step for step in graph.steps for need in step.needs if need.output == "last_frame")


@asynccontextmanager
async def open_shooting(
    accounts: Mapping[str, Account],
    *,
    journal: Journal,
    effects: Effects,
    checks: Checks,
    frames: Collection[StepKey],
    takes: Iterable[Step] = (),
    budget: Budget | None = None,
    uploads: Uploads | None = None,
) -> AsyncIterator[Shooting]:
    """The craft, with a connection to each vendor of `accounts` for as long as the context lasts. `takes` are
    those that will have to be bought: several of one shot may go out together.

    Raises Missing when SSL_CERT_FILE names a file that cannot be used.
    """
    context = trust(effects.environ)
    redactor = Redactor(account.key for account in accounts.values())
    async with AsyncExitStack() as stack:
        web = await stack.enter_async_context(Web(context=context))
        lines = {}
        for vendor, account in accounts.items():
            api = await stack.enter_async_context(Api(account, effects=effects, context=context))
            lines[vendor] = line(
                VENDORS[vendor],
                account,
                api,
                redactor,
                effects=effects,
                lodging=LODGINGS.get(vendor),
                searching=SEARCHES.get(vendor),
            )
        yield Shooting(
            lines=lines,
            journal=journal,
            effects=effects,
            budget=budget or Budget(),
            frames=frames,
            parties=Parties(takes, journal),
            assets=Assets(UploadTarget(web, uploads, effects=effects), Lodgings(journal, effects=effects)),
            downloads=Downloads(web, effects=effects),
            checks=checks,
        )
