"""Single pictures of a clip: its true first and last frame with the right colours."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.filter import Graph
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from seedance_pipe.errors import MediaFailed
from seedance_pipe.media.colour import Reading, reading, tags
from seedance_pipe.media.container import first_picture, opened, picture_stream

COMPRESS_LEVEL = 2
"""PNG is lossless at any level; higher ones cost seconds and save little."""

_SCALE_FLAGS = "accurate_rnd+full_chroma_int+full_chroma_inp+bicubic"
"""With these the pixels are those that ffmpeg's own command line gives; libav's shortcuts are 2 levels off."""

_UPRIGHT = {
    90: Image.Transpose.ROTATE_90,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_270,
}


def first_frame(path: Path) -> Image.Image:
    """The first picture that a player shows, upright, RGB of 8 bits. Raises MediaFailed."""
    with opened(path) as container:
        stream = picture_stream(container)
        return _upright(first_picture(container, stream), _reading(stream))


def middle_frame(path: Path) -> Image.Image:
    """The picture that is shown halfway through the clip, upright, RGB of 8 bits. Raises MediaFailed."""
    with opened(path) as container:
        stream = picture_stream(container)
        base = stream.time_base or Fraction(1)
        # WebM names no duration of a stream, only that of the file.
        seconds = (stream.duration or 0) * base or Fraction(container.duration or 0, av.time_base)
        half = (stream.start_time or 0) + int(seconds / 2 / base)
        container.seek(half, stream=stream)
        frame = next((one for one in container.decode(stream) if (one.pts or 0) >= half), None)
        return _upright(frame or first_picture(container, stream), _reading(stream))


def last_frame(path: Path) -> Image.Image:
    """The last picture that a player shows, upright, RGB of 8 bits. Raises MediaFailed.

    Seeks to the end of the video stream and keeps the picture that is shown last; where that brings nothing,
    the whole clip is decoded (media.md section 4).
    """
    with opened(path) as container:
        stream = picture_stream(container)
        frame = _last_after_seek(container, stream)
        if frame is None:
            container.seek(0, stream=stream)
            frame = _shown_last(container.decode(stream))
        if frame is None:
            raise MediaFailed("the clip has no picture that can be decoded")
        return _upright(frame, _reading(stream))


def save_png(picture: Image.Image, path: Path) -> None:
    """The same picture gives the same bytes: nothing of the time or of the machine goes in."""
    picture.save(path, format="PNG", compress_level=COMPRESS_LEVEL)


def load(path: Path) -> Image.Image:
    """A picture file that `check_picture` has passed."""
    with Image.open(path, formats=["PNG", "JPEG"]) as picture:
        return picture.convert("RGB")


def _last_after_seek(container: InputContainer, stream: VideoStream) -> VideoFrame | None:
    # WebM names no duration of a stream; then the seek leads to the beginning, which is right and slower.
    end = (stream.start_time or 0) + (stream.duration or 0)
    try:
        container.seek(end, stream=stream, backward=True)
        return _shown_last(container.decode(stream))
    except av.FFmpegError:
        return None


def _shown_last(frames: Iterable[VideoFrame]) -> VideoFrame | None:
    return max(
        (frame for frame in frames if frame.pts is not None), key=lambda frame: frame.pts or 0, default=None
    )


def _reading(stream: VideoStream) -> Reading:
    return reading(
        tags(stream.codec_context), height=stream.height, pixel_format=stream.codec_context.pix_fmt or ""
    )


def _upright(frame: VideoFrame, how: Reading) -> Image.Image:
    picture = Image.fromarray(_pixels(frame, how))
    turn = _UPRIGHT.get(round(frame.rotation) % 360)
    return picture if turn is None else picture.transpose(turn)


def _pixels(frame: VideoFrame, how: Reading) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Rows of red, green and blue levels, read as `how` says and not as libav guesses."""
    graph = Graph()
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base or Fraction(1)
    )
    scale = graph.add(
        "scale", f"in_color_matrix={how.matrix}:in_range={how.range}:out_range=pc:flags={_SCALE_FLAGS}"
    )
    graph.link_nodes(source, scale, graph.add("format", "rgb24"), graph.add("buffersink")).configure()
    graph.vpush(frame)
    return graph.vpull().to_ndarray().astype(np.uint8, copy=False)
