"""Files that were uploaded: what they are by their signature, and what is told of them. rivya.md section 5,
2026-11-21.

Assumed: a file that is too large or not what it claims to be is `validation_failed`; the names of the answer's
fields other than `url` and `duration_token`. How long a file is kept is not documented: here for ever.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import av

from seedance_pipe.sandbox.accounts import Account
from seedance_pipe.sandbox.stamp import stamp
from seedance_pipe.sandbox.vendors.rivya.wrong import invalid
from seedance_pipe.sandbox.world import World


@dataclass(frozen=True, slots=True)
class Kind:
    most_bytes: int
    types: tuple[str, ...]


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "image": Kind(10 << 20, ("image/jpeg", "image/png", "image/webp")),
        "video": Kind(50 << 20, ("video/mp4", "video/quicktime", "video/webm")),
        "audio": Kind(10 << 20, ("audio/mpeg", "audio/mp4", "audio/wav", "audio/aac", "audio/ogg")),
    }
)
"""Most bytes and types of each kind; `audio/x-wav` is another name of `audio/wav`."""

_SUFFIXES = MappingProxyType(
    {
        "image/jpeg": "jpg",
        "image/png": "png",
        "image/webp": "webp",
        "video/mp4": "mp4",
        "video/quicktime": "mov",
        "video/webm": "webm",
        "audio/mpeg": "mp3",
        "audio/mp4": "m4a",
        "audio/wav": "wav",
        "audio/aac": "aac",
        "audio/ogg": "ogg",
    }
)
_DEMUXERS = MappingProxyType({"mp4": "mov", "m4a": "mov", "webm": "matroska"})
"""libav's names for the containers that it does not call by their suffix."""


@dataclass(frozen=True, slots=True)
class Lodging:
    """The uploads of all accounts; each has a record of its own beside its file, so both outlive the process."""

    world: World

    def keep(self, data: bytes, kind: str, name: str | None, account: Account) -> dict[str, Any]:
        """Store a file of that kind; gives what is told of it. Raises Wrong."""
        if len(data) > KINDS[kind].most_bytes:
            raise invalid(
                "file", f"{len(data)} bytes are more than the {KINDS[kind].most_bytes} of the kind {kind}"
            )
        mime = sniffed(data)
        if mime not in KINDS[kind].types:
            raise invalid("file", f"its signature is none of {', '.join(KINDS[kind].types)}")
        seconds = None if kind == "image" else _seconds(data, _SUFFIXES[mime])
        file_id = self._new_id()
        path = self.world.shelf.folder / "uploads" / f"{file_id}.{_SUFFIXES[mime]}"
        told = {
            "id": file_id,
            "object": "file",
            "kind": kind,
            "url": f"{self.world.shelf.address}/uploads/{path.name}",
            "name": name or path.name,
            "mime_type": mime,
            "size": len(data),
            "duration_seconds": seconds,
            "duration_token": None if kind == "image" else f"dtok_{self.world.draw(1 << 128):032x}",
            "created_at": stamp(self.world.now()),
        }
        self.world.shelf.replace(path, data)
        record = json.dumps({"account": account.digest, "told": told}).encode()
        self.world.shelf.replace(self.world.shelf.lodged(file_id), record)
        return told

    def _new_id(self) -> str:
        drawn = iter(lambda: f"file_{self.world.draw(1 << 96):024x}", "")
        return next(name for name in drawn if not self.world.shelf.lodged(name).exists())

    def find(self, file_id: str, account: Account) -> dict[str, Any] | None:
        """What is told of a file; None when it is unknown or another account's."""
        path = self.world.shelf.lodged(file_id)
        if not path.is_file():
            return None
        record = json.loads(path.read_bytes())
        return dict(record["told"]) if record["account"] == account.digest else None


def sniffed(data: bytes) -> str:
    """The type that the first bytes tell; "" for one that no kind has."""
    if data[4:8] == b"ftyp":
        return {b"qt  ": "video/quicktime", b"M4A ": "audio/mp4"}.get(data[8:12], "video/mp4")
    if data[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(data[8:12], "")
    for start, mime in _SIGNATURES.items():
        if data.startswith(start):
            return mime
    return ""


_SIGNATURES = MappingProxyType(
    {
        b"\xff\xd8\xff": "image/jpeg",
        b"\x89PNG\r\n\x1a\n": "image/png",
        b"\x1a\x45\xdf\xa3": "video/webm",
        b"OggS": "audio/ogg",
        b"ID3": "audio/mpeg",
        b"\xff\xf1": "audio/aac",
        b"\xff\xf9": "audio/aac",
        b"\xff\xfb": "audio/mpeg",
        b"\xff\xfa": "audio/mpeg",
        b"\xff\xf3": "audio/mpeg",
        b"\xff\xf2": "audio/mpeg",
    }
)


def _seconds(data: bytes, suffix: str) -> float | None:
    """The length of a video or sound; None where its container does not tell it. Raises Wrong."""
    try:
        with av.open(io.BytesIO(data), "r", format=_DEMUXERS.get(suffix, suffix)) as container:
            return round(container.duration / av.time_base, 3) if container.duration else None
    except av.FFmpegError:
        raise invalid("file", "it cannot be read") from None
