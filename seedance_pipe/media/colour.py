"""How the numbers of a video frame are to be read as colours, by one stated rule wherever the file does not say.

An untagged picture of 720 lines or more is BT.709, a smaller one BT.601; an untagged range is the limited one
unless the pixel format is one of the old full-range names. ffmpeg assumes BT.601 for untagged video of any size,
which is up to 42 levels off at 720p, and a chain of shots repeats the error at each link (media.md section 4).
"""

from __future__ import annotations

from dataclasses import dataclass

from av.video.codeccontext import VideoCodecContext

HD_LINES = 720

_MATRICES = {1: "bt709", 4: "fcc", 5: "bt470", 6: "smpte170m", 7: "smpte240m", 9: "bt2020", 10: "bt2020"}
"""AVCOL_SPC values of libavutil, as the scale filter names them; a picture that is RGB already needs none."""

_RANGES = {1: "tv", 2: "pc"}
"""AVCOL_RANGE values: limited and full."""


@dataclass(frozen=True, slots=True)
class Colour:
    """The tags as the file has them: numbers of ISO/IEC 23091-2, where 2 (0 for the range) says nothing."""

    range: int
    matrix: int
    primaries: int
    transfer: int


@dataclass(frozen=True, slots=True)
class Reading:
    """`matrix` and `range` in the words of ffmpeg's scale filter."""

    matrix: str
    range: str


def tags(context: VideoCodecContext) -> Colour:
    return Colour(
        int(context.color_range), int(context.colorspace), int(context.color_primaries), int(context.color_trc)
    )


def reading(colour: Colour, *, height: int, pixel_format: str) -> Reading:
    """The module's rule. `height` is in lines as coded, before any rotation."""
    untagged_range = "pc" if pixel_format.startswith("yuvj") else "tv"
    untagged_matrix = "bt709" if height >= HD_LINES else "bt601"
    return Reading(_MATRICES.get(colour.matrix, untagged_matrix), _RANGES.get(colour.range, untagged_range))
