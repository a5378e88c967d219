"""A gate: every effect of a run goes through it, in order, and may be refused there.

Effects are those of `Effects.disk`, each statement of the journal's database, each connection and each start of a
process. The last two have no seam in the program, because one module alone has each: there the library's function
is replaced while a run lasts.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from unittest.mock import patch

import anyio

from seedance_pipe.disk import Disk

CONNECT, PROCESS = "connect", "process"
STATEMENT = "sql "
"""Statements of the database are named by this and their first word."""


class Gate(Protocol):
    """Hears of an effect before it happens; whatever it raises, happens instead."""

    def __call__(self, effect: str) -> None: ...


class _Connection(sqlite3.Connection):
    """A connection whose statements go through a gate."""

    gate: Gate | None = None

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        self._pass(sql)
        return super().execute(sql, parameters)

    def executescript(self, sql: str, /) -> sqlite3.Cursor:
        self._pass(sql)
        return super().executescript(sql)

    def _pass(self, sql: str) -> None:
        if self.gate is not None:
            self.gate(STATEMENT + sql.split(None, 1)[0])


def gated(gate: Gate, disk: Disk) -> Disk:
    """`disk`, with each of its operations and each statement of a database behind the gate."""

    def through(name: str) -> Callable[..., Any]:
        operation = getattr(disk, name)

        def passing(*arguments: Any) -> Any:
            gate(name)
            return operation(*arguments)

        return passing

    def write(descriptor: int, data: bytes) -> None:
        try:
            gate("write")
        except OSError as error:
            if error.errno == errno.ENOSPC:
                # A disk that fills up takes what still fits.
                os.write(descriptor, data[: len(data) // 2])
            raise
        disk.write(descriptor, data)

    def database(address: str, busy_seconds: float) -> sqlite3.Connection:
        gate("database")
        connection = sqlite3.connect(
            address,
            uri=True,
            timeout=busy_seconds,
            isolation_level=None,
            check_same_thread=False,
            factory=_Connection,
        )
        connection.gate = gate
        return connection

    plain = [name for name in Disk.__slots__ if name not in ("write", "database")]
    return Disk(write=write, database=database, **{name: through(name) for name in plain})


@contextmanager
def guarding(gate: Gate) -> Iterator[None]:
    """Connections and starts of processes go through the gate while the block runs."""
    connect, start, ask = anyio.connect_tcp, anyio.open_process, subprocess.run

    async def connecting(*arguments: Any, **options: Any) -> Any:
        gate(CONNECT)
        return await connect(*arguments, **options)

    async def starting(*arguments: Any, **options: Any) -> Any:
        gate(PROCESS)
        return await start(*arguments, **options)

    def asking(*arguments: Any, **options: Any) -> Any:
        gate(PROCESS)
        return ask(*arguments, **options)

    with (
        patch.object(anyio, "connect_tcp", connecting),
        patch.object(anyio, "open_process", starting),
        patch.object(subprocess, "run", asking),
    ):
        yield


@dataclass
class Counting:
    """A gate that lets all pass and remembers it."""

    passed: list[str] = field(default_factory=list)

    def __call__(self, effect: str) -> None:
        self.passed.append(effect)


class Killed(BaseException):
    """The program is dead."""


@dataclass
class Deadly:
    """A gate at which the program dies before effect number `at` (from 1): nothing it does after that happens."""

    at: int
    passed: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, effect: str) -> None:
        with self._lock:
            self.passed += 1
            if self.passed >= self.at:
                raise Killed

    @property
    def fell(self) -> bool:
        return self.passed >= self.at


@contextmanager
def dying() -> Iterator[None]:
    """Where the program's death ends."""
    try:
        yield
    except Killed:
        pass
    except BaseExceptionGroup as group:
        _, rest = group.split(Killed)
        if rest is not None:
            raise


@dataclass
class Failing:
    """A gate that refuses effect number `at` (from 1) and the `times - 1` next ones, as the operating system would
    with `number`, a value of errno. It counts only effects for which `counts` is true.
    """

    at: int
    number: int
    times: int = 1
    counts: Callable[[str], bool] = lambda effect: True
    passed: int = 0
    refused: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, effect: str) -> None:
        if not self.counts(effect):
            return
        with self._lock:
            self.passed += 1
            if not self.at <= self.passed < self.at + self.times:
                return
            self.refused.append(effect)
        raise refusal(effect, self.number)


_SQLITE = {
    errno.EIO: (sqlite3.SQLITE_IOERR, "disk I/O error"),
    errno.ENOSPC: (sqlite3.SQLITE_FULL, "database or disk is full"),
    errno.EMFILE: (sqlite3.SQLITE_CANTOPEN, "unable to open database file"),
    errno.EACCES: (sqlite3.SQLITE_READONLY, "attempt to write a readonly database"),
}


def refusal(effect: str, number: int) -> Exception:
    """The error by which the operating system, or SQLite over it, refuses an effect."""
    if effect == "database" or effect.startswith(STATEMENT):
        code, words = _SQLITE[number]
        error = sqlite3.OperationalError(words)
        error.sqlite_errorcode = code
        return error
    return OSError(number, os.strerror(number))


def open_files(folder: Path) -> dict[int, str]:
    """What this process holds open below `folder`, by descriptor."""
    found = {}
    for link in Path("/proc/self/fd").iterdir():
        try:
            target = str(link.readlink())
        except OSError:
            continue
        if target.startswith(f"{folder}/"):
            found[int(link.name)] = target
    return found
