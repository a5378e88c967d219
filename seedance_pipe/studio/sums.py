"""Sums: the list of an export's files with their digests, in the form that `sha256sum -c` checks."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path

from seedance_pipe.disk import open_to_read, pieces
from seedance_pipe.errors import Missing, PipeError
from seedance_pipe.units import Digest

SUMS, FACTS, README = "SHA256SUMS", "facts.jsonl", "README.txt"

_LINE = re.compile(r"([0-9a-f]{64})  ((?:(?:clips|frames|cut)/)?[A-Za-z0-9_][A-Za-z0-9_.-]*)")
_MOST_BYTES = 64 << 20


def sums_text(sums: Mapping[str, str]) -> str:
    return "".join(f"{sums[name]}  {name}\n" for name in sorted(sums))


def read_sums(folder: Path) -> Mapping[str, str]:
    """The digest of every file of the export in `folder`, by its name there. Raises Missing where there is no
    export, and PipeError for a list that names anything else than files of an export.
    """
    path = folder / SUMS
    try:
        text = read_text(path)
    except FileNotFoundError:
        raise Missing(
            f"{folder} holds no export: there is no {SUMS} in it",
            next_step="name the folder that `seedance-pipe export-store` wrote; one that was cut short lacks it",
        ) from None
    lines = text.split("\n")
    found = [_LINE.fullmatch(line) for line in lines[:-1]]
    if lines[-1] or not all(found):
        raise PipeError(f"{path} is not what an export writes", next_step="export again")
    return {match[2]: match[1] for match in found if match}


def read_text(path: Path) -> str:
    """The text of a regular file of no unseemly length. Raises FileNotFoundError, and PipeError for all else."""
    try:
        descriptor = open_to_read(path)
        try:
            length = os.fstat(descriptor).st_size
            if length > _MOST_BYTES:
                raise PipeError(f"{path} is too large to be what an export writes")
            with os.fdopen(os.dup(descriptor), encoding="utf-8", newline="") as file:
                return file.read(_MOST_BYTES)
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        raise
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise PipeError(f"{path} cannot be read: {why}", next_step="check the disk, or export again") from error


def digest_of(path: Path) -> Digest:
    """The digest of a regular file that is no link. Raises OSError, or PipeError for anything else."""
    descriptor = open_to_read(path)
    try:
        whole = hashlib.sha256()
        for piece in pieces(descriptor):
            whole.update(piece)
        return Digest(whole.hexdigest())
    finally:
        os.close(descriptor)
