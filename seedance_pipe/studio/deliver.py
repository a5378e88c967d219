"""Delivering the film: a copy of the stored file at the story's output path, and never over a stranger's file."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from seedance_pipe.errors import GuardRefused, PipeError
from seedance_pipe.run.journal import Journal
from seedance_pipe.run.store import Store
from seedance_pipe.studio.home import Home
from seedance_pipe.studio.look import in_place
from seedance_pipe.units import Digest


def guard_output(where: Home, journal: Journal, *, force: bool) -> None:
    """Raises GuardRefused when what lies at the film's path is not a film that we made, and when that path
    leads out of the story's folder.
    """
    path = where.story.output
    if not path.parent.resolve().is_relative_to(where.story.root.resolve()):
        raise GuardRefused(
            f"{path.parent} leads out of the story's folder by a link, and a film is only written inside it",
            next_step="make it a folder, or give another cut.output",
        )
    if force or not os.path.lexists(path) or in_place(where, journal):
        return
    delivery = journal.deliveries().get(where.output)
    if delivery is not None and path.is_file() and not path.is_symlink() and _digest(path) == delivery.digest:
        return
    raise GuardRefused(
        f"{path} is not a file that this program wrote there, or it was changed since",
        next_step="move it away, give another cut.output, or let it be overwritten with --force-output",
    )


def deliver(where: Home, journal: Journal, store: Store, film: Digest) -> Path:
    """Put the film in its place, whole or not at all, and remember how it looks there."""
    path = where.story.output
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        try:
            with os.fdopen(descriptor, "wb") as target, store.path(film).open("rb") as source:
                shutil.copyfileobj(source, target, 1 << 20)
                os.fchmod(target.fileno(), 0o644)
                target.flush()
                os.fsync(target.fileno())
            Path(aside).replace(path)
        except BaseException:
            Path(aside).unlink(missing_ok=True)
            raise
        found = path.stat()
    except OSError as error:
        raise PipeError(
            f"the film cannot be written to {path}: {error.strerror}",
            next_step="it is safe in the store; make room or give another cut.output, and run again",
        ) from error
    journal.delivered(where.output, film, found.st_size, found.st_mtime_ns)
    return path


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
