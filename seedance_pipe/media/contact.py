"""The contact sheet: takes side by side as one picture, each with its first, middle and last frame."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, PngImagePlugin, UnidentifiedImageError

from seedance_pipe.errors import MediaFailed
from seedance_pipe.media.frame import COMPRESS_LEVEL, first_frame, last_frame, middle_frame

ABREAST = 6
"""Takes in one row of the sheet."""

MOST_ROWS = 24
"""A sheet of more would be a picture that few programs open."""

_FRAME = 240
_GAP = 12
_LINE = 20
_QUALITY = 90
_MADE_BY = "seedance-pipe contact sheet"
_PAPER, _INK, _PICKED = (250, 250, 248), (30, 30, 30), (20, 120, 60)


@dataclass(frozen=True, slots=True)
class Strip:
    """One take on the sheet: its clip, the two lines above it, and whether it is the picked one."""

    clip: Path
    lines: tuple[str, str]
    picked: bool


def contact_sheet(shots: Sequence[Sequence[Strip]], suffix: str) -> bytes:
    """The sheet as a file, `suffix` `.png` or `.jpg`: the takes of each shot in rows of their own. The same takes
    give the same bytes.

    Raises MediaFailed for a clip that cannot be read, and for more rows than a sheet can hold.
    """
    rows = [strips[start : start + ABREAST] for strips in shots for start in range(0, len(strips), ABREAST)]
    if len(rows) > MOST_ROWS:
        raise MediaFailed(
            f"a contact sheet has at most {MOST_ROWS} rows, and these takes fill {len(rows)}",
            next_step="name one shot",
        )
    drawn = [[_drawn(strip) for strip in row] for row in rows]
    width = max(sum(strip.width + _GAP for strip in row) for row in drawn) + _GAP
    heights = [max(strip.height for strip in row) + _GAP for row in drawn]
    sheet = Image.new("RGB", (width, sum(heights) + _GAP), _PAPER)
    top = _GAP
    for row, height in zip(drawn, heights, strict=True):
        left = _GAP
        for strip in row:
            sheet.paste(strip, (left, top))
            left += strip.width + _GAP
        top += height
    return _file(sheet, suffix)


def is_contact_sheet(path: Path) -> bool:
    """Whether the file is a sheet that we wrote, and so may be written anew."""
    try:
        with Image.open(path, formats=["PNG", "JPEG"]) as picture:
            return picture.info.get("Software") == _MADE_BY or picture.info.get("comment") == _MADE_BY.encode()
    except (UnidentifiedImageError, OSError, ValueError):
        return False


def _drawn(strip: Strip) -> Image.Image:
    """The lines above the three frames; what is too long for the width is cut."""
    frames = [one(strip.clip) for one in (first_frame, middle_frame, last_frame)]
    for frame in frames:
        frame.thumbnail((_FRAME, _FRAME))
    head = len(strip.lines) * _LINE
    tall = head + sum(frame.height + _GAP // 2 for frame in frames)
    picture = Image.new("RGB", (_FRAME, tall), _PAPER)
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(15)
    for place, line in enumerate(strip.lines):
        pen.text((0, place * _LINE), line, fill=_PICKED if strip.picked else _INK, font=font)
    top = head
    for frame in frames:
        picture.paste(frame, (0, top))
        if strip.picked:
            pen.rectangle((0, top, frame.width - 1, top + frame.height - 1), outline=_PICKED, width=3)
        top += frame.height + _GAP // 2
    return picture


def _file(sheet: Image.Image, suffix: str) -> bytes:
    data = io.BytesIO()
    if suffix == ".png":
        told = PngImagePlugin.PngInfo()
        told.add_text("Software", _MADE_BY)
        sheet.save(data, format="PNG", compress_level=COMPRESS_LEVEL, pnginfo=told)
    else:
        sheet.save(data, format="JPEG", quality=_QUALITY, comment=_MADE_BY)
    return data.getvalue()
