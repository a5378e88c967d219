"""ModelArk's operations over HTTP: create, retrieve, list, cancel or delete, and the catalogue of models.

modelark.md sections 1 and 5, 2026-11-21. Not played: callbacks (the address is checked and then ignored).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeAlias

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from seedance_pipe.sandbox.faults import Fault, What, Where
from seedance_pipe.sandbox.ledger import Status, Task
from seedance_pipe.sandbox.pace import Pace
from seedance_pipe.sandbox.toxic import spoil
from seedance_pipe.sandbox.vendors.modelark.facts import MODELS
from seedance_pipe.sandbox.vendors.modelark.fetching import Fetching
from seedance_pipe.sandbox.vendors.modelark.listing import Query
from seedance_pipe.sandbox.vendors.modelark.order import Order, read_order
from seedance_pipe.sandbox.vendors.modelark.report import task_id, task_object
from seedance_pipe.sandbox.vendors.modelark.wrong import Wrong, invalid
from seedance_pipe.sandbox.world import TooLarge, World, body_of

BASE = "/api/v3"
_TASKS = f"{BASE}/contents/generations/tasks"
_MOST_BODY_BYTES = 64 << 20
_RATE_LIMITED = "ModelAccountRpmRateLimitExceeded"

Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]


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
        limits = world.settings.limits
        self._creates = {name: Pace(limits.creates_a_minute, seconds=60, now=world.now) for name in MODELS}
        self._gets = Pace(limits.gets_a_second, seconds=1, now=world.now)
        self._lists = Pace(limits.lists_a_second, seconds=1, now=world.now)
        self._deletes = Pace(limits.deletes_a_second, seconds=1, now=world.now)

    def answering(self, operation: Endpoint) -> Endpoint:
        """The operation behind the key check, its refusals as the vendor's error bodies."""

        async def endpoint(request: Request) -> Response:
            try:
                _check_key(request)
                answer = await operation(request)
            except Wrong as wrong:
                answer = self._error(wrong)
            answer.headers.setdefault("x-request-id", self._request_id())
            return answer

        return endpoint

    async def create(self, request: Request) -> Response:
        data, body = await _json(request)
        prompt = _prompt(body)
        fault = self._world.faults.take(Where.CREATE, prompt)
        if fault is not None and fault.what is not What.LATE:
            return await self._spoil(self._error(Wrong(500, "InternalServiceError", "Internal error")), fault)
        await self._spoil(Response(), fault)
        self._check_pace(body)
        order = read_order(body, self._fetching, self._finished_draft, self._world.draw)
        self._check_admission(order)
        task = self._task(order, data)
        self._world.jobs.add(task)
        return await self._spoil(JSONResponse({"id": task.id}), self._world.faults.take(Where.ACCEPTED, prompt))

    async def retrieve(self, request: Request) -> Response:
        self._pace(self._gets)
        task = self._found(request)
        status = await self._shown_status(task, patience=self._world.settings.paint_patience)
        fault = self._world.faults.take(Where.GET, task.words)
        if fault is not None and fault.what is What.BACKWARDS:
            return JSONResponse(self._object(task, Status.QUEUED))
        return await self._spoil(JSONResponse(self._object(task, status)), fault)

    async def list(self, request: Request) -> Response:
        self._pace(self._lists)
        query = Query.parse(request.query_params)
        shown = [
            self._object(task, await self._shown_status(task, patience=0)) for task in self._world.jobs.kept()
        ]
        return await self._spoil(JSONResponse(query.answer(shown)), self._world.faults.take(Where.LIST, ""))

    async def delete(self, request: Request) -> Response:
        """Section 1.2. What deleting a cancelled task answers is undocumented; here it is refused."""
        self._pace(self._deletes)
        task = self._found(request)
        # A task whose clip is still being painted shows as running, and so is none that could be deleted.
        status = await self._shown_status(task, patience=self._world.settings.paint_patience)
        if status is Status.RUNNING:
            message = f"The task {task.id} is running and cannot be deleted"
            raise Wrong(409, "InvalidAction.RunningTaskDeletion", message)
        if task.status is Status.CANCELLED:
            raise invalid("id", f"the task {task.id} is cancelled")
        if task.status is Status.QUEUED:
            self._world.jobs.cancel(task)
        else:
            self._world.jobs.forget(task)
        fault = self._world.faults.take(Where.DELETE, task.words)
        return await self._spoil(JSONResponse({}), fault)

    async def models(self, request: Request) -> Response:
        """The catalogue; the shape of its entries is not documented."""
        names = [name for name in MODELS if name not in self._world.settings.retired]
        return JSONResponse({"object": "list", "data": [{"id": name, "object": "model"} for name in names]})

    def _found(self, request: Request) -> Task:
        task = self._world.jobs.find(request.path_params["id"])
        if task is None:
            message = f"The specified task {request.path_params['id']} is not found"
            raise Wrong(404, "ResourceNotFound", message)
        return task

    async def _shown_status(self, task: Task, *, patience: float) -> Status:
        """The task's status, but `running` as long as its clip is not painted."""
        if task.status is not Status.SUCCEEDED:
            return task.status
        scene = Order.parse(task.order).scene(self._world.shelf)
        painted = await self._world.easel.is_painted(task.id, scene, patience=patience)
        return Status.SUCCEEDED if painted else Status.RUNNING

    def _object(self, task: Task, status: Status) -> dict[str, Any]:
        seconds = self._world.settings.link_seconds
        return task_object(task, status, shelf=self._world.shelf, link_seconds=seconds)

    def _fetching(self, model: Any) -> Fetching:
        return Fetching(model, self._world.shelf, self._world.settings)

    def _finished_draft(self, draft_id: str) -> Order | None:
        task = self._world.jobs.find(draft_id)
        if task is None or task.status is not Status.SUCCEEDED:
            return None
        order = Order.parse(task.order)
        return order if order.draft else None

    def _task(self, order: Order, data: bytes) -> Task:
        settings, now = self._world.settings, self._world.now()
        task = Task(
            id=task_id(order, now=now, draw=self._world.draw, taken=self._world.jobs),
            lane=f"{order.model} {order.service_tier}",
            created_at=now,
            order=order.document(),
            request=hashlib.sha256(data).hexdigest(),
            words=order.prompt,
            prompt=hashlib.sha256(order.prompt.encode()).hexdigest(),
            tokens=order.tokens(),
            queue_seconds=settings.queued_seconds,
            run_seconds=settings.running_seconds,
            expires_after=order.execution_expires_after,
            priority=order.priority,
        )
        if settings.failing_word and settings.failing_word in order.prompt:
            task = replace(task, fate=Status.FAILED, code="OutputVideoSensitiveContentDetected")
        return _fated(task, self._world.faults.take(Where.FATE, order.prompt))

    def _check_admission(self, order: Order) -> None:
        settings = self._world.settings
        if settings.refused_word and settings.refused_word in order.prompt:
            raise Wrong(400, "InputTextSensitiveContentDetected", "The text may contain sensitive information")
        most = settings.limits.queued
        if most is not None and self._world.jobs.queued(f"{order.model} {order.service_tier}") >= most:
            raise Wrong(429, "QuotaExceeded", "Too many tasks are queued for this model")

    def _check_pace(self, body: Any) -> None:
        model = body.get("model") if isinstance(body, dict) else None
        if isinstance(model, str) and model in self._creates:
            self._pace(self._creates[model])

    def _pace(self, pace: Pace) -> None:
        if not pace.allows():
            raise Wrong(429, _RATE_LIMITED, "Too many requests")

    async def _spoil(self, whole: Response, fault: Fault | None) -> Response:
        return await spoil(
            whole,
            fault,
            error=lambda status, code: self._error(Wrong(status, code, "The sandbox was told to fail")),
        )

    def _error(self, wrong: Wrong) -> Response:
        request_id = self._request_id()
        headers = {"x-request-id": request_id}
        return JSONResponse(wrong.body(request_id), status_code=wrong.status, headers=headers)

    def _request_id(self) -> str:
        return f"{self._world.draw(1 << 128):032x}"


def _fated(task: Task, fault: Fault | None) -> Task:
    """The task with what the fault makes of it."""
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


def _check_key(request: Request) -> None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise Wrong(401, "AuthenticationError", "The API key in the request is missing or invalid")


async def _json(request: Request) -> tuple[bytes, Any]:
    try:
        data = await body_of(request, most=_MOST_BODY_BYTES)
    except TooLarge:
        raise invalid("", f"the body has more than {_MOST_BODY_BYTES} bytes") from None
    try:
        body = json.loads(data)
        # Half a surrogate pair is no character, and no answer could repeat it.
        json.dumps(body, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise invalid("", "the body is not JSON") from None
    return data, body


def _prompt(body: Any) -> str:
    """The text of a request that has not been checked yet."""
    content = body.get("content") if isinstance(body, dict) else None
    items = content if isinstance(content, list) else []
    return "\n".join(
        item["text"] for item in items if isinstance(item, dict) and isinstance(item.get("text"), str)
    )
