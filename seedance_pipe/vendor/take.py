"""A take on its way: the job, the line that it goes over and the journal that remembers it, in one value."""

from __future__ import annotations

from dataclasses import dataclass

from seedance_pipe.effects import Effects
from seedance_pipe.errors import InDoubt, VendorFailed
from seedance_pipe.plan.history import State, Submission
from seedance_pipe.run.craft import Job
from seedance_pipe.run.event import Emit, Moved, Noted
from seedance_pipe.run.journal import Journal
from seedance_pipe.run.submission import doubted
from seedance_pipe.spec.story import Shot
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

    def doubted(self, submission: Submission, why: str) -> InDoubt:
        """The error for a paid request of which nobody knows whether the vendor has it."""
        model = self.shot.model.name
        return doubted(submission, shot=self.shot.id, vendor=self.vendor, model=model, why=why)
