"""Carrying out a plan: the crafts at work under the scheduler, until all is done or somebody stops it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from dataclasses import dataclass, replace

import anyio
from anyio import to_thread

from seedance_pipe.errors import Missing
from seedance_pipe.media.craft import craft as cutting_room
from seedance_pipe.media.probe import check_clip, check_picture
from seedance_pipe.plan.freshness import Blocked, InDoubt, InFlight, Stale
from seedance_pipe.plan.graph import Step, StepKey, StepKind
from seedance_pipe.plan.history import State
from seedance_pipe.plan.make import Planned
from seedance_pipe.run import scheduler
from seedance_pipe.run.craft import Craft, Job
from seedance_pipe.run.event import Emit, Noted
from seedance_pipe.run.outcome import Outcome
from seedance_pipe.run.submission import Act, next_act
from seedance_pipe.studio.rehearsal import hastened, serving
from seedance_pipe.studio.room import guard_take
from seedance_pipe.studio.stop import STOP_SECONDS, Stop
from seedance_pipe.studio.stray import follow_strays, still_in_doubt, tell_of
from seedance_pipe.studio.tool import ffmpeg
from seedance_pipe.studio.work import Work
from seedance_pipe.units import Digest
from seedance_pipe.vendor.account import Account, accounts
from seedance_pipe.vendor.buy import Budget
from seedance_pipe.vendor.collect import Checks
from seedance_pipe.vendor.registry import VENDORS, settles
from seedance_pipe.vendor.shoot import Shooting, frames_wanted, open_shooting
from seedance_pipe.vendor.uploads import uploads

_REHEARSAL_SPEED = 10
"""The embedded sandbox works in tenths of seconds, so a rehearsal waits that much less between polls."""

_CPU = "cpu"
_RUN = StepKey("run")
"""What is said of the run itself is said under this name, which no step has."""


def perform(work: Work, emit: Emit, stop: Stop) -> Outcome | None:
    """None when it was stopped. Raises Missing, before anything is sent, for a key or an ffmpeg that is needed
    and not there.
    """
    if not (work.where.rehearsal and _needed(work) | _wanted(work)):
        return anyio.run(_until_stopped, work, emit, stop)
    real = work.effects
    with serving(work.where.state / "vendors") as led:
        faster = replace(hastened(real, _REHEARSAL_SPEED), environ={**real.environ, **led})
        return anyio.run(_until_stopped, replace(work, effects=faster), emit, stop)


async def _until_stopped(work: Work, emit: Emit, stop: Stop) -> Outcome | None:
    """To be asked to stop cancels the work, which leaves what it must finish finished."""
    ended: Outcome | None = None
    failure: Exception | None = None
    async with anyio.create_task_group() as tasks:
        scope = anyio.CancelScope()
        tasks.start_soon(_cancelled_by, stop, scope, emit)
        with scope:
            try:
                ended = await _at_work(work, emit)
            except Exception as error:
                failure = error
        tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure
    return ended


async def _cancelled_by(stop: Stop, scope: anyio.CancelScope, emit: Emit) -> None:
    await stop.asked()
    scope.cancel()
    emit(Noted(_RUN, f"stopping: nothing more is sent; what was begun has {STOP_SECONDS:g} s to end"))


async def _at_work(work: Work, emit: Emit) -> Outcome:
    environ = work.effects.environ
    room = cutting_room(lambda: ffmpeg(environ))
    crafts: dict[StepKind, Craft] = {kind: room for kind in StepKind if kind is not StepKind.TAKE}
    lanes = {_CPU: max(1, (os.cpu_count() or 1) // 2)}
    async with AsyncExitStack() as stack:
        keys = _keys(work)
        if keys:
            if _needed(work):
                # In a thread, because it may hang: a person could not stop us.
                await to_thread.run_sync(ffmpeg, environ)
            shooting = await stack.enter_async_context(_shooting(work, keys))
            crafts[StepKind.TAKE] = _Careful(shooting, work)
            lanes |= {vendor: _places(vendor, work.wishes.jobs) for vendor in keys}
        # Only now is nothing missing: a forced take is not to be remembered by a run that could not begin.
        work.choose()
        for order, take in work.picks.items():
            work.journal.picked(order, take)
        for order, takes in work.asks.items():
            work.journal.asked(order, takes)
        known = [one for one in work.strays if one.state is not State.INTENT]
        doubts = [one for one in work.strays if one.state is State.INTENT]
        if known:
            # What is paid for is fetched before anything is bought; finding out takes longer, and may wait.
            await follow_strays(work, known, shooting, emit)
        ended = await scheduler.perform(
            work.plan.graph,
            work.history,
            crafts=crafts,
            journal=work.journal,
            store=work.store,
            lane=_lane,
            lanes=lanes,
            emit=emit,
            settles=lambda one: one.vendor in keys and settles(one.vendor) and _behind(work) <= keys.keys(),
            advice=lambda one: _keys_first(one.vendor, _behind(work), keys),
            keep_going=work.wishes.keep_going,
        )
        settled_here = [one for one in doubts if one.vendor in keys and settles(one.vendor)]
        if settled_here:
            await follow_strays(work, settled_here, shooting, emit)
        others = [one for one in doubts if one not in settled_here]
        tell_of(others, emit, first=lambda one: _keys_first(one.vendor, set(), keys))
        return replace(ended, doubted=(*ended.doubted, *still_in_doubt(work)))


@dataclass(frozen=True, slots=True)
class _Careful:
    """Shooting that buys nothing which the disk could not take in."""

    shooting: Shooting
    work: Work

    async def perform(self, job: Job, emit: Emit) -> Mapping[str, Digest]:
        shot = job.step.shot
        assert shot is not None
        if next_act(self.work.journal.submission(job.fingerprint)) is Act.INTEND:
            guard_take(self.work.where, shot, self.work.effects.disk)
        return await self.shooting.perform(job, emit)


def _keys_first(vendor: str, behind: set[str], keys: Mapping[str, Account]) -> str:
    """What a person may do before they decide on a doubt: keys that are not there would let a run find out."""
    if not settles(vendor):
        return ""
    missing = [VENDORS[one].FACTS.key_variable for one in sorted({vendor, *behind} - keys.keys())]
    return f"set {' and '.join(missing)} and run again, which may find out by itself; or " if missing else ""


def _shooting(work: Work, keys: Mapping[str, Account]) -> AbstractAsyncContextManager[Shooting]:
    return open_shooting(
        keys,
        journal=work.journal,
        effects=work.effects,
        checks=Checks(clip=check_clip, picture=check_picture),
        frames=frames_wanted(work.plan.graph),
        takes=[one.step for one in work.plan.pending if _buys(one)],
        budget=Budget(work.wishes.cap, work.wishes.allow_unknown_cost),
        uploads=uploads(work.effects.environ),
    )


def _keys(work: Work) -> dict[str, Account]:
    """The accounts that the work needs, and as many as there are of those that it could use."""
    environ = work.effects.environ
    needed = _needed(work)
    keys = dict(accounts(environ, sorted(needed)))
    for vendor in sorted(_wanted(work) - needed):
        with suppress(Missing):
            keys |= accounts(environ, [vendor])
    return keys


def _needed(work: Work) -> set[str]:
    takes = {_lane(one.step) for one in work.plan.pending if _is_take(one, Stale, InFlight)}
    return takes | {one.vendor for one in work.strays if one.state is not State.INTENT}


def _wanted(work: Work) -> set[str]:
    """The vendors of doubts that may be settled, and of what can be bought then. A doubt can be told of without
    any key.
    """
    doubts = {_lane(one.step) for one in work.plan.pending if _is_take(one, InDoubt)}
    strays = {one.vendor for one in work.strays if one.state is State.INTENT}
    wanted = {vendor for vendor in doubts | strays if settles(vendor)}
    return wanted | _behind(work) if wanted else wanted


def _behind(work: Work) -> set[str]:
    """The vendors of takes that wait for a doubt to be settled."""
    return {_lane(one.step) for one in work.plan.pending if _is_take(one, Blocked)}


def _is_take(planned: Planned, *verdicts: type) -> bool:
    return planned.step.kind is StepKind.TAKE and isinstance(planned.verdict, verdicts)


def _buys(planned: Planned) -> bool:
    return _is_take(planned, Stale, Blocked)


def _lane(step: Step) -> str:
    if step.kind is StepKind.TAKE and step.shot is not None:
        return step.shot.model.vendor
    return _CPU


def _places(vendor: str, jobs: int | None) -> int:
    most = VENDORS[vendor].FACTS.concurrency
    return most if jobs is None else min(jobs, most)
