"""Rivya's Files API: what a file is by its signature, its limits, forms without sense."""

from __future__ import annotations

import io
import wave
from collections.abc import Iterator
from pathlib import Path

import av
import httpx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedance_pipe.sandbox.painter import Form, Scene, paint
from seedance_pipe.units import Size
from tests.sandbox.rivya import ALL, PRO, TWO, Desk, body
from tests.sandbox.stage import Stage, fetched, picture

MOST = {"image": 10 << 20, "video": 50 << 20, "audio": 10 << 20}


@pytest.fixture
def shop(sandbox: Stage) -> Iterator[Desk]:
    yield Desk(sandbox)


def clip(folder: Path, form: Form = "mp4") -> bytes:
    path = folder / f"clip.{form}"
    paint(Scene("x", "x", Size(320, 320), 49, 1, sound=False, form=form), path)
    return path.read_bytes()


def sound(form: str, codec: str) -> bytes:
    data = io.BytesIO()
    with av.open(data, "w", format=form) as container:
        stream = container.add_stream(codec, rate=48_000)
        assert isinstance(stream, av.AudioStream)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 96_000), np.float32), "fltp", "mono")
        frame.sample_rate = 48_000
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    return data.getvalue()


def tone(seconds: float) -> bytes:
    data = io.BytesIO()
    with wave.open(data, "wb") as track:
        track.setnchannels(1)
        track.setsampwidth(2)
        track.setframerate(8000)
        track.writeframes(bytes(int(seconds * 8000) * 2))
    return data.getvalue()


def refusal(answer: httpx.Response) -> tuple[int, str, str]:
    error = answer.json()["error"]
    return answer.status_code, error["code"], error["message"].partition(": ")[0]


def test_an_uploaded_picture_is_told_of_and_read_back(shop: Desk) -> None:
    data = picture()
    told = shop.upload(data, model=PRO, client_request_id="x" * 128).json()
    assert (told["kind"], told["mime_type"], told["size"]) == ("image", "image/png", len(data))
    assert (told["name"], told["duration_seconds"], told["duration_token"]) == ("still.png", None, None)
    got = fetched(told["url"])
    assert (got.content, got.headers["content-type"]) == (data, "image/png")
    assert shop.stage.http.get(f"{shop.url}/files/{told['id']}").json() == told
    again = shop.upload(data).json()
    assert again["id"] != told["id"]


@pytest.mark.parametrize(("form", "mime"), [("PNG", "png"), ("JPEG", "jpeg"), ("WEBP", "webp")])
def test_each_picture_format_is_known_by_its_signature(shop: Desk, form: str, mime: str) -> None:
    told = shop.upload(picture(form=form)).json()
    assert told["mime_type"] == f"image/{mime}"
    item = {"url": told["url"], "kind": "image"}
    assert shop.post(body(PRO, referenceMediaItems=[item])).status_code == 200


@pytest.mark.parametrize(
    "data", [picture(form="GIF"), picture(form="BMP"), b"<svg/>", b"", b"RIFF0000AVI ", tone(1), b"x" * 20]
)
def test_what_has_another_signature_is_no_picture(shop: Desk, data: bytes) -> None:
    assert refusal(shop.upload(data)) == (400, "validation_failed", "file")


@pytest.mark.parametrize(("form", "mime"), [("mp4", "mp4"), ("mov", "quicktime"), ("webm", "webm")])
def test_a_video_is_told_with_its_length_and_a_token(shop: Desk, tmp_path: Path, form: Form, mime: str) -> None:
    told = shop.upload(clip(tmp_path, form), kind="video", model=TWO).json()
    assert told["mime_type"] == f"video/{mime}"
    assert told["duration_seconds"] == pytest.approx(49 / 24, abs=0.05)
    assert told["duration_token"].startswith("dtok_")


@pytest.mark.parametrize(
    ("form", "codec", "mime"),
    [("mp3", "mp3", "mpeg"), ("ipod", "aac", "mp4"), ("adts", "aac", "aac"), ("ogg", "libopus", "ogg")],
)
def test_each_sound_format_is_known_by_its_signature(shop: Desk, form: str, codec: str, mime: str) -> None:
    told = shop.upload(sound(form, codec), kind="audio").json()
    assert told["mime_type"] == f"audio/{mime}"
    assert told["duration_seconds"] is None or told["duration_seconds"] == pytest.approx(2, abs=0.2)


def test_a_sound_is_told_with_its_length(shop: Desk) -> None:
    told = shop.upload(tone(2), kind="audio").json()
    assert (told["mime_type"], told["duration_seconds"]) == ("audio/wav", 2.0)


@pytest.mark.parametrize("kind", MOST)
def test_a_file_has_a_largest_size(shop: Desk, kind: str, tmp_path: Path) -> None:
    small = {"image": picture(), "video": clip(tmp_path), "audio": tone(1)}[kind]
    for size, status in ((MOST[kind], 200), (MOST[kind] + 1, 400)):
        assert shop.upload(small + bytes(size - len(small)), kind=kind).status_code == status


