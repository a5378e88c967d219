"""Runware over HTTP: one address that takes a key and an array of tasks (runware.md section 1, 2026-11-21)."""

from __future__ import annotations

from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from seedance_pipe.sandbox.faults import What, Where
from seedance_pipe.sandbox.front import Front
from seedance_pipe.sandbox.request import json_of, key_of
from seedance_pipe.sandbox.vendors.runware.answer import Answer, Mode
from seedance_pipe.sandbox.vendors.runware.tasks import Tasks
from seedance_pipe.sandbox.vendors.runware.wrong import error_item
from seedance_pipe.sandbox.world import World
from seedance_pipe.sandbox.wrong import Wrong

_MOST_BODY_BYTES = 64 << 20
"""The vendor's limit is not documented."""

_DRY_RUN = "x-runware-dry-run"


def routes(world: World) -> list[Route]:
    """Runware, played in that world."""
    return [Route("/v1", _Runware(world).post, methods=["POST"])]


class _Runware:
    def __init__(self, world: World) -> None:
        self._world = world
        self._tasks = Tasks(world)

    async def post(self, request: Request) -> Response:
        """All tasks of an array, which is looked at only when its key is good."""
        tasks: list[Any] = []
        try:
            tasks = await _array(request)
            _check_key(request, tasks)
        except Wrong as wrong:
            return _refusal(tasks, wrong)
        ill = Wrong(500, "internalServerError", "Internal error.")
        front = Front(self._world.faults, partial(_refusal, tasks), ill)
        kinds = [task.get("taskType") for task in tasks if isinstance(task, dict)]
        mode = Mode(dry=request.headers.get(_DRY_RUN) == "1")
        if "videoInference" in kinds:
            return await self._create(tasks, mode, front)
        if "imageUpload" in kinds:
            return await front.told(Where.UPLOAD, "", _whole(await self._tasks.answer(tasks, mode)))
        return await self._read(tasks, front)

    async def _create(self, tasks: list[Any], mode: Mode, front: Front) -> Response:
        words = _prompts(tasks)
        if instead := await front.instead(words):
            return instead
        answer = await self._tasks.answer(tasks, mode)
        return await front.told(Where.ACCEPTED, words, _whole(answer)) if answer.submitted else _whole(answer)

    async def _read(self, tasks: list[Any], front: Front) -> Response:
        """Polls, and what else changes nothing."""
        polled = [task["taskUUID"] for task in tasks if isinstance(task, dict) and "taskUUID" in task]
        fault = self._world.faults.take(Where.GET, "\n".join(map(self._tasks.words, polled)))
        backwards = fault is not None and fault.what is What.BACKWARDS
        answer = await self._tasks.answer(tasks, Mode(backwards=backwards))
        return await front.spoiled(_whole(answer), None if backwards else fault)


def _whole(answer: Answer) -> Response:
    return JSONResponse(answer.body(), status_code=answer.status)


def _refusal(tasks: list[Any], wrong: Wrong) -> Response:
    """A refusal of everything that was sent; it names the first task."""
    task = {"taskType": "authentication"} if wrong.status == 401 else next(iter(tasks), None)
    item = error_item(wrong, task if isinstance(task, dict) else {})
    return JSONResponse({"errors": [item]}, status_code=wrong.status)


async def _array(request: Request) -> list[Any]:
    large = Wrong(400, "invalidRequest", f"The body has more than {_MOST_BODY_BYTES} bytes.")
    broken = Wrong(400, "invalidRequest", "The body is not JSON.")
    _, body = await json_of(request, most=_MOST_BODY_BYTES, large=large, broken=broken)
    if not isinstance(body, list):
        raise Wrong(400, "invalidRequest", "The body must be an array of tasks.")
    if not body:
        raise Wrong(400, "arrayTooSmall", "The array of tasks is empty.")
    return body


def _check_key(request: Request, tasks: list[Any]) -> None:
    """The header, or else an authentication task in the first place. Which wins is not documented: the header."""
    first = tasks[0] if isinstance(tasks[0], dict) else {}
    told = first.get("apiKey") if first.get("taskType") == "authentication" else None
    if key_of(request) is None and not (isinstance(told, str) and told.strip()):
        raise Wrong(401, "invalidApiKey", "The API key is missing or invalid.", "apiKey")


def _prompts(tasks: list[Any]) -> str:
    """The texts of requests that have not been checked yet."""
    prompts = [task.get("positivePrompt") for task in tasks if isinstance(task, dict)]
    return "\n".join(prompt for prompt in prompts if isinstance(prompt, str))
