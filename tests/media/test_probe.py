from __future__ import annotations

import struct
import zlib
from fractions import Fraction
from pathlib import Path

import pytest
from PIL import Image

from seedance_pipe.errors import MediaFailed
from seedance_pipe.media.probe import check_picture, measure
from seedance_pipe.units import Size
from tests.media.reel import Camera

TONE = "sine=440:r=44100:d=2"


@pytest.mark.parametrize(("suffix", "media_type"), [("png", "image/png"), ("jpg", "image/jpeg")])
def test_a_picture_is_told_by_its_content(tmp_path: Path, suffix: str, media_type: str) -> None:
    path = tmp_path / f"frame.{suffix}"
    Image.new("RGB", (30, 20), "red").save(path)
    path = path.rename(tmp_path / "frame.mp4")
    assert check_picture(path) == (Size(30, 20), media_type)


def test_other_pictures_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "frame.png"
    Image.new("RGB", (30, 20)).save(path, format="BMP")
    with pytest.raises(MediaFailed, match="neither PNG nor JPEG"):
        check_picture(path)


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_a_picture_that_was_cut_off_is_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"frame.{suffix}"
    Image.effect_noise((64, 64), 50).save(path)
    path.write_bytes(path.read_bytes()[:-700])
    with pytest.raises(MediaFailed, match="the picture cannot be read"):
        check_picture(path)


@pytest.mark.parametrize("side", [9_000, 20_000, 65_535])
def test_a_picture_bomb_is_refused_before_its_pixels_are_read(tmp_path: Path, side: int) -> None:
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    path = tmp_path / "bomb.png"
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + b"".join(
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
            for kind, body in chunks
        )
    )
    with pytest.raises(MediaFailed, match=f"{side}x{side}; at most 64 megapixels"):
        check_picture(path)


def test_a_picture_that_weighs_too_much_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "heavy.png"
    with path.open("wb") as file:
        file.truncate((64 << 20) + 1)
    with pytest.raises(MediaFailed, match="weighs 64 MiB"):
        check_picture(path)


def test_a_reference_video_is_measured(camera: Camera) -> None:
    path = camera.shoot("reference.mp4", sound="sine=440:r=48000", frames=36)
    found = measure(path)
    assert (found.seconds, found.size, found.frame_rate) == (Fraction(3, 2), Size(160, 96), 24)
    assert found.codecs == ("h264", "aac")
    assert found.bytes == path.stat().st_size


@pytest.mark.parametrize(
    ("name", "codec", "off"), [("s.wav", "pcm_s16le", 0), ("s.mp3", "mp3", 0.06), ("s.m4a", "aac", 0.06)]
)
def test_a_reference_sound_is_measured(camera: Camera, name: str, codec: str, off: float) -> None:
    path = camera.folder / name
    camera.raw("-f", "lavfi", "-i", TONE, path)
    found = measure(path)
    assert float(found.seconds) == pytest.approx(2, abs=off + 1e-9)
    assert (found.size, found.frame_rate, found.codecs) == (None, None, (codec,))


def test_an_mp3_without_tags_is_told_by_its_sync_word(camera: Camera) -> None:
    path = camera.folder / "bare.mp3"
    camera.raw("-f", "lavfi", "-i", TONE, "-id3v2_version", "0", "-write_xing", "0", path)
    assert measure(path).codecs == ("mp3",)


def test_a_sound_in_another_coding_is_refused(camera: Camera) -> None:
    path = camera.folder / "law.wav"
    camera.raw("-f", "lavfi", "-i", TONE, "-c:a", "pcm_alaw", path)
    with pytest.raises(MediaFailed, match="coded as pcm_alaw"):
        measure(path)


def test_two_sounds_in_one_file_are_refused(camera: Camera) -> None:
    path = camera.folder / "twosounds.m4a"
    camera.raw("-f", "lavfi", "-i", TONE, "-map", "0", "-map", "0", path)
    with pytest.raises(MediaFailed, match="2 sound streams"):
        measure(path)


def test_a_sound_without_samples_is_refused(camera: Camera) -> None:
    path = camera.folder / "empty.wav"
    camera.raw("-f", "lavfi", "-i", TONE, "-t", "0", path)
    with pytest.raises(MediaFailed):
        measure(path)


def test_a_reference_that_weighs_too_much_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "heavy.wav"
    with path.open("wb") as file:
        file.truncate((512 << 20) + 1)
    with pytest.raises(MediaFailed, match="weighs 512 MiB"):
        measure(path)
