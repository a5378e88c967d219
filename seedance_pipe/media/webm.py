"""What libav does not tell of a WebM file: whether all of it is there, and which of its packets show a picture."""

from __future__ import annotations

from pathlib import Path

from av.packet import Packet
from av.video.stream import VideoStream

MAGIC = b"\x1aE\xdf\xa3"
"""The id of the element that begins every Matroska file (RFC 8794, section 11.2.1)."""

_SEGMENT = b"\x18S\x80g"
_HEAD = 4096
_SHOWN = 0x10
"""The `show_frame` bit in the first byte of a VP8 picture (RFC 6386, section 9.1)."""


def missing_bytes(path: Path) -> int:
    """How many bytes the file lacks of what its header says; 0 where the header leaves its length open.

    libav ends such a file without a word where it stops.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    inner = _number(head, len(MAGIC))
    if inner is None:
        return 0
    size, begin = inner
    if head[begin + size : begin + size + len(_SEGMENT)] != _SEGMENT:
        return 0
    outer = _number(head, begin + size + len(_SEGMENT))
    if outer is None:
        return 0
    length, start = outer
    return max(0, start + length - path.stat().st_size)


def is_shown(packet: Packet[VideoStream]) -> bool:
    """Whether decoding the packet gives a picture to show: VP8 sends some that others only lean on.

    VP9 packs those into one packet with a picture that is shown.
    """
    return packet.stream.codec_context.name != "vp8" or bool(bytes(packet)[0] & _SHOWN)


def _number(data: bytes, at: int) -> tuple[int, int] | None:
    """The variable-length number at `at` and the place behind it; None where it is cut off or says "unknown"."""
    if at >= len(data) or not data[at]:
        return None
    width = 9 - data[at].bit_length()
    raw = data[at : at + width]
    value = int.from_bytes(raw) & ~(1 << 7 * width)
    return None if len(raw) < width or value == (1 << 7 * width) - 1 else (value, at + width)
