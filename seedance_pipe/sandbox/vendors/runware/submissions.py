"""Submissions: all that can refuse one, its results on record, and which UUIDs are taken."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from seedance_pipe.sandbox.accounts import spent
from seedance_pipe.sandbox.ledger import Task
from seedance_pipe.sandbox.vendors.runware.answer import Answer, Mode
from seedance_pipe.sandbox.vendors.runware.fields import uuid_of
from seedance_pipe.sandbox.vendors.runware.order import Order, read_orders
from seedance_pipe.sandbox.vendors.runware.pictures import Pictures
from seedance_pipe.sandbox.vendors.runware.wrong import error_item
from seedance_pipe.sandbox.world import World
from seedance_pipe.sandbox.wrong import Wrong

Refusal = tuple[Mapping[str, Any], Mapping[str, Any]]
"""A task as it was sent, and its error."""


class Submissions:
    """Those of one ledger. A UUID stays taken even when its results are too old to be shown; how long the vendor
    keeps one is not documented.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._results: dict[str, list[str]] = {}
        self._refusals: dict[str, Refusal] = {}
        for task in self.all():
            self._note(task)

    def submit(self, task: Mapping[str, Any], pictures: Pictures, answer: Answer, mode: Mode) -> None:
        """Adds the acknowledgement, which has no status, or in a dry run the price of all results (a shape that is
        assumed). Raises Wrong.
        """
        task_uuid = uuid_of(task)
        if task_uuid.lower() in self._results:
            raise self._conflict(task, task_uuid, mode)
        orders = read_orders(task, pictures, self._world.draw)
        if self._world.settings.refuses(orders[0].prompt):
            reason = "The prompt was flagged by the content policy."
            raise Wrong(400, "contentPolicyViolation", reason, "positivePrompt")
        acknowledgement: dict[str, Any] = {"taskType": "videoInference", "taskUUID": task_uuid}
        if mode.dry:
            answer.data.append({**acknowledgement, "cost": float(sum(order.cost() for order in orders))})
            return
        self._check_room(orders)
        for result in self._made(orders, task):
            self._world.jobs.add(result)
            self._note(result)
        answer.data.append(acknowledgement)
        answer.submitted = True

    def refusal(self, task_uuid: str) -> Refusal | None:
        """Of a UUID that was sent once more although it was taken."""
        return self._refusals.get(task_uuid.lower())

    def results(self, task_uuid: str) -> list[Task]:
        """As they stand, in the order of their making; none when the UUID is unknown or too old."""
        found = (self._world.jobs.find(name) for name in self._results.get(task_uuid.lower(), ()))
        return [task for task in found if task is not None]

    def request(self, result: Task) -> dict[str, Any]:
        """The task as it was sent."""
        return dict(json.loads(self._world.shelf.medium(result.request).read_bytes()))

    def all(self) -> list[Task]:
        """Every result that was ever accepted, oldest first."""
        return [task for task in self._world.jobs.everything() if task.vendor == Order.vendor]

    def new_uuid(self) -> str:
        """One that no result has."""
        return self._world.jobs.new_id(lambda: str(uuid.UUID(int=self._world.draw(1 << 128), version=4)))

    def _conflict(self, task: Mapping[str, Any], task_uuid: str, mode: Mode) -> Wrong:
        wrong = Wrong(400, "conflictTaskUUID", "The task UUID was used before.", "taskUUID")
        if not mode.dry:
            self._refusals[task_uuid.lower()] = (task, error_item(wrong, task))
        return wrong

    def _check_room(self, orders: Sequence[Order]) -> None:
        most = self._world.settings.limits.queued
        if most is not None and self._world.jobs.queued(orders[0].lane) + len(orders) > most:
            raise Wrong(429, "inferenceRateLimitExceeded", "Too many tasks are waiting for this model.")
        if sum(order.cost() for order in orders) > self._world.settings.runware.balance - spent(self.all()):
            raise Wrong(402, "insufficientCredits", "The balance is too low for this task.")

    def _made(self, orders: Sequence[Order], sent: Mapping[str, Any]) -> list[Task]:
        """One task of the ledger for each result; each takes longer than the one before, so they come singly."""
        request = self._world.shelf.keep(json.dumps(sent).encode())
        made = []
        for number, order in enumerate(orders):
            task = self._world.task(
                self.new_uuid(), order, request=request, failure="providerContentPolicyViolation"
            )
            run_seconds = task.run_seconds * (1 + number / 2)
            made.append(replace(task, cost=f"{order.cost():f}", currency="USD", run_seconds=run_seconds))
        return made

    def _note(self, task: Task) -> None:
        self._results.setdefault(Order.parse(task.order).task_uuid.lower(), []).append(task.id)
