"""The slate: what a person reads on a sandbox clip. Pure functions from words and sizes to small pictures.

The caption holds the prompt and nothing else, so a decoded frame shows which prompt it was made from. The one font
that is at hand on every machine knows ASCII and a few signs more: of Latin letters the accents go, and what it has
no sign for (Greek, Cyrillic, Chinese, …) stands there as boxes.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from seedance_pipe.units import Size

INK = (244, 244, 238)
PAPER = (24, 27, 34)
SIGNAL = (255, 201, 40)
DIGITS = "0123456789/"

_PLAIN = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "…": "...", "×": "x"})
"""Signs that the font lacks, or draws unlike the rest, in letters that it has."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of pixels with even corners, as pictures with halved colour planes need."""

    left: int
    top: int
    width: int
    height: int


def even(value: float) -> int:
    return int(value) // 2 * 2


def margin(size: Size) -> int:
    return even(min(size.width, size.height) * 0.04)


def letter_height(size: Size) -> int:
    """Of the caption, in pixels."""
    return max(12, min(size.width, size.height) // 20)


def caption_box(size: Size) -> Box:
    """Where the prompt stands: the lowest third, above the progress bar."""
    edge = margin(size)
    height = even(size.height * 0.30)
    return Box(edge, even(size.height - 2 * edge - height), even(size.width - 2 * edge), height)


def strip_box(size: Size) -> Box:
    """Where the sandbox names itself, at the top left."""
    edge = margin(size)
    return Box(edge, edge, even(size.width - 2 * edge), even(letter_height(size) * 1.6))


def caption(prompt: str, size: Size) -> Image.Image:
    """The prompt, wrapped; what does not fit is cut with dots. As large as `caption_box`."""
    box, letters = caption_box(size), letter_height(size)
    picture = Image.new("RGB", (box.width, box.height), PAPER)
    font, pad = ImageFont.load_default(letters), letters // 2
    step = letters * 1.3
    room = max(1, int((box.height - 2 * pad) / step))
    lines = wrap(_drawable(prompt) or "(no prompt)", font, box.width - 2 * pad)
    if len(lines) > room:
        lines = [*lines[: room - 1], f"{lines[room - 1][:-3]}..."]
    draw = ImageDraw.Draw(picture)
    for number, line in enumerate(lines):
        draw.text((pad, pad + number * step), line, font=font, fill=INK)
    return picture


def strip(note: str, size: Size) -> Image.Image:
    """The word SANDBOX and a note about the clip. As large as `strip_box`."""
    box = strip_box(size)
    picture = Image.new("RGB", (box.width, box.height), PAPER)
    letters = letter_height(size) * 3 // 4
    while letters > 7 and ImageFont.load_default(letters).getlength(f"SANDBOX{note}") + 2 * letters > box.width:
        letters -= 1
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(letters)
    pad = letters // 2
    word = int(font.getlength("SANDBOX")) + 2 * pad
    draw.rectangle((0, 0, word, box.height), fill=SIGNAL)
    draw.text((pad, box.height / 2), "SANDBOX", font=font, fill=PAPER, anchor="lm")
    draw.text((word + pad, box.height / 2), note, font=font, fill=INK, anchor="lm")
    return picture


def digits(size: Size) -> dict[str, Image.Image]:
    """A small picture, all of one size, for each sign of the frame counter."""
    letters = letter_height(size)
    font = ImageFont.load_default(letters)
    width = even(max(font.getlength(sign) for sign in DIGITS) + 3)
    pictures = {}
    for sign in DIGITS:
        picture = Image.new("RGB", (width, even(letters * 1.5)), PAPER)
        ImageDraw.Draw(picture).text((width / 2, picture.height / 2), sign, font=font, fill=INK, anchor="mm")
        pictures[sign] = picture
    return pictures


def _drawable(text: str) -> str:
    """The text with letters bare of accents; what the font still lacks is drawn as a box."""
    bare = unicodedata.normalize("NFKD", text.translate(_PLAIN))
    return "".join(sign for sign in bare if not unicodedata.combining(sign))


def wrap(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: float) -> list[str]:
    """Lines no wider than `width` pixels, broken at spaces where a word fits on a line at all."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}".strip()
            if line and font.getlength(longer) > width:
                lines.append(line)
                longer = word
            while font.getlength(longer) > width:
                fits = next(
                    end for end in range(len(longer), 0, -1) if end == 1 or font.getlength(longer[:end]) <= width
                )
                lines.append(longer[:fits])
                longer = longer[fits:]
            line = longer
        lines.append(line)
    return lines
