"""Tasks moving through their states on a clock that is handed in: nothing ticks, all is worked out when asked.

Each lane (tasks of one model) runs so many at once; the rest wait, higher priority first, then first come.
"""

from __future__ import annotations

import enum
import heapq
from collections.abc import Callable, Iterator
from dataclasses import replace

from seedance_pipe.sandbox.ledger import Ledger, Status, Task
from seedance_pipe.sandbox.settings import Settings


class _Event(enum.IntEnum):
    """In the order in which those of one moment happen."""

    ENDS = 1
    EXPIRES = 2
    MAY_START = 3


class Jobs:
    """All tasks of one ledger, as they stand on the clock `now` (Unix seconds)."""

    def __init__(self, ledger: Ledger, *, settings: Settings, now: Callable[[], float]) -> None:
        self._ledger = ledger
        self._settings = settings
        self._now = now
        self._tasks: dict[str, Task] = {}
        self._events: list[tuple[float, _Event, int, str]] = []
        self._waiting: dict[str, list[str]] = {}
        self._running: dict[str, int] = {}
        for task in ledger.tasks():
            self._take_up(task)

    def __contains__(self, task_id: object) -> bool:
        """Whether that id was ever given."""
        return task_id in self._tasks

    def new_id(self, draw: Callable[[], str]) -> str:
        """The first id drawn that was never given."""
        return next(name for name in iter(draw, None) if name not in self)

    def add(self, task: Task) -> None:
        """On record when this returns."""
        self._ledger.add(task)
        self._take_up(task)

    def find(self, task_id: str) -> Task | None:
        """The task as it stands, or None when it is unknown, deleted or too old."""
        self._advance()
        task = self._tasks.get(task_id)
        return task if task and self._is_kept(task) else None

    def kept(self) -> Iterator[Task]:
        """Every task that has not been deleted or aged out, newest first."""
        self._advance()
        return (task for task in reversed(list(self._tasks.values())) if self._is_kept(task))

    def everything(self) -> list[Task]:
        """Every task that was ever accepted, oldest first."""
        self._advance()
        return list(self._tasks.values())

    def queued(self, lane: str) -> int:
        self._advance()
        return sum(task.lane == lane and task.status is Status.QUEUED for task in self._tasks.values())

    def cancel(self, task: Task) -> None:
        """A queued task that will not run."""
        self._finish(task, Status.CANCELLED, at=self._now())

    def forget(self, task: Task) -> None:
        """Delete the record of a task that is over; the ledger keeps it."""
        self._keep(replace(task, deleted=True))

    def _take_up(self, task: Task) -> None:
        self._tasks[task.id] = task
        if task.status.is_over:
            return
        self._expect(_Event.EXPIRES, task, at=task.created_at + task.expires_after)
        if task.started_at is None:
            self._expect(_Event.MAY_START, task, at=task.created_at + task.queue_seconds)
        else:
            self._runs(task, since=task.started_at)

    def _expect(self, event: _Event, task: Task, *, at: float) -> None:
        heapq.heappush(self._events, (at, event, len(self._tasks), task.id))

    def _runs(self, task: Task, *, since: float) -> None:
        self._running[task.lane] = self._running.get(task.lane, 0) + 1
        if task.fate is not Status.RUNNING:
            self._expect(_Event.ENDS, task, at=since + task.run_seconds)

    def _advance(self) -> None:
        now = self._now()
        while self._events and self._events[0][0] <= now:
            at, event, _, task_id = heapq.heappop(self._events)
            task = self._tasks[task_id]
            if task.status.is_over:
                continue
            if event is _Event.MAY_START:
                self._waiting.setdefault(task.lane, []).append(task.id)
            else:
                self._finish(task, Status.EXPIRED if event is _Event.EXPIRES else task.fate, at=at)
            self._start_waiting(task.lane, at=at)

    def _start_waiting(self, lane: str, *, at: float) -> None:
        room = self._settings.limits.concurrent
        waiting = self._waiting.get(lane, [])
        while waiting and (room is None or self._running.get(lane, 0) < room):
            first = max(waiting, key=lambda task_id: self._tasks[task_id].priority)
            waiting.remove(first)
            task = replace(self._tasks[first], status=Status.RUNNING, started_at=at)
            self._keep(task)
            self._runs(task, since=at)

    def _finish(self, task: Task, status: Status, *, at: float) -> None:
        if task.status is Status.RUNNING:
            self._running[task.lane] -= 1
        elif task.id in self._waiting.get(task.lane, ()):
            self._waiting[task.lane].remove(task.id)
        self._keep(replace(task, status=status, ended_at=at))

    def _keep(self, task: Task) -> None:
        self._tasks[task.id] = task
        self._ledger.update(task)

    def _is_kept(self, task: Task) -> bool:
        now = self._now()
        if task.deleted or now >= task.created_at + self._settings.record_seconds:
            return False
        cancelled = task.status is Status.CANCELLED
        return not cancelled or now < task.changed_at + self._settings.cancelled_seconds
