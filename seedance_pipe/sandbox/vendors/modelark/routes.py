"""ModelArk's operations over HTTP: create, retrieve, list, cancel or delete, and the catalogue of models.

modelark.md sections 1 and 5, 2026-11-21. Not played: callbacks (the address is checked and then ignored).
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from seedance_pipe.sandbox.faults import Where
from seedance_pipe.sandbox.front import Endpoint, Front
from seedance_pipe.sandbox.ledger import Status, Task
from seedance_pipe.sandbox.pace import Pace
from seedance_pipe.sandbox.request import json_of, key_of
from seedance_pipe.sandbox.vendors.modelark.facts import MODELS
from seedance_pipe.sandbox.vendors.modelark.fetching import Fetching
from seedance_pipe.sandbox.vendors.modelark.listing import Query
from seedance_pipe.sandbox.vendors.modelark.order import Order, read_order
from seedance_pipe.sandbox.vendors.modelark.report import task_id, task_object
from seedance_pipe.sandbox.vendors.modelark.wrong import error_body, invalid
from seedance_pipe.sandbox.world import World
from seedance_pipe.sandbox.wrong import Wrong

BASE = "/api/v3"
_TASKS = f"{BASE}/contents/generations/tasks"
_MOST_BODY_BYTES = 64 << 20
_RATE_LIMITED = "ModelAccountRpmRateLimitExceeded"


def routes(world: World) -> list[Route]:
    """ModelArk, played in that world."""
    vendor = _ModelArk(world)
    return [
        Route(_TASKS, vendor.answering(vendor.create), methods=["POST"]),
        Route(_TASKS, vendor.answering(vendor.list), methods=["GET"]),
        Route(f"{_TASKS}/{{id}}", vendor.answering(vendor.retrieve), methods=["GET"]),
        Route(f"{_TASKS}/{{id}}", vendor.answering(vendor.delete), methods=["DELETE"]),
        # There is no cancel route: a POST below a task is answered by create (section 1).
        Route(f"{_TASKS}/{{rest:path}}", vendor.answering(vendor.create), methods=["POST"]),
        Route(f"{BASE}/models", vendor.answering(vendor.models), methods=["GET"]),
    ]


class _ModelArk:
    def __init__(self, world: World) -> None:
        self._world = world
        self._front = Front(world.faults, self._refusal, Wrong(500, "InternalServiceError", "Internal error"))
        limits = world.settings.limits
        self._creates = {name: Pace(limits.creates_a_minute, seconds=60, now=world.now) for name in MODELS}
        self._gets = Pace(limits.gets_a_second, seconds=1, now=world.now)
        self._lists = Pace(limits.lists_a_second, seconds=1, now=world.now)
        self._deletes = Pace(limits.deletes_a_second, seconds=1, now=world.now)

    def answering(self, operation: Endpoint) -> Endpoint:
        """The operation behind the key check."""

        async def endpoint(request: Request) -> Response:
            if key_of(request) is None:
                raise Wrong(401, "AuthenticationError", "The API key in the request is missing or invalid")
            answer = await operation(request)
            answer.headers.setdefault("x-request-id", self._request_id())
            return answer

        return self._front.open(endpoint)

    async def create(self, request: Request) -> Response:
        data, body = await _json(request)
        prompt = _prompt(body)
        if instead := await self._front.instead(prompt):
            return instead
        self._check_pace(body)
        order = read_order(body, self._fetching, self._finished_draft, self._world.draw)
        self._check_admission(order)
        task = self._task(order, data)
        self._world.jobs.add(task)
        return await self._front.told(Where.ACCEPTED, prompt, JSONResponse({"id": task.id}))

    async def retrieve(self, request: Request) -> Response:
        self._pace(self._gets)
        task = self._found(request)
        return await self._front.polled(task, await self._shown_status(task), self._object)

    async def list(self, request: Request) -> Response:
        self._pace(self._lists)
        query = Query.parse(request.query_params)
        tasks = (task for task in self._world.jobs.kept() if task.vendor == Order.vendor)
        shown = [self._object(task, await self._shown_status(task, patience=0)) for task in tasks]
        return await self._front.told(Where.LIST, "", JSONResponse(query.answer(shown)))

    async def delete(self, request: Request) -> Response:
        """Section 1.2. What deleting a cancelled task answers is undocumented; here it is refused."""
        self._pace(self._deletes)
        task = self._found(request)
        # A task whose clip is still being painted shows as running, and so is none that could be deleted.
        if await self._shown_status(task) is Status.RUNNING:
            message = f"The task {task.id} is running and cannot be deleted"
            raise Wrong(409, "InvalidAction.RunningTaskDeletion", message)
        if task.status is Status.CANCELLED:
            raise invalid("id", f"the task {task.id} is cancelled")
        if task.status is Status.QUEUED:
            self._world.jobs.cancel(task)
        else:
            self._world.jobs.forget(task)
        return await self._front.told(Where.DELETE, task.words, JSONResponse({}))

    async def models(self, request: Request) -> Response:
        """The catalogue; the shape of its entries is not documented."""
        names = [name for name in MODELS if name not in self._world.settings.retired]
        return JSONResponse({"object": "list", "data": [{"id": name, "object": "model"} for name in names]})

    def _found(self, request: Request) -> Task:
        task = self._world.jobs.find(request.path_params["id"])
        if task is None or task.vendor != Order.vendor:
            message = f"The specified task {request.path_params['id']} is not found"
            raise Wrong(404, "ResourceNotFound", message)
        return task

    async def _shown_status(self, task: Task, *, patience: float | None = None) -> Status:
        return await self._world.shown_status(task, Order.parse(task.order), patience=patience)

    def _object(self, task: Task, status: Status) -> dict[str, Any]:
        seconds = self._world.settings.link_seconds
        return task_object(task, status, shelf=self._world.shelf, link_seconds=seconds)

    def _fetching(self, model: Any) -> Fetching:
        return Fetching(model, self._world.shelf, self._world.settings)

    def _finished_draft(self, draft_id: str) -> Order | None:
        task = self._world.jobs.find(draft_id)
        if task is None or task.vendor != Order.vendor or task.status is not Status.SUCCEEDED:
            return None
        order = Order.parse(task.order)
        return order if order.draft else None

    def _task(self, order: Order, data: bytes) -> Task:
        world = self._world
        task = world.task(
            world.jobs.new_id(lambda: task_id(order, now=world.now(), draw=world.draw)),
            order,
            request=hashlib.sha256(data).hexdigest(),
            failure="OutputVideoSensitiveContentDetected",
            doomed=order.late_failure,
        )
        expiry = order.execution_expires_after
        return replace(task, tokens=order.tokens(), expires_after=expiry, priority=order.priority)

    def _check_admission(self, order: Order) -> None:
        settings = self._world.settings
        if settings.refuses(order.prompt):
            raise Wrong(400, "InputTextSensitiveContentDetected", "The text may contain sensitive information")
        most = settings.limits.queued
        if most is not None and self._world.jobs.queued(order.lane) >= most:
            raise Wrong(429, "QuotaExceeded", "Too many tasks are queued for this model")

    def _check_pace(self, body: Any) -> None:
        model = body.get("model") if isinstance(body, dict) else None
        if isinstance(model, str) and model in self._creates:
            self._pace(self._creates[model])

    def _pace(self, pace: Pace) -> None:
        if not pace.allows():
            raise Wrong(429, _RATE_LIMITED, "Too many requests")

    def _refusal(self, wrong: Wrong) -> Response:
        request_id = self._request_id()
        headers = {"x-request-id": request_id}
        return JSONResponse(error_body(wrong, request_id), status_code=wrong.status, headers=headers)

    def _request_id(self) -> str:
        return f"{self._world.draw(1 << 128):032x}"


async def _json(request: Request) -> tuple[bytes, Any]:
    large = invalid("", f"the body has more than {_MOST_BODY_BYTES} bytes")
    return await json_of(request, most=_MOST_BODY_BYTES, large=large, broken=invalid("", "the body is not JSON"))


def _prompt(body: Any) -> str:
    """The text of a request that has not been checked yet."""
    content = body.get("content") if isinstance(body, dict) else None
    items = content if isinstance(content, list) else []
    return "\n".join(
        item["text"] for item in items if isinstance(item, dict) and isinstance(item.get("text"), str)
    )
