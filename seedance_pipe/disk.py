"""The disk: every operation by which a run changes the file system.

They are one value of plain functions, so that a test can number them, and fail or stop the program at any of them.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from seedance_pipe.errors import PipeError

if TYPE_CHECKING:
    import sqlite3

_SAFELY = os.O_NOFOLLOW | os.O_CLOEXEC
_PIECE = 1 << 20


def open_to_read(path: Path) -> int:
    """A descriptor of a regular file that is no link. Raises OSError, or PipeError for anything else."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | _SAFELY)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise PipeError(f"{path} is not a file")
    return descriptor


def pieces(descriptor: int) -> Iterator[bytes]:
    """What is left to read of an open file. Raises OSError."""
    while piece := os.read(descriptor, _PIECE):
        yield piece


def _open(path: Path, flags: int) -> int:
    return os.open(path, flags | _SAFELY, 0o600)


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _make_folder(path: Path) -> bool:
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        if not stat.S_ISDIR(path.lstat().st_mode):
            raise PipeError(
                f"{path} is not a folder", next_step="move it away, or name another folder with --state"
            ) from None
        return False
    return True


def _replace(source: Path, target: Path) -> None:
    source.replace(target)


def _scratch_folder(path: Path) -> Path:
    return Path(tempfile.mkdtemp(dir=path))


def _free(path: Path) -> int:
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize


def _mounts() -> str:
    try:
        return Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
    except FileNotFoundError:
        return ""


def _database(address: str, busy_seconds: float) -> sqlite3.Connection:
    import sqlite3

    return sqlite3.connect(address, uri=True, timeout=busy_seconds, isolation_level=None, check_same_thread=False)


@dataclass(frozen=True, slots=True)
class Disk:
    """Each function raises OSError.

    `open` takes flags of `os.open`, follows no link and makes files 0600; `truncate` empties a file; `mode`
    sets the permissions of an open file; `make_folder` makes one folder 0700, says whether it is new, and
    raises PipeError where something else, a link too, has its name; `scratch_folder` makes one with a free name
    in another. `free` is how many bytes a user may still write where `path` is. `mounts` is Linux's table of
    mounts (proc_pid_mountinfo(5)), empty on other systems. `database` opens an SQLite file by
    its URI, and waits so many seconds for another process that holds it.
    """

    open: Callable[[Path, int], int] = _open
    write: Callable[[int, bytes], None] = _write
    truncate: Callable[[int], None] = lambda descriptor: os.ftruncate(descriptor, 0)
    mode: Callable[[int, int], None] = os.fchmod
    sync: Callable[[int], None] = os.fsync
    sync_folder: Callable[[Path], None] = _sync_folder
    replace: Callable[[Path, Path], None] = _replace
    make_folder: Callable[[Path], bool] = _make_folder
    remove: Callable[[Path], None] = os.unlink
    scratch_folder: Callable[[Path], Path] = _scratch_folder
    remove_tree: Callable[[Path], None] = shutil.rmtree
    free: Callable[[Path], int] = _free
    mounts: Callable[[], str] = _mounts
    database: Callable[[str, float], sqlite3.Connection] = _database


DISK = Disk()


def write_new(path: Path, content: Iterable[bytes], disk: Disk = DISK) -> None:
    """A file with that content where there was none; not flushed. Raises OSError."""
    descriptor = disk.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    try:
        for piece in content:
            disk.write(descriptor, piece)
    finally:
        os.close(descriptor)


def write_whole(path: Path, content: Iterable[bytes], *, aside: Path, disk: Disk = DISK) -> None:
    """A file that everybody may read: durably there with that content, or as it was before. `aside` is where it is
    written, in the same folder; what lay there is gone. Raises OSError.
    """
    descriptor = disk.open(aside, os.O_CREAT | os.O_TRUNC | os.O_WRONLY)
    try:
        for piece in content:
            disk.write(descriptor, piece)
        disk.mode(descriptor, 0o644)
        disk.sync(descriptor)
    finally:
        os.close(descriptor)
    disk.replace(aside, path)
    disk.sync_folder(path.parent)


def private_folder(path: Path, disk: Disk = DISK) -> Path:
    """`path` as a folder of ours, durably there, with what is missing above it. Raises as `make_folder`."""
    if not path.parent.exists():
        private_folder(path.parent, disk)
    if disk.make_folder(path):
        disk.sync_folder(path.parent)
    return path
