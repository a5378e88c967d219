"""MP4 and MOV, as far as libav is silent about them: whether the file ends before its last box does.

What is missing at the end may be no picture at all, but the list of its sounds: a reader then takes the clip for
whole, and for silent.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

# ISO/IEC 14496-12 and QuickTime: what stands at the top of a file. What follows the last of them is none of ours.
_TOP = frozenset(
    {b"ftyp", b"styp", b"moov", b"moof", b"mfra", b"mdat", b"free", b"skip", b"wide", b"sidx", b"meta", b"uuid"}
)
_HEAD = 8
_LONG_HEAD = 16
_MOST_BOXES = 100_000


def missing_bytes(path: Path) -> int:
    """How many bytes its last box lacks; 0 where that one has no length of its own, or goes to the end."""
    with path.open("rb") as file:
        weight = os.fstat(file.fileno()).st_size
        at = 0
        for _ in range(_MOST_BOXES):
            end = _end(file, at)
            if end is None:
                return 0
            if end > weight:
                return end - weight
            at = end
    return 0


def _end(file: BinaryIO, at: int) -> int | None:
    """Where the box at `at` ends; None when there is none, or it says no length."""
    file.seek(at)
    head = file.read(_LONG_HEAD)
    size = int.from_bytes(head[:4])
    if len(head) < _HEAD or head[4:_HEAD] not in _TOP:
        return None
    if size == 1 and len(head) == _LONG_HEAD:
        size = int.from_bytes(head[_HEAD:])
    return at + size if size >= _HEAD else None
