"""Painting a clip that stands for a generated one: of its size and length, readable, the same bytes for one scene.

What does not move is drawn once; a frame costs a copy, a few pasted boxes and the encoder.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import Literal, TypeAlias

import av
import numpy as np
from av.container import OutputContainer
from PIL import Image, ImageColor, ImageDraw, ImageOps

from seedance_pipe.media.frame import last_frame, save_png
from seedance_pipe.sandbox import slate
from seedance_pipe.sandbox.planes import Moving, Planes
from seedance_pipe.sandbox.tone import encode_tone
from seedance_pipe.units import Size

RATE = 24
_FADE = RATE
"""Frames in which the slate appears over a given first picture, and a given last picture takes over."""

_REACH = 32
"""Pixels that the picture wanders off its place at most, an even number."""

Form: TypeAlias = Literal["mp4", "mov", "webm"]
"""The container of a clip, which is also the suffix of its file."""

_X264 = {
    "preset": "ultrafast",
    "crf": "18",
    "threads": "1",
    "flags": "+bitexact",
    "x264-params": "keyint=infinite:scenecut=0",
}
_VP9 = {
    "deadline": "realtime",
    "cpu-used": "8",
    "crf": "20",
    "b": "0",
    "g": "9999",
    "threads": "1",
    "flags": "+bitexact",
}
_TIMESCALE = {"video_track_timescale": "12288"}


@dataclass(frozen=True, slots=True)
class _Codecs:
    """What a container holds: the codecs, the options of the picture's one and those of the container itself."""

    picture: str
    options: Mapping[str, str]
    sound: str
    container: Mapping[str, str]


_CODECS: Mapping[Form, _Codecs] = MappingProxyType(
    {
        "mp4": _Codecs("libx264", _X264, "aac", _TIMESCALE),
        "mov": _Codecs("libx264", _X264, "aac", _TIMESCALE),
        "webm": _Codecs("libvpx-vp9", _VP9, "libopus", {}),
    }
)
_STAND_IN = Size(640, 360)
_BT709, _LIMITED_RANGE = 1, 1


@dataclass(frozen=True, slots=True)
class Scene:
    """What to paint: `size` has even sides, `frames` is at least 2; the paths are those of pictures."""

    prompt: str
    note: str
    size: Size
    frames: int
    seed: int
    sound: bool
    first: Path | None = None
    last: Path | None = None
    references: tuple[Path, ...] = ()
    form: Form = "mp4"


def paint(scene: Scene, target: Path) -> None:
    """Write the clip: 24 frames a second, one GOP, sound when the scene has it; H.264 and AAC in MP4 and MOV, VP9
    and Opus in WebM.

    The first frame is the given first picture, cut to size; the last frame the given last picture.
    """
    codecs = _CODECS[scene.form]
    options = {"fflags": "+bitexact", **codecs.container}
    with av.open(str(target), "w", format=scene.form, options=options) as container:
        encode = _encoder(container, scene.size, codecs)
        if scene.sound:
            length = Fraction(scene.frames, RATE)
            encode_tone(container, scene.seed, scene.prompt, seconds=length, codec=codecs.sound)
        for number, planes in enumerate(_frames(scene)):
            encode(number, planes)
        encode(scene.frames, None)


def last_picture(clip: Path, target: Path) -> None:
    """Write the decoded last frame of a painted clip as PNG, in its own size."""
    save_png(last_frame(clip), target)


def stand_in(words: str, size: Size = _STAND_IN) -> Image.Image:
    """A picture to use for one that cannot be fetched, with the words on it."""
    digest = hashlib.sha256(words.encode()).digest()
    picture = _backdrop(int.from_bytes(digest[:4]), size)
    box = slate.caption_box(size)
    picture.paste(slate.caption(words, size), (box.left, box.top))
    return picture


