"""A vendor on a stage: an HTTP server on loopback that answers as a script says, down to the last byte.

It is not the sandbox: it knows no API, so it can break every rule of HTTP when a test needs that.
"""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, TypeAlias

import anyio
from anyio.abc import ByteStream, SocketAttribute


@dataclass(frozen=True)
class Seen:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Pause:
    seconds: float


class Reset:
    """Break the connection off, so that the other side sees a reset."""


Act: TypeAlias = bytes | Pause | Reset
Reply: TypeAlias = Sequence[Act]
Script: TypeAlias = Reply | Callable[[Seen], Reply]


def reply(status: int, body: Any = b"", **headers: str) -> Reply:
    """An answer with a length; a body that is not bytes is sent as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in named.items()]
    lines.append(f"Content-Length: {len(content)}")
    return ["\r\n".join(lines).encode() + b"\r\n\r\n" + content]


def refusal(status: int, code: str, message: str = "because", **headers: str) -> Reply:
    return reply(status, {"error": {"code": code, "message": message, "param": "", "type": "x"}}, **headers)


@dataclass
class Stage:
    """`seen` is every request that came whole. Each rule is a queue of replies; its last one is repeated."""

    address: str = ""
    seen: list[Seen] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    rules: list[tuple[str, str, list[Script]]] = field(default_factory=list)

    def on(self, method: str, start: str, *replies: Script) -> None:
        self.rules.insert(0, (method, start, list(replies)))

    def asked(self, method: str, start: str = "/") -> list[Seen]:
        return [seen for seen in self.seen if seen.method == method and seen.target.startswith(start)]

    async def serve(self, stream: ByteStream) -> None:
        async with stream:
            try:
                seen = await _read(stream)
                if seen is None:
                    return
                self.seen.append(seen)
                self.log.append(f"{seen.method} {seen.target}")
                for act in self._reply(seen):
                    await _play(stream, act)
            except (anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream):
                return

    def _reply(self, seen: Seen) -> Reply:
        for method, start, replies in self.rules:
            if method == seen.method and seen.target.startswith(start):
                script = replies.pop(0) if len(replies) > 1 else replies[0]
                return script(seen) if callable(script) else script
        return refusal(404, "NoRule", f"{seen.method} {seen.target} is not in the script")


@asynccontextmanager
async def on_stage() -> AsyncIterator[Stage]:
    stage = Stage()
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=0)
    port = listener.extra(SocketAttribute.local_port)
    stage.address = f"http://127.0.0.1:{port}"
    async with listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, stage.serve)
        yield stage
        group.cancel_scope.cancel()


async def _read(stream: ByteStream) -> Seen | None:
    data = b""
    while b"\r\n\r\n" not in data:
        try:
            data += await stream.receive()
        except anyio.EndOfStream:
            return None
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", "0")):
        body += await stream.receive()
    return Seen(method, target, headers, body)


async def _play(stream: ByteStream, act: Act) -> None:
    match act:
        case bytes():
            await stream.send(act)
        case Pause(seconds):
            await anyio.sleep(seconds)
        case Reset():
            raw = stream.extra(SocketAttribute.raw_socket)
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
