"""Getting the media that a request names: modelark.md section 3, "Media limits", 2026-11-21.

Nothing is ever fetched over a network. Our own uploads and results are read from the shelf; for all other
addresses `Settings.foreign_media` decides.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from seedance_pipe.sandbox.intake import (
    Bounds,
    Medium,
    Unfit,
    look_at_clip,
    look_at_picture,
    look_at_sound,
    unseen,
)
from seedance_pipe.sandbox.settings import Settings
from seedance_pipe.sandbox.shelf import Shelf
from seedance_pipe.sandbox.vendors.modelark.facts import Model
from seedance_pipe.sandbox.vendors.modelark.wrong import Wrong, invalid

_DATA = re.compile(r"data:(image|audio|video)/([a-z0-9.+-]+);base64,")
_CLIP = Bounds(
    most_bytes=200 << 20,
    formats=("h264", "hevc"),
    side=(300, 6000),
    aspect=(0.4, 2.5),
    area=(407_696, 8_295_044),
    rate=(24, 60),
    seconds=(2, 15),
)
_SOUND = Bounds(most_bytes=15 << 20, formats=("wav", "mp3"), seconds=(2, 15))


@dataclass(frozen=True, slots=True)
class Fetching:
    """Media for one model. Every method takes the address and the path of its field, and raises Wrong."""

    model: Model
    shelf: Shelf
    settings: Settings

    def picture(self, url: str, at: str) -> Medium:
        bounds = Bounds(
            most_bytes=(30 << 20) - 1, formats=self.model.pictures, side=(300, 6000), aspect=(0.4, 2.5)
        )
        if url.startswith("data:"):
            data = _data(url, "image", at, code="InvalidImageURL.InvalidFormat")
            return _looked(at, lambda: look_at_picture(data, bounds, self.shelf))
        path = self._own_file(url, at)
        if path is None:
            return unseen(url, self.shelf)
        return _looked(at, lambda: look_at_picture(path.read_bytes(), bounds, self.shelf))

    def clip(self, url: str, at: str) -> Medium:
        if url.startswith("data:"):
            raise invalid(at, "a video cannot be sent inside the request")
        path = self._own_file(url, at)
        if path is None:
            return unseen(url, self.shelf, seconds=self.settings.foreign_seconds)
        return _looked(at, lambda: look_at_clip(path, _CLIP, self.shelf))

    def sound(self, url: str, at: str) -> Medium:
        if url.startswith("data:"):
            data = _data(url, "audio", at, code="InvalidParameter")
            return _looked(at, lambda: look_at_sound(data, _SOUND))
        path = self._own_file(url, at)
        if path is None:
            return Medium("", seconds=self.settings.foreign_seconds)
        return _looked(at, lambda: look_at_sound(path.read_bytes(), _SOUND))

    def _own_file(self, url: str, at: str) -> Path | None:
        """Our file behind the address; None for a foreign medium that is to be stood in for."""
        try:
            own, parts = self.shelf.own_file(url), urlsplit(url)
        except ValueError:
            raise invalid(at, "it is not an address") from None
        if own is not None and own.is_file():
            return own
        foreign = own is None and parts.scheme in ("https", "asset") and bool(parts.netloc)
        if foreign and self.settings.foreign_media:
            return None
        raise invalid(at, "the resource cannot be fetched from its address")


def _data(url: str, kind: str, at: str, *, code: str) -> bytes:
    head = _DATA.match(url)
    if head is None or head[1] != kind:
        raise Wrong(400, code, f"The data must begin with `data:{kind}/<format in lower case>;base64,`", at)
    try:
        return base64.b64decode(url[head.end() :], validate=True)
    except (binascii.Error, ValueError):
        raise Wrong(400, code, "The data is not base64", at) from None


def _looked(at: str, look: Callable[[], Medium]) -> Medium:
    try:
        return look()
    except Unfit as unfit:
        raise invalid(at, str(unfit)) from None
