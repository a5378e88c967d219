"""The seams of a program, numbered: every file, journal, request and process effect passes one counter, which can
stop the program with SIGKILL just before or just after any of them.

Files and the journal come by `Effects.disk`. Requests and processes have one library function each, which is
replaced in the process that is to be killed.
"""

from __future__ import annotations

import enum
import itertools
import os
import re
import signal
import sqlite3
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from types import FrameType, ModuleType
from typing import Any, NoReturn, ParamSpec, TypeVar

import anyio
import httpx

from seedance_pipe.disk import Disk

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


class Kind(enum.Enum):
    FILE = "file"
    JOURNAL = "journal"
    REQUEST = "request"
    PROCESS = "process"
    LINE = "line"


class Side(enum.Enum):
    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Stop:
    """The moment at which a program dies: one side of its effect `number`, which counts from 1."""

    number: int
    side: Side

    def __str__(self) -> str:
        return f"{self.number}:{self.side.value}"


@dataclass(slots=True)
class Counter:
    """Numbers the effects of one program, from several threads too. `dying` hears the last words of a program
    that is stopped: the effect's kind and name.
    """

    stop: Stop | None = None
    dying: Callable[[Mapping[str, str]], object] = lambda words: None
    passed: dict[Kind, int] = field(default_factory=lambda: dict.fromkeys(Kind, 0))
    requests: int = 0
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def effect(self, kind: Kind, name: str) -> Iterator[None]:
        with self._lock:
            number = next(self._numbers)
            self.passed[kind] += 1
        self._reached(Stop(number, Side.BEFORE), kind, name)
        try:
            yield
        finally:
            self._reached(Stop(number, Side.AFTER), kind, name)

    def _reached(self, moment: Stop, kind: Kind, name: str) -> None:
        if moment == self.stop:
            self.dying({"kind": kind.value, "name": name})
            die()


def die() -> NoReturn:
    """The program's group first; an ffmpeg leads its own and lives on for a while, as after any kill."""
    os.killpg(0, signal.SIGKILL)
    raise AssertionError("killed, and still there")


# Files and the journal

_ONLY_LOOK = frozenset({"free", "mounts"})
_WRITES = re.compile(r"\s*(BEGIN|INSERT|COMMIT|ROLLBACK|PRAGMA (?:journal_mode|user_version|wal_checkpoint))\b")


def numbered(disk: Disk, counter: Counter) -> Disk:
    """`disk`, each of whose operations that changes anything passes the counter."""
    operations = {one.name: getattr(disk, one.name) for one in fields(Disk)}
    passing = {
        name: operation if name in _ONLY_LOOK else _passing(counter, name, operation)
        for name, operation in operations.items()
        if name != "database"
    }
    return Disk(**passing, database=_databases(counter))


def _passing(counter: Counter, name: str, operation: Callable[Given, Answer]) -> Callable[Given, Answer]:
    def pass_counter(*arguments: Given.args, **named: Given.kwargs) -> Answer:
        with counter.effect(Kind.FILE, name):
            return operation(*arguments, **named)

    return pass_counter


def _databases(counter: Counter) -> Callable[[str, float], sqlite3.Connection]:
    class Counted(sqlite3.Connection):
        def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
            writes = _WRITES.match(sql)
            if writes is None:
                return super().execute(sql, parameters)
            with counter.effect(Kind.JOURNAL, writes[1]):
                return super().execute(sql, parameters)

        def executescript(self, sql: str, /) -> sqlite3.Cursor:
            with counter.effect(Kind.JOURNAL, "script"):
                return super().executescript(sql)

        def close(self) -> None:
            # The last one to close an SQLite database moves its log into the file.
            with counter.effect(Kind.JOURNAL, "close"):
                super().close()

    def database(address: str, busy_seconds: float) -> sqlite3.Connection:
        return sqlite3.connect(
            address, uri=True, timeout=busy_seconds, isolation_level=None, check_same_thread=False, factory=Counted
        )

    return database


# Requests and processes


def number_library_calls(counter: Counter) -> None:
    """From here on the requests and processes of this process pass the counter.

    A request is two effects: sending it, which ends when it has left whole, before anybody has read an answer; and
    its answer, from its head to the end of its body. A process is two: its start, and its end.
    """
    send, open_process = httpx.AsyncHTTPTransport.handle_async_request, anyio.open_process

    async def numbered_send(transport: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
        counter.requests += 1
        sending = counter.effect(Kind.REQUEST, f"{request.method} sent")
        watch = request.extensions.get("trace")
        left = False

        async def tell(event: str, told: Mapping[str, Any]) -> None:
            nonlocal left
            if event.endswith("send_request_body.complete"):
                left = True
                sending.__exit__(None, None, None)
            if watch is not None:
                await watch(event, told)

        request.extensions = {**request.extensions, "trace": tell}
        sending.__enter__()
        try:
            response = await send(transport, request)
        finally:
            if not left:
                sending.__exit__(None, None, None)
        assert isinstance(response.stream, httpx.AsyncByteStream)
        response.stream = _Body(response.stream, counter, f"{request.method} answered {response.status_code}")
        return response

    async def numbered_open_process(*arguments: Any, **options: Any) -> anyio.abc.Process:
        with counter.effect(Kind.PROCESS, "start"):
            process = await open_process(*arguments, **options)
        wait, waited = process.wait, False

        async def numbered_wait() -> int:
            nonlocal waited
            if waited:
                return await wait()
            waited = True
            with counter.effect(Kind.PROCESS, "end"):
                return await wait()

        process.wait = numbered_wait  # type: ignore[method-assign]
        return process

    httpx.AsyncHTTPTransport.handle_async_request = numbered_send  # type: ignore[method-assign, assignment]
    anyio.open_process = numbered_open_process


class _Body(httpx.AsyncByteStream):
    def __init__(self, real: httpx.AsyncByteStream, counter: Counter, name: str) -> None:
        self._real, self._counter, self._name = real, counter, name

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with self._counter.effect(Kind.REQUEST, self._name):
            async for piece in self._real:
                yield piece

    async def aclose(self) -> None:
        await self._real.aclose()


# Lines, instead of effects


def number_lines(counter: Counter, modules: Iterable[ModuleType]) -> None:
    """From here on each line of `modules` passes the counter just before it is carried out, in every thread that
    begins from now on and in this one.
    """
    files = {module.__file__: module.__name__.rpartition(".")[2] for module in modules}

    def trace(frame: FrameType, event: str, _: object) -> Any:
        name = files.get(frame.f_code.co_filename)
        if name is None:
            return None
        if event == "line":
            with counter.effect(Kind.LINE, f"{name}.py:{frame.f_lineno}"):
                return trace
        return trace

    threading.settrace(trace)
    sys.settrace(trace)
