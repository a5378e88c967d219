"""A recorder: a disk that writes down, with its data, what a run does to the files of its story.

SQLite's own files are looked at after each of its commits and checkpoints, with what `PRAGMA synchronous` had it
flush.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx

from seedance_pipe.disk import DISK, Disk
from tests.faults.gate import Gate
from tests.faults.images import Flush, FlushNames, Name, Operation, Promise, Unname, Write, above, apply, is_below
from tests.faults.stage import ROOMY

_PAGE = 4096
_CHANGES = ("COMMIT", "PRAGMA journal_mode", "PRAGMA wal_checkpoint", "PRAGMA user_version =")
"""Statements after which SQLite's files are others."""


class Recorder:
    """A disk that writes down what is done to it below `root`. `charged` tells how many tasks the vendor has."""

    def __init__(self, root: Path, charged: Callable[[], int], gate: Gate | None = None) -> None:
        self.operations: list[Operation] = []
        self._root = str(root) + "/"
        self._charged = charged
        self._gate = gate
        self._numbers = iter(range(1, 1 << 30))
        self._inodes: dict[str, int] = {}
        self._folders: set[str] = set()
        self._contents: dict[int, bytes] = {}
        self._acts: set[tuple[str, str]] = set()
        self.stopped = False
        self.lock = threading.RLock()

    def disk(self) -> Disk:
        return Disk(
            open=self._open,
            write=self._write,
            truncate=self._truncate,
            mode=self._mode,
            sync=self._sync,
            sync_folder=self._sync_folder,
            replace=self._replace,
            make_folder=self._make_folder,
            remove=self._remove,
            scratch_folder=self._scratch_folder,
            remove_tree=self._remove_tree,
            database=self._database,
            free=ROOMY.free,
        )

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Calls of the program are promises that the disk must keep."""
        send = httpx.AsyncHTTPTransport.handle_async_request

        async def sending(transport: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
            self.promise()
            response = await send(transport, request)
            self.promise()
            return response

        with patch.object(httpx.AsyncHTTPTransport, "handle_async_request", sending):
            yield

    def promise(self) -> None:
        paid = frozenset((one, act) for one, act in self._acts if act in ("intent", "submitted"))
        with self.lock:
            self._note(Promise(paid, self._charged()))

    # What is done to the files

    def through(self, effect: str) -> None:
        if self._gate is None:
            return
        try:
            self._gate(effect)
        except BaseException:
            # The program is dead: what it still does is what no power cut would let it do.
            self.stopped = True
            raise

    def _open(self, path: Path, flags: int) -> int:
        with self.lock:
            self.through("open")
            descriptor = DISK.open(path, flags)
            if (name := self._within(path)) is not None:
                inode = self._made(name)
                if flags & os.O_TRUNC:
                    self._note(Write(inode, None, b""))
        return descriptor

    def _write(self, descriptor: int, data: bytes) -> None:
        with self.lock:
            self.through("write")
            inode = self._of(descriptor)
            offset = os.lseek(descriptor, 0, os.SEEK_CUR)
            if fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_APPEND:
                offset = os.fstat(descriptor).st_size
            DISK.write(descriptor, data)
            if inode is not None:
                self._note(Write(inode, offset, bytes(data)))

    def _truncate(self, descriptor: int) -> None:
        with self.lock:
            self.through("truncate")
            DISK.truncate(descriptor)
            if (inode := self._of(descriptor)) is not None:
                self._note(Write(inode, None, b""))

    def _mode(self, descriptor: int, mode: int) -> None:
        with self.lock:
            self.through("mode")
            self._of(descriptor)
            DISK.mode(descriptor, mode)

    def _sync(self, descriptor: int) -> None:
        with self.lock:
            self.through("sync")
            DISK.sync(descriptor)
            if (inode := self._of(descriptor)) is not None:
                self._note(Flush(inode))

    def _sync_folder(self, path: Path) -> None:
        with self.lock:
            self.through("sync_folder")
            DISK.sync_folder(path)
            if (name := self._within(path)) is not None:
                self._note(FlushNames(name))

    def _replace(self, source: Path, target: Path) -> None:
        with self.lock:
            self.through("replace")
            DISK.replace(source, target)
            old, new = self._within(source), self._within(target)
            assert old is not None
            assert new is not None
            self._parents(new)
            inode = self._inodes.pop(old)
            self._inodes[new] = inode
            self._note(Name(new, inode, gone=old))

    def _make_folder(self, path: Path) -> bool:
        with self.lock:
            self.through("make_folder")
            new = DISK.make_folder(path)
            if new and (name := self._within(path)) is not None:
                self._folder(name)
        return new

    def _scratch_folder(self, path: Path) -> Path:
        with self.lock:
            self.through("scratch_folder")
            made = DISK.scratch_folder(path)
            name = self._within(made)
            assert name is not None
            self._folder(name)
        return made

    def _remove(self, path: Path) -> None:
        with self.lock:
            self.through("remove")
            DISK.remove(path)
            self._unname(path)

    def _remove_tree(self, path: Path) -> None:
        with self.lock:
            self.through("remove_tree")
            DISK.remove_tree(path)
            self._unname(path)

    # The journal

    def _database(self, address: str, busy_seconds: float) -> sqlite3.Connection:
        self.through("database")
        path = Path(address.removeprefix("file://").partition("?")[0])
        # Held open until the connection is closed: closing any descriptor of the file would undo SQLite's locks.
        held = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        connection = sqlite3.connect(
            address, uri=True, timeout=busy_seconds, isolation_level=None, check_same_thread=False, factory=_Pages
        )
        connection.recorder, connection.path, connection.held = self, path, held
        return connection

    def wrote(self, rows: Sequence[tuple[str, str]]) -> None:
        self._acts |= set(rows)

    def seen(self, path: Path, held: int, *, flushed: bool) -> None:
        """SQLite has added to its log at `path`-wal, and flushed it or not."""
        with self.lock:
            log = Path(f"{path}-wal")
            if log.exists():
                inode = self._differs(log, log.read_bytes())
                if flushed:
                    self._note(Flush(inode))
                    self._note(FlushNames(above(self._name(log))))
            self._checkpointed(path, held)

    def closed(self, path: Path, held: int) -> None:
        with self.lock:
            self._checkpointed(path, held)
            log = Path(f"{path}-wal")
            if not log.exists() and self._name(log) in self._inodes:
                self._unname(log)

    def _checkpointed(self, path: Path, held: int) -> None:
        """Where the database itself has changed, its log was flushed before that, and it was after."""
        content = os.pread(held, os.fstat(held).st_size, 0)
        name = self._name(path)
        if self._contents.get(self._inodes.get(name, 0)) == content:
            return
        log = self._inodes.get(f"{name}-wal")
        if log is None:
            self._note(Write(self._made(name), None, content, safe=True))
            return
        self._note(Flush(log))
        self._note(FlushNames(above(name)))
        self._note(Flush(self._differs(path, content)))

    def _differs(self, path: Path, content: bytes) -> int:
        """Write down how the file is another than it was, page by page."""
        inode = self._made(self._name(path))
        known = self._contents.get(inode, b"")
        if len(content) < len(known):
            self._note(Write(inode, None, b""))
            known = b""
        for start in range(0, len(content), _PAGE):
            piece = content[start : start + _PAGE]
            if known[start : start + _PAGE] != piece:
                self._note(Write(inode, start, piece))
        return inode

    # Names

    def _within(self, path: Path) -> str | None:
        told = str(path) + "/"
        return told.removeprefix(self._root).rstrip("/") if told.startswith(self._root) else None

    def _name(self, path: Path) -> str:
        name = self._within(path)
        assert name is not None
        return name

    def _of(self, descriptor: int) -> int | None:
        """The inode of an open file. What another program wrote is taken in when it is first seen, unflushed."""
        name = self._within(Path(f"/proc/self/fd/{descriptor}").readlink())
        if name is None:
            return None
        known = name in self._inodes
        inode = self._made(name)
        if not known:
            self._note(Write(inode, 0, os.pread(descriptor, os.fstat(descriptor).st_size, 0)))
        return inode

    def _made(self, name: str) -> int:
        if name not in self._inodes:
            self._parents(name)
            self._inodes[name] = next(self._numbers)
            self._note(Name(name, self._inodes[name]))
        return self._inodes[name]

    def _parents(self, name: str) -> None:
        folder = above(name)
        if folder and folder not in self._folders:
            self._parents(folder)
            self._folder(folder)

    def _folder(self, name: str) -> None:
        self._parents(name)
        self._folders.add(name)
        self._note(Name(name, None))

    def _unname(self, path: Path) -> None:
        if (name := self._within(path)) is None:
            return
        self._folders = {one for one in self._folders if not is_below(one, name)}
        self._inodes = {one: inode for one, inode in self._inodes.items() if not is_below(one, name)}
        self._note(Unname(name))

    def _note(self, operation: Operation) -> None:
        if self.stopped:
            return
        self.operations.append(operation)
        if isinstance(operation, Write):
            apply(operation, self._contents)


class _Pages(sqlite3.Connection):
    """A connection that tells a recorder of its commits."""

    recorder: Recorder
    path: Path
    held: int = -1
    _flushes = True
    _rows: tuple[tuple[str, str], ...] = ()

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        with self.recorder.lock:
            self.recorder.through(f"sql {sql.split(None, 1)[0]}")
            cursor = super().execute(sql, parameters)
            if sql.startswith("PRAGMA journal_mode"):
                cursor.fetchall()
            if sql.startswith("PRAGMA synchronous"):
                self._flushes = sql.endswith("FULL")
            elif sql.startswith("BEGIN"):
                self._rows = ()
            elif sql.startswith("INSERT INTO entry") and parameters[3] is not None:
                self._rows = (*self._rows, (parameters[3], parameters[2]))
            elif sql.startswith(
                ("COMMIT", "PRAGMA journal_mode", "PRAGMA wal_checkpoint", "PRAGMA user_version =")
            ):
                self.recorder.seen(self.path, self.held, flushed=self._flushes)
                self.recorder.wrote(self._rows)
                self._rows = ()
        return cursor

    def executescript(self, sql: str, /) -> sqlite3.Cursor:
        with self.recorder.lock:
            self.recorder.through("sql BEGIN")
            cursor = super().executescript(sql)
            self.recorder.seen(self.path, self.held, flushed=True)
        return cursor

    def close(self) -> None:
        super().close()
        if self.held >= 0:
            self.recorder.closed(self.path, self.held)
            os.close(self.held)
            self.held = -1
