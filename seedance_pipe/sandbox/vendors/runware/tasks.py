"""Each type of task: what it asks for, what it answers. Nothing here knows of HTTP.

runware.md sections 1 to 6, 2026-11-21. Not played: mediaStorage, modelSearch, and the vendor's own calls to
`webhookURL` and `uploadEndpoint`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from seedance_pipe.sandbox.ledger import Status, Task
from seedance_pipe.sandbox.pace import Pace
from seedance_pipe.sandbox.vendors.runware import report
from seedance_pipe.sandbox.vendors.runware.answer import Answer, Items, Mode
from seedance_pipe.sandbox.vendors.runware.fields import Fields
from seedance_pipe.sandbox.vendors.runware.order import Order
from seedance_pipe.sandbox.vendors.runware.pictures import Pictures
from seedance_pipe.sandbox.vendors.runware.submissions import Submissions
from seedance_pipe.sandbox.vendors.runware.wrong import missing
from seedance_pipe.sandbox.world import World
from seedance_pipe.sandbox.wrong import Wrong

_PLAIN = ("taskType", "taskUUID")


class Tasks:
    def __init__(self, world: World) -> None:
        self._world = world
        self._submissions = Submissions(world)
        self._pictures = Pictures(world.shelf, world.settings, world.now)
        limits = world.settings.limits
        self._creates = Pace(limits.creates_a_minute, seconds=60, now=world.now)
        self._gets = Pace(limits.gets_a_second, seconds=1, now=world.now)
        self._types = {
            "videoInference": self._submit,
            "getResponse": self._poll,
            "imageUpload": self._upload,
            "getTaskDetails": self._details,
            "accountManagement": self._account,
            "ping": self._ping,
            "authentication": self._authenticate,
        }

    async def answer(self, tasks: Sequence[Any], mode: Mode) -> Answer:
        """One after the other; that one is refused does not touch the rest."""
        answer = Answer()
        for task in tasks:
            try:
                await self._types[_type(task, tuple(self._types))](task, answer, mode)
            except Wrong as wrong:
                answer.refuse(task if isinstance(task, dict) else {}, wrong)
        return answer

    def words(self, task_uuid: Any) -> str:
        """The prompt of a submission; empty when it is unknown."""
        results = self._submissions.results(task_uuid) if isinstance(task_uuid, str) else []
        return results[0].words if results else ""

    async def _submit(self, task: dict[str, Any], answer: Answer, mode: Mode) -> None:
        _check_pace(self._creates)
        self._submissions.submit(task, self._pictures, answer, mode)

    async def _poll(self, task: dict[str, Any], answer: Answer, mode: Mode) -> None:
        task_uuid = Fields(task, _PLAIN).uuid("taskUUID")
        _check_pace(self._gets)
        results = self._submissions.results(task_uuid)
        if not results and self._world.settings.runware.unknown_is_an_error:
            raise _not_found()
        if not results:
            answer.data.append(report.unknown(task_uuid))
        data, errors = await self._told(results, mode)
        answer.data += data
        answer.errors += errors

    async def _upload(self, task: dict[str, Any], answer: Answer, mode: Mode) -> None:
        fields = Fields(task, (*_PLAIN, "image"))
        named = {"taskType": "imageUpload", "taskUUID": fields.uuid("taskUUID")}
        image = fields.text("image", least=1, most=1 << 30)
        if mode.dry:
            answer.data.append({**named, "cost": 0.0})
            return
        name = self._submissions.new_uuid()
        address = self._pictures.store(image, "image", name)
        answer.data.append({**named, "imageUUID": name, "imageURL": address})

    async def _details(self, task: dict[str, Any], answer: Answer, mode: Mode) -> None:
        """The request, and what a poll would answer now; of a UUID that was sent again, the refusal of that
        (which a third party saw). An error for one that is unknown is assumed.
        """
        task_uuid = Fields(task, _PLAIN).uuid("taskUUID")
        refusal, results = self._submissions.refusal(task_uuid), self._submissions.results(task_uuid)
        if refusal is not None:
            sent, told = refusal[0], Answer(errors=[dict(refusal[1])])
        elif results:
            sent, told = self._submissions.request(results[0]), Answer(*await self._told(results, mode))
        else:
            raise _not_found()
        named = {"taskType": "getTaskDetails", "taskUUID": task_uuid}
        answer.data.append({**named, "request": [sent], "response": told.body()})

    async def _account(self, task: dict[str, Any], answer: Answer, mode: Mode) -> None:
        fields = Fields(task, (*_PLAIN, "operation"))
        named = {"taskType": "accountManagement", "taskUUID": fields.uuid("taskUUID")}
        if "operation" not in fields:
            raise missing("operation")
        fields.choice("operation", "", ("getDetails",))
        balance = self._world.settings.runware.balance
        details = report.details(balance, self._submissions.all(), now=self._world.now())
        answer.data.append({**named, **details})

    async def _ping(self, task: dict[str, Any], answer: Answer, mode: Mode) -> None:
        fields = Fields(task, (*_PLAIN, "ping"))
        fields.flag("ping", True)
        named = {"taskUUID": fields.uuid("taskUUID")} if "taskUUID" in fields else {}
        answer.data.append({"taskType": "ping", **named, "pong": True})

    async def _authenticate(self, task: dict[str, Any], answer: Answer, mode: Mode) -> None:
        """Whether the key is good was seen before any task was looked at. The answer over HTTP is assumed."""
        fields = Fields(task, ("taskType", "apiKey", "connectionSessionUUID"))
        fields.text("apiKey", least=1, most=1 << 10)
        resumed = "connectionSessionUUID" in fields
        session = fields.uuid("connectionSessionUUID") if resumed else self._submissions.new_uuid()
        answer.data.append({"taskType": "authentication", "connectionSessionUUID": session})

    async def _told(self, results: Sequence[Task], mode: Mode) -> tuple[Items, Items]:
        world = self._world
        states = await asyncio.gather(*(self._state(task, mode) for task in results))
        shown = list(zip(results, states, strict=True))
        return report.told(shown, shelf=world.shelf, settings=world.settings, now=world.now())

    async def _state(self, task: Task, mode: Mode) -> Status:
        if mode.backwards:
            return Status.QUEUED
        return await self._world.shown_status(task, Order.parse(task.order))


def _check_pace(pace: Pace) -> None:
    if not pace.allows():
        raise Wrong(429, "rateLimitExceeded", "Too many requests.")


def _not_found() -> Wrong:
    return Wrong(404, "taskNotFound", "There is no task with this UUID.", "taskUUID")


def _type(task: Any, known: Sequence[str]) -> str:
    if not isinstance(task, dict):
        raise Wrong(400, "invalidTask", "Each element of the array must be an object.")
    kind = task.get("taskType")
    if kind is None:
        raise missing("taskType")
    if kind not in known:
        raise Wrong(400, "unsupportedTaskType", "There is no such type of task.", "taskType", allowed=known)
    return str(kind)
