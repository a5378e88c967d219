"""Paths that a story writes: whatever the text, the result lies inside the story's folder or is refused."""

from __future__ import annotations

import re
from pathlib import Path

# What Windows takes for a device, with any suffix; a story may be read there too.
DEVICE_NAMES = frozenset(
    {"con", "prn", "aux", "nul"} | {f"com{n}" for n in range(10)} | {f"lpt{n}" for n in range(10)}
)
_LONGEST_PART = 200


class Unsafe(ValueError):
    """Why a path is refused, as the end of a sentence that begins with the path."""


def is_device(name: str) -> bool:
    """Whether a file of that name would be a device on Windows."""
    return name.partition(".")[0].casefold() in DEVICE_NAMES


def safe_path(root: Path, text: str) -> Path:
    """The absolute path of `text`, which is relative to `root`, with every symbolic link followed.

    Nothing need be there. Raises Unsafe for a path that leads out of `root`, and for one that another
    system would read in another way.
    """
    if not text or not text.isprintable():
        raise Unsafe("is empty or holds characters that cannot be seen")
    if "\\" in text:
        raise Unsafe("holds a backslash; write / between folders")
    if text.startswith("/") or re.match(r"[A-Za-z]:", text):
        raise Unsafe("is absolute; write it relative to the story")
    for part in text.split("/"):
        _check_part(part)
    inside = root.resolve()
    try:
        path = (inside / text).resolve()
    except (OSError, RuntimeError) as problem:
        raise Unsafe(f"cannot be followed: {problem}") from None
    if not path.is_relative_to(inside):
        raise Unsafe("leads out of the story's folder")
    return path


def _check_part(part: str) -> None:
    if part == "..":
        raise Unsafe("leads out of the story's folder")
    if part not in ("", ".") and part[-1] in ". ":
        raise Unsafe("has a part that ends in a dot or a space")
    if ":" in part:
        raise Unsafe("holds a colon")
    if is_device(part):
        raise Unsafe(f"has the part '{part}', which is a device on Windows")
    if len(part.encode("utf-8", "surrogatepass")) > _LONGEST_PART:
        raise Unsafe(f"has a part of more than {_LONGEST_PART} bytes")
