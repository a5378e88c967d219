"""Getting the media that a request names: modelark.md section 3, "Media limits", 2026-11-21."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass

from seedance_pipe.sandbox.intake import Bounds, Intake, Medium, Unfit, look_at_picture, look_at_sound
from seedance_pipe.sandbox.settings import Settings
from seedance_pipe.sandbox.shelf import Shelf
from seedance_pipe.sandbox.vendors.modelark.facts import Model
from seedance_pipe.sandbox.vendors.modelark.wrong import invalid
from seedance_pipe.sandbox.wrong import Wrong

_DATA = re.compile(r"data:(image|audio|video)/([a-z0-9.+-]+);base64,")


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
        return _looked(at, lambda: self._intake.picture(url, bounds))

    def clip(self, url: str, at: str) -> Medium:
        if url.startswith("data:"):
            raise invalid(at, "a video cannot be sent inside the request")
        return _looked(at, lambda: self._intake.clip(url, self._clip_bounds()))

    def sound(self, url: str, at: str) -> Medium:
        bounds = Bounds(most_bytes=15 << 20, formats=("wav", "mp3"), seconds=self.model.references.seconds)
        if url.startswith("data:"):
            data = _data(url, "audio", at, code="InvalidParameter")
            return _looked(at, lambda: look_at_sound(data, bounds))
        return _looked(at, lambda: self._intake.sound(url, bounds))

    @property
    def _intake(self) -> Intake:
        return Intake(self.shelf, self.settings, ("https", "asset"))

    def _clip_bounds(self) -> Bounds:
        return Bounds(
            most_bytes=200 << 20,
            formats=("h264", "hevc"),
            side=(300, 6000),
            aspect=(0.4, 2.5),
            area=(407_696, 8_295_044),
            rate=(24, 60),
            seconds=self.model.references.seconds,
        )


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
