"""The lock: one run at a time works on a story. It dies with its holder, so a stale file never blocks."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from seedance_pipe.disk import Disk, private_folder
from seedance_pipe.effects import Effects
from seedance_pipe.errors import PipeError, StoryHeld

_LOOKS, _LOOK_SECONDS = 10, 0.02


@contextmanager
def hold(path: Path, effects: Effects) -> Iterator[None]:
    """Hold the lock file `path`, named `<story file>.lock`, without ever waiting for it.

    Raises StoryHeld, naming host, process and since when, while another run holds it, and PipeError where the
    file system cannot lock. POSIX only.
    """
    disk = effects.disk
    descriptor = _open(path, disk)
    try:
        _take(descriptor, path)
        _sign(descriptor, effects)
        yield
        with suppress(OSError):
            disk.truncate(descriptor)
    finally:
        os.close(descriptor)


def _open(path: Path, disk: Disk) -> int:
    try:
        return disk.open(private_folder(path.parent, disk) / path.name, os.O_CREAT | os.O_RDWR)
    except OSError as error:
        raise PipeError(
            f"the lock {path} cannot be made: {error.strerror}", next_step="name another folder with --state"
        ) from error


def _take(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise StoryHeld(
            f"'{path.stem}' is held by another run{_holder(descriptor)}",
            next_step="wait until it ends, or stop that process; its work is not lost",
        ) from None
    except OSError as error:
        raise PipeError(
            f"the file system of {path.parent} cannot lock: {error.strerror}",
            next_step="name a folder on a local disk with --state",
        ) from error


def _sign(descriptor: int, effects: Effects) -> None:
    """Say who holds it, for people: a disk that does not take that down keeps nobody from holding it."""
    since = datetime.fromtimestamp(effects.now(), UTC).isoformat(timespec="seconds")
    holder = {"host": os.uname().nodename, "pid": os.getpid(), "since": since.replace("+00:00", "Z")}
    with suppress(OSError):
        effects.disk.truncate(descriptor)
        effects.disk.write(descriptor, json.dumps(holder).encode())


def _holder(descriptor: int) -> str:
    """Who holds the lock. For a moment after it was taken the file may be empty, or name a holder that was killed;
    where it stays so, nobody is named.
    """
    for _ in range(_LOOKS):
        try:
            holder = json.loads(os.pread(descriptor, 4096, 0))
            told = f": process {holder['pid']} on {holder['host']}, since {holder['since']}"
            if holder["host"] != os.uname().nodename or _is_alive(holder["pid"]):
                return told
        except (ValueError, LookupError, TypeError, OverflowError):
            pass
        time.sleep(_LOOK_SECONDS)
    return ""


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError as error:
        # What belongs to another person may not be signalled, but is there.
        return not isinstance(error, ProcessLookupError)
    return True
