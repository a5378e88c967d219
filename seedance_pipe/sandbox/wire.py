"""The server's side of a connection: letting an answer break off in the ways in which real networks do it."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Protocol

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


class Door(Protocol):
    """The port that the server listens at."""

    def shut(self, seconds: float) -> None:
        """Refuse new connections for so many seconds."""


class OpenProtocol(H11Protocol):
    """HTTP/1.1 whose requests carry their transport in `scope["state"]`, so that an answer can break it off. The
    server puts its Door there, as `door`.
    """

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
        transport: asyncio.Transport = scope["state"]["transport"]
        match self._fault.what:
            case What.CLOSE | What.RESET:
                await self._break_off(transport, send)
            case What.TORN:
                transport.write(self._head()[: self._fault.at])
                await _reset(transport)
            case What.HALF:
                await self._fall_silent(transport, receive, send)
            case What.REFUSE:
                door: Door = scope["state"]["door"]
                door.shut(self._fault.seconds)
                transport.close()
            case What.DEAF:
                transport.pause_reading()
                await asyncio.sleep(self._fault.seconds)
                await _reset(transport)
            case What.DRIP:
                await self._drip(send)
            case What.LENGTH:
                await self._misstate(transport, send)
            case _:
                await self._flood(send)

    def _head(self) -> bytes:
        lines = [f"HTTP/1.1 {self.status_code} {HTTPStatus(self.status_code).phrase}".encode()]
        lines += [name + b": " + value for name, value in self.raw_headers]
        return b"\r\n".join(lines) + b"\r\n\r\n"

    async def _start(self, send: Send, length: int) -> None:
        kept = [(name, value) for name, value in self.raw_headers if name != b"content-length"]
        headers = [*kept, (b"content-length", str(length).encode())]
        await send({"type": "http.response.start", "status": self.status_code, "headers": headers})

    async def _begin(self, send: Send) -> None:
        """The first `at` bytes of the body, and nothing at all where there are none."""
        if self._fault.at:
            await self._start(send, len(self.body))
            await send(_part(bytes(self.body)[: self._fault.at], more=True))

    async def _break_off(self, transport: asyncio.Transport, send: Send) -> None:
        await self._begin(send)
        if self._fault.what is What.RESET:
            await _reset(transport)
        else:
            transport.close()
            await asyncio.sleep(0)

    async def _fall_silent(self, transport: asyncio.Transport, receive: Receive, send: Send) -> None:
        await self._begin(send)
        transport.write_eof()
        with suppress(TimeoutError):
            await asyncio.wait_for(_gone(receive), self._fault.seconds)
        transport.abort()
        await asyncio.sleep(0)

    async def _drip(self, send: Send) -> None:
        await self._start(send, len(self.body))
        body, drop = bytes(self.body), self._fault.at or _DRIP
        for start in range(0, len(body), drop):
            await asyncio.sleep(self._fault.seconds)
            await send(_part(body[start : start + drop], more=start + drop < len(body)))

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


async def _gone(receive: Receive) -> None:
    """Returns when the client has closed its side."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _reset(transport: asyncio.Transport) -> None:
    await asyncio.sleep(_ON_ITS_WAY)
    raw: Any = transport.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_ONCE)
    transport.abort()
    await asyncio.sleep(0)


def _part(body: bytes, *, more: bool) -> dict[str, Any]:
    return {"type": "http.response.body", "body": body, "more_body": more}


def _bare(response: Response) -> dict[str, str]:
    return {name: value for name, value in response.headers.items() if name != "content-length"}
