"""Looking at media that a request carries: what they are by their content, how large, how long."""

from __future__ import annotations

import io
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import av
from PIL import Image, UnidentifiedImageError

from seedance_pipe.errors import MediaFailed
from seedance_pipe.media.frame import first_frame
from seedance_pipe.sandbox.painter import stand_in
from seedance_pipe.sandbox.settings import Settings
from seedance_pipe.sandbox.shelf import HERE, Shelf
from seedance_pipe.units import Size

PICTURE_FORMATS = {"JPEG": "jpeg", "PNG": "png", "WEBP": "webp", "BMP": "bmp", "TIFF": "tiff", "GIF": "gif"}
_HEIC_BRANDS = (b"heic", b"heix", b"heif", b"mif1", b"msf1")


class Unfit(Exception):
    """A medium that the vendor would not take; the text says why."""


@dataclass(frozen=True, slots=True)
class Medium:
    """A medium on the shelf: `digest` names the picture that stands for it on a clip, "" for sound.

    `size` is None where it cannot be known; `seconds` is 0 for pictures.
    """

    digest: str
    size: Size | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a vendor takes: bytes, pixels of a side, width over height, each inclusive; `formats` in lower case."""

    most_bytes: int
    formats: Collection[str]
    side: tuple[int, int] = (1, 100_000)
    aspect: tuple[float, float] = (0.0, 100_000.0)
    area: tuple[int, int] = (1, 1 << 40)
    rate: tuple[float, float] = (0.0, 1000.0)
    seconds: tuple[float, float] = (0.0, 1e9)


@dataclass(frozen=True, slots=True)
class Intake:
    """Media at addresses, for a vendor that fetches from those `schemes`.

    Nothing is ever fetched over a network: our own uploads and results are read from the shelf, and
    `Settings.foreign_media` decides about all others. Every method raises Unfit.
    """

    shelf: Shelf
    settings: Settings
    schemes: tuple[str, ...]

    def picture(self, url: str, bounds: Bounds) -> Medium:
        path = self._own_file(url)
        return unseen(url, self.shelf) if path is None else look_at_picture(path.read_bytes(), bounds, self.shelf)

    def clip(self, url: str, bounds: Bounds) -> Medium:
        path = self._own_file(url)
        if path is None:
            return unseen(url, self.shelf, seconds=self.settings.foreign_seconds)
        return look_at_clip(path, bounds, self.shelf)

    def sound(self, url: str, bounds: Bounds) -> Medium:
        path = self._own_file(url)
        if path is None:
            return Medium("", seconds=self.settings.foreign_seconds)
        return look_at_sound(path.read_bytes(), bounds)

    def _own_file(self, url: str) -> Path | None:
        """Our file behind an address; None for a foreign medium that is to be stood in for."""
        try:
            own, parts = self.shelf.own_file(url), urlsplit(url)
        except ValueError:
            raise Unfit("it is not an address") from None
        if own is not None and own.is_file():
            return own
        foreign = parts.scheme in self.schemes and parts.netloc and parts.hostname not in HERE
        if foreign and self.settings.foreign_media:
            return None
        raise Unfit("the resource cannot be fetched from its address")


def look_at_picture(data: bytes, bounds: Bounds, shelf: Shelf) -> Medium:
    """Keep a picture that lies within the bounds. Raises Unfit."""
    _weigh(len(data), bounds)
    if data[4:8] == b"ftyp" and data[8:12] in _HEIC_BRANDS:
        return _heic(data, bounds, shelf)
    try:
        with Image.open(io.BytesIO(data), formats=tuple(PICTURE_FORMATS)) as picture:
            size = Size(*picture.size)
            _format(PICTURE_FORMATS[str(picture.format)], bounds)
            _measure(size, bounds)
            picture.load()
    except UnidentifiedImageError:
        raise Unfit("the image format is not supported") from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise Unfit(f"the image cannot be decoded: {error}") from error
    return Medium(shelf.keep(data), size)


def look_at_clip(path: Path, bounds: Bounds, shelf: Shelf) -> Medium:
    """Keep the first picture of a video that lies within the bounds. Raises Unfit."""
    _weigh(path.stat().st_size, bounds)
    try:
        with av.open(str(path), format="mov", options={"protocol_whitelist": "file"}) as container:
            stream = container.streams.video[0]
            _format(stream.codec_context.name, bounds)
            seconds = float((container.duration or 0) / av.time_base)
            size, rate = Size(stream.width, stream.height), float(stream.average_rate or 0)
        picture = first_frame(path)
    except (av.FFmpegError, IndexError, MediaFailed) as error:
        raise Unfit(f"the video cannot be read: {error}") from error
    _measure(size, bounds)
    _within(size.width * size.height, bounds.area, "pixels")
    _within(round(rate, 2), bounds.rate, "frames a second")
    _within(round(seconds, 1), bounds.seconds, "seconds")
    return Medium(_kept(picture, shelf), size, seconds)


def look_at_sound(data: bytes, bounds: Bounds) -> Medium:
    """A sound that lies within the bounds. Raises Unfit."""
    _weigh(len(data), bounds)
    kind = "wav" if data[:4] == b"RIFF" else "mp3"
    _format(kind, bounds)
    try:
        with av.open(io.BytesIO(data), "r", format=kind) as container:
            rate = container.streams.audio[0].rate
            samples = sum(frame.samples for frame in container.decode(audio=0))
    except (av.FFmpegError, IndexError) as error:
        raise Unfit(f"the audio cannot be read: {error}") from error
    _within(round(samples / rate, 1), bounds.seconds, "seconds")
    return Medium("", seconds=samples / rate)


def unseen(url: str, shelf: Shelf, *, seconds: float = 0.0) -> Medium:
    """What stands for a medium that nobody can fetch offline: a picture with its address on it."""
    return Medium(_kept(stand_in(url.split("?")[0]), shelf), seconds=seconds)


def _heic(data: bytes, bounds: Bounds, shelf: Shelf) -> Medium:
    """Nothing here decodes HEIC, so a stand-in is painted."""
    _format("heic", bounds)
    return unseen(f"HEIC picture of {len(data)} bytes", shelf)


def _kept(picture: Image.Image, shelf: Shelf) -> str:
    png = io.BytesIO()
    picture.save(png, format="PNG", compress_level=2)
    return shelf.keep(png.getvalue())


def _weigh(size: int, bounds: Bounds) -> None:
    if size > bounds.most_bytes:
        raise Unfit(f"{size} bytes are more than {bounds.most_bytes}")


def _format(name: str, bounds: Bounds) -> None:
    if name not in bounds.formats:
        raise Unfit(f"the format {name} is not supported")


def _measure(size: Size, bounds: Bounds) -> None:
    _within(size.width, bounds.side, "pixels of width")
    _within(size.height, bounds.side, "pixels of height")
    _within(size.aspect, bounds.aspect, "width over height")


def _within(value: float, bounds: tuple[float, float], unit: str) -> None:
    if not bounds[0] <= value <= bounds[1]:
        raise Unfit(f"{value:g} {unit} are not within {bounds[0]:g} and {bounds[1]:g}")
