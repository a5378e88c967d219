"""Accounts: whose a task is, and what was spent. Each key has an account of its own, known by its digest alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from seedance_pipe.sandbox.jobs import Jobs
from seedance_pipe.sandbox.ledger import Status, Task


@dataclass(frozen=True, slots=True)
class Account:
    """The tasks of one key at one vendor; `digest` stands for the key, which is kept nowhere."""

    vendor: str
    digest: str
    jobs: Jobs

    @classmethod
    def of(cls, key: str, vendor: str, jobs: Jobs) -> Account:
        return cls(vendor, hashlib.sha256(key.encode(errors="surrogateescape")).hexdigest()[:16], jobs)

    def task(self, task_id: str) -> Task | None:
        """The task as it stands; None when it is unknown, too old or another account's."""
        task = self.jobs.find(task_id)
        return task if task is not None and self._owns(task) else None

    def tasks(self) -> list[Task]:
        """All that were ever accepted, oldest first."""
        return [task for task in self.jobs.everything() if self._owns(task)]

    def spent(self) -> Decimal:
        return spent(self.tasks())

    def _owns(self, task: Task) -> bool:
        return (task.vendor, task.account) == (self.vendor, self.digest)


def spent(tasks: Iterable[Task]) -> Decimal:
    """The cost of all tasks that succeeded or still may; what failed has been given back."""
    lasting = (task for task in tasks if task.status is Status.SUCCEEDED or not task.status.is_over)
    return sum((Decimal(task.cost) for task in lasting), Decimal(0))