def _encoder(container: OutputContainer, size: Size, codecs: _Codecs) -> Callable[[int, Planes | None], None]:
    """A function that adds frame `number` to the container, and finishes the stream when it is given None."""
    stream = container.add_stream(codecs.picture, rate=RATE, options=dict(codecs.options))
    assert isinstance(stream, av.VideoStream)
    stream.width, stream.height, stream.pix_fmt = size.width, size.height, "yuv420p"
    stream.codec_context.color_range = _LIMITED_RANGE
    stream.codec_context.colorspace = _BT709
    stream.codec_context.color_primaries = _BT709
    stream.codec_context.color_trc = _BT709

    def encode(number: int, planes: Planes | None) -> None:
        frame = None
        if planes is not None:
            frame = av.VideoFrame.from_ndarray(planes.flat.reshape(-1, size.width), format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
        container.mux(stream.encode(frame))

    return encode


def _frames(scene: Scene) -> Iterator[Planes]:
    """The frames in order; each is the same array, filled anew."""
    frame = Planes.empty(scene.size)
    base = Planes.of(_fitted(scene.first, scene.size) if scene.first else _backdrop(scene.seed, scene.size))
    last = Planes.of(_fitted(scene.last, scene.size)) if scene.last else None
    moving, boxes = Moving(base, reach=_REACH), _static_boxes(scene)
    meter = _Meter(scene)
    fade = min(_FADE, scene.frames // 3)
    plain = Planes.empty(scene.size)
    for number in range(scene.frames):
        right, down = _wander(scene, number)
        moving.look(frame, right, down)
        appears = scene.first is not None and number < fade
        if appears:
            plain.flat[:] = frame.flat
        for box, picture in boxes:
            frame.paste(picture, box.left, box.top)
        meter.draw(frame, number)
        if appears:
            frame.dissolve(plain, 1 - number / fade)
        left = scene.frames - 1 - number
        if last is not None and left < fade:
            frame.dissolve(last, 1 - left / fade)
        yield frame


class _Meter:
    """What moves on a slate: the frame counter, the bar of progress and a square on a path drawn from the seed."""

    def __init__(self, scene: Scene) -> None:
        size = scene.size
        self._scene = scene
        self._digits = {sign: Planes.of(picture) for sign, picture in slate.digits(size).items()}
        self._width = self._digits["0"].y.shape[1]
        strip = slate.strip_box(size)
        self._top = strip.top + strip.height + slate.margin(size) // 2 // 2 * 2
        self._right = strip.left + strip.width
        side = slate.even(slate.letter_height(size) * 1.5)
        hue = ImageColor.getrgb(f"hsl({scene.seed * 47 % 360}, 80%, 60%)")
        self._square = Planes.of(Image.new("RGB", (side, side), hue))
        thick = slate.even(max(4, slate.margin(size) // 2))
        self._bar = Planes.of(Image.new("RGB", (size.width, thick), slate.SIGNAL))

    def draw(self, frame: Planes, number: int) -> None:
        size, shown = self._scene.size, f"{number + 1}/{self._scene.frames}"
        left = slate.even(self._right - len(shown) * self._width)
        for index, sign in enumerate(shown):
            frame.paste(self._digits[sign], left + index * self._width, self._top)
        self._advance_bar(frame, slate.even(size.width * (number + 1) / self._scene.frames))
        side = self._square.y.shape[0]
        turn = 2 * math.pi * (number / 72 + self._scene.seed % 72 / 72)
        middle = (size.width - side) * (0.5 + 0.4 * math.sin(turn))
        height = (size.height - side) * (0.42 + 0.1 * math.cos(turn * 2))
        frame.paste(self._square, slate.even(middle), slate.even(height))

    def _advance_bar(self, frame: Planes, width: int) -> None:
        thick = self._bar.y.shape[0]
        frame.y[-thick:, :width] = self._bar.y[:, :width]
        frame.u[-thick // 2 :, : width // 2] = self._bar.u[:, : width // 2]
        frame.v[-thick // 2 :, : width // 2] = self._bar.v[:, : width // 2]


def _static_boxes(scene: Scene) -> list[tuple[slate.Box, Planes]]:
    """The strip, the caption and the thumbnails of the references, each with its place."""
    size = scene.size
    boxes = [
        (slate.strip_box(size), Planes.of(slate.strip(scene.note, size))),
        (slate.caption_box(size), Planes.of(slate.caption(scene.prompt, size))),
    ]
    edge = slate.margin(size)
    side = slate.even((size.width - 11 * edge) / 9)
    top = slate.caption_box(size).top - side - edge
    for number, path in enumerate(scene.references[:9]):
        box = slate.Box(slate.even(edge + number * (side + edge)), slate.even(top), side, side)
        boxes.append((box, Planes.of(_fitted(path, Size(side, side)))))
    return boxes


def _wander(scene: Scene, number: int) -> tuple[int, int]:
    """How far the picture is off its place: nothing at frame 0, then slowly away in a direction from the seed."""
    far = _REACH * (1 - math.cos(math.pi * number / max(scene.frames - 1, 1))) / 2
    angle = scene.seed % 360 * math.pi / 180
    return round(far * math.cos(angle) / 2) * 2, round(far * math.sin(angle) / 2) * 2


def _backdrop(seed: int, size: Size) -> Image.Image:
    """A soft picture of the seed's own: a slope of two colours and a few discs."""
    drawn = np.random.Generator(np.random.PCG64(seed))
    top, bottom = drawn.integers(40, 200, (2, 3))
    slope = np.linspace(0, 1, 256)[:, None, None]
    small = Image.fromarray(np.broadcast_to(top + (bottom - top) * slope, (256, 256, 3)).astype(np.uint8))
    draw = ImageDraw.Draw(small)
    for across, down, radius, red, green, blue in drawn.integers(0, 64, (6, 6)).tolist():
        round_box = (4 * across - radius, 4 * down - radius, 4 * across + radius, 4 * down + radius)
        draw.ellipse(round_box, fill=(red * 4, green * 4, blue * 4))
    return small.resize((size.width, size.height), Image.Resampling.BICUBIC)


def _fitted(path: Path, size: Size) -> Image.Image:
    """The picture at `path`, filling `size`; what stands over is cut off evenly."""
    with Image.open(path) as picture:
        wanted = (size.width, size.height)
        return ImageOps.fit(picture.convert("RGB"), wanted, Image.Resampling.LANCZOS)
