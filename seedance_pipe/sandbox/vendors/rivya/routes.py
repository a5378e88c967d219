"""Rivya over HTTP: models, generations, files and credits. rivya.md sections 1 to 6, 2026-11-21.

Not played: webhooks and the machine-readable contract, which answer 404 (section 8: webhooks refuse loopback
addresses), scopes of keys, and rate limits, whose numbers are not documented (a fault can play `rate_limited`).
Every key is good and has an account of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from seedance_pipe.sandbox.accounts import Account
from seedance_pipe.sandbox.faults import Where
from seedance_pipe.sandbox.front import Endpoint, Front
from seedance_pipe.sandbox.ledger import Status, Task
from seedance_pipe.sandbox.request import json_of, key_of
from seedance_pipe.sandbox.vendors.rivya.facts import MODELS
from seedance_pipe.sandbox.vendors.rivya.form import read_upload
from seedance_pipe.sandbox.vendors.rivya.lodging import Lodging
from seedance_pipe.sandbox.vendors.rivya.order import Order, read_order
from seedance_pipe.sandbox.vendors.rivya.report import generation
from seedance_pipe.sandbox.vendors.rivya.wrong import error_body, invalid
from seedance_pipe.sandbox.world import World
from seedance_pipe.sandbox.wrong import Wrong

CURRENCY = "rivya credits"
BASE = "/api/v1"
_MOST_BODY_BYTES = 4 << 20
"""The vendor's limit is not documented."""


def routes(world: World) -> list[Route]:
    """Rivya, played in that world."""
    vendor = _Rivya(world)
    return [
        Route(f"{BASE}/models", vendor.models, methods=["GET"]),
        Route(f"{BASE}/generations", vendor.answering(vendor.create), methods=["POST"]),
        Route(f"{BASE}/generations/{{id}}", vendor.answering(vendor.retrieve), methods=["GET"]),
        Route(f"{BASE}/files", vendor.answering(vendor.upload), methods=["POST"]),
        Route(f"{BASE}/files/{{id}}", vendor.answering(vendor.file), methods=["GET"]),
        Route(f"{BASE}/credits", vendor.answering(vendor.credits), methods=["GET"]),
    ]


class _Rivya:
    def __init__(self, world: World) -> None:
        self._world = world
        self._front = Front(world.faults, self._refusal, Wrong(500, "internal_error", "Internal error."))
        self._lodging = Lodging(world)

    def answering(self, operation: Callable[[Request, Account], Awaitable[Response]]) -> Endpoint:
        """The operation for the account of the request's key."""

        async def endpoint(request: Request) -> Response:
            key = key_of(request)
            if key is None:
                raise Wrong(401, "api_key_missing", "A valid Bearer API key is required.")
            return await operation(request, Account.of(key, Order.vendor, self._world.jobs))

        return self._front.open(endpoint)

    async def models(self, request: Request) -> Response:
        """The catalogue, open to all. Of its entries only `id` is documented."""
        shown = [
            {"id": model.id, "name": model.name, "type": "video", "base_credits": model.credits}
            for model in MODELS.values()
            if model.id not in self._world.settings.retired
        ]
        return JSONResponse({"data": shown})

    async def create(self, request: Request, account: Account) -> Response:
        """The status of the answer is not documented: 200 is assumed."""
        data, body = await _json(request)
        words = body.get("prompt") if isinstance(body, dict) else None
        prompt = words if isinstance(words, str) else ""
        if instead := await self._front.instead(prompt):
            return instead
        key = request.headers.get("idempotency-key", "").strip()
        task = self._former(key, data, account) or self._accepted(data, body, key, account)
        shown = self._object(task, await self._status(task, patience=0))
        return await self._front.told(Where.ACCEPTED, prompt, JSONResponse(shown))

    async def retrieve(self, request: Request, account: Account) -> Response:
        task = account.task(request.path_params["id"])
        if task is None:
            raise Wrong(404, "not_found", "The task does not exist.")
        return await self._front.polled(task, await self._status(task), self._object)

    async def upload(self, request: Request, account: Account) -> Response:
        form = await read_upload(request)
        told = self._lodging.keep(form.data, form.kind, form.name, account)
        return await self._front.told(Where.UPLOAD, "", JSONResponse(told))

    async def file(self, request: Request, account: Account) -> Response:
        told = self._lodging.find(request.path_params["id"], account)
        if told is None:
            raise Wrong(404, "not_found", "The file does not exist.")
        return JSONResponse(told)

    async def credits(self, request: Request, account: Account) -> Response:
        return JSONResponse({"current_credits": self._left(account)})

    def _left(self, account: Account) -> int:
        """Credits are taken when a task starts and given back when it fails."""
        return self._world.settings.rivya.credits - int(account.spent())

    def _former(self, key: str, data: bytes, account: Account) -> Task | None:
        """The task that was made with this idempotency key. How long a key is remembered is not documented: here
        for ever. That the same request, byte for byte, gives the same task is assumed; another one is refused.
        """
        for task in account.tasks() if key else ():
            if Order.parse(task.order).idempotency_key != key:
                continue
            if task.request != hashlib.sha256(data).hexdigest():
                raise Wrong(409, "idempotency_conflict", "The Idempotency-Key was used for another request.")
            return task
        return None

    def _accepted(self, data: bytes, body: Any, key: str, account: Account) -> Task:
        """A new task, on record when this returns."""
        world, settings = self._world, self._world.settings
        order = read_order(body, key, shelf=world.shelf, settings=settings, draw=world.draw)
        if settings.refuses(order.prompt):
            # No code of moderation is documented.
            raise invalid("prompt", "it was refused by moderation")
        if order.credits > self._left(account):
            # The status of this code was not readable; 402 is assumed.
            raise Wrong(402, "insufficient_credits", "The account does not have enough credits.")
        name = world.jobs.new_id(lambda: f"task_{world.draw(1 << 96):024x}")
        task = world.task(name, order, request=hashlib.sha256(data).hexdigest(), failure="generation_failed")
        task = replace(task, account=account.digest, cost=str(order.credits), currency=CURRENCY)
        world.jobs.add(task)
        return task

    async def _status(self, task: Task, *, patience: float | None = None) -> Status:
        return await self._world.shown_status(task, Order.parse(task.order), patience=patience)

    def _object(self, task: Task, status: Status) -> dict[str, Any]:
        return generation(task, status, shelf=self._world.shelf, link_seconds=self._world.settings.link_seconds)

    def _refusal(self, wrong: Wrong) -> Response:
        request_id = f"req_{self._world.draw(1 << 96):024x}"
        return JSONResponse(error_body(wrong, request_id), status_code=wrong.status)


async def _json(request: Request) -> tuple[bytes, Any]:
    large = invalid("", f"the body has more than {_MOST_BODY_BYTES} bytes")
    return await json_of(request, most=_MOST_BODY_BYTES, large=large, broken=invalid("", "the body is not JSON"))