def test_a_form_over_the_limit_is_refused(shop: Desk) -> None:
    assert refusal(shop.upload(bytes((51 << 20) + 1), kind="video"))[1] == "validation_failed"


@pytest.mark.parametrize("model", ALL)
@pytest.mark.parametrize("kind", ["image", "audio"])
def test_a_file_for_a_model_is_of_a_kind_that_it_takes(shop: Desk, model: str, kind: str) -> None:
    answer = shop.upload({"image": picture(), "audio": tone(1)}[kind], kind=kind, model=model)
    assert (answer.status_code == 200) is (kind == "image" or model.startswith("seedance-2"))


def test_media_of_all_kinds_are_references_of_2_0(shop: Desk, tmp_path: Path) -> None:
    files = (("image", picture()), ("video", clip(tmp_path)), ("audio", tone(2)))
    told = [shop.upload(data, kind=kind).json() for kind, data in files]
    items = [
        {"url": file["url"], "kind": file["kind"], "durationToken": file["duration_token"] or ""} for file in told
    ]
    task = shop.create(TWO, seedance_scene="reference", duration=4, referenceMediaItems=items)
    assert shop.finished(task)["result"]["urls"]
    swapped = [{**item, "url": told[0]["url"]} for item in items]
    for index in (1, 2):
        media = [items[0], swapped[index]]
        request = body(TWO, seedance_scene="reference", referenceMediaItems=media)
        assert shop.refusal(request)[2] == "params.referenceMediaItems[1].url"


def test_a_file_that_begins_well_and_is_none_is_refused(shop: Desk) -> None:
    for kind, start in (
        ("video", b"\x00\x00\x00\x18ftypisom"),
        ("audio", b"OggS"),
        ("video", b"\x1a\x45\xdf\xa3"),
    ):
        assert refusal(shop.upload(start + bytes(100), kind=kind)) == (400, "validation_failed", "file")
    told = shop.upload(picture()[:-2000]).json()
    item = {"url": told["url"], "kind": "image"}
    assert shop.refusal(body(PRO, referenceMediaItems=[item]))[2] == "params.referenceMediaItems[0].url"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "kind"),
        ({"kind": "poem"}, "kind"),
        ({"kind": "image", "model": "none"}, "model"),
        ({"kind": "image", "client_request_id": "x" * 129}, "client_request_id"),
        ({"kind": "image", "purpose": "x"}, "purpose"),
        ({"kind": ["image", "image"]}, "kind"),
    ],
)
def test_a_form_of_another_shape_is_refused(shop: Desk, fields: dict[str, str], field: str) -> None:
    answer = shop.stage.http.post(f"{shop.url}/files", files={"file": picture()}, data=fields)
    assert refusal(answer) == (400, "validation_failed", field)


def test_the_file_is_a_file_and_kind_a_text(shop: Desk) -> None:
    url, http = f"{shop.url}/files", shop.stage.http
    as_text = http.post(url, files={"kind": (None, "image"), "file": (None, "x")})
    kind_as_file = http.post(url, files={"kind": ("kind.txt", b"image"), "file": ("a.png", picture())})
    assert (refusal(as_text)[2], refusal(kind_as_file)[2]) == ("file", "kind")


HEAD = "multipart/form-data; boundary=x"


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("", b""),
        ("application/json", b"{}"),
        ("multipart/form-data", b""),
        (HEAD, b""),
        (HEAD, b"--y\r\n"),
        (HEAD, b"--x\r\n\r\nno name\r\n--x--\r\n"),
        (HEAD, b"--x\r\nContent-Disposition: form-data; name=kind\r\n\r\n" + b"x" * (2 << 20) + b"\r\n--x--\r\n"),
        (HEAD, b"".join(b'--x\r\nContent-Disposition: form-data; name="kind"\r\n\r\na\r\n' for _ in range(9))),
    ],
)
def test_a_body_that_is_no_form_is_refused(shop: Desk, kind: str, data: bytes) -> None:
    answer = shop.stage.http.post(f"{shop.url}/files", content=data, headers={"Content-Type": kind})
    assert refusal(answer)[:2] == (400, "validation_failed")


SIGNATURES = (
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",
    b"RIFF0000WAVEfmt ",
    b"....ftypqt  ",
    b"OggS",
    b"ID3",
    b"\xff\xf1",
)


@given(start=st.sampled_from(SIGNATURES), rest=st.binary(max_size=60), kind=st.sampled_from(sorted(MOST)))
def test_no_file_is_a_bug(shared: Stage, start: bytes, rest: bytes, kind: str) -> None:
    assert Desk(shared).upload(start + rest, kind=kind).status_code in (200, 400)


@given(data=st.binary(max_size=60))
def test_no_form_is_a_bug(shared: Stage, data: bytes) -> None:
    whole = b"--x\r\nContent-Disposition: form-data; " + data
    answer = shared.http.post(f"{Desk(shared).url}/files", content=whole, headers={"Content-Type": HEAD})
    assert answer.status_code == 400
