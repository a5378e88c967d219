"""The sandbox's own surface, for tests and people: the ledger to read, the faults to set."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from seedance_pipe.sandbox.faults import Fault
from seedance_pipe.sandbox.ledger import Status, Task
from seedance_pipe.sandbox.request import TooLarge, body_of
from seedance_pipe.sandbox.world import World

PATHS = ("/ledger", "/faults")
"""No fault touches these."""

_MOST_BODY_BYTES = 1 << 20


def routes(world: World) -> list[Route]:
    control = _Control(world)
    return [
        Route("/ledger", control.ledger, methods=["GET"]),
        Route("/faults", control.faults, methods=["GET"]),
        Route("/faults", control.set_faults, methods=["PUT"]),
    ]


@dataclass(frozen=True, slots=True)
class _Control:
    world: World

    async def ledger(self, request: Request) -> Response:
        """Every task that was ever accepted, oldest first; prompts and requests only as digests."""
        return JSONResponse({"tasks": [_entry(task) for task in self.world.jobs.everything()]})

    async def faults(self, request: Request) -> Response:
        """The faults that are still to happen."""
        return JSONResponse(self.world.faults.document())

    async def set_faults(self, request: Request) -> Response:
        """Replace them all: a list of faults in their JSON form."""
        try:
            entries = json.loads(await body_of(request, most=_MOST_BODY_BYTES))
            faults = [Fault.parse(entry) for entry in entries]
        except (TooLarge, ValueError, TypeError) as error:
            return JSONResponse({"error": str(error) or "the body is too large"}, status_code=400)
        self.world.faults.replace(faults)
        return JSONResponse(self.world.faults.document())


def _entry(task: Task) -> dict[str, Any]:
    return {
        "id": task.id,
        "vendor": task.vendor,
        "created_at": task.created_at,
        "status": task.status.value,
        "lane": task.lane,
        "request": task.request,
        "prompt": task.prompt,
        "expires_after": task.expires_after,
        "tokens": task.tokens,
        "cost": task.cost,
        "currency": task.currency,
        "charged": task.status is Status.SUCCEEDED,
        "deleted": task.deleted,
    }
