"""Local files: read once, known by content, refused with a reason."""

from __future__ import annotations

import hashlib
import os
import socket
from fractions import Fraction
from pathlib import Path

import pytest
from PIL import Image

from seedance_pipe.errors import MediaFailed
from seedance_pipe.spec.asset import Assets, Unusable
from seedance_pipe.spec.medium import Kind, Measured
from seedance_pipe.spec.sniff import kind_of, media_type, word
from seedance_pipe.units import Size

CLIP = b"\0\0\0\x18ftypisom" + b"\0" * 64


def picture(path: Path, size: tuple[int, int] = (640, 360)) -> bytes:
    Image.new("RGB", size).save(path)
    return path.read_bytes()


def test_a_picture_is_known_by_content_size_and_digest(tmp_path: Path) -> None:
    content = picture(tmp_path / "a.png")
    file = Assets(tmp_path, None).read("./a.png")
    assert file.path == (tmp_path / "a.png").resolve()
    assert (file.name, file.type, file.bytes) == ("./a.png", "image/png", len(content))
    assert (file.size, file.seconds) == (Size(640, 360), None)
    assert file.digest == hashlib.sha256(content).hexdigest()


def test_a_file_is_read_once(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    assets = Assets(tmp_path, None)
    first = assets.read("a.png")
    (tmp_path / "a.png").unlink()
    assert assets.read("a.png") is first
    again = assets.read("./a.png")
    assert (again.name, again.path, again.digest) == ("./a.png", first.path, first.digest)
    with pytest.raises(Unusable):
        assets.read("b.png")
    picture(tmp_path / "b.png")
    with pytest.raises(Unusable, match="is not there"):
        assets.read("b.png")


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "bmp", "tiff", "gif"])
def test_every_format_that_the_vendor_lists_is_known(tmp_path: Path, suffix: str) -> None:
    picture(tmp_path / f"a.{suffix}")
    file = Assets(tmp_path, None).read(f"a.{suffix}")
    assert file.size == Size(640, 360)


@pytest.mark.parametrize(
    ("head", "type_"),
    [
        (b"\0\0\0\x18ftypheic", "image/heic"),
        (b"\0\0\0\x18ftypmif1", "image/heif"),
        (b"\0\0\0\x14ftypqt  ", "video/quicktime"),
        (b"\0\0\0\x18ftypmp42", "video/mp4"),
        (b"RIFF\0\0\0\0WAVEfmt ", "audio/wav"),
        (b"RIFF\0\0\0\0AVI LIST", ""),
        (b"ID3\x04", "audio/mpeg"),
        (b"\xff\xfb\x90", "audio/mpeg"),
        (b"#EXTM3U", ""),
        (b"ffconcat version 1.0", ""),
        (b"", ""),
    ],
)
def test_a_type_is_told_by_the_first_bytes(head: bytes, type_: str) -> None:
    assert media_type(head) == type_


def test_a_type_has_a_kind_and_a_word() -> None:
    assert kind_of("video/quicktime") is Kind.VIDEO
    assert [word(type_) for type_ in ("image/png", "video/quicktime", "audio/mpeg")] == ["PNG", "MOV", "MP3"]


def test_the_size_of_a_heic_picture_is_not_known(tmp_path: Path) -> None:
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftypheic" + b"\0" * 64)
    assert Assets(tmp_path, None).read("a.heic").size is None


def test_a_clip_is_measured_once_and_by_whom_we_are_given(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(CLIP)
    asked: list[Path] = []

    def measure(path: Path) -> Measured:
        asked.append(path)
        return Measured(Fraction(5), Size(1280, 720), Fraction(24), ("h264",), len(CLIP))

    assets = Assets(tmp_path, measure)
    file = assets.read("a.mp4")
    assert (file.seconds, file.size) == (5, Size(1280, 720))
    found = assets.measured(file)
    assert found is not None
    assert found.codecs == ("h264",)
    assert asked == [(tmp_path / "a.mp4").resolve()]


def test_without_a_measure_a_clips_length_stays_unknown(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(CLIP)
    assets = Assets(tmp_path, None)
    file = assets.read("a.mp4")
    assert (file.seconds, file.size, assets.measured(file)) == (None, None, None)


def test_a_clip_that_cannot_be_measured_is_told_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(CLIP)

    def measure(path: Path) -> Measured:
        raise MediaFailed("it has no picture")

    with pytest.raises(Unusable, match="cannot be read: it has no picture"):
        Assets(tmp_path, measure).read("a.mp4")


def test_a_file_of_more_than_512_mib_is_refused_without_reading_it(tmp_path: Path) -> None:
    with (tmp_path / "a.mp4").open("wb") as file:
        file.truncate((512 << 20) + 1)
    with pytest.raises(Unusable, match="more than 512 MiB"):
        Assets(tmp_path, None).read("a.mp4")


def test_a_pipe_is_no_file_and_nobody_waits_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(Unusable, match="is not a file"):
        Assets(tmp_path, None).read("a.png")


def test_a_picture_with_too_many_pixels_is_refused_by_its_header(tmp_path: Path) -> None:
    picture(tmp_path / "a.bmp", (10, 10))
    data = bytearray((tmp_path / "a.bmp").read_bytes())
    data[18:26] = (15000).to_bytes(4, "little") * 2
    (tmp_path / "a.bmp").write_bytes(bytes(data))
    with pytest.raises(Unusable, match=r"too (many|large) to open"):
        Assets(tmp_path, None).read("a.bmp")


def test_a_large_picture_that_can_still_be_opened_is_no_warning(tmp_path: Path) -> None:
    picture(tmp_path / "a.bmp", (10, 10))
    data = bytearray((tmp_path / "a.bmp").read_bytes())
    data[18:26] = (10000).to_bytes(4, "little") * 2
    (tmp_path / "a.bmp").write_bytes(bytes(data))
    assert Assets(tmp_path, None).read("a.bmp").size == Size(10000, 10000)


def test_what_cannot_be_opened_is_told_with_the_systems_reason(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "a.png"))
        with pytest.raises(Unusable, match="cannot be opened: no such device or address"):
            Assets(tmp_path, None).read("a.png")


@pytest.mark.parametrize(
    ("name", "told"), [("a.png/b.png", "is not there"), ("folder", r"is (a folder|not a file)")]
)
def test_what_is_no_file_is_told(tmp_path: Path, name: str, told: str) -> None:
    picture(tmp_path / "a.png")
    (tmp_path / "folder").mkdir()
    with pytest.raises(Unusable, match=told):
        Assets(tmp_path, None).read(name)
