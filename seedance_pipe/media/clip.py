"""What a clip is: every fact that decides how it may enter a film, and whether it may at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from seedance_pipe.errors import MediaFailed
from seedance_pipe.media import boxes, webm
from seedance_pipe.media.colour import Colour, tags
from seedance_pipe.media.container import (
    CLIP_BYTES,
    WEBM,
    demuxer_of,
    first_picture,
    opened,
    picture_stream,
    sound_stream,
)
from seedance_pipe.media.timing import Timing, read_timing
from seedance_pipe.media.webm import is_shown
from seedance_pipe.units import Size

MOST_SIDE = 6000
MOST_PIXELS = 4096 * 4096
"""A reference video may have sides of 6000, and 4k in 21:9 is 4398 wide (modelark.md sections 3 and 4.1)."""

MOST_SECONDS = 120
MOST_FRAMES = MOST_SECONDS * 60


@dataclass(frozen=True, slots=True)
class Sound:
    """The first audio stream. `rate` is in samples per second, `layout` libav's name (`mono`, `stereo`, `5.1`)."""

    codec: str
    profile: str
    rate: int
    layout: str
    channels: int
    seconds: Fraction


@dataclass(frozen=True, slots=True)
class Picture:
    """How the frames are coded: clips with equal values here can stand under one header.

    `size` is as coded, `aspect` that of one pixel, `rotation` in degrees counter-clockwise (0, 90, 180, 270).
    `header` holds the parameter sets (the body of the `avcC` or `hvcC` box); WebM has none.
    """

    codec: str
    tag: str
    profile: str
    level: int
    size: Size
    pixel_format: str
    aspect: Fraction
    colour: Colour
    field_order: int
    rotation: int
    time_base: Fraction
    header: bytes


@dataclass(frozen=True, slots=True)
class Probe:
    """`begins_with_idr` is False when the first picture leans on one that is not there (an open GOP). `demuxer` is
    libav's, which the file is to be read with.
    """

    bytes: int
    demuxer: str
    picture: Picture
    timing: Timing
    begins_with_idr: bool
    sound: Sound | None

    @property
    def shown_size(self) -> Size:
        """As a player shows it: square pixels, turned upright, and even in both directions."""
        width = round(self.picture.size.width * self.picture.aspect)
        height = self.picture.size.height
        if self.picture.rotation in (90, 270):
            width, height = height, width
        return Size(max(2, width // 2 * 2), max(2, height // 2 * 2))


def probe(path: Path) -> Probe:
    """Reads the whole clip's packets and decodes its first picture only. Raises MediaFailed."""
    demuxer = _checked_form(path)
    with opened(path, demuxer=demuxer) as container:
        stream = picture_stream(container)
        sound = _sound(container)
        _check_size(stream)
        timing = read_timing(container, stream, most=MOST_FRAMES)
        if timing.seconds > MOST_SECONDS:
            raise MediaFailed(f"the clip lasts {float(timing.seconds):.1f} s; at most {MOST_SECONDS} s are taken")
        container.seek(0, stream=stream)
        first_packet = next(container.demux(stream))
        picture = _picture(stream, round(first_picture(container, stream).rotation) % 360)
    return Probe(
        bytes=path.stat().st_size,
        demuxer=demuxer,
        picture=picture,
        timing=timing,
        begins_with_idr=first_packet.is_keyframe if demuxer == WEBM else _is_idr(bytes(first_packet), picture),
        sound=sound,
    )


def check_clip(path: Path) -> Probe:
    """A clip fresh from a vendor: everything that `probe` checks, and that its last second decodes.

    A download that was cut off silently is caught here (security N7). Raises MediaFailed.
    """
    found = probe(path)
    with opened(path, demuxer=found.demuxer) as container:
        stream = picture_stream(container)
        end = found.timing.start + found.timing.seconds
        _check_last_second(container, stream, end)
    return found


def _checked_form(path: Path) -> str:
    """The clip's demuxer, if it is a clip of a weight that we take and all of it is there."""
    weight = path.stat().st_size
    if weight > CLIP_BYTES:
        raise MediaFailed(f"the clip weighs {weight >> 20} MiB; at most {CLIP_BYTES >> 20} MiB are taken")
    demuxer = demuxer_of(path)
    missing = webm.missing_bytes(path) if demuxer == WEBM else boxes.missing_bytes(path)
    if missing:
        raise MediaFailed(f"the clip ends {missing} bytes too early")
    return demuxer


def _check_size(stream: VideoStream) -> None:
    width, height = stream.width, stream.height
    if not (2 <= width <= MOST_SIDE and 2 <= height <= MOST_SIDE and width * height <= MOST_PIXELS):
        raise MediaFailed(
            f"the clip's picture is {width}x{height}; at most {MOST_SIDE} a side "
            f"and {MOST_PIXELS} pixels are taken"
        )


def _sound(container: InputContainer) -> Sound | None:
    stream = sound_stream(container)
    if stream is None:
        return None
    context = stream.codec_context
    base = stream.time_base or Fraction(1, stream.rate)
    return Sound(
        codec=context.codec.canonical_name,
        profile=context.profile or "",
        rate=stream.rate,
        layout=context.layout.name,
        channels=context.layout.nb_channels,
        seconds=(stream.duration or 0) * base,
    )


def _picture(stream: VideoStream, rotation: int) -> Picture:
    context = stream.codec_context
    return Picture(
        codec=context.name,
        tag=context.codec_tag,
        profile=context.profile or "",
        level=context.level,
        size=Size(stream.width, stream.height),
        pixel_format=context.pix_fmt or "",
        aspect=stream.sample_aspect_ratio or Fraction(1),
        colour=tags(context),
        field_order=int(context.field_order),
        rotation=rotation,
        time_base=stream.time_base or Fraction(1),
        header=context.extradata or b"",
    )


def _is_idr(packet: bytes, picture: Picture) -> bool:
    return any(
        (unit & 0x1F) == 5 if picture.codec == "h264" else (unit >> 1 & 0x3F) in (19, 20)
        for unit in _unit_headers(packet, picture)
    )


def _unit_headers(packet: bytes, picture: Picture) -> Iterator[int]:
    """The first byte of each NAL unit; their lengths stand before them, as wide as the header says."""
    where = 4 if picture.codec == "h264" else 21
    if len(picture.header) <= where:
        return
    width = (picture.header[where] & 3) + 1
    place = 0
    while place + width < len(packet):
        length = int.from_bytes(packet[place : place + width])
        yield packet[place + width]
        place += width + length


def _check_last_second(container: InputContainer, stream: VideoStream, end: Fraction) -> None:
    """Each picture of the last second must come out of the decoder, and sound must decode to its end."""
    base = stream.time_base or Fraction(1)
    since = int((end - 1) / base)
    container.seek(since, stream=stream)
    packets = [packet for packet in container.demux(stream) if packet.size and (packet.pts or 0) >= since]
    due = {packet.pts for packet in packets if not packet.is_discard and is_shown(packet)}
    container.seek(since, stream=stream)
    came = {frame.pts for frame in container.decode(stream) if not frame.is_corrupt}
    if due - came:
        raise MediaFailed(f"{len(due - came)} pictures of the clip's last second cannot be decoded")
    sound = sound_stream(container)
    if sound is not None:
        container.seek(max(0, int((end - 1) * av.time_base)))
        for _ in container.decode(sound):
            pass
