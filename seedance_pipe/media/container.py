"""Opening media files that came from outside: the format is forced, and only local files and few codecs are read.

Without a forced format a text file named `.mp4` is opened as a playlist that reads other files (security G1).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import av
from av.audio.stream import AudioStream
from av.codec.context import CodecContext
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from seedance_pipe.errors import MediaFailed
from seedance_pipe.media import webm

MOV = "mov"
"""libav's demuxer for MP4 and MOV alike."""

WEBM = "matroska"

VIDEO_CODECS = MappingProxyType({MOV: ("h264", "hevc"), WEBM: ("vp8", "vp9")})
"""How pictures may be coded, by the demuxer that the file is read with."""

AUDIO_CODECS = ("aac", "mp3", "opus", "vorbis", "flac", "alac", "pcm_s16le", "pcm_s24le", "pcm_f32le")
DECODERS = ",".join((*VIDEO_CODECS[MOV], *VIDEO_CODECS[WEBM], *AUDIO_CODECS, "mp3float"))
SOUND_ONLY = ",".join((*AUDIO_CODECS, "mp3float"))
PACKETS_ONLY = "none"
MOST_STREAMS = 8

CLIP_BYTES = 512 << 20
"""The most that a clip may weigh (security N5)."""


def demuxer_of(path: Path) -> str:
    """The demuxer for the clip at `path`, by its first bytes. Raises MediaFailed when it is no clip."""
    with path.open("rb") as file:
        start = file.read(8)
    if start[4:] == b"ftyp":
        return MOV
    if start.startswith(webm.MAGIC):
        return WEBM
    raise MediaFailed("the clip is none of MP4, MOV and WebM")


@contextmanager
def opened(
    path: Path, *, subject: str = "the clip", demuxer: str = "", decoders: str = DECODERS
) -> Iterator[InputContainer]:
    """The file as a container; whatever libav complains of inside the block becomes MediaFailed.

    Without a `demuxer` it is that of a clip. Opening decodes a little of each stream that `decoders` allow; to
    leave out those that are not needed makes it several times quicker, and their pixel or sample formats stay
    unknown.
    """
    demuxer = demuxer or demuxer_of(path)
    options = {
        "protocol_whitelist": "file",
        "format_whitelist": demuxer,
        "codec_whitelist": decoders,
        "max_streams": str(MOST_STREAMS),
    }
    try:
        address = f"file:{path.absolute()}"
        with av.open(address, format=demuxer, options=options, metadata_errors="replace") as container:
            yield container
    except av.FFmpegError as error:
        raise MediaFailed(f"{subject} cannot be read: {error.strerror}") from error


def picture_stream(container: InputContainer, *, subject: str = "the clip") -> VideoStream:
    """Its one video stream. Raises MediaFailed when there is another number of them, or another codec."""
    if len(container.streams.video) != 1:
        raise MediaFailed(f"{subject} has {len(container.streams.video)} video streams instead of one")
    stream = container.streams.video[0]
    _check_codec(stream.codec_context, VIDEO_CODECS[container.format.name], f"{subject}'s picture")
    return stream


def sound_stream(container: InputContainer, *, subject: str = "the clip") -> AudioStream | None:
    """Its first audio stream, if it has one. Raises MediaFailed for a codec that is not taken."""
    if not container.streams.audio:
        return None
    stream = container.streams.audio[0]
    _check_codec(stream.codec_context, AUDIO_CODECS, f"{subject}'s sound")
    return stream


def _check_codec(context: CodecContext | None, taken: Sequence[str], subject: str) -> None:
    """A stream has no context at all when libav knows no decoder for it, and then hardly any other attribute."""
    name = "something unknown" if context is None else context.codec.canonical_name
    if name not in taken:
        raise MediaFailed(f"{subject} is coded as {name}; it must be {', '.join(taken[:-1])} or {taken[-1]}")


def first_picture(container: InputContainer, stream: VideoStream) -> VideoFrame:
    """The first picture that is shown, decoded. Raises MediaFailed when none comes."""
    container.seek(0, stream=stream)
    frame = next(container.decode(stream), None)
    if frame is None:
        raise MediaFailed("the clip has no picture that can be decoded")
    return frame
