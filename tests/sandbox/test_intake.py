"""Media in requests: what is fetched, what is looked at, what is refused."""

from __future__ import annotations

import io
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from seedance_pipe.media.frame import first_frame
from seedance_pipe.sandbox import Settings
from seedance_pipe.sandbox.intake import Bounds, look_at_clip
from seedance_pipe.sandbox.painter import Scene, paint
from seedance_pipe.sandbox.shelf import Shelf
from seedance_pipe.units import Size
from tests.sandbox.stage import ONE_5, PRO, TWO, WAVE, Stage, data_uri, image, picture, stage

HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00" + bytes(100)


def send(sandbox: Stage, item: dict[str, Any], model: str = PRO) -> tuple[int, str]:
    """Status and the parameter at fault."""
    answer = sandbox.post({"model": model, "content": [WAVE, item], "resolution": "480p"})
    return answer.status_code, answer.json().get("error", {}).get("param", "")


TAKEN, REFUSED = (200, ""), (400, "content[1].image_url")


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF"])
def test_each_picture_format_is_taken(shared: Stage, form: str) -> None:
    data = picture(form=form)
    assert send(shared, image(data_uri(data, f"image/{form.lower()}"))) == TAKEN


def test_a_picture_is_known_by_its_content_not_by_its_name(shared: Stage) -> None:
    assert send(shared, image(data_uri(picture(form="JPEG"), "image/png"))) == TAKEN
    assert send(shared, image(data_uri(b"<svg/>", "image/png"))) == REFUSED


def test_heic_is_for_the_newer_models(shared: Stage) -> None:
    item = image(data_uri(HEIC, "image/heic"))
    assert send(shared, item) == REFUSED
    assert send(shared, item, ONE_5) == TAKEN


@pytest.mark.parametrize(
    ("size", "taken"),
    [
        ((300, 300), True),
        ((299, 300), False),
        ((300, 299), False),
        ((6000, 2400), True),
        ((6001, 2401), False),
        ((750, 300), True),
        ((751, 300), False),
        ((300, 750), True),
        ((300, 751), False),
    ],
)
def test_a_picture_has_bounds(shared: Stage, size: tuple[int, int], taken: bool) -> None:
    data = io.BytesIO()
    Image.new("L", size).save(data, format="PNG")
    assert (send(shared, image(data_uri(data.getvalue()))) == TAKEN) is taken


def test_a_picture_may_not_weigh_thirty_megabytes(shared: Stage) -> None:
    small = picture()
    assert send(shared, image(data_uri(small + bytes((30 << 20) - 1 - len(small))))) == TAKEN
    assert send(shared, image(data_uri(small + bytes((30 << 20) - len(small))))) == REFUSED


def test_a_picture_cut_short_is_refused(shared: Stage) -> None:
    assert send(shared, image(data_uri(picture()[:-2000]))) == REFUSED


def test_an_upload_of_ours_is_fetched(shared: Stage) -> None:
    for name, data in (("good.png", picture()), ("bad.png", b"nothing")):
        shared.http.put(f"{shared.address}/uploads/{name}", content=data)
    assert send(shared, image(f"{shared.address}/uploads/good.png")) == TAKEN
    assert send(shared, image("http://127.0.0.1:1/uploads/good.png")) == TAKEN
    assert send(shared, image(f"{shared.address}/uploads/bad.png")) == REFUSED
    assert send(shared, image(f"{shared.address}/uploads/missing.png")) == REFUSED
    assert send(shared, image(f"{shared.address}/uploads/.hidden")) == REFUSED
    assert send(shared, image(f"{shared.address}/ledger.db")) == REFUSED
    assert send(shared, image("file:///etc/hostname")) == REFUSED
    assert send(shared, image("https://")) == REFUSED


def test_a_foreign_picture_is_stood_in_for_or_refused(shared: Stage) -> None:
    item = image("https://example.com/a.png?signature=x")
    assert send(shared, item) == TAKEN
    with stage(settings=Settings(foreign_media=False)) as strict:
        assert send(strict, item) == REFUSED


