"""What is told of submissions and of the account: runware.md sections 3 and 6, 2026-11-21.

The balance is an object, as the vendor's client of 2026-10 types it; an older page shows a bare number. The names
of the account's fields are from a third party's client.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from seedance_pipe.sandbox.ledger import Status, Task
from seedance_pipe.sandbox.settings import Settings
from seedance_pipe.sandbox.shelf import Shelf
from seedance_pipe.sandbox.vendors.runware.answer import Items
from seedance_pipe.sandbox.vendors.runware.order import Order

_DAY = 86_400
_PERIODS = {"today": _DAY, "last7Days": 7 * _DAY, "last30Days": 30 * _DAY}
_ORGANIZATION = "5ab0d6f0-0000-4000-8000-000000000000"


def unknown(task_uuid: str) -> dict[str, Any]:
    """The item of a UUID that nobody submitted: third parties saw it answered as one that just began."""
    return {"taskType": "getResponse", "taskUUID": task_uuid, "status": "processing"}


def told(
    results: Sequence[tuple[Task, Status]], *, shelf: Shelf, settings: Settings, now: float
) -> tuple[Items, Items]:
    """The items of `data` and of `errors` in a poll at the Unix time `now` of results shown in those states."""
    data: Items = []
    errors: Items = []
    for task, status in results:
        order = Order.parse(task.order)
        if status in (Status.FAILED, Status.EXPIRED) and settings.runware.failures_in_data:
            data.append({**_named(order), "status": "error", "error": _reason(task)})
        elif status in (Status.FAILED, Status.EXPIRED):
            errors.append({**_reason(task), **_named(order), "status": "error"})
        elif status is Status.SUCCEEDED:
            data.append(_finished(task, order, shelf, settings))
        else:
            data.append(_pending(task, order, status, now))
    return data, errors


def _pending(task: Task, order: Order, status: Status, now: float) -> dict[str, Any]:
    """Early in a task's life its items call themselves getResponse (a live capture), later videoInference."""
    if status is Status.QUEUED:
        return unknown(order.task_uuid)
    done = (now - (task.started_at or now)) / task.run_seconds if task.run_seconds else 1.0
    progress = min(int(100 * done), 99)
    return {**_named(order), "status": "processing", "progress": progress}


def _finished(task: Task, order: Order, shelf: Shelf, settings: Settings) -> dict[str, Any]:
    seconds = settings.link_seconds if order.ttl is None else order.ttl
    item: dict[str, Any] = {
        **_named(order),
        "videoUUID": task.id,
        "videoURL": shelf.link(f"{task.id}.{order.form}", since=task.changed_at, seconds=seconds),
        "seed": order.seed,
    }
    if settings.runware.finished_status:
        item["status"] = "success"
    if order.include_cost:
        item["cost"] = float(task.cost)
    if order.checked:
        item["NSFWContent"] = False
    if order.draft:
        item["outputs"] = {"draftId": task.id}
    return item


def _reason(task: Task) -> dict[str, str]:
    code = task.code if task.status is Status.FAILED else "timeoutProvider"
    return {"code": code, "message": "The generation failed; see the error code."}


def _named(order: Order) -> dict[str, Any]:
    return {"taskType": "videoInference", "taskUUID": order.task_uuid}


def details(balance: Decimal, results: list[Task], *, now: float) -> dict[str, Any]:
    """getDetails: the organization, its balance and its usage, without the team and the keys. Only results that
    succeed are charged, which is assumed.
    """
    charged = [task for task in results if task.status is Status.SUCCEEDED]
    left = balance - _sum(charged)
    usage = {
        name: _usage([task for task in charged if task.created_at > now - seconds])
        for name, seconds in _PERIODS.items()
    }
    return {
        "operation": "getDetails",
        "organizationUUID": _ORGANIZATION,
        "organizationName": "Sandbox",
        "balance": {"amount": float(left), "freeBalance": 0, "currency": "USD"},
        "team": [],
        "apiKeys": [],
        "usage": {"total": _usage(charged), **usage},
    }


def _usage(charged: list[Task]) -> dict[str, Any]:
    return {"credits": float(_sum(charged)), "requests": len(charged)}


def _sum(tasks: list[Task]) -> Decimal:
    return sum((Decimal(task.cost) for task in tasks), Decimal(0))
