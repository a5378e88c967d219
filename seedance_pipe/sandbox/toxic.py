"""Putting a fault in the place of an answer."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from seedance_pipe.sandbox.faults import Fault, Faults, What, Where
from seedance_pipe.sandbox.wire import Spoiled

ELSEWHERE = "https://elsewhere.invalid/"
"""Where a redirect leads: a name that never resolves (RFC 6761)."""

_PAGE = "<!doctype html><title>Gateway</title><h1>The gateway has a problem</h1>"


async def spoil(whole: Response, fault: Fault | None, *, error: Callable[[int, str], Response]) -> Response:
    """What is sent instead of `whole`. `error` makes the vendor's own error answer of a status and a code."""
    if fault is None:
        return whole
    match fault.what:
        case What.ANSWER:
            return _with_pause(error(fault.status, fault.code), fault)
        case What.HTML:
            return _with_pause(HTMLResponse(_PAGE, status_code=fault.status), fault)
        case What.REDIRECT:
            return RedirectResponse(ELSEWHERE, status_code=307)
        case What.NONSENSE:
            return Response('{"id": ', media_type="application/json")
        case What.BODY:
            return Response(fault.text, whole.status_code, media_type=whole.media_type)
        case What.PACKED:
            return _packed(whole, _body(whole), fault.at)
        case What.TWICE:
            return Response(_doubled(_body(whole)), whole.status_code, media_type=whole.media_type)
        case What.LATE:
            await asyncio.sleep(fault.seconds)
            return whole
        case _:
            return Spoiled(whole, fault, _body(whole))


class Arrivals:
    """The faults that a request meets before its body is read; those whose path begins as one of `but` do not."""

    def __init__(self, app: ASGIApp, faults: Faults, *, but: tuple[str, ...]) -> None:
        self._app = app
        self._faults = faults
        self._but = but

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        ours = scope["path"].startswith(self._but)
        fault = None if ours else self._faults.take(Where.ARRIVAL, f"{scope['method']} {scope['path']}")
        if fault is not None and fault.what is not What.LATE:
            instead = await spoil(Response(), fault, error=lambda status, code: Response(status_code=status))
            await instead(scope, receive, send)
            return
        if fault is not None:
            await asyncio.sleep(fault.seconds)
        await self._app(scope, receive, send)


def _with_pause(response: Response, fault: Fault) -> Response:
    if fault.retry_after:
        response.headers["Retry-After"] = fault.retry_after
    return response


def _packed(whole: Response, body: bytes, more: int) -> Response:
    packed = gzip.compress(body + b" " * max(more, 0), mtime=0)
    shown = packed if more >= 0 else packed[:more]
    return Response(shown, whole.status_code, {"Content-Encoding": "gzip"}, whole.media_type)


def _doubled(body: bytes) -> bytes:
    """A document whose lists hold each of their items twice."""
    told: dict[str, Any] = json.loads(body)
    doubled = {key: value * 2 if isinstance(value, list) else value for key, value in told.items()}
    return json.dumps(doubled).encode()


def _body(response: Response) -> bytes:
    return Path(response.path).read_bytes() if isinstance(response, FileResponse) else bytes(response.body)
