"""Buying a take: the intent is on the disk before the request leaves, the task's name before the first poll."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import assert_never

import anyio
import anyio.lowlevel

from seedance_pipe.document import Json, JsonPath, fill, written
from seedance_pipe.effects import Effects
from seedance_pipe.errors import PipeError
from seedance_pipe.plan.graph import Step
from seedance_pipe.plan.history import Submission
from seedance_pipe.plan.recipe import seeded
from seedance_pipe.run.craft import Job
from seedance_pipe.run.intent import Intent
from seedance_pipe.spec.cap import Caps
from seedance_pipe.vendor.adapter import Accepted, Adapter, Busy, Doubtful, Refused
from seedance_pipe.vendor.again import Again
from seedance_pipe.vendor.answer import Call, NotSent
from seedance_pipe.vendor.assets import Assets, Filled, marks
from seedance_pipe.vendor.party import Seat
from seedance_pipe.vendor.take import Take

_NOTHING = "nothing was bought"
_MOST_SEED = 2**31 - 1
"""Where a model names no greatest seed: the greatest that all vendors take."""


@dataclass(frozen=True, slots=True)
class Budget:
    """`cap` bounds what the story ever spends in each currency; None is no bound."""

    cap: Caps | None = None
    allow_unknown: bool = False
    _telling: anyio.Lock = field(default_factory=anyio.Lock, compare=False, repr=False)

    @asynccontextmanager
    async def turn(self, seats: Sequence[Seat]) -> AsyncIterator[None]:
        """Under a cap, what has no known price is bought one after the other: a vendor may tell the price of one
        when it accepts it, and then the next is asked for only if that has left something of the cap.
        """
        known = all(seat.step.estimate is not None and seat.step.estimate.most is not None for seat in seats)
        if not self.cap or known:
            yield
            return
        async with self._telling:
            yield


async def buy(take: Take, seats: Sequence[Seat], *, assets: Assets, last_frame: bool, budget: Budget) -> None:
    """Ask the vendor for a take that nobody has asked for, and for the others of `seats` in the same request.
    When this returns, the vendor has accepted them, and the journal knows.

    Raises InDoubt when no answer tells, GuardRefused for the cap, and PipeError when nothing was bought.
    """
    request = frozen(
        take.line.adapter,
        take.job,
        effects=take.effects,
        last_frame=last_frame,
        takes=len(seats),
        seed=_drawn_seed(take),
    )
    async with take.line.door:
        filled = await assets.fill(take.job, take.shot, take.line)
        call = _call(take, request, filled.media)
        async with budget.turn(seats):
            await take.line.paid_turn()
            await anyio.lowlevel.checkpoint_if_cancelled()
            submissions = take.journal.intend_together(
                [_intent(take, seat, request) for seat in seats],
                cap=budget.cap,
                allow_unknown=budget.allow_unknown,
            )
            await _Sending(take, submissions, call, assets, filled, Again(take.effects)).until_accepted()


def _drawn_seed(take: Take) -> int | None:
    """A seed for a vendor that would draw one and not tell it, so that the take can be asked for again. It is in
    the request alone: what chance gives is no part of what the story orders.
    """
    shot = take.shot
    if take.line.adapter.FACTS.tells_seed or shot.seed is not None or not shot.seed_path:
        return None
    return take.effects.draw((shot.model.most_seed or _MOST_SEED) + 1)


def frozen(
    adapter: Adapter, job: Job, *, effects: Effects, last_frame: bool, takes: int = 1, seed: int | None = None
) -> Json:
    """The request for the take of `job`, and others of its shot that come to `takes`, as the journal keeps it.
    `seed` is one that was drawn for it.
    """
    shot = job.step.shot
    assert shot is not None
    body = seeded(shot.body, shot, job.step.take)
    body = body if seed is None else written(body, shot.seed_path, seed)
    marked = _from_task(job.step) if job.step.from_draft else fill(body, marks(job, shot))
    return adapter.frozen(marked, shot=shot, last_frame=last_frame, draw=effects.draw, takes=takes)


def _from_task(step: Step) -> Json:
    """The request for a final that is made from the task of its draft. Raises PipeError when nobody knows that."""
    shot, drafted = step.shot, step.drafted
    assert shot is not None and shot.final is not None and drafted is not None
    if not drafted.task:
        raise PipeError(
            f"take {step.take} of shot '{shot.id}' was made from the task of its draft, which is not known here; "
            f"{_NOTHING}",
            next_step="bring what was made with `seedance-pipe import-store`, or make and pick another draft",
        )
    return fill(shot.final.body, {shot.final.hole: drafted.task})


def _call(take: Take, request: Json, media: Mapping[JsonPath, str]) -> Call:
    call = take.line.adapter.submission(request, media)
    limit = take.shot.model.body_bytes
    if limit and len(call.body) > limit:
        raise take.failed(
            f"its pictures make the request {len(call.body) / 1e6:.0f} MB long, and {take.vendor} takes "
            f"{limit / 1e6:.0f} MB",
            next_step="use smaller pictures, or https addresses instead of files",
        )
    return call


def _intent(take: Take, seat: Seat, request: Json) -> Intent:
    estimate = seat.step.estimate
    return Intent(
        fingerprint=seat.fingerprint,
        shot=take.shot.id,
        take=seat.step.take,
        vendor=take.shot.model.vendor,
        model=take.shot.model.wire,
        request=request,
        inputs=seat.given,
        reserved=estimate.most if estimate else None,
    )


@dataclass(slots=True)
class _Sending:
    """One request, sent until there is an answer. Only what surely made no task is sent again.

    `take` is the one that speaks for all whose `submissions` the request is for.
    """

    take: Take
    submissions: Sequence[Submission]
    call: Call
    assets: Assets
    filled: Filled
    again: Again
    told: bool = False

    async def until_accepted(self) -> None:
        self.take.moved("submitting")
        while True:
            answer = await self._once()
            if answer is None:
                return
            pause = self.again.pause(answer)
            if pause is None:
                raise self._given_up(answer)
            self._tell(answer)
            try:
                await self.take.effects.sleep(pause)
                await self.take.line.paid_turn()
            except BaseException:
                self._close(answer)
                raise

    async def _once(self) -> Busy | NotSent | None:
        """None when the vendor has it, and the journal knows."""
        with anyio.CancelScope(shield=True):
            answer = await self.take.line.submit(self.call, self.submissions[0].request)
        # Nothing is awaited before the journal knows, so no stop can come in between.
        match answer:
            case Accepted():
                self.take.accepted(self.submissions, answer)
                return None
            case Refused():
                raise self._refused(answer)
            case Doubtful(reason):
                raise self.take.doubted(self.take.own(self.submissions), reason)
            case Busy() | NotSent():
                return answer
            case _ as never:
                assert_never(never)

    def _refused(self, answer: Refused) -> PipeError:
        self.take.journal.refused(*self._ids, code=answer.code, reason=answer.reason)
        if self.assets.refused(self.filled, self.take.line):
            # Nobody can tell whether the vendor had thrown one of them away.
            reason = f"{answer.reason}; {_NOTHING}, and the next run uploads its files anew"
            return self.take.failed(reason, next_step=answer.next_step, code=answer.code)
        return self.take.failed(f"{answer.reason}; {_NOTHING}", next_step=answer.next_step, code=answer.code)

    @property
    def _ids(self) -> tuple[str, ...]:
        return tuple(one.id for one in self.submissions)

    def _tell(self, answer: Busy | NotSent) -> None:
        if not self.told:
            self.take.noted(f"{self.take.vendor} did not take it yet ({answer.reason}); it is offered again")
        self.told = True

    def _given_up(self, answer: Busy | NotSent) -> PipeError:
        self._close(answer)
        if isinstance(answer, NotSent):
            return self.take.failed(
                f"{self.take.vendor} could not be reached: {answer.reason}; {_NOTHING}",
                next_step="check the network and run again",
            )
        return self.take.failed(
            f"{self.take.vendor} stayed too busy to take it: {answer.reason}; {_NOTHING}",
            next_step=answer.next_step or "run again later",
            code=answer.code,
        )

    def _close(self, answer: Busy | NotSent) -> None:
        """What the journal says of an intent that we stop sending."""
        if isinstance(answer, NotSent):
            self.take.journal.unsent(*self._ids, reason=answer.reason)
        else:
            self.take.journal.refused(*self._ids, code="busy", reason=answer.reason)
