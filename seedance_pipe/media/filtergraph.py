"""ffmpeg's argument lists, as values: how a clip is coded again, and how a film gets its sound.

ffmpeg-python builds them and starts nothing. Paths are absolute behind `file:`, inputs have their format forced,
and no text that a person wrote ever stands in a filter (security G1, G3 and G5).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg

from seedance_pipe.media import sound
from seedance_pipe.media.clip import Probe
from seedance_pipe.media.colour import reading
from seedance_pipe.media.container import DECODERS, MOST_STREAMS, MOV
from seedance_pipe.media.format import Format
from seedance_pipe.units import Size

THREADS = 2
"""Fixed, because another number of threads gives other bytes."""

_LEVELS = ((8_192, 245_760, "4.1"), (36_864, 983_040, "5.1"), (139_264, 16_711_680, "6.2"))
"""Greatest picture and speed in macroblocks for the H.264 levels that we write (H.264, table A-1)."""

_BITS_PER_CHANNEL = 128_000


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a clip that enters the film: `frames` pictures at the film's rate after the first `skip`."""

    frames: int
    skip: int


def normalising(source: Path, result: Path, *, clip: Probe, target: Format, window: Window) -> list[str]:
    """A clip coded again to `target`. With sound in the film it comes from standard input, as raw samples."""
    pictures = _paced(_pictures(source, clip.demuxer)["v:0"], clip, target)
    if window.skip:
        pictures = pictures.filter("trim", start_frame=window.skip).filter("setpts", "PTS-STARTPTS")
    inner = fitted(clip.shown_size, target.size)
    how = reading(clip.picture.colour, height=clip.picture.size.height, pixel_format=clip.picture.pixel_format)
    pictures = pictures.filter(
        "scale",
        inner.width,
        inner.height,
        in_color_matrix=how.matrix,
        in_range=how.range,
        out_color_matrix="bt709",
        out_range="tv",
        flags="lanczos+accurate_rnd+full_chroma_int",
    ).filter("format", "yuv420p")
    if inner != target.size:
        pictures = pictures.filter("pad", target.size.width, target.size.height, "(ow-iw)/2", "(oh-ih)/2")
    # The last picture is held for as long as it takes and the count is cut here: with `-fps_mode passthrough` the
    # output stage adds none (media.md section 6), and `-frames:v` would make ffmpeg 5.1 end the sound as well.
    pictures = pictures.filter("setsar", 1).filter("tpad", stop=-1, stop_mode="clone")
    pictures = pictures.filter("trim", end_frame=window.frames)
    streams = [pictures, *_samples(target)]
    return _arguments(streams, result, {**_video_options(target), **_raw_sound(target), "f": "mov"})


def adding_sound(pictures: Path, result: Path, *, target: Format) -> list[str]:
    """A film: its pictures copied, its sound coded from the raw samples of standard input."""
    options = {
        "c:v": "copy",
        "c:a": "aac",
        "b:a": target.channels * _BITS_PER_CHANNEL,
        "video_track_timescale": target.clock,
        "movie_timescale": target.clock,
        "movflags": "+faststart",
        "flags:a": "+bitexact",
        "fflags": "+bitexact",
        "map_metadata": -1,
        "f": "mp4",
    }
    return _arguments([_pictures(pictures, MOV)["v:0"], *_samples(target)], result, options)


def fitted(size: Size, frame: Size) -> Size:
    """The largest size of the shape of `size` that lies in `frame`, even in both directions."""
    scale = min(Fraction(frame.width, size.width), Fraction(frame.height, size.height))
    return Size(_even(size.width * scale, frame.width), _even(size.height * scale, frame.height))


def _even(length: Fraction, most: int) -> int:
    return max(2, min(most, round(length / 2) * 2))


def _paced(pictures: Any, clip: Probe, target: Format) -> Any:
    """One picture a frame of the film. A steady clip of the same rate keeps each of its own, by number."""
    if clip.timing.steady and clip.timing.rate == target.rate:
        pictures = pictures.filter("settb", f"1/{target.clock}").filter("setpts", f"N*{target.frame_ticks}")
    else:
        pictures = pictures.filter("setpts", "PTS-STARTPTS")
    return pictures.filter("fps", str(target.rate))


def _pictures(path: Path, demuxer: str) -> Any:
    return ffmpeg.input(
        f"file:{path.absolute()}",
        f=demuxer,
        protocol_whitelist="file",
        format_whitelist=demuxer,
        codec_whitelist=DECODERS,
        max_streams=MOST_STREAMS,
        threads=THREADS,
    )


def _samples(target: Format) -> list[Any]:
    if not target.channels:
        return []
    raw = ffmpeg.input("pipe:0", f="f32le", ar=sound.RATE, ac=target.channels, protocol_whitelist="pipe")
    return [raw["a:0"]]


def _video_options(target: Format) -> dict[str, Any]:
    second = max(1, round(target.rate))
    return {
        "fps_mode": "passthrough",
        "c:v": "libx264",
        "preset": "medium",
        "crf": 18,
        "profile:v": "high",
        "level:v": level(target),
        "bf": 2,
        "threads": THREADS,
        "filter_complex_threads": THREADS,
        "x264-params": f"keyint={second}:min-keyint=1:scenecut=0:open-gop=0:stitchable=1",
        "color_range": "tv",
        "colorspace": "bt709",
        "color_primaries": "bt709",
        "color_trc": "bt709",
        "video_track_timescale": target.clock,
        "movie_timescale": target.clock,
        "map_metadata": -1,
        "fflags": "+bitexact",
        "flags:v": "+bitexact",
    }


def _raw_sound(target: Format) -> dict[str, Any]:
    """Samples as they are: AAC here and again in the film would lose quality twice."""
    return {"c:a": "pcm_f32le"} if target.channels else {}


def level(target: Format) -> str:
    """The lowest H.264 level of ours that allows the size and the rate."""
    blocks = -(-target.size.width // 16) * -(-target.size.height // 16)
    fitting = (name for most, speed, name in _LEVELS if blocks <= most and blocks * target.rate <= speed)
    return next(fitting, _LEVELS[-1][2])


def _arguments(streams: list[Any], result: Path, options: dict[str, Any]) -> list[str]:
    arguments: list[str] = ffmpeg.output(*streams, f"file:{result.absolute()}", **options).get_args()
    return arguments
