"""A take on its way: the job, the line that it goes over and the journal that remembers it, in one value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from seedance_pipe.effects import Effects
from seedance_pipe.errors import InDoubt, PipeError, VendorFailed
from seedance_pipe.plan.history import State, Submission
from seedance_pipe.run.craft import Job
from seedance_pipe.run.event import Emit, Moved, Noted
from seedance_pipe.run.journal import Journal
from seedance_pipe.run.submission import UNSENT_AGAIN, doubted
from seedance_pipe.spec.story import Shot
from seedance_pipe.vendor.adapter import Accepted, seat
from seedance_pipe.vendor.line import Line


@dataclass(frozen=True, slots=True)
class Take:
    job: Job
    shot: Shot
    line: Line
    journal: Journal
    effects: Effects
    emit: Emit

    @property
    def name(self) -> str:
        return f"take {self.job.step.take} of shot '{self.shot.id}'"

    @property
    def vendor(self) -> str:
        return self.line.adapter.FACTS.title

    def moved(self, status: str, *, task: str = "", fraction: float | None = None) -> None:
        self.emit(Moved(self.job.step.key, status, task, fraction))

    def noted(self, message: str) -> None:
        self.emit(Noted(self.job.step.key, message))

    def how_to_replace(self, submission: Submission) -> str:
        """The next step when a paid clip cannot be had any more. What was ours once is never bought unasked."""
        if submission.state is State.STORED:
            return f"`run --force {self.shot.id}` buys a new take"
        return "run again to buy a new one"

    def failed(self, what: str, *, next_step: str, code: str = "") -> VendorFailed:
        """The error that says of this take `what` happened."""
        return VendorFailed(f"{self.name}: {what}", next_step=next_step, code=code)

    def own(self, submissions: Sequence[Submission]) -> Submission:
        """The submission of this take among those of one request."""
        return next(one for one in submissions if one.fingerprint == self.job.fingerprint)

    def accepted(self, submissions: Sequence[Submission], answer: Accepted, *, found: bool = False) -> None:
        """Write down that the vendor has a request for all of these; with `found` it did not say so in answer to
        it. Of what a person has decided already nothing is written. Raises InDoubt when the journal does not take
        it.
        """
        # A price of nothing that is told before anything is made frees no part of a cap.
        told = answer.told if answer.told and answer.told.amount else None
        names = {
            one.id: seat(answer.task, place + 1, len(submissions))
            for place, one in enumerate(submissions)
            if one.state is State.INTENT
        }
        try:
            self.journal.submitted_together(names, told, found=found)
        except PipeError as problem:
            if found:
                raise self.doubted(self.own(submissions), problem.message) from problem
            raise InDoubt(
                f"{self.name}: {self.vendor} accepted it as task {answer.task}, and the journal did not "
                f"take that down: {problem.message}",
                next_step=f"note the task's name; {problem.next_step}",
            ) from problem
        self.moved("submitted", task=names[self.own(submissions).id])

    def doubted(self, submission: Submission, why: str, *, then: str = UNSENT_AGAIN) -> InDoubt:
        """The error for a paid request of which nobody knows whether the vendor has it."""
        model = self.shot.model.name
        return doubted(submission, shot=self.shot.id, vendor=self.vendor, model=model, why=why, then=then)
