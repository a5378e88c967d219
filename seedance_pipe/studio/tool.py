"""The ffmpeg at hand, remembered between runs, so that a run need not start one to ask who it is."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from platformdirs import user_cache_path

from seedance_pipe.media.ffmpeg import Ffmpeg, find, passed_on


def ffmpeg(environ: Mapping[str, str], folder: Path | None = None) -> Ffmpeg:
    """The ffmpeg that `find` gives. `folder` keeps the memory, by default the user's cache folder; it is only
    believed of a file that still has the same size and time. Raises Missing.
    """
    memory = (folder or user_cache_path("seedance_pipe")) / "ffmpeg.json"
    known = _recalled(memory, environ)
    found = find(environ, known=known)
    if found != known:
        _remember(memory, found)
    return found


def _recalled(memory: Path, environ: Mapping[str, str]) -> Ffmpeg | None:
    try:
        told = json.loads(memory.read_bytes())
        return Ffmpeg(
            Path(told["path"]), int(told["size"]), int(told["mtime_ns"]), str(told["version"]), passed_on(environ)
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _remember(memory: Path, found: Ffmpeg) -> None:
    told = {"path": str(found.path), "size": found.size, "mtime_ns": found.mtime_ns, "version": found.version}
    aside = memory.with_name(f"{memory.name}.{os.getpid()}")
    # A cache that cannot be written costs a moment and nothing else.
    with suppress(OSError):
        memory.parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(json.dumps(told), encoding="utf-8")
        aside.replace(memory)
