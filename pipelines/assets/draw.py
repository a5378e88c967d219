"""Draws the stills of the example stories, so that their origin is plain: `python pipelines/assets/draw.py`."""

from __future__ import annotations

import math
from pathlib import Path

from PIL import Image, ImageDraw

HERE = Path(__file__).parent
OVERSAMPLE = 2

Point = tuple[float, float]
Colour = tuple[int, int, int]


class Sheet:
    """A picture under construction; coordinates run from 0 to 1 in both directions."""

    def __init__(self, width: int, height: int, top: Colour, bottom: Colour) -> None:
        self.size = (width, height)
        self.image = Image.new("RGB", (width * OVERSAMPLE, height * OVERSAMPLE))
        self.pen = ImageDraw.Draw(self.image)
        bands = 48
        for band in range(bands):
            share = band / (bands - 1)
            colour = tuple(round(a + (b - a) * share) for a, b in zip(top, bottom, strict=True))
            self.pen.rectangle([*self.at(0, band / bands), *self.at(1, (band + 1) / bands)], fill=colour)

    def at(self, x: float, y: float) -> Point:
        return x * self.image.width, y * self.image.height

    def shape(self, colour: Colour, *points: Point) -> None:
        self.pen.polygon([self.at(*point) for point in points], fill=colour)

    def disc(self, colour: Colour, x: float, y: float, radius: float) -> None:
        centre_x, centre_y = self.at(x, y)
        reach = radius * self.image.height
        box = [centre_x - reach, centre_y - reach, centre_x + reach, centre_y + reach]
        self.pen.ellipse(box, fill=colour)

    def save(self, name: str) -> None:
        small = self.image.resize(self.size, Image.Resampling.LANCZOS)
        small.quantize(96, dither=Image.Dither.NONE).convert("RGB").save(HERE / name, optimize=True)


def stairs() -> None:
    sheet = Sheet(1280, 720, (38, 34, 52), (20, 18, 30))
    for step in range(14):
        turn = step * 0.42
        y = 1.02 - step * 0.075
        x = 0.5 + 0.34 * math.sin(turn)
        width = 0.17 + 0.05 * math.cos(turn)
        shade = 70 + step * 8
        sheet.shape(
            (shade, shade - 12, shade - 20),
            (x - width, y),
            (x + width, y),
            (x + width, y + 0.03),
            (x - width, y + 0.03),
        )
    sheet.shape((52, 48, 66), (0.47, 0), (0.53, 0), (0.53, 1), (0.47, 1))
    keeper(sheet, 0.3, 0.62, 0.26)
    sheet.save("stairs.png")


def keeper(sheet: Sheet, x: float, y: float, height: float) -> None:
    """An old keeper in a yellow raincoat with a lantern; (x, y) is between the feet."""
    wide = height * sheet.size[1] / sheet.size[0]
    sheet.shape(
        (228, 184, 48),
        (x - 0.26 * wide, y),
        (x + 0.26 * wide, y),
        (x + 0.12 * wide, y - 0.68 * height),
        (x - 0.12 * wide, y - 0.68 * height),
    )
    sheet.disc((214, 170, 140), x, y - 0.78 * height, 0.12 * height)
    sheet.shape(
        (200, 154, 36),
        (x - 0.2 * wide, y - 0.82 * height),
        (x + 0.2 * wide, y - 0.82 * height),
        (x, y - 1.02 * height),
    )
    sheet.disc((255, 232, 150), x + 0.36 * wide, y - 0.36 * height, 0.09 * height)
    sheet.disc((255, 250, 220), x + 0.36 * wide, y - 0.36 * height, 0.05 * height)


def coast(name: str, sky: Colour, haze: Colour, sea: Colour, lamp: Colour | None, sun: Point | None) -> None:
    sheet = Sheet(1280, 720, sky, haze)
    if sun is not None:
        sheet.disc((250, 226, 160), *sun, 0.09)
    sheet.shape(sea, (0, 0.66), (1, 0.66), (1, 1), (0, 1))
    for wave in range(7):
        y = 0.7 + wave * 0.045
        shade = tuple(min(255, part + 10 + 3 * wave) for part in sea)
        sheet.shape(shade, (0.05 * wave, y), (0.35 + 0.05 * wave, y + 0.006), (0.05 * wave + 0.02, y + 0.012))
    sheet.shape((44, 42, 40), (0.62, 0.72), (0.68, 0.6), (0.86, 0.58), (1, 0.66), (1, 0.8), (0.6, 0.8))
    sheet.shape((224, 218, 208), (0.745, 0.59), (0.805, 0.59), (0.79, 0.2), (0.76, 0.2))
    sheet.shape((176, 54, 44), (0.752, 0.48), (0.798, 0.48), (0.795, 0.38), (0.755, 0.38))
    sheet.shape((40, 40, 44), (0.752, 0.2), (0.798, 0.2), (0.798, 0.13), (0.752, 0.13))
    sheet.shape((176, 54, 44), (0.746, 0.13), (0.804, 0.13), (0.775, 0.08))
    if lamp is not None:
        sheet.shape(lamp, (0.775, 0.165), (0, 0.02), (0, 0.22))
        sheet.disc((255, 250, 220), 0.775, 0.165, 0.022)
    sheet.save(name)


def harbour() -> None:
    sheet = Sheet(720, 1280, (244, 196, 150), (120, 150, 170))
    sheet.shape((52, 88, 104), (0, 0.6), (1, 0.6), (1, 1), (0, 1))
    sheet.shape((120, 44, 38), (0.2, 0.68), (0.8, 0.68), (0.7, 0.76), (0.28, 0.76))
    sheet.shape((236, 230, 216), (0.47, 0.66), (0.5, 0.3), (0.72, 0.66))
    sheet.shape((210, 200, 180), (0.44, 0.66), (0.46, 0.36), (0.28, 0.66))
    sheet.save("harbour.png")


def portrait_of_keeper() -> None:
    sheet = Sheet(768, 768, (210, 214, 218), (168, 174, 180))
    keeper(sheet, 0.45, 0.94, 0.84)
    sheet.save("keeper.png")


def portrait_of_dog() -> None:
    sheet = Sheet(768, 768, (216, 208, 196), (176, 168, 158))
    coat = (96, 66, 44)
    sheet.shape(coat, (0.24, 0.52), (0.7, 0.5), (0.72, 0.7), (0.26, 0.7))
    for leg in (0.28, 0.36, 0.6, 0.67):
        sheet.shape(coat, (leg, 0.68), (leg + 0.05, 0.68), (leg + 0.045, 0.88), (leg + 0.005, 0.88))
    sheet.disc(coat, 0.76, 0.44, 0.11)
    sheet.shape((70, 46, 30), (0.7, 0.36), (0.74, 0.34), (0.69, 0.52))
    sheet.disc((20, 16, 14), 0.86, 0.45, 0.022)
    sheet.disc((250, 248, 244), 0.79, 0.41, 0.018)
    sheet.shape(coat, (0.25, 0.54), (0.12, 0.4), (0.16, 0.38), (0.28, 0.5))
    sheet.save("dog.png")


if __name__ == "__main__":
    stairs()
    coast("night.png", (14, 18, 40), (34, 42, 70), (18, 28, 48), (92, 96, 92), None)
    coast("dawn.png", (120, 150, 196), (248, 206, 160), (70, 104, 126), None, (0.3, 0.6))
    harbour()
    portrait_of_keeper()
    portrait_of_dog()
