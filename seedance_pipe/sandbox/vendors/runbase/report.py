"""A run, as creating it and asking for it show it: runbase.md sections 2 and 3, 2026-11-21."""

from __future__ import annotations

from typing import Any

from seedance_pipe.sandbox.ledger import Status, Task
from seedance_pipe.sandbox.settings import Settings
from seedance_pipe.sandbox.shelf import Shelf
from seedance_pipe.sandbox.stamp import stamp
from seedance_pipe.sandbox.vendors.runbase.order import Order

_WORDS = {Status.QUEUED: "pending", Status.RUNNING: "processing", Status.SUCCEEDED: "succeeded"}


def created(task: Task) -> dict[str, Any]:
    order = Order.parse(task.order)
    return {"id": task.id, "model": order.model, "status": "pending", "costUsd": order.cost}


def run(task: Task, status: Status, *, shelf: Shelf, settings: Settings) -> dict[str, Any]:
    """Assumed: fields that do not apply are left out, a failed run keeps its `costUsd` although it was given back,
    and a run that never ended counts as failed after its time.
    """
    shown = {**created(task), "status": _WORDS.get(status, "failed"), "createdAt": stamp(task.created_at)}
    if status in (Status.QUEUED, Status.RUNNING):
        return shown
    shown["completedAt"] = stamp(task.changed_at)
    if status is Status.SUCCEEDED:
        url = shelf.link(f"{task.id}.mp4", since=task.changed_at, seconds=settings.link_seconds)
        return {**shown, "output": {"urls": [url]}}
    return {**shown, "error": _error(task, settings)}


def _error(task: Task, settings: Settings) -> str | dict[str, str]:
    code = task.code or "generation_failed"
    if settings.runbase.errors_are_objects:
        return {"message": "The generation failed", "code": code}
    return f"The generation failed: {code}"
