"""Delivering the film: a copy of the stored file at the story's output path, and never over a stranger's file."""

from __future__ import annotations

import hashlib
import os
import re
from contextlib import suppress
from pathlib import Path

from seedance_pipe.disk import Disk, pieces
from seedance_pipe.effects import Effects
from seedance_pipe.errors import GuardRefused, PipeError
from seedance_pipe.run.journal import Journal
from seedance_pipe.run.store import Store
from seedance_pipe.studio.home import Home
from seedance_pipe.studio.look import in_place
from seedance_pipe.units import Digest


def guard_output(where: Home, journal: Journal, store: Store, *, force: bool) -> None:
    """Raises GuardRefused when what lies at the film's path is not a film that we made, and when that path
    leads out of the story's folder.

    A run may have died before it could write down that it put a film there: so a file whose content the store
    has is ours too, and nothing is lost by overwriting it.
    """
    path = where.story.output
    if not path.parent.resolve().is_relative_to(where.story.root.resolve()):
        raise GuardRefused(
            f"{path.parent} leads out of the story's folder by a link, and a film is only written inside it",
            next_step="make it a folder, or give another cut.output",
        )
    if force or not os.path.lexists(path) or in_place(where, journal):
        return
    if path.is_file() and not path.is_symlink():
        delivery, digest = journal.deliveries().get(where.output), _digest(path)
        if store.has(digest) or (delivery is not None and delivery.digest == digest):
            return
    raise GuardRefused(
        f"{path} is not a file that this program wrote there, or it was changed since",
        next_step="move it away, give another cut.output, or let it be overwritten with --force-output",
    )


def deliver(where: Home, journal: Journal, store: Store, film: Digest, effects: Effects) -> Path:
    """Put the film in its place, whole or not at all, and remember how it looks there."""
    path = where.story.output
    aside = path.with_name(f".{path.name}.{effects.draw(1 << 64):016x}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _clear_away(path, effects.disk)
        try:
            _copy(store.path(film), aside, effects.disk)
            effects.disk.replace(aside, path)
            effects.disk.sync_folder(path.parent)
        except BaseException:
            with suppress(OSError):
                effects.disk.remove(aside)
            raise
        found = path.stat()
    except OSError as error:
        raise PipeError(
            f"the film cannot be written to {path}: {error.strerror}",
            next_step="it is safe in the store; make room or give another cut.output, and run again",
        ) from error
    journal.delivered(where.output, film, found.st_size, found.st_mtime_ns)
    return path


def _clear_away(path: Path, disk: Disk) -> None:
    """Remove what runs that died while they delivered have left beside the film."""
    for left in unfinished(path):
        with suppress(OSError):
            disk.remove(left)


def unfinished(path: Path) -> tuple[Path, ...]:
    """What runs that died while they delivered the film at `path` have left beside it."""
    left = re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{16}}\.part")
    beside = sorted(path.parent.iterdir()) if path.parent.is_dir() else ()
    return tuple(one for one in beside if left.fullmatch(one.name))


def _copy(source: Path, target: Path, disk: Disk) -> None:
    """A new file with the content of `source`, on the disk when this returns."""
    descriptor = disk.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    try:
        with source.open("rb") as file:
            for piece in pieces(file.fileno()):
                disk.write(descriptor, piece)
        disk.mode(descriptor, 0o644)
        disk.sync(descriptor)
    finally:
        os.close(descriptor)


def _digest(path: Path) -> Digest:
    with path.open("rb") as file:
        return Digest(hashlib.file_digest(file, "sha256").hexdigest())
