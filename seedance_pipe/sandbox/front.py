"""A vendor's side of its conversations: refusals become its error answers, faults take their place in them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from seedance_pipe.sandbox.faults import Fault, Faults, What, Where
from seedance_pipe.sandbox.ledger import Status, Task
from seedance_pipe.sandbox.toxic import spoil
from seedance_pipe.sandbox.wrong import Wrong

Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Front:
    """`refusal` writes down a refusal as the vendor does; `ill` is what the vendor says when it fails itself."""

    faults: Faults
    refusal: Callable[[Wrong], Response]
    ill: Wrong

    def open(self, operation: Endpoint) -> Endpoint:
        """The operation, whose refusals are answers."""

        async def endpoint(request: Request) -> Response:
            try:
                return await operation(request)
            except Wrong as wrong:
                return self.refusal(wrong)

        return endpoint

    async def instead(self, words: str) -> Response | None:
        """What a create with that prompt is answered without being looked at; None lets it pass, perhaps late."""
        fault = self.faults.take(Where.CREATE, words)
        if fault is not None and fault.what is not What.LATE:
            return await self.spoiled(self.refusal(self.ill), fault)
        await self.spoiled(Response(), fault)
        return None

    async def told(self, where: Where, words: str, whole: Response) -> Response:
        """The answer, or what a fault at that point makes of it."""
        return await self.spoiled(whole, self.faults.take(where, words))

    async def polled(self, task: Task, status: Status, show: Callable[[Task, Status], Any]) -> Response:
        """The task as `show` tells of it in that status, or as a fault has it."""
        fault = self.faults.take(Where.GET, task.words)
        if fault is not None and fault.what is What.BACKWARDS:
            return JSONResponse(show(task, Status.QUEUED))
        return await self.spoiled(JSONResponse(show(task, status)), fault)

    async def spoiled(self, whole: Response, fault: Fault | None) -> Response:
        return await spoil(
            whole,
            fault,
            error=lambda status, code: self.refusal(Wrong(status, code, "The sandbox was told to fail")),
        )
