"""What a file from outside is, told by its content and never by its name: a clip, a picture, or a reference."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

from seedance_pipe.errors import MediaFailed
from seedance_pipe.media.clip import Probe, check_clip, probe
from seedance_pipe.media.container import CLIP_BYTES, opened, sound_stream
from seedance_pipe.spec.medium import Measured
from seedance_pipe.units import Size

__all__ = ["CheckedPicture", "Probe", "check_clip", "check_picture", "measure", "probe"]

MOST_PICTURE_BYTES = 64 << 20
MOST_PIXELS = 64_000_000

_PICTURES = {
    b"\x89PNG\r\n\x1a\n": (PngImageFile, "image/png"),
    b"\xff\xd8\xff": (JpegImageFile, "image/jpeg"),
}
_MP3_SYNC = {0xFB, 0xF3, 0xF2, 0xFA}


class CheckedPicture(NamedTuple):
    """`size` in pixels as stored; `type` is the media type that the content shows."""

    size: Size
    type: str


def check_picture(path: Path) -> CheckedPicture:
    """A PNG or JPEG that decodes completely. Raises MediaFailed."""
    weight = path.stat().st_size
    if weight > MOST_PICTURE_BYTES:
        raise MediaFailed(f"the picture weighs {weight >> 20} MiB; at most {MOST_PICTURE_BYTES >> 20} are taken")
    with path.open("rb") as file:
        start = file.read(8)
    known = next((names for magic, names in _PICTURES.items() if start.startswith(magic)), None)
    if known is None:
        raise MediaFailed("the picture is neither PNG nor JPEG")
    try:
        # Opened by its own class: Image.open would only warn of a picture that is far too large.
        with known[0](path) as picture:
            size = Size(*picture.size)
            if size.width * size.height > MOST_PIXELS:
                most = MOST_PIXELS // 1_000_000
                raise MediaFailed(f"the picture is {size}; at most {most} megapixels are taken")
            picture.load()
    except (OSError, SyntaxError, ValueError) as error:
        raise MediaFailed(f"the picture cannot be read: {error}") from error
    return CheckedPicture(size, known[1])


def measure(path: Path) -> Measured:
    """A reference video (MP4, MOV) or sound (M4A, WAV, MP3) of at most 512 MiB. Raises MediaFailed."""
    weight = path.stat().st_size
    if weight > CLIP_BYTES:
        raise MediaFailed(f"the file weighs {weight >> 20} MiB; at most {CLIP_BYTES >> 20} MiB are taken")
    with path.open("rb") as file:
        demuxer = _demuxer(file.read(12))
    if demuxer is None:
        raise MediaFailed("the file is none of MP4, MOV, WAV and MP3")
    with opened(path, subject="the file", demuxer=demuxer) as container:
        shows_pictures = demuxer == "mov" and bool(container.streams.video)
    return _measured_video(path) if shows_pictures else _measured_sound(path, demuxer)


def _demuxer(start: bytes) -> str | None:
    if start[4:8] == b"ftyp":
        return "mov"
    if start[:4] == b"RIFF" and start[8:] == b"WAVE":
        return "wav"
    if start[:3] == b"ID3" or (start[:1] == b"\xff" and start[1] in _MP3_SYNC):
        return "mp3"
    return None


def _measured_video(path: Path) -> Measured:
    found = probe(path)
    codecs = (found.picture.codec, *((found.sound.codec,) if found.sound else ()))
    return Measured(
        seconds=found.timing.seconds,
        size=found.shown_size,
        frame_rate=found.timing.rate,
        codecs=codecs,
        bytes=found.bytes,
    )


def _measured_sound(path: Path, demuxer: str) -> Measured:
    with opened(path, subject="the file", demuxer=demuxer) as container:
        stream = sound_stream(container, subject="the file")
        if stream is None or len(container.streams.audio) > 1:
            raise MediaFailed(f"the file has {len(container.streams.audio)} sound streams instead of one")
        codec = stream.codec_context.codec.canonical_name
        base = stream.time_base or Fraction(1, stream.rate)
        ticks = sum(packet.duration or 0 for packet in container.demux(stream) if not packet.is_discard)
    if not ticks:
        raise MediaFailed("the file holds no sound")
    return Measured(seconds=ticks * base, size=None, frame_rate=None, codecs=(codec,), bytes=path.stat().st_size)
