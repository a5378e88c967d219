"""The files that the sandbox serves: results under signed links that age, and uploads under plain names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from seedance_pipe.sandbox.faults import Where
from seedance_pipe.sandbox.request import TooLarge, body_of
from seedance_pipe.sandbox.shelf import MOST_UPLOAD_BYTES
from seedance_pipe.sandbox.toxic import spoil
from seedance_pipe.sandbox.world import World

_TYPES = {
    ".mp4": "video/mp4",
    ".mov": "video/quicktime",
    ".webm": "video/webm",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".wav": "audio/wav",
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".aac": "audio/aac",
    ".ogg": "audio/ogg",
}
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}


def routes(world: World) -> list[Route]:
    files = _Files(world)
    return [
        Route("/files/{name}", files.result, methods=["GET"]),
        Route("/uploads/{name}", files.upload, methods=["GET"]),
        Route("/uploads/{name}", files.store, methods=["PUT"]),
    ]


@dataclass(frozen=True, slots=True)
class _Files:
    world: World

    async def result(self, request: Request) -> Response:
        """A painted file. Its link is signed for GET alone and dies with time (modelark.md section 2)."""
        shelf, name = self.world.shelf, request.path_params["name"]
        good = shelf.is_good(request.url.path, request.query_params, now=self.world.now())
        if request.method != "GET" or not good:
            return _denied(403, "AccessDenied")
        task = self.world.jobs.find(Path(name).stem)
        path = shelf.result(name)
        if task is not None and path.suffix == ".png":
            await self.world.easel.last_picture(task.id)
        if task is None or not path.is_file():
            return _denied(404, "NoSuchKey")
        fault = self.world.faults.take(Where.FILE, task.words)
        return await spoil(_file(path), fault, error=_denied)

    async def upload(self, request: Request) -> Response:
        path = self.world.shelf.upload(request.path_params["name"])
        return _file(path) if path is not None and path.is_file() else _denied(404, "NoSuchKey")

    async def store(self, request: Request) -> Response:
        path = self.world.shelf.upload(request.path_params["name"])
        if path is None:
            return _denied(400, "InvalidName")
        try:
            data = await body_of(request, most=MOST_UPLOAD_BYTES)
        except TooLarge:
            return _denied(413, "EntityTooLarge")
        self.world.shelf.replace(path, data)
        return await spoil(Response(), self.world.faults.take(Where.UPLOAD, ""), error=_denied)


def _file(path: Path) -> FileResponse:
    kind = _TYPES.get(path.suffix.lower(), "application/octet-stream")
    return FileResponse(path, media_type=kind, headers=_HEADERS, stat_result=path.stat())


def _denied(status: int, code: str) -> Response:
    return PlainTextResponse(f"<Error><Code>{code}</Code></Error>", status, media_type="application/xml")
