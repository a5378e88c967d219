"""What every vendor that the sandbox plays works with: one value, made when the server starts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from seedance_pipe.sandbox.commission import Commission
from seedance_pipe.sandbox.easel import Easel
from seedance_pipe.sandbox.faults import Fault, Faults, What, Where
from seedance_pipe.sandbox.jobs import Jobs
from seedance_pipe.sandbox.ledger import Status, Task
from seedance_pipe.sandbox.settings import Settings
from seedance_pipe.sandbox.shelf import Shelf

_EXPIRES_AFTER = 172_800
"""Seconds until a task that never ends is over: ModelArk's default, taken for the vendors that document none."""


@dataclass(frozen=True, slots=True)
class World:
    """`now` is the sandbox's clock in Unix seconds; `draw(n)` is a number from 0 to n - 1."""

    settings: Settings
    jobs: Jobs
    shelf: Shelf
    easel: Easel
    faults: Faults
    now: Callable[[], float]
    draw: Callable[[int], int]

    def task(self, task_id: str, order: Commission, *, request: str, failure: str, doomed: str = "") -> Task:
        """A task for an order, with its fate, not on record yet.

        `request` is the SHA-256 of the request's body. The task fails with the code `failure` when its prompt says
        so, with `doomed`, unless that is empty, in any case.
        """
        code = failure if self.settings.fails(order.prompt) else doomed
        task = Task(
            id=task_id,
            lane=order.lane,
            created_at=self.now(),
            order=order.document(),
            request=request,
            words=order.prompt,
            prompt=hashlib.sha256(order.prompt.encode()).hexdigest(),
            vendor=order.vendor,
            queue_seconds=self.settings.queued_seconds,
            run_seconds=self.settings.running_seconds,
            expires_after=_EXPIRES_AFTER,
            fate=Status.FAILED if code else Status.SUCCEEDED,
            code=code,
        )
        return _fated(task, self.faults.take(Where.FATE, order.prompt))

    async def shown_status(self, task: Task, order: Commission, *, patience: float | None = None) -> Status:
        """The task's status, but `running` as long as its clip is not painted, which is waited for `patience`
        seconds at most (None: as many as the settings say).
        """
        if task.status is not Status.SUCCEEDED:
            return task.status
        seconds = self.settings.paint_patience if patience is None else patience
        painted = await self.easel.is_painted(task.id, order.scene(self.shelf), patience=seconds)
        return Status.SUCCEEDED if painted else Status.RUNNING


def _fated(task: Task, fault: Fault | None) -> Task:
    match fault:
        case Fault(what=What.QUEUE, seconds=seconds):
            return replace(task, queue_seconds=seconds)
        case Fault(what=What.FAIL, code=code):
            return replace(task, fate=Status.FAILED, code=code)
        case Fault(what=What.STUCK):
            return replace(task, fate=Status.RUNNING)
        case Fault(what=What.EXPIRE):
            return replace(task, fate=Status.EXPIRED)
    return task
