"""Following a task: asking how it is until it is made. A failed poll is not a failed task."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from seedance_pipe.errors import VendorFailed
from seedance_pipe.plan.history import State, Submission
from seedance_pipe.run.submission import ended_by_a_person
from seedance_pipe.units import Money
from seedance_pipe.vendor.adapter import Barred, Failed, Gone, Missed, Queued, Ready, Running
from seedance_pipe.vendor.pace import Rank, growing
from seedance_pipe.vendor.take import Take

_MISSED_SECONDS = 60.0
_RETRY_AFTER_SECONDS = 600.0
# A task that is past its time is still asked after for so long: a little, and longer when the answers do not come
# through. These are pauses that were made, not a clock's: a machine that slept has to be heard out first.
_LATE_SECONDS = 60.0
_LATE_MISSED_SECONDS = 300.0
# Taking a task for gone lets it be bought again, so one answer that says so is not believed, and none is while
# the vendor must still know it.
_GONE_ANSWERS = 3


async def follow(take: Take, submission: Submission, *, wait: bool) -> Ready:
    """The task's result, once it is made. With `wait` the first poll comes after the vendor's first pause.

    Raises VendorFailed when the task came to nothing, when the vendor bars us, and when the task should have
    ended long ago; only in the first case does the journal close the submission.
    """
    assert submission.task is not None
    with take.line.polls.following(submission.task):
        # What was in doubt may have reached the vendor only now, long after its intent.
        following = _Following(take, submission, anew=wait)
        if wait:
            await following.rest()
        while True:
            ready = await following.once()
            if ready is not None:
                return ready
            await following.rest()


class _Following:
    """What one run has seen of a task so far."""

    def __init__(self, take: Take, submission: Submission, *, anew: bool) -> None:
        assert submission.task is not None
        self._take = take
        self._submission = submission
        self._task = submission.task
        self._pauses = self._growing(take.line.adapter.FACTS.pace.longest)
        self._misses: Iterator[float] | None = None
        self._missed_because = ""
        self._pause = next(self._pauses)
        self._status = ""
        self._gone = 0
        # The clock on the wall tells how old the task was when we began, and may be set to any time after that.
        self._began = take.effects.monotonic()
        self._age_then = max(0.0, take.effects.now() - submission.at)
        self._worked_then = 0.0 if anew else self._age_then
        self._late = 0.0

    async def rest(self) -> None:
        self._late += self._pause if self._overdue else 0.0
        await self._take.effects.sleep(self._pause)

    async def once(self) -> Ready | None:
        """One poll; None when the task goes on, or nothing was learned."""
        # What is known to be made is only asked for its addresses.
        rank = Rank.USUAL if self._submission.state is State.SUBMITTED else Rank.FIRST
        # After a poll that told nothing it is asked alone: another task may spoil the answer for all.
        alone = self._misses is not None
        progress = await self._take.line.ask(self._task, self._take.shot, rank, alone=alone)
        if not isinstance(progress, Gone):
            self._gone = 0
        match progress:
            case Ready():
                return progress
            case Queued(status):
                self._goes_on(status)
            case Running(status, fraction):
                self._goes_on(status, fraction)
            case Missed(reason, retry_after):
                self._missed(reason, retry_after or 0.0)
            case Gone(code, reason):
                self._missing(code, reason)
            case Failed():
                raise self._failed(progress)
            case Barred(code, reason, next_step):
                first = next_step.removesuffix(", then run again")
                step = f"{first}; then run again: task {self._task} goes on without us and is fetched"
                raise self._take.failed(reason, next_step=step, code=code)
            case _ as never:
                assert_never(never)
        if not self._gone:
            # Being told that a task is gone settles it, however late: that is heard to its end.
            self._be_patient()
        return None

    def _goes_on(self, status: str, fraction: float | None = None) -> None:
        if status != self._status or fraction is not None:
            self._take.moved(status, task=self._task, fraction=fraction)
        self._status = status
        self._misses = None
        self._pause = next(self._pauses)

    def _missed(self, reason: str, at_least: float) -> None:
        self._missed_because = reason
        if self._misses is None:
            self._take.noted(f"task {self._task} could not be asked after ({reason}); it is asked again")
            self._misses = self._growing(_MISSED_SECONDS)
        self._pause = max(next(self._misses), min(at_least, _RETRY_AFTER_SECONDS))

    def _missing(self, code: str, reason: str) -> None:
        facts = self._take.line.adapter.FACTS
        if facts.tasks_kept is None:
            # Nobody says how long the vendor knows a task, so not knowing it says nothing of what became of it.
            self._missed(reason, 0.0)
            return
        self._gone += 1
        if self._gone < _GONE_ANSWERS:
            self._missed(reason, 0.0)
            return
        if self._age_then + self._passed <= facts.tasks_kept:
            # Another project's key is answered just so: closing the take would buy it again.
            raise self._take.failed(
                f"{reason}, though {facts.title} keeps tasks for {facts.tasks_kept / 86_400:g} days "
                f"(task {self._task}); nothing is bought again",
                next_step=f"check that {facts.key_variable} is of the project that asked for it, and run again; "
                f"or {self._way_out()}",
                code=code,
            )
        receipt = self._submission.receipt
        self._close(code, reason, charged=receipt.charged if receipt else None)
        if receipt is None:
            what = f"{reason}; whether it made a clip, and charged for it, cannot be known any more"
        else:
            what = f"a paid clip is lost: {reason}"
        raise self._take.failed(what, next_step=self._take.how_to_replace(self._submission), code=code)

    def _failed(self, failed: Failed) -> VendorFailed:
        receipt = self._submission.receipt
        charged = receipt.charged if receipt else failed.charged
        self._close(failed.code, failed.reason, charged=charged)
        what = f"{failed.reason}; {self._cost(charged)}"
        return self._take.failed(what, next_step=failed.next_step, code=failed.code)

    def _cost(self, charged: Money | None) -> str:
        if charged is None:
            return f"{self._take.vendor} does not say whether it was charged"
        return f"{charged} was charged" if charged.amount else "nothing was charged"

    def _close(self, code: str, reason: str, *, charged: Money | None) -> None:
        # A take that was stored once stays stored: only its file is to be had again.
        if self._submission.state is not State.STORED:
            self._take.journal.failed(self._submission.id, code=code, reason=reason, charged=charged)

    def _be_patient(self) -> None:
        """Time alone never ends a task for us: we only stop asking in this run."""
        if self._misses is None and self._late >= _LATE_SECONDS:
            raise self._given_up(f"should have ended task {self._task} by now, and does not say how")
        if self._late >= _LATE_MISSED_SECONDS:
            raise self._given_up(f"does not tell what became of task {self._task} ({self._missed_because})")

    @property
    def _passed(self) -> float:
        return self._take.effects.monotonic() - self._began

    @property
    def _overdue(self) -> bool:
        return self._worked_then + self._passed > self._take.line.adapter.patience(self._submission.request)

    def _given_up(self, what: str) -> VendorFailed:
        return self._take.failed(
            f"{self._take.vendor} {what}",
            next_step=f"run again to ask once more: nothing is bought before it is known; or {self._way_out()}",
        )

    def _way_out(self) -> str:
        """How a person ends a task that no run comes to an end with."""
        if self._submission.state is not State.SUBMITTED:
            return f"`run --force {self._take.shot.id}` asks for a new take and may pay twice"
        return (
            f"look for it in the console of {self._take.vendor} and end it: {ended_by_a_person(self._submission)}"
        )

    def _growing(self, longest: float) -> Iterator[float]:
        line = self._take.line
        return growing(line.adapter.FACTS.pace.first, longest, self._take.effects, least=line.polls.pause)
