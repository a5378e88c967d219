"""Where an MP4 ends, and where it should."""

from __future__ import annotations

from pathlib import Path

import pytest

from seedance_pipe.errors import MediaFailed
from seedance_pipe.media.boxes import missing_bytes
from seedance_pipe.media.clip import check_clip
from seedance_pipe.sandbox.painter import Scene, paint
from seedance_pipe.units import Size


def box(kind: bytes, length: int, *, told: int | None = None) -> bytes:
    """A box that tells `told`, or else its own, length."""
    return (length if told is None else told).to_bytes(4) + kind + bytes(length - 8)


FTYP = box(b"ftyp", 24)


@pytest.mark.parametrize(
    ("content", "missing"),
    [
        (FTYP + box(b"mdat", 100) + box(b"moov", 60), 0),
        (FTYP + box(b"mdat", 100) + box(b"moov", 60)[:-1], 1),
        (FTYP + box(b"mdat", 100)[:-40], 40),
        (FTYP + box(b"moov", 60) + box(b"mdat", 8, told=0) + b"to the end", 0),
        (FTYP + (1).to_bytes(4) + b"mdat" + (1 << 33).to_bytes(8) + bytes(84), (1 << 33) - 100),
        (FTYP + (1).to_bytes(4) + b"mdat" + (100).to_bytes(8) + bytes(84), 0),
        (FTYP + (1).to_bytes(4) + b"mdat" + b"\0\0\0", 0),
        (FTYP + box(b"moov", 60) + b"a tail that is no box", 0),
        (FTYP + box(b"moov", 60) + bytes(5), 0),
        (FTYP + box(b"free", 8, told=4) + b"moov", 0),
        (b"", 0),
    ],
)
def test_a_file_lacks_what_its_last_box_announces(tmp_path: Path, content: bytes, missing: int) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    assert missing_bytes(path) == missing


def test_a_file_of_boxes_without_end_is_looked_at_for_a_while_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seedance_pipe.media.boxes._MOST_BOXES", 3)
    path = tmp_path / "clip.mp4"
    path.write_bytes(box(b"free", 8) * 3 + box(b"mdat", 8, told=9999))
    assert missing_bytes(path) == 0


@pytest.mark.parametrize("sound", [False, True])
def test_a_clip_that_lacks_any_part_of_its_end_is_no_clip(tmp_path: Path, sound: bool) -> None:
    """Without the check of boxes a clip lost its sound and nobody saw it."""
    path = tmp_path / "clip.mp4"
    paint(Scene("A wave", "", Size(64, 64), 24, 1, sound), path)
    whole = path.read_bytes()
    check_clip(path)
    for lost in (1, 7, 60, 130, 1073, 1364, len(whole) // 2, len(whole) - 40):
        path.write_bytes(whole[:-lost])
        with pytest.raises(MediaFailed):
            check_clip(path)
