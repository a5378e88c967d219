"""The format of a film: what its clips have in common, or what they are all brought to.

Clips that could stand under one header are copied into the film as they are; one odd clip and all of them are
coded again to the size and rate of the first. The value is written as a small canonical file that names no
clip, so that a new clip which changes nothing of it leaves the other clips fresh.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from seedance_pipe.document import canonical
from seedance_pipe.errors import MediaFailed
from seedance_pipe.media.clip import Probe
from seedance_pipe.units import Size

COPIED = ("h264", "hevc")
"""Codecs whose pictures may be copied into a film: what every player of MP4 shows."""

NORMALISATION = "1"
"""Revision of the way in which a clip is coded again."""

_LEAST_CLOCK = 10_000


class Way(enum.Enum):
    COPY = "copy"
    NORMALISE = "normalise"


@dataclass(frozen=True, slots=True)
class Format:
    """`rate` is frames per second; `channels` of the film's sound: 0 without any, 1 or 2."""

    way: Way
    size: Size
    rate: Fraction
    channels: int

    @property
    def clock(self) -> int:
        """Ticks per second of the film's video track: a whole number of them makes one frame."""
        ticks = self.rate.numerator
        while ticks < _LEAST_CLOCK:
            ticks *= 2
        return ticks

    @property
    def frame_ticks(self) -> int:
        return int(self.clock / self.rate)


def common_format(clips: Sequence[Probe]) -> Format:
    """The format of a film of `clips`, given in film order; at least one."""
    first = clips[0]
    copied = not why_not_copied(clips)
    return Format(
        way=Way.COPY if copied else Way.NORMALISE,
        size=first.picture.size if copied else first.shown_size,
        rate=first.timing.rate,
        channels=max((min(clip.sound.channels, 2) for clip in clips if clip.sound), default=0),
    )


def why_not_copied(clips: Sequence[Probe]) -> str:
    """The first thing that keeps the clips from being copied, in words; empty when nothing does."""
    return next((reason for clip in clips if (reason := _odd(clip, clips[0]))), "")


def write_format(value: Format, path: Path, *, coder: str) -> None:
    """`coder` is the version of the ffmpeg that will code the clips again, if they are. It is part of the file:
    clips of one film come from one coder, and another one is no reason to code a finished film's clips again.
    """
    document = {
        "way": value.way.value,
        "size": [value.size.width, value.size.height],
        "rate": [value.rate.numerator, value.rate.denominator],
        "channels": value.channels,
        "normalisation": [NORMALISATION, coder] if value.way is Way.NORMALISE else None,
    }
    path.write_text(canonical(document) + "\n", encoding="utf-8")


def read_format(path: Path) -> Format:
    """Raises MediaFailed when the file is not one that `write_format` wrote."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return Format(
            way=Way(document["way"]),
            size=Size(*document["size"]),
            rate=Fraction(*document["rate"]),
            channels=int(document["channels"]),
        )
    except (ValueError, KeyError, TypeError, ZeroDivisionError) as error:
        raise MediaFailed("the film's format file cannot be read") from error


def _odd(clip: Probe, first: Probe) -> str:
    """Why the clip cannot be copied behind `first`, or the empty text: the gate of media.md section 5.

    Sound is not part of it, as it is never copied; a picture that is turned is, as one film has one turn.
    """
    alone = (
        (clip.picture.codec in COPIED, "a clip is WebM, which is not copied into an MP4"),
        (clip.timing.steady, "a clip has no steady frame rate"),
        (clip.timing.plain, "a clip hides some of its pictures"),
        (not clip.timing.new_header, "a clip changes its coding on the way"),
        (clip.begins_with_idr, "a clip's first picture leans on an earlier one"),
        (not clip.picture.rotation, "a clip is stored turned"),
        (bool(clip.picture.header), "a clip has no header of its own"),
        (clip.timing.rate == first.timing.rate, "the clips differ in frame rate"),
    )
    for fits, reason in alone:
        if not fits:
            return reason
    ours, its = first.picture, clip.picture
    for name, word in _COMPARED:
        if getattr(ours, name) != getattr(its, name):
            return f"the clips differ in {word}"
    return ""


_COMPARED = (
    ("size", "picture size"),
    ("codec", "codec"),
    ("tag", "codec"),
    ("profile", "profile"),
    ("level", "level"),
    ("pixel_format", "pixel format"),
    ("aspect", "pixel shape"),
    ("colour", "colour tags"),
    ("field_order", "field order"),
    ("time_base", "clock"),
    ("header", "coding settings"),
)
