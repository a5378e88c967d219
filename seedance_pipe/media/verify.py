"""What ffmpeg and libav have written is believed only after its packets have been read (media.md section 7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from av.audio.stream import AudioStream

from seedance_pipe.errors import MediaFailed
from seedance_pipe.media.container import PACKETS_ONLY, opened, picture_stream
from seedance_pipe.media.format import Format
from seedance_pipe.units import Size

SOUND_TOLERANCE = Fraction(30, 1000)
"""Seconds by which sound may be longer or shorter than the pictures: AAC comes in blocks of 21 ms."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What the file at hand must be; `subject` names it in messages."""

    subject: str
    frames: int
    format: Format


def verify(path: Path, expected: Expected) -> None:
    """Reads every packet and decodes none. Raises MediaFailed with the first thing that is wrong."""
    subject = expected.subject
    with opened(path, subject=subject, decoders=PACKETS_ONLY) as container:
        stream = picture_stream(container, subject=subject)
        if Size(stream.width, stream.height) != expected.format.size:
            raise MediaFailed(f"{subject} came out {stream.width}x{stream.height}, not {expected.format.size}")
        sounds = len(container.streams.audio)
        if sounds != bool(expected.format.channels):
            raise MediaFailed(f"{subject} came out with {sounds} sound tracks")
        shown: list[int] = []
        decoded: list[int] = []
        for packet in container.demux(stream):
            if packet.size and packet.dts is not None:
                decoded.append(packet.dts)
                shown += [] if packet.pts is None or packet.is_discard else [packet.pts]
        if sounds:
            _check_sound(container.streams.audio[0], expected)
        _check_steps(sorted(shown), decoded, stream.time_base or Fraction(1), expected)


def _check_sound(stream: AudioStream, expected: Expected) -> None:
    length = (stream.duration or 0) * (stream.time_base or Fraction(1))
    seconds = expected.frames / expected.format.rate
    if abs(length - seconds) > SOUND_TOLERANCE:
        raise MediaFailed(
            f"{expected.subject}'s sound lasts {float(length):.3f} s and its pictures {float(seconds):.3f} s"
        )


def _check_steps(shown: Sequence[int], decoded: Sequence[int], base: Fraction, expected: Expected) -> None:
    subject = expected.subject
    if len(shown) != expected.frames:
        raise MediaFailed(f"{subject} came out with {len(shown)} pictures instead of {expected.frames}")
    step = 1 / (expected.format.rate * base)
    if any(later - earlier != step for earlier, later in pairwise(shown)):
        raise MediaFailed(f"{subject} came out with uneven steps between its pictures")
    if any(later <= earlier for earlier, later in pairwise(decoded)):
        raise MediaFailed(f"{subject} came out with pictures in a wrong order")
