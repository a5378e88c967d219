"""The reserve: a file whose room the journal takes for its last entries when the disk is full."""

from __future__ import annotations

import functools
import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from seedance_pipe.disk import Disk
from seedance_pipe.errors import PipeError

BYTES = 256 * 1024
"""An entry with its index takes 8 KiB of SQLite's log (measured November 2026), so this is room for some thirty:
one for each take that may be on its way, and more.
"""

_NO_ROOM = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})

_Given = ParamSpec("_Given")


class Reserve:
    """The file at `path`. Laying it by and giving it up never fail: without it a full disk is only met sooner."""

    def __init__(self, path: Path, disk: Disk) -> None:
        self._path = path
        self._disk = disk

    def lay_by(self) -> None:
        """Take the room, unless it is taken already. Its bytes are drawn, so no file system can pack them."""
        with suppress(OSError):
            if self._path.lstat().st_size >= BYTES:
                return
        with suppress(OSError):
            descriptor = self._disk.open(self._path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
            try:
                self._disk.write(descriptor, os.urandom(BYTES))
                self._disk.sync(descriptor)
            except OSError:
                self._disk.remove(self._path)
                raise
            finally:
                os.close(descriptor)

    def give_up(self) -> bool:
        """Whether there was one, which is now free room."""
        try:
            self._disk.remove(self._path)
        except OSError:
            return False
        return True


_Keeper = TypeVar("_Keeper", bound="_HasReserve")


class _HasReserve(Protocol):
    reserve: Reserve | None


def lasting(act: Callable[Concatenate[_Keeper, _Given], None]) -> Callable[Concatenate[_Keeper, _Given], None]:
    """A method that writes what became of money already spent: once more with the reserve's room, if there is no
    other. What failed has left nothing behind, so it may be done again.
    """

    def done(self: _Keeper, /, *given: _Given.args, **named: _Given.kwargs) -> None:
        try:
            act(self, *given, **named)
        except PipeError as problem:
            cause = problem.__cause__
            full = isinstance(cause, sqlite3.Error) and cause.sqlite_errorcode & 0xFF in _NO_ROOM
            if not full or self.reserve is None or not self.reserve.give_up():
                raise
            act(self, *given, **named)

    functools.update_wrapper(done, act)
    return done
