"""The task object, as retrieve and list show it: modelark.md section 2, 2026-11-21."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

from seedance_pipe.sandbox.ledger import Status, Task
from seedance_pipe.sandbox.painter import RATE
from seedance_pipe.sandbox.shelf import Shelf
from seedance_pipe.sandbox.vendors.modelark.facts import MODELS
from seedance_pipe.sandbox.vendors.modelark.order import Order

_UTC_8 = datetime.timezone(datetime.timedelta(hours=8))
_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"


def task_id(order: Order, *, now: float, draw: Callable[[int], int]) -> str:
    """`cgt-`, fourteen digits of local time in UTC+8 and five letters; `cgt-batch-` for flex (section 1)."""
    stamp = datetime.datetime.fromtimestamp(now, _UTC_8).strftime("%Y%m%d%H%M%S")
    letters = "".join(_LETTERS[draw(len(_LETTERS))] for _ in range(5))
    return f"cgt-{'batch-' if order.service_tier == 'flex' else ''}{stamp}-{letters}"


def task_object(task: Task, status: Status, *, shelf: Shelf, link_seconds: int) -> dict[str, Any]:
    """The fields that a task shows while it has `status`; those of the output only on success."""
    order = Order.parse(task.order)
    shown = _always(task, order, status)
    if status is Status.FAILED:
        shown["error"] = {"code": task.code, "message": "The task failed; see the error code"}
    if status is Status.SUCCEEDED:
        shown |= _output(task, order, shelf, link_seconds)
    return shown


def _always(task: Task, order: Order, status: Status) -> dict[str, Any]:
    model = MODELS[order.model]
    changed = {Status.QUEUED: task.created_at, Status.RUNNING: task.started_at}.get(status) or task.changed_at
    shown: dict[str, Any] = {
        "id": task.id,
        "model": order.model,
        "status": status.value,
        "created_at": int(task.created_at),
        "updated_at": int(changed),
        "service_tier": order.service_tier,
        "execution_expires_after": order.execution_expires_after,
        "priority": order.priority if "service_tier" in model.refused else 0,
    }
    if model.sounds:
        shown["generate_audio"] = order.sound
    if model.shows_draft:
        shown["draft"] = order.draft
    for name in ("safety_identifier", "draft_task_id"):
        if getattr(order, name) is not None:
            shown[name] = getattr(order, name)
    return shown


def _output(task: Task, order: Order, shelf: Shelf, link_seconds: int) -> dict[str, Any]:
    since = task.changed_at
    content = {"video_url": shelf.link(f"{task.id}.{order.form}", since=since, seconds=link_seconds)}
    if order.return_last_frame:
        content["last_frame_url"] = shelf.link(f"{task.id}.png", since=since, seconds=link_seconds)
    length = {"frames": order.frames} if order.counts_frames else {"duration": order.frames // RATE}
    return {
        "content": content,
        "usage": {"completion_tokens": task.tokens, "total_tokens": task.tokens},
        "seed": order.seed,
        "resolution": order.resolution,
        "ratio": order.ratio,
        "framespersecond": RATE,
        **length,
        **({"output_format": order.form} if MODELS[order.model].infers else {}),
    }
