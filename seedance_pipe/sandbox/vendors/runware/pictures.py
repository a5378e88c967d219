"""The pictures of a request and of imageUpload: runware.md section 5, 2026-11-21.

A picture is named by the UUID of an upload, by a URL, or is sent as a data URI or bare base64. That the frames of
a video have 300 to 6000 pixels a side and at most 10 MB is from runware.ai/docs/en/providers/bytedance
(2025-10-27).
"""

from __future__ import annotations

import base64
import binascii
import io
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from seedance_pipe.sandbox.intake import PICTURE_FORMATS, Bounds, Intake, Medium, Unfit, look_at_picture
from seedance_pipe.sandbox.settings import Settings
from seedance_pipe.sandbox.shelf import Shelf
from seedance_pipe.sandbox.vendors.runware.fields import is_uuid
from seedance_pipe.sandbox.vendors.runware.wrong import invalid
from seedance_pipe.sandbox.wrong import Wrong
from seedance_pipe.units import Size

_FORMATS = ("jpeg", "png", "webp", "bmp", "gif")
_FRAME = Bounds(most_bytes=10 << 20, formats=_FORMATS)
_FRAME_SIDE = (300, 6000)
_UPLOAD = Bounds(most_bytes=1 << 30, formats=_FORMATS)
_STORED_SIDE = 2048
_KEPT_SECONDS = 30 * 86_400
"""Uploads are deleted so long after their last use."""

_DATA = re.compile(r"data:image/[a-zA-Z0-9.+-]+;base64,")


@dataclass(frozen=True, slots=True)
class Pictures:
    """Reading and storing pictures. Both take the picture's text and the path of its field, and raise Wrong."""

    shelf: Shelf
    settings: Settings
    now: Callable[[], float]

    def frame(self, text: str, at: str) -> Medium:
        """A picture to make a clip from."""
        medium = self._looked(text, at, _FRAME)
        if medium.size is not None:
            _check_sides(medium.size, at)
        return medium

    def store(self, text: str, at: str, name: str) -> str:
        """Keep an upload under the UUID `name`, no larger than the vendor keeps it. Its address."""
        data = self.shelf.medium(self._looked(text, at, _UPLOAD).digest).read_bytes()
        data, kind = _shrunk(data)
        path = self.shelf.folder / "uploads" / f"{name}.{kind}"
        self.shelf.replace(path, data)
        self._use(path)
        return f"{self.shelf.address}/uploads/{path.name}"

    def _looked(self, text: str, at: str, bounds: Bounds) -> Medium:
        try:
            if is_uuid(text):
                return look_at_picture(self._uploaded(text.lower(), at).read_bytes(), bounds, self.shelf)
            if "://" in text[:10]:
                return Intake(self.shelf, self.settings, ("https", "http")).picture(text, bounds)
            return look_at_picture(_sent(text), bounds, self.shelf)
        except Unfit as unfit:
            raise invalid(at, str(unfit)) from None

    def _uploaded(self, name: str, at: str) -> Path:
        for path in (self.shelf.folder / "uploads").glob(f"{name}.*"):
            if self.now() < path.stat().st_mtime + _KEPT_SECONDS:
                self._use(path)
                return path
        raise Wrong(404, "mediaNotFound", f"There is no media with the UUID '{name}'.", at)

    def _use(self, path: Path) -> None:
        os.utime(path, (self.now(), self.now()))


def _sent(text: str) -> bytes:
    """The bytes of a data URI or of bare base64. Raises Unfit."""
    head = _DATA.match(text)
    if head is None and text.startswith("data:"):
        raise Unfit("a data URI must begin with data:image/<format>;base64,")
    try:
        return base64.b64decode(text[head.end() if head else 0 :], validate=True)
    except (binascii.Error, ValueError):
        raise Unfit("it is no UUID, no URL, no data URI and not base64") from None


def _check_sides(size: Size, at: str) -> None:
    for name, pixels in (("Width", size.width), ("Height", size.height)):
        if not _FRAME_SIDE[0] <= pixels <= _FRAME_SIDE[1]:
            message = f"The {name.lower()} of a frame image must be from 300 to 6000 pixels."
            raise Wrong(400, f"invalidFrameImage{name}", message, at)


def _shrunk(data: bytes) -> tuple[bytes, str]:
    """The picture as it is stored, and its format."""
    with Image.open(io.BytesIO(data)) as picture:
        form = str(picture.format)
        if max(picture.size) <= _STORED_SIDE:
            return data, PICTURE_FORMATS[form]
        picture.thumbnail((_STORED_SIDE, _STORED_SIDE))
        smaller = io.BytesIO()
        picture.save(smaller, format=form)
    return smaller.getvalue(), PICTURE_FORMATS[form]
