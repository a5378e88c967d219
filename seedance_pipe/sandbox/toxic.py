"""Putting a fault in the place of an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from seedance_pipe.sandbox.faults import Fault, What
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
            return error(fault.status, fault.code)
        case What.HTML:
            return HTMLResponse(_PAGE, status_code=fault.status)
        case What.REDIRECT:
            return RedirectResponse(ELSEWHERE, status_code=307)
        case What.NONSENSE:
            return Response('{"id": ', media_type="application/json")
        case What.LATE:
            await asyncio.sleep(fault.seconds)
            return whole
        case _:
            return Spoiled(whole, fault, _body(whole))


def _body(response: Response) -> bytes:
    return Path(response.path).read_bytes() if isinstance(response, FileResponse) else bytes(response.body)