def test_a_result_of_ours_can_be_a_reference_video(sandbox: Stage) -> None:
    done = sandbox.finished(sandbox.create(TWO, duration=4, resolution="720p", ratio="1:1"))
    item = {"type": "video_url", "role": "reference_video", "video_url": {"url": done["content"]["video_url"]}}
    assert send(sandbox, item, TWO) == TAKEN
    assert sandbox.ledger()[-1]["tokens"] == 640 * 640 * 24 * (97 / 24 + 5) // 1024
    adaptive = sandbox.finished(sandbox.listed()[0])
    assert adaptive["ratio"] == "1:1"


def test_a_reference_video_is_shown_in_its_own_colours(tmp_path: Path) -> None:
    clip(tmp_path, Size(640, 640), 49)
    shelf = Shelf(tmp_path, "http://127.0.0.1:1", "secret")
    kept = shelf.medium(
        look_at_clip(tmp_path / "clip.mp4", Bounds(most_bytes=1 << 20, formats=("h264",)), shelf).digest
    )
    with Image.open(kept) as shown:
        assert np.array_equal(np.asarray(shown), np.asarray(first_frame(tmp_path / "clip.mp4")))


def clip(folder: Path, size: Size, frames: int) -> bytes:
    paint(Scene("x", "x", size, frames, 1, sound=False), folder / "clip.mp4")
    return (folder / "clip.mp4").read_bytes()


@pytest.mark.parametrize(
    ("size", "frames", "taken"),
    [
        (Size(640, 640), 49, True),
        (Size(640, 640), 44, False),
        (Size(636, 636), 49, False),
        (Size(1660, 640), 49, False),
    ],
)
def test_a_reference_video_has_bounds(shared: Stage, tmp_path: Path, size: Size, frames: int, taken: bool) -> None:
    shared.http.put(f"{shared.address}/uploads/a.mp4", content=clip(tmp_path, size, frames))
    item = {
        "type": "video_url",
        "role": "reference_video",
        "video_url": {"url": f"{shared.address}/uploads/a.mp4"},
    }
    expected = TAKEN if taken else (400, "content[1].video_url")
    assert send(shared, item, TWO) == expected


def test_a_reference_video_that_is_none_is_refused(shared: Stage) -> None:
    shared.http.put(f"{shared.address}/uploads/a.mp4", content=b"ffconcat version 1.0\nfile x\n")
    item = {
        "type": "video_url",
        "role": "reference_video",
        "video_url": {"url": f"{shared.address}/uploads/a.mp4"},
    }
    assert send(shared, item, TWO) == (400, "content[1].video_url")


def sound(seconds: float) -> bytes:
    data = io.BytesIO()
    with wave.open(data, "wb") as track:
        track.setnchannels(1)
        track.setsampwidth(2)
        track.setframerate(8000)
        track.writeframes(bytes(int(seconds * 8000) * 2))
    return data.getvalue()


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        (data_uri(sound(2), "audio/wav"), True),
        (data_uri(sound(15), "audio/wav"), True),
        (data_uri(sound(1.9), "audio/wav"), False),
        (data_uri(sound(15.1), "audio/wav"), False),
        (data_uri(sound(2), "audio/WAV"), False),
        (data_uri(sound(2), "image/wav"), False),
        (data_uri(b"RIFF nothing", "audio/wav"), False),
        (data_uri(b"no sound", "audio/mp3"), False),
        ("https://example.com/a.mp3", True),
        ("ftp://example.com/a.mp3", False),
    ],
)
def test_a_reference_sound_has_bounds(shared: Stage, url: str, taken: bool) -> None:
    body = {
        "model": TWO,
        "content": [
            WAVE,
            image("https://example.com/a.png", "reference_image"),
            {"type": "audio_url", "role": "reference_audio", "audio_url": {"url": url}},
        ],
    }
    answer = shared.post(body)
    assert (answer.status_code == 200) is taken
    assert taken or answer.json()["error"]["param"] == "content[2].audio_url"


def test_an_uploaded_sound_is_fetched_and_all_of_them_have_a_total(shared: Stage) -> None:
    shared.http.put(f"{shared.address}/uploads/a.wav", content=sound(8))
    item = {
        "type": "audio_url",
        "role": "reference_audio",
        "audio_url": {"url": f"{shared.address}/uploads/a.wav"},
    }
    picture_item = image("https://example.com/a.png", "reference_image")
    for count, status in ((1, 200), (2, 400)):
        assert shared.post({"model": TWO, "content": [picture_item, *[item] * count]}).status_code == status
