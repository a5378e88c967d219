"""When the pictures of a clip are shown: read from its packets alone, without decoding one.

Headers are not trusted for this: they count samples that an edit list hides, and name rates that no frame keeps
(media.md section 8).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from av.container import InputContainer
from av.video.stream import VideoStream

from seedance_pipe.errors import MediaFailed
from seedance_pipe.media.webm import is_shown

COMMON_RATES = (
    *(Fraction(rate * 1000, 1001) for rate in (24, 30, 60)),
    *(Fraction(rate) for rate in (12, 15, 16, 24, 25, 30, 48, 50, 60)),
)
"""Frames per second: what an unsteady clip is brought to, and what coarse clocks can only come near to."""


@dataclass(frozen=True, slots=True)
class Timing:
    """`rate` is exact when `steady` (each frame is shown as long as the next), else the nearest common one.

    `start` and `seconds` are of what is presented; `frames` counts those frames. `plain` says that no edit
    list hides a packet, `last_is_last` that the last frame shown is also the last one decoded, and
    `new_header` that the codec's parameter sets change on the way.
    """

    rate: Fraction
    steady: bool
    frames: int
    start: Fraction
    seconds: Fraction
    plain: bool
    last_is_last: bool
    new_header: bool


def read_timing(container: InputContainer, stream: VideoStream, *, most: int) -> Timing:
    """Reads all packets. Raises MediaFailed for no picture, more than `most`, or a file that ends too early."""
    shown: list[int] = []
    read = 0
    last_duration = 0
    new_header = False
    for packet in container.demux(stream):
        if packet.size == 0:
            continue
        read += 1
        if read > most:
            raise MediaFailed(f"the clip has more than {most} pictures")
        if packet.pts is None or packet.is_corrupt:
            raise MediaFailed(f"the clip is damaged at its picture {read}")
        new_header = new_header or packet.has_sidedata("new_extradata")
        if not packet.is_discard and is_shown(packet):
            shown.append(packet.pts)
            last_duration = packet.duration or last_duration
    if not shown:
        raise MediaFailed("the clip has no picture")
    if read < len(stream.index_entries):
        raise MediaFailed(f"the clip ends after {read} of its {len(stream.index_entries)} pictures")
    return _timing(shown, last_duration, stream, plain=len(shown) == read, new_header=new_header)


def _timing(
    shown: Sequence[int], last_duration: int, stream: VideoStream, *, plain: bool, new_header: bool
) -> Timing:
    base = stream.time_base
    assert base is not None
    times = sorted(shown)
    rate, steady = _rate(times, base, stream.guessed_rate)
    seconds = Fraction(len(times)) / rate if steady else (times[-1] - times[0] + last_duration) * base
    return Timing(
        rate=rate,
        steady=steady,
        frames=len(times),
        start=times[0] * base,
        seconds=seconds,
        plain=plain,
        last_is_last=shown[-1] == times[-1],
        new_header=new_header,
    )


def _rate(times: Sequence[int], base: Fraction, stated: Fraction | None) -> tuple[Fraction, bool]:
    """The frame rate, and whether every frame keeps to it; a clock as coarse as 1/1000 s may be off by a tick."""
    if len(times) == 1:
        return stated or Fraction(24), True
    span = times[-1] - times[0]
    if span <= 0:
        raise MediaFailed("the clip shows all its pictures at the same moment")
    average = Fraction(len(times) - 1) / (span * base)
    nearest = min(COMMON_RATES, key=lambda rate: abs(rate / average - 1))
    for rate, slack in ((average, 0), (nearest, 1)):
        tick = 1 / (rate * base)
        if all(abs(times[0] + n * tick - time) <= slack for n, time in enumerate(times)):
            return rate, True
    return nearest, False
