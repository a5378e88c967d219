"""Downloads: a result comes whole and within bounds, or not at all; what a cut left over is taken up again."""

from __future__ import annotations

import enum
import os
import re
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import anyio
from anyio import to_thread

from seedance_pipe.effects import Effects
from seedance_pipe.errors import PipeError, VendorFailed
from seedance_pipe.vendor.address import Resolve, Target, check, redirected
from seedance_pipe.vendor.pace import jittered
from seedance_pipe.vendor.transport import Cut, Reply, Web

_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NEXT = "run again: the clip is paid for, and is fetched before anything is bought"
_ROOM = "make room on the disk and run again: the clip is paid for, and is fetched before anything is bought"


class Fetched(enum.Enum):
    WHOLE = "whole"
    """The file is there."""
    LAPSED = "lapsed"
    """The address is no longer good: ask the vendor for a fresh one."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """`size` is the greatest file in bytes; `slowest` bytes a second must come on average in each `window`
    seconds; `wall` seconds are given to the whole download, in at most `attempts` connections.
    """

    size: int = 512 * 1024 * 1024
    slowest: float = 10_000.0
    window: float = 30.0
    wall: float = 1800.0
    attempts: int = 6
    redirects: int = 5


@dataclass(slots=True)
class _Part:
    """What is on the disk so far; `validator` is what a server needs to know to go on where it stopped."""

    path: Path
    length: int = 0
    validator: str = ""

    def restart(self) -> None:
        self.length, self.validator = 0, ""


async def look_up(host: str, port: int) -> Sequence[str]:
    """The addresses that this machine's resolver knows for `host`."""
    found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


class Downloads:
    """Fetches results for one run. `clock` counts the seconds in which something has to come: where pauses between
    polls are cut short, as in a rehearsal, the network is no faster.
    """

    def __init__(
        self,
        web: Web,
        *,
        effects: Effects,
        bounds: Bounds | None = None,
        resolve: Resolve = look_up,
        clock: Callable[[], float] = anyio.current_time,
    ) -> None:
        self._web = web
        self._effects = effects
        self._bounds = bounds or Bounds()
        self._resolve = resolve
        self._clock = clock

    async def fetch(self, address: str, to: Path, *, loopback: str | None = None) -> Fetched:
        """Download `address` to the new file `to`. Raises VendorFailed when it cannot be had, and PipeError when
        it cannot be written.
        """
        part = _Part(to.with_name(to.name + ".part"))
        reason = ""
        with anyio.move_on_after(self._bounds.wall):
            for attempt in range(self._bounds.attempts):
                if attempt:
                    await self._effects.sleep(jittered(attempt, first=1.0, longest=20.0, effects=self._effects))
                try:
                    outcome = await self._once(address, part, loopback)
                    if outcome is Fetched.WHOLE:
                        self._effects.disk.replace(part.path, to)
                    return outcome
                except Cut as cut:
                    reason = str(cut)
                except OSError as error:
                    raise PipeError(f"{to.name} cannot be written: {error.strerror}", next_step=_ROOM) from error
            raise VendorFailed(f"the download broke {self._bounds.attempts} times: {reason}", next_step=_NEXT)
        raise VendorFailed(f"the download was not done within {self._bounds.wall:g} s", next_step=_NEXT)

    async def _once(self, address: str, part: _Part, loopback: str | None) -> Fetched:
        """One connection, and those that it is redirected to."""
        for _ in range(self._bounds.redirects + 1):
            target = await self._checked(address, loopback)
            async with self._web.get(target, headers=_resume(part), silence=self._bounds.window) as reply:
                if reply.status not in _REDIRECTS:
                    return await self._take(reply, part)
                address = redirected(address, reply.headers.get("location", ""))
        raise VendorFailed("the address of the result led on too many times", next_step=_NEXT)

    async def _checked(self, address: str, loopback: str | None) -> Target:
        try:
            return await check(address, loopback=loopback, resolve=self._resolve)
        except OSError as error:
            raise Cut(str(error)) from error

    async def _take(self, reply: Reply, part: _Part) -> Fetched:
        match reply.status:
            case 200:
                part.restart()
                await self._write(reply, part, _length(reply))
                return Fetched.WHOLE
            case 206:
                await self._write(reply, part, _goes_on(reply, part))
                return Fetched.WHOLE
            case 403 | 404 | 410:
                return Fetched.LAPSED
            case 416:
                part.restart()
                raise Cut("what was left over of the download does not fit any more")
            case 408 | 425 | 429 | 500 | 502 | 503 | 504:
                raise Cut(f"the server of the results answered {reply.status}")
        raise VendorFailed(f"the server of the results answered {reply.status}", next_step=_NEXT)

    async def _write(self, reply: Reply, part: _Part, whole: int | None) -> None:
        """Append the body to the part. `whole` is the length of the finished file, where it is known."""
        if reply.headers.get("content-encoding", "identity").lower() not in ("identity", ""):
            raise VendorFailed("the result came packed, though it was asked for as it is", next_step=_NEXT)
        self._fits(whole or 0)
        part.validator = _validator(reply.headers) or part.validator
        pace = _Rate(self._bounds, self._clock)
        disk = self._effects.disk
        descriptor = disk.open(part.path, os.O_CREAT | os.O_WRONLY | (os.O_APPEND if part.length else os.O_TRUNC))
        try:
            async for piece in reply.pieces:
                self._fits(part.length + len(piece))
                await to_thread.run_sync(disk.write, descriptor, piece)
                part.length += len(piece)
                pace.count(len(piece))
        finally:
            os.close(descriptor)
        if whole is not None and part.length != whole:
            part.restart()
            raise Cut(f"not the {whole} bytes that were announced")
        if not part.length:
            raise Cut("the result was empty")

    def _fits(self, length: int) -> None:
        if length > self._bounds.size:
            raise VendorFailed(
                f"the result is larger than {self._bounds.size // 1024**2} MiB, which no clip is", next_step=_NEXT
            )


class _Rate:
    """Raises Cut when a window passes in which too little came."""

    def __init__(self, bounds: Bounds, clock: Callable[[], float]) -> None:
        self._bounds = bounds
        self._clock = clock
        self._since = clock()
        self._came = 0

    def count(self, length: int) -> None:
        self._came += length
        passed = self._clock() - self._since
        if passed < self._bounds.window:
            return
        if self._came < self._bounds.slowest * passed:
            raise Cut(f"less than {self._bounds.slowest / 1000:g} kB a second came")
        self._since, self._came = self._clock(), 0


def _resume(part: _Part) -> Mapping[str, str]:
    if not part.length or not part.validator:
        part.restart()
        return {}
    return {"Range": f"bytes={part.length}-", "If-Range": part.validator}


def _validator(headers: Mapping[str, str]) -> str:
    """A strong validator, or nothing: with a weak one two halves of different files could be joined."""
    tag = headers.get("etag", "")
    return tag if tag.startswith('"') else ""


def _length(reply: Reply) -> int | None:
    stated = reply.headers.get("content-length", "")
    return int(stated) if stated.isascii() and stated.isdigit() and len(stated) <= 18 else None


def _goes_on(reply: Reply, part: _Part) -> int | None:
    """The whole length, when a 206 begins just where the part ends. Raises Cut, with nothing kept, otherwise."""
    stated = _RANGE.fullmatch(reply.headers.get("content-range", ""))
    same = _validator(reply.headers) in ("", part.validator)
    if stated is None or int(stated[1]) != part.length or not part.length or not same:
        part.restart()
        raise Cut("the server did not go on where the download broke off")
    return None if stated[3] == "*" else int(stated[3])
