"""Buying a take: the intent is on the disk before the request leaves, the task's name before the first poll."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never

import anyio
import anyio.lowlevel

from seedance_pipe.document import Json, JsonPath, fill
from seedance_pipe.errors import InDoubt, PipeError
from seedance_pipe.plan.history import Submission
from seedance_pipe.plan.unroll import seeded
from seedance_pipe.run.journal import Intent
from seedance_pipe.units import Money
from seedance_pipe.vendor.adapter import Accepted, Busy, Doubtful, Refused
from seedance_pipe.vendor.answer import Call, NotSent
from seedance_pipe.vendor.assets import Assets, marks
from seedance_pipe.vendor.pace import growing, jittered
from seedance_pipe.vendor.take import Take

_UNSENT_ATTEMPTS = 4
_BUSY_SECONDS = 1800.0
_RETRY_AFTER_SECONDS = 600.0
_AGAIN = "run again: nothing was bought"


@dataclass(frozen=True, slots=True)
class Budget:
    """`cap` bounds what the story ever spends; None is no bound."""

    cap: Money | None = None
    allow_unknown: bool = False


async def buy(take: Take, *, assets: Assets, last_frame: bool, budget: Budget) -> Submission:
    """Ask the vendor for a take that nobody has asked for, and return the submission, which it has accepted.

    Raises InDoubt when no answer tells, GuardRefused for the cap, and PipeError when the take was not bought.
    """
    adapter = take.line.adapter
    body = seeded(take.shot.body, take.shot, take.job.step.take)
    marked = fill(body, marks(take.job, take.shot))
    request = adapter.frozen(marked, shot=take.shot, last_frame=last_frame, draw=take.effects.draw)
    async with take.line.door:
        media = await assets.fill(take.job, take.shot, adapter.FACTS.spellings)
        call = _call(take, request, media)
        await take.line.submissions.turn()
        await anyio.lowlevel.checkpoint_if_cancelled()
        intent = _intent(take, request)
        submission = take.journal.intend(intent, cap=budget.cap, allow_unknown=budget.allow_unknown)
        await _Sending(take, submission, call).until_accepted()
    accepted = take.journal.open_submission(take.job.fingerprint)
    assert accepted is not None
    return accepted


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


def _intent(take: Take, request: Json) -> Intent:
    step = take.job.step
    return Intent(
        fingerprint=take.job.fingerprint,
        shot=take.shot.id,
        take=step.take,
        vendor=take.shot.model.vendor,
        model=take.shot.model.wire,
        request=request,
        inputs=take.job.given,
        reserved=step.estimate.most if step.estimate else None,
    )


@dataclass(slots=True)
class _Sending:
    """One intent, sent until there is an answer. Only what surely made no task is sent again."""

    take: Take
    submission: Submission
    call: Call
    waited: float = 0.0
    busy: int = 0
    unsent: int = 0
    told: bool = False

    async def until_accepted(self) -> None:
        self.take.moved("submitting")
        while True:
            answer = await self._once()
            if answer is None:
                return
            pause = self._pause(answer)
            if pause is None:
                raise self._given_up(answer)
            self._tell(answer)
            try:
                await self.take.effects.sleep(pause)
                await self.take.line.submissions.turn()
            except BaseException:
                self._close(answer)
                raise

    async def _once(self) -> Busy | NotSent | None:
        """None when the vendor has it, and the journal knows."""
        with anyio.CancelScope(shield=True):
            answer = await self.take.line.submit(self.call)
        # Nothing is awaited before the journal knows, so no stop can come in between.
        match answer:
            case Accepted(task):
                self._write_down(task)
                self.take.moved("submitted", task=task)
                return None
            case Refused(code, reason, next_step):
                self.take.journal.refused(self.submission.id, code=code, reason=reason)
                raise self.take.failed(reason, next_step=next_step, code=code)
            case Doubtful(reason):
                raise self.take.doubted(self.submission, reason)
            case Busy() | NotSent():
                return answer
            case _ as never:
                assert_never(never)

    def _write_down(self, task: str) -> None:
        try:
            self.take.journal.submitted(self.submission.id, task)
        except PipeError as problem:
            raise InDoubt(
                f"{self.take.name}: {self.take.vendor} accepted it as task {task}, and the journal did not take "
                f"that down: {problem.message}",
                next_step=f"note the task's name; {problem.next_step}",
            ) from problem

    def _pause(self, answer: Busy | NotSent) -> float | None:
        """Seconds to wait before sending the same again; None when it was tried for long enough."""
        if isinstance(answer, NotSent):
            self.unsent += 1
            pauses = growing(2.0 ** (self.unsent - 1), 10.0, self.take.effects)
            return next(pauses) if self.unsent < _UNSENT_ATTEMPTS else None
        pause = jittered(self.busy + 1, first=2.0, longest=60.0, effects=self.take.effects)
        pause = max(pause, min(answer.retry_after or 1.0, _RETRY_AFTER_SECONDS))
        self.busy += 1
        self.waited += pause
        return pause if self.waited <= _BUSY_SECONDS else None

    def _tell(self, answer: Busy | NotSent) -> None:
        if not self.told:
            self.take.noted(f"{self.take.vendor} did not take it yet ({answer.reason}); it is offered again")
        self.told = True

    def _given_up(self, answer: Busy | NotSent) -> PipeError:
        self._close(answer)
        if isinstance(answer, NotSent):
            return self.take.failed(
                f"{self.take.vendor} could not be reached: {answer.reason}",
                next_step="check the network and run again: nothing was bought",
            )
        return self.take.failed(
            f"{self.take.vendor} stayed too busy to take it ({answer.code}: {answer.reason})",
            next_step=_AGAIN,
            code=answer.code,
        )

    def _close(self, answer: Busy | NotSent) -> None:
        """What the journal says of an intent that we stop sending."""
        if isinstance(answer, NotSent):
            self.take.journal.unsent(self.submission.id, reason=answer.reason)
        else:
            self.take.journal.refused(self.submission.id, code="busy", reason=answer.reason)
