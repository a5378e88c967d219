"""Splicing: the packets of one clip after those of another, each picture on its exact place of the film's grid.

pts is the picture's number in the film and dts the packet's number less the depth of reordering, so no clock of a
clip can shift another one; ffmpeg's own concat demuxer leaves jitter at such seams (media.md section 6).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.container import OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from seedance_pipe.errors import MediaFailed
from seedance_pipe.media.container import PACKETS_ONLY, opened, picture_stream
from seedance_pipe.media.format import Format

DEEPEST = 16
"""Pictures by which H.264 and HEVC may be decoded ahead of their showing."""


@dataclass(frozen=True, slots=True)
class Spliced:
    """`frames` that each clip gave, in film order; `shortened` are the clips whose last picture was dropped."""

    frames: tuple[int, ...]
    shortened: frozenset[int]


class _TooDeep(Exception):
    """A picture is to be shown before the grid has it decoded."""


def splice(
    clips: Sequence[Path],
    result: Path,
    *,
    target: Format,
    droppable: frozenset[int] = frozenset(),
    movflags: str = "",
    report: Callable[[float], None],
) -> Spliced:
    """Writes the clips' pictures to `result` as MP4; sound is left out.

    The last picture of each clip in `droppable` is dropped if it is also the last one decoded, for no other
    can go without a trace. `report` is given the part done, from 0 to 1, before each clip; what it raises ends
    the work. Raises MediaFailed for clips that do not share one header.
    """
    with opened(clips[0]) as container:
        stated = picture_stream(container).codec_context.reorder_depth
    for depth in (stated, DEEPEST):
        try:
            return _splice(clips, result, target, depth, droppable, movflags, report)
        except _TooDeep:
            continue
        except av.FFmpegError as error:
            raise MediaFailed(f"the film cannot be written: {error.strerror}") from error
    raise MediaFailed("a clip's pictures are in an order that no decoder can follow")


def _splice(
    clips: Sequence[Path],
    result: Path,
    target: Format,
    depth: int,
    droppable: frozenset[int],
    movflags: str,
    report: Callable[[float], None],
) -> Spliced:
    clock = str(target.clock)
    # The default movie clock of 1/1000 s would round the film's length, and with it the end of its edit list.
    options = {"video_track_timescale": clock, "movie_timescale": clock, "fflags": "+bitexact"}
    if movflags:
        options["movflags"] = movflags
    frames: list[int] = []
    shortened: set[int] = set()
    begin = 0
    with av.open(f"file:{result.absolute()}", "w", format="mp4", options=options) as film:
        out, header = _track(film, clips[0], target)
        place = _Place(target, depth, out)
        for index, clip in enumerate(clips):
            report(index / len(clips))
            count = 0
            for picture in _pictures(clip, target.rate, header):
                if picture.removable and index in droppable and count:
                    shortened.add(index)
                    continue
                film.mux_one(place.put(picture, shown=begin + picture.number, decoded=begin + count))
                count += 1
            frames.append(count)
            begin += count
    return Spliced(tuple(frames), frozenset(shortened))


def _track(film: OutputContainer, clip: Path, target: Format) -> tuple[VideoStream, bytes | None]:
    """The film's video track, which takes its header and its tags from the first clip."""
    with opened(clip) as container:
        stream = picture_stream(container)
        out = film.add_stream_from_template(stream)
        # Set once: writing the header replaces it with the clock that the file really has.
        out.time_base = Fraction(1, target.clock)
        # Left to itself the muxer writes HEVC as `hev1`, which Apple's players refuse.
        out.codec_context.codec_tag = stream.codec_context.codec_tag
        return out, stream.codec_context.extradata


@dataclass(frozen=True, slots=True)
class _Picture:
    """A coded picture; `number` counts in the order of showing. `removable`: last to be shown and decoded."""

    packet: Packet[VideoStream]
    number: int
    removable: bool


@dataclass(frozen=True, slots=True)
class _Place:
    target: Format
    depth: int
    out: VideoStream

    def put(self, picture: _Picture, *, shown: int, decoded: int) -> Packet[VideoStream]:
        """The picture's packet with the film's times: `shown` and `decoded` count pictures of the film."""
        if decoded - self.depth > shown:
            raise _TooDeep
        packet, ticks = picture.packet, self.target.frame_ticks
        packet.stream = self.out
        packet.time_base = Fraction(1, self.target.clock)
        packet.pts, packet.dts, packet.duration = shown * ticks, (decoded - self.depth) * ticks, ticks
        return packet


def _pictures(clip: Path, rate: Fraction, header: bytes | None) -> Iterator[_Picture]:
    """The clip's pictures in the order of decoding. Raises MediaFailed unless they fill every frame just once."""
    with opened(clip, decoders=PACKETS_ONLY) as container:
        stream = picture_stream(container)
        if stream.codec_context.extradata != header:
            raise MediaFailed("a clip does not stand under the film's header")
        scale = rate * (stream.time_base or Fraction(1))
        start = stream.start_time or 0
        numbers: list[int] = []
        waiting: Packet[VideoStream] | None = None
        for packet in container.demux(stream):
            if packet.size == 0:
                continue
            if waiting is not None:
                yield _Picture(waiting, numbers[-1], removable=False)
            numbers.append(round(((packet.pts or 0) - start) * scale))
            waiting = packet
        if waiting is None or sorted(numbers) != list(range(len(numbers))):
            raise MediaFailed("a clip's pictures do not fill the film's frames")
        yield _Picture(waiting, numbers[-1], removable=numbers[-1] == len(numbers) - 1)
