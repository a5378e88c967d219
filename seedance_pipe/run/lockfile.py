"""The lock file `seedance.lock` on the disk: read whole, and written whole or not at all."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from seedance_pipe.disk import open_to_read, write_whole
from seedance_pipe.effects import Effects
from seedance_pipe.errors import PipeError, StoryHeld, StoryInvalid
from seedance_pipe.plan.lock import Lock
from seedance_pipe.run.lock import hold
from seedance_pipe.run.lock_rows import OURS_AGAIN
from seedance_pipe.run.lock_text import lock_from, text_of

_MOST_BYTES = 1 << 28
_LOOKS, _LOOK_SECONDS = 200, 0.05
"""Another run of the folder holds the file for as long as it takes to write it."""


def read(path: Path) -> Lock:
    """The lock at `path`; an empty one where there is none. Raises StoryInvalid for what is no lock of ours, and
    PipeError for a file that cannot be read.
    """
    try:
        descriptor = open_to_read(path)
    except FileNotFoundError:
        return Lock()
    except OSError as error:
        told = "is a link, and is not followed" if path.is_symlink() else f"cannot be read: {error.strerror}"
        raise PipeError(
            f"{path} {told}", next_step="put the file itself there, with the right to read it"
        ) from error
    with os.fdopen(descriptor, "rb") as file:
        data = file.read(_MOST_BYTES + 1)
    name = _shown(path)
    if len(data) > _MOST_BYTES:
        raise StoryInvalid("this is too large for a lock file", place=f"{name}:1:1", next_step=OURS_AGAIN)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise StoryInvalid("this is not UTF-8", place=f"{name}:{line}:1", next_step=OURS_AGAIN) from error
    return lock_from(text.replace("\r\n", "\n"), name)


def _shown(path: Path) -> str:
    """How messages name the file: as seen from where the person is, if it lies below."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def change(path: Path, change: Callable[[Lock], Lock], *, guard: Path, effects: Effects) -> None:
    """Write what `change` makes of the lock at `path`, durably, if that is something else. `guard` is the file
    that every writer of the folder holds meanwhile.

    Raises as `read`, StoryHeld when another run does not let go of it, and PipeError when it cannot be written.
    """
    now = read(path)
    if change(now) == now:
        return
    with _held(guard, effects):
        before = read(path)
        after = change(before)
        if after != before:
            _write(path, text_of(after), effects)


@contextmanager
def _held(guard: Path, effects: Effects) -> Iterator[None]:
    looks = 0
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(hold(guard, effects))
                break
            except StoryHeld:
                looks += 1
                if looks == _LOOKS:
                    raise
                time.sleep(_LOOK_SECONDS)
        yield


def _write(path: Path, text: str, effects: Effects) -> None:
    # A run that dies here leaves it behind, and the next one writes over it.
    aside = path.with_name(f".{path.name}.part")
    try:
        write_whole(path, [text.encode()], aside=aside, disk=effects.disk)
    except OSError as error:
        raise PipeError(
            f"{path} cannot be written: {error.strerror}",
            next_step="make room, or give yourself the right to write there, and run again",
        ) from error
