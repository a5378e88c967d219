"""A seam: a clip that goes on from the last frame of the one before it, so that one picture may stand twice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from seedance_pipe.media import frame

SAME_PICTURE = 4.0
"""Levels of 255, mean over small grey pictures, below which two frames are the same picture.

Coding a picture again moves it by less than 1, and a vendor does not return the very frame that it was given
(media.md section 6). A miss either way is one frame of 42 ms, held or lost.
"""

_SMALL = (64, 36)


@dataclass(frozen=True, slots=True)
class Seam:
    """`difference` of the two pictures in levels of 255; `dropped` once one of them has been left out."""

    difference: float
    dropped: bool = False

    @property
    def same(self) -> bool:
        return self.difference < SAME_PICTURE

    def __str__(self) -> str:
        if self.dropped:
            done = "the picture that both clips show was left out once"
        elif self.same:
            done = "the picture that both clips show is held for two frames, as it cannot be cut out of a copy"
        else:
            done = "no frame was left out, as the clip does not begin with the frame it was given"
        return f"{done} (difference {self.difference:.1f} of 255)"


def meet(before: Path, clip: Path) -> Seam:
    """Compares the frame `before` that was handed over with the first one of `clip`. Raises MediaFailed.

    A vendor cuts a frame of another shape to that of the clip, evenly from both sides (modelark.md section 3).
    """
    first = frame.first_frame(clip)
    return Seam(difference(ImageOps.fit(frame.load(before), first.size), first))


def difference(one: Image.Image, other: Image.Image) -> float:
    """Mean absolute difference in levels (0 to 255) of the two as grey pictures of 64x36."""
    return float(np.abs(_grey(one) - _grey(other)).mean())


def _grey(picture: Image.Image) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.asarray(picture.convert("L").resize(_SMALL, Image.Resampling.BOX), dtype=np.float32)
