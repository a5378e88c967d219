"""Frames as encoders want them: one plane of brightness and two halved planes of colour, BT.709, limited range."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from seedance_pipe.units import Size

Plane = npt.NDArray[np.uint8]

_TO_YUV = np.array(
    [
        [0.2126, 0.7152, 0.0722],
        [-0.2126 / 1.8556, -0.7152 / 1.8556, 0.9278 / 1.8556],
        [0.7874 / 1.5748, -0.7152 / 1.5748, -0.0722 / 1.5748],
    ],
    dtype=np.float32,
)
_BAND = 64
"""Rows converted at once, so that a large picture needs little memory."""


@dataclass(frozen=True, slots=True)
class Planes:
    """The three planes of a picture with even sides; `flat` is the one array that they are views of."""

    flat: Plane
    y: Plane
    u: Plane
    v: Plane

    @classmethod
    def empty(cls, size: Size) -> Planes:
        area = size.width * size.height
        flat = np.empty(area * 3 // 2, np.uint8)
        half = (size.height // 2, size.width // 2)
        quarter = area // 4
        return cls(
            flat,
            flat[:area].reshape(size.height, size.width),
            flat[area : area + quarter].reshape(half),
            flat[area + quarter :].reshape(half),
        )

    @classmethod
    def of(cls, picture: Image.Image) -> Planes:
        """The planes of an RGB picture with even sides."""
        planes = cls.empty(Size(*picture.size))
        rgb = np.asarray(picture)
        for top in range(0, picture.height, _BAND):
            band = rgb[top : top + _BAND].astype(np.float32) / 255
            yuv = np.asarray(band @ _TO_YUV.T, np.float32)
            half = slice(top // 2, (top + band.shape[0]) // 2)
            planes.y[top : top + _BAND] = np.rint(16 + 219 * yuv[..., 0])
            planes.u[half] = np.rint(128 + 224 * _halved(yuv[..., 1]))
            planes.v[half] = np.rint(128 + 224 * _halved(yuv[..., 2]))
        return planes

    def paste(self, other: Planes, left: int, top: int) -> None:
        """Lay `other` over this picture; both corners are even."""
        height, width = other.y.shape
        self.y[top : top + height, left : left + width] = other.y
        rows, columns = slice(top // 2, (top + height) // 2), slice(left // 2, (left + width) // 2)
        self.u[rows, columns] = other.u
        self.v[rows, columns] = other.v

    def dissolve(self, towards: Planes, share: float) -> None:
        """Move every pixel towards `towards`; at share 1.0 it is that picture."""
        weight = np.uint16(round(share * 256))
        mixed = self.flat * (np.uint16(256) - weight) + towards.flat * weight
        self.flat[:] = (mixed + np.uint16(128)) >> np.uint16(8)


class Moving:
    """A picture that can be looked at slightly off its place; what lies beyond its edge is its mirror image."""

    def __init__(self, planes: Planes, *, reach: int) -> None:
        self._reach = reach
        self._padded: Sequence[Plane] = (
            np.pad(planes.y, reach, mode="reflect"),
            np.pad(planes.u, reach // 2, mode="reflect"),
            np.pad(planes.v, reach // 2, mode="reflect"),
        )

    def look(self, into: Planes, right: int, down: int) -> None:
        """Fill `into` with the picture seen from even offsets of at most `reach` pixels."""
        for plane, padded, shrink in zip((into.y, into.u, into.v), self._padded, (1, 2, 2), strict=True):
            top, left = (self._reach + down) // shrink, (self._reach + right) // shrink
            height, width = plane.shape
            plane[:] = padded[top : top + height, left : left + width]


def _halved(plane: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The mean of each two by two pixels."""
    rows = plane[0::2] + plane[1::2]
    return np.asarray((rows[:, 0::2] + rows[:, 1::2]) / 4, np.float32)
