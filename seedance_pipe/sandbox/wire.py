"""The server's side of a connection: letting an answer break off in the ways in which real networks do it."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from seedance_pipe.sandbox.faults import Fault, What

_DRIP = 1024
_OVERSIZE_CHUNK = 1 << 20
_ON_ITS_WAY = 0.05
"""Seconds for what was written to reach the other side, which a reset would otherwise take back."""

_RESET_AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER with no time: closing sends RST instead of FIN."""


class OpenProtocol(H11Protocol):
    """HTTP/1.1 whose requests carry their transport in `scope["state"]`, so that an answer can break it off."""

    # The base class narrows asyncio's own signature in the same way.
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


class Spoiled(Response):
    """Another answer, sent with a fault of the wire. `body` of the other answer is held in memory."""

    def __init__(self, whole: Response, fault: Fault, body: bytes) -> None:
        super().__init__(body, status_code=whole.status_code, headers=_bare(whole), media_type=whole.media_type)
        self._fault = fault

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match self._fault.what:
            case What.CLOSE | What.RESET:
                await self._break_off(scope["state"]["transport"], send)
            case What.DRIP:
                await self._drip(send)
            case What.LENGTH:
                await self._misstate(scope["state"]["transport"], send)
            case _:
                await self._flood(send)

    async def _start(self, send: Send, length: int) -> None:
        kept = [(name, value) for name, value in self.raw_headers if name != b"content-length"]
        headers = [*kept, (b"content-length", str(length).encode())]
        await send({"type": "http.response.start", "status": self.status_code, "headers": headers})

    async def _break_off(self, transport: asyncio.Transport, send: Send) -> None:
        if self._fault.at:
            await self._start(send, len(self.body))
            await send(_part(bytes(self.body)[: self._fault.at], more=True))
        if self._fault.what is What.RESET:
            await asyncio.sleep(_ON_ITS_WAY)
            raw: Any = transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_ONCE)
            transport.abort()
        else:
            transport.close()
        await asyncio.sleep(0)

    async def _drip(self, send: Send) -> None:
        await self._start(send, len(self.body))
        body = bytes(self.body)
        for start in range(0, len(body), _DRIP):
            await asyncio.sleep(self._fault.seconds)
            await send(_part(body[start : start + _DRIP], more=start + _DRIP < len(body)))

    async def _misstate(self, transport: asyncio.Transport, send: Send) -> None:
        """A length header that is `at` bytes off the truth; a negative one leaves the end of the body out."""
        await self._start(send, len(self.body) + self._fault.at)
        await send(_part(bytes(self.body)[: len(self.body) + min(self._fault.at, 0)], more=self._fault.at > 0))
        transport.close()
        await asyncio.sleep(0)

    async def _flood(self, send: Send) -> None:
        await self._start(send, len(self.body) + self._fault.at)
        await send(_part(bytes(self.body), more=True))
        for start in range(0, self._fault.at, _OVERSIZE_CHUNK):
            rest = self._fault.at - start
            await send(_part(bytes(min(rest, _OVERSIZE_CHUNK)), more=rest > _OVERSIZE_CHUNK))


def _part(body: bytes, *, more: bool) -> dict[str, Any]:
    return {"type": "http.response.body", "body": body, "more_body": more}


def _bare(response: Response) -> dict[str, str]:
    return {name: value for name, value in response.headers.items() if name != "content-length"}
