"""Parcels: what an export or an import of a store came to, as values, as text and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seedance_pipe.report.upkeep import files, size
from seedance_pipe.report.words import plain, takes
from seedance_pipe.spec.cut import LOCK_FILE


@dataclass(frozen=True, slots=True)
class Packed:
    """An export into `folder`. `written` of its files are new there; `missing` are outputs of steps that the store
    does not have any more, by a name for people; `open` the takes that are with a vendor, or in doubt. `unknown`
    counts files that the story uses and that the journal knows nothing of.
    """

    folder: Path
    files: int
    size: int
    written: int
    missing: Sequence[str]
    open: Sequence[str]
    unknown: int = 0


@dataclass(frozen=True, slots=True)
class Unpacked:
    """An import. `files` and `entries` are new here; `open` the takes that go on here; `kept` the steps of which
    this state knew something else, and goes by that. `films` are those that were put in their places.
    `unpinned` is why the lock file is not up to date, "" if it is.
    """

    files: int
    entries: int
    open: Sequence[str]
    kept: Sequence[str]
    films: Sequence[Path]
    unpinned: str = ""


def packed_text(packed: Packed) -> str:
    lines = [
        f"{files(packed.files)}, {size(packed.size)}, in {packed.folder}; {packed.written} written now.",
        *(f"Not there any more, so not exported: {one}" for one in packed.missing),
    ]
    if packed.unknown:
        lines.append(
            f"{files(packed.unknown)} that only {LOCK_FILE} tells of were not exported: "
            "export on the machine that made them, or copy the store."
        )
    if packed.open:
        lines.append(
            f"{takes(len(packed.open))} open at a vendor or in doubt ({', '.join(packed.open)}): "
            "go on with them on one machine only."
        )
    return "".join(f"{plain(line)}\n" for line in lines)


def unpacked_text(unpacked: Unpacked) -> str:
    if not unpacked.files and not unpacked.entries:
        lines = ["Nothing is new here."]
    else:
        lines = [f"{files(unpacked.files)} and {_entries(unpacked.entries)} of the journal taken in."]
    lines += [f"The film is at {film}." for film in unpacked.films]
    if unpacked.open:
        lines.append(f"Going on here: {', '.join(unpacked.open)}. Do not run the story on the other machine.")
    if unpacked.kept:
        lines.append(f"Kept as they are here: {', '.join(unpacked.kept)}.")
    return "".join(f"{plain(line)}\n" for line in lines)


def packed_data(packed: Packed) -> dict[str, Any]:
    return {
        "folder": str(packed.folder),
        "files": packed.files,
        "bytes": packed.size,
        "written": packed.written,
        "missing": list(packed.missing),
        "open": list(packed.open),
        "unknown": packed.unknown,
    }


def unpacked_data(unpacked: Unpacked) -> dict[str, Any]:
    return {
        "files": unpacked.files,
        "entries": unpacked.entries,
        "open": list(unpacked.open),
        "kept": list(unpacked.kept),
        "films": [str(film) for film in unpacked.films],
    }


def _entries(count: int) -> str:
    return "1 entry" if count == 1 else f"{count} entries"
