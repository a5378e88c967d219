"""The clips in their three containers: really those, of the right length and size, readable, and with sound."""

from __future__ import annotations

import io
from pathlib import Path
from typing import get_args

import av
import numpy as np
import pytest

from seedance_pipe.sandbox.painter import Form, Scene, paint
from seedance_pipe.units import Size
from tests.sandbox.reading import Pixels, alike, fitted, legible
from tests.sandbox.runware import FAST, ONE_5, PRO, Desk
from tests.sandbox.stage import Stage, data_uri, fetched, picture

CONTENT = {"MP4": "video/mp4", "MOV": "video/quicktime", "WEBM": "video/webm"}
BRANDS = {"mp4": b"ftypisom", "mov": b"ftypqt  "}
CODECS = {"mp4": ["h264", "aac"], "mov": ["h264", "aac"], "webm": ["vp9", "opus"]}


def decoded(clip: bytes) -> list[Pixels]:
    with av.open(io.BytesIO(clip), "r") as container:
        return [
            frame.reformat(format="rgb24", src_colorspace="ITU709").to_ndarray().astype(np.uint8)
            for frame in container.decode(video=0)
        ]


def codecs(clip: bytes) -> list[str]:
    with av.open(io.BytesIO(clip)) as container:
        return [stream.codec_context.name for stream in container.streams]


@pytest.mark.parametrize("form", CONTENT)
def test_a_result_comes_in_the_container_that_was_asked_for(sandbox: Stage, form: str) -> None:
    shop, prompts = Desk(sandbox), ["A wave breaks on black rocks", "Snow falls on a quiet street"]
    (item,) = shop.finished(shop.submit(FAST, positivePrompt=prompts[1], outputFormat=form))
    answer = fetched(item["videoURL"])
    assert (answer.status_code, answer.headers["content-type"]) == (200, CONTENT[form])
    frames = decoded(answer.content)
    assert (len(frames), frames[0].shape) == (29, (480, 864, 3))
    assert [legible(frame, prompts) for frame in (frames[0], frames[-1])] == [1, 1]
    assert codecs(answer.content) == CODECS[form.lower()][:1]
    brand = BRANDS.get(form.lower())
    assert answer.content.startswith(b"\x1aE\xdf\xa3") if brand is None else answer.content[4:12] == brand


@pytest.mark.parametrize("audio", [True, False])
def test_1_5_pro_sounds_unless_it_is_switched_off(sandbox: Stage, audio: bool) -> None:
    shop = Desk(sandbox)
    settings = {"bytedance": {"audio": audio}}
    (item,) = shop.finished(shop.submit(ONE_5, outputFormat="WEBM", providerSettings=settings))
    assert codecs(fetched(item["videoURL"]).content) == ["vp9", "opus"][: 1 + audio]


def test_the_pictures_are_the_first_and_the_last_frame(sandbox: Stage) -> None:
    shop, one, other = Desk(sandbox), picture(700, 400), picture(400, 700)
    inputs = {"frameImages": [{"image": data_uri(other), "frame": -1}, {"image": data_uri(one), "frame": 0}]}
    (item,) = shop.finished(shop.submit(PRO, inputs=inputs))
    frames = decoded(fetched(item["videoURL"]).content)
    size = Size(864, 480)
    assert alike(frames[0], fitted(one, size)) > 35
    assert alike(frames[-1], fitted(other, size)) > 35


@pytest.mark.parametrize("form", get_args(Form))
def test_one_scene_is_the_same_bytes_in_every_container(tmp_path: Path, form: Form) -> None:
    scene = Scene("A wave breaks", "note", Size(864, 496), 29, 7, True, form=form)
    clips = []
    for number in range(2):
        paint(scene, tmp_path / str(number))
        clips.append((tmp_path / str(number)).read_bytes())
    assert clips[0] == clips[1]
    assert codecs(clips[0]) == CODECS[form]
    seconds = _sound_seconds(clips[0])
    assert abs(seconds - 29 / 24) < 0.03


def _sound_seconds(clip: bytes) -> float:
    with av.open(io.BytesIO(clip), "r") as container:
        samples = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
        return len(samples) / container.streams.audio[0].rate
