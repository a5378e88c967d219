"""Runbase over HTTP: creating runs and asking for them. runbase.md sections 1 to 5, 2026-11-21.

Every key is good and has an account of its own. Not played: lists of addresses and limits of spending of a key
(a fault can play their codes).
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
from seedance_pipe.sandbox.pace import Pace
from seedance_pipe.sandbox.request import json_of, key_of
from seedance_pipe.sandbox.vendors.runbase.facts import MICRO
from seedance_pipe.sandbox.vendors.runbase.order import Order, read_order
from seedance_pipe.sandbox.vendors.runbase.report import created, run
from seedance_pipe.sandbox.vendors.runbase.wrong import invalid, refusal
from seedance_pipe.sandbox.world import World
from seedance_pipe.sandbox.wrong import Wrong

_RUNS = "/api/v1/runs"
_MOST_BODY_BYTES = 4 << 20
"""The vendor's limit is not documented."""

_WINDOW_SECONDS = 10
_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"


def routes(world: World) -> list[Route]:
    """Runbase, played in that world."""
    vendor = _Runbase(world)
    return [
        Route(_RUNS, vendor.answering(vendor.create), methods=["POST"]),
        Route(f"{_RUNS}/{{id}}", vendor.answering(vendor.retrieve), methods=["GET"]),
    ]


class _Runbase:
    def __init__(self, world: World) -> None:
        self._world = world
        self._front = Front(world.faults, refusal, Wrong(500, "internal_error", "Internal error"))
        self._paces: dict[str, Pace] = {}

    def answering(self, operation: Callable[[Request, Account], Awaitable[Response]]) -> Endpoint:
        """The operation for the account of the request's key, as often as its limit lets it."""

        async def endpoint(request: Request) -> Response:
            key = key_of(request)
            if key is None:
                raise Wrong(401, "missing_api_key", "The Authorization header is missing or malformed")
            account = Account.of(key, Order.vendor, self._world.jobs)
            self._check_pace(account)
            return await operation(request, account)

        return self._front.open(endpoint)

    async def create(self, request: Request, account: Account) -> Response:
        """The status of the answer is not documented: 200 is assumed."""
        data, body = await _json(request)
        prompt = _words(body)
        if instead := await self._front.instead(prompt):
            return instead
        task = self._accepted(data, body, account)
        return await self._front.told(Where.ACCEPTED, prompt, JSONResponse(created(task)))

    async def retrieve(self, request: Request, account: Account) -> Response:
        task = account.task(request.path_params["id"])
        if task is None:
            raise Wrong(404, "run_not_found", "There is no run with this id")
        status = await self._world.shown_status(task, Order.parse(task.order))
        return await self._front.polled(task, status, self._run)

    def _check_pace(self, account: Account) -> None:
        """Creating and polling count together. Whether refused calls count is not documented: they do not."""
        world = self._world
        fresh = Pace(world.settings.limits.runs_calls, seconds=_WINDOW_SECONDS, now=world.now)
        if not self._paces.setdefault(account.digest, fresh).allows():
            raise Wrong(429, "RATE_LIMITED", "Rate limit exceeded")

    def _accepted(self, data: bytes, body: Any, account: Account) -> Task:
        """A new run, paid for and on record when this returns."""
        world, settings = self._world, self._world.settings
        order = read_order(body, shelf=world.shelf, settings=settings, draw=world.draw)
        if settings.refuses(order.prompt):
            # No code of moderation is documented.
            raise invalid("input.prompt", "it was refused by moderation")
        if settings.runbase.runs is not None and len(account.tasks()) >= settings.runbase.runs:
            raise Wrong(429, "USAGE_EXCEEDED", "The usage quota of the key is exhausted")
        if order.cost * MICRO > settings.runbase.balance - account.spent():
            raise Wrong(402, "insufficient_balance", "The balance is too low for this run")
        name = world.jobs.new_id(self._drawn)
        task = world.task(name, order, request=hashlib.sha256(data).hexdigest(), failure="content_policy")
        task = replace(task, account=account.digest, cost=f"{order.cost * MICRO:f}", currency="USD")
        world.jobs.add(task)
        return task

    def _drawn(self) -> str:
        return "run_" + "".join(_LETTERS[self._world.draw(len(_LETTERS))] for _ in range(24))

    def _run(self, task: Task, status: Status) -> dict[str, Any]:
        return run(task, status, shelf=self._world.shelf, settings=self._world.settings)


async def _json(request: Request) -> tuple[bytes, Any]:
    large = Wrong(413, "payload_too_large", f"The body has more than {_MOST_BODY_BYTES} bytes")
    broken = Wrong(400, "invalid_json", "The body is not JSON")
    return await json_of(request, most=_MOST_BODY_BYTES, large=large, broken=broken)


def _words(body: Any) -> str:
    """The prompt of a request that has not been checked yet."""
    given = body.get("input") if isinstance(body, dict) else None
    prompt = given.get("prompt") if isinstance(given, dict) else None
    return prompt if isinstance(prompt, str) else ""
