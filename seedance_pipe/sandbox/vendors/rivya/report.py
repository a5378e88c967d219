"""A generation, as creating it and asking for it show it: rivya.md sections 2 and 3, 2026-11-21."""

from __future__ import annotations

from typing import Any

from seedance_pipe.sandbox.ledger import Status, Task
from seedance_pipe.sandbox.shelf import Shelf
from seedance_pipe.sandbox.stamp import stamp
from seedance_pipe.sandbox.vendors.rivya.order import Order

_WORDS = {Status.QUEUED: "queued", Status.RUNNING: "processing", Status.SUCCEEDED: "succeeded"}


def generation(task: Task, status: Status, *, shelf: Shelf, link_seconds: int) -> dict[str, Any]:
    """All fields in every state. A task that never ended counts as failed after its time."""
    order = Order.parse(task.order)
    shown = _WORDS.get(status, "failed")
    changed = {Status.QUEUED: task.created_at, Status.RUNNING: task.started_at}.get(status) or task.changed_at
    return {
        "id": task.id,
        "status": shown,
        "model": order.model,
        "reserved_credits": order.credits,
        "final_credits": order.credits if shown == "succeeded" else 0,
        "created_at": stamp(task.created_at),
        "updated_at": stamp(changed),
        "result": _result(task, order, shelf, link_seconds) if shown == "succeeded" else None,
        "error": _error(task) if shown == "failed" else None,
    }


def _result(task: Task, order: Order, shelf: Shelf, link_seconds: int) -> dict[str, Any]:
    """That the last frame is the second address, and that addresses die, is assumed."""
    names = [f"{task.id}.mp4"] + ([f"{task.id}.png"] if order.last_frame else [])
    urls = [shelf.link(name, since=task.changed_at, seconds=link_seconds) for name in names]
    return {"primary_url": urls[0], "urls": urls}


def _error(task: Task) -> dict[str, str]:
    return {"code": task.code or "generation_failed", "message": "The generation failed."}
