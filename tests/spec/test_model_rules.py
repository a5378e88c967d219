"""ModelArk's schemas as plain JSON Schemas: bodies that the vendor takes, and bodies that it refuses.

Each row is a fact of the vendor's documents (modelark.md sections 3 and 4, 2026-11-21). No code of ours judges
here: whoever reads the schema with another tool gets the same answer.
"""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from seedance_pipe.document import thaw
from tests.spec.asking import FAST, MID, MODELARK, MODELS, PRO, TWO, TWO_FAST, known

TEXT = {"type": "text", "text": "waves"}
URL = {"url": "https://example.org/x"}
BARE = {"type": "image_url", "image_url": URL}
FIRST = {**BARE, "role": "first_frame"}
LAST = {**BARE, "role": "last_frame"}
IMAGE = {**BARE, "role": "reference_image"}
VIDEO = {"type": "video_url", "video_url": URL, "role": "reference_video"}
AUDIO = {"type": "audio_url", "audio_url": URL, "role": "reference_audio"}
DRAFT = {"type": "draft_task", "draft_task": {"id": "cgt-20260521225953-zr48p"}}
DATA = {"url": "data:image/png;base64,AAAA"}
SERIES_2 = (TWO, TWO_FAST)
WITH_LAST = (PRO, MID, *SERIES_2)


def takes(name: str, *content: Any, **parameters: Any) -> bool:
    model = known(name)
    body = {"model": model.wire, "content": list(content), **parameters}
    return Draft202012Validator(thaw(model.document)).is_valid(body)


@pytest.mark.parametrize("name", MODELS)
def test_every_schema_is_a_valid_json_schema(name: str) -> None:
    Draft202012Validator.check_schema(thaw(known(name).document))


@pytest.mark.parametrize("name", MODELARK)
def test_text_or_a_first_frame_or_both_are_enough_on_every_model(name: str) -> None:
    assert takes(name, TEXT)
    assert takes(name, FIRST)
    assert takes(name, BARE, TEXT)
    assert takes(name, TEXT, {**FIRST, "image_url": DATA})
    assert not takes(name)
    assert not takes(name, {"type": "text", "text": ""})
    assert not takes(name, {"type": "image_url", "image_url": "https://example.org/x"})
    assert not takes(name, {**BARE, "role": "middle_frame"})
    assert not takes(name, {**BARE, "image_url": {"url": "file:///etc/passwd"}})
    assert not takes(name, FIRST, FIRST)


@pytest.mark.parametrize("name", WITH_LAST)
def test_a_last_frame_needs_a_first_and_each_its_role(name: str) -> None:
    assert takes(name, TEXT, FIRST, LAST)
    assert not takes(name, LAST)
    assert not takes(name, TEXT, LAST)
    assert not takes(name, FIRST, LAST, LAST)
    assert not takes(name, BARE, LAST)
    assert not takes(name, BARE, BARE)


def test_the_fast_model_of_the_first_series_takes_no_last_frame_and_no_second_picture() -> None:
    assert not takes(FAST, FIRST, LAST)
    assert not takes(FAST, BARE, BARE)


@pytest.mark.parametrize("name", SERIES_2)
def test_references_have_numbers_and_never_mix_with_frames(name: str) -> None:
    assert takes(name, TEXT, *[IMAGE] * 9, *[VIDEO] * 3, *[AUDIO] * 3)
    assert not takes(name, *[IMAGE] * 10)
    assert not takes(name, *[VIDEO] * 4)
    assert not takes(name, IMAGE, *[AUDIO] * 4)
    assert not takes(name, FIRST, IMAGE)
    assert not takes(name, FIRST, LAST, VIDEO)
    assert not takes(name, BARE, AUDIO)
    assert not takes(name, VIDEO | {"role": "first_frame"})
    assert not takes(name, {key: value for key, value in VIDEO.items() if key != "role"})
    assert not takes(name, VIDEO | {"video_url": {"url": "data:video/mp4;base64,AAAA"}})


@pytest.mark.parametrize("name", SERIES_2)
def test_a_sound_needs_a_picture_or_a_video_beside_it(name: str) -> None:
    assert takes(name, AUDIO, IMAGE)
    assert takes(name, AUDIO, VIDEO)
    assert not takes(name, AUDIO)
    assert not takes(name, TEXT, AUDIO)


@pytest.mark.parametrize("name", [PRO, FAST, MID])
def test_the_first_series_and_1_5_take_no_references(name: str) -> None:
    assert not any(takes(name, TEXT, reference) for reference in (IMAGE, VIDEO, AUDIO))


@pytest.mark.parametrize("name", [PRO, FAST])
def test_the_first_series_follows_a_picture_only_when_there_is_one(name: str) -> None:
    assert takes(name, TEXT, FIRST, ratio="adaptive")
    assert not takes(name, TEXT, ratio="adaptive")


@pytest.mark.parametrize("name", [MID, *SERIES_2])
def test_later_series_choose_a_ratio_without_a_picture(name: str) -> None:
    assert takes(name, TEXT, ratio="adaptive")


@pytest.mark.parametrize("name", [PRO, FAST])
def test_frames_and_duration_exclude_each_other(name: str) -> None:
    assert takes(name, TEXT, frames=29)
    assert not takes(name, TEXT, frames=29, duration=5)


def test_a_draft_is_small_online_and_without_a_last_frame() -> None:
    assert takes(MID, TEXT, draft=True, resolution="480p", service_tier="default")
    assert not takes(MID, TEXT, draft=True)
    assert not takes(MID, TEXT, draft=True, resolution="720p")
    assert not takes(MID, TEXT, draft=True, resolution="480p", service_tier="flex")
    assert not takes(MID, TEXT, draft=True, resolution="480p", return_last_frame=True)
    assert takes(MID, TEXT, draft=False, resolution="720p", service_tier="flex", return_last_frame=True)


def test_a_film_from_a_draft_brings_nothing_else() -> None:
    assert takes(MID, DRAFT, resolution="1080p")
    assert not takes(MID, DRAFT, TEXT)
    assert not any(takes(name, DRAFT) for name in (PRO, FAST, TWO, TWO_FAST))


def test_a_flex_task_has_no_priority_and_2_0_has_no_tiers() -> None:
    assert takes(PRO, TEXT, priority=9)
    assert not takes(PRO, TEXT, priority=1, service_tier="flex")
    assert not any(takes(TWO, TEXT, service_tier=tier) for tier in ("default", "flex"))


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        (PRO, {"draft": False}),
        (PRO, {"tools": [{"type": "web_search"}]}),
        (FAST, {"draft": True}),
        (MID, {"frames": 29}),
        (MID, {"priority": 0}),
        (TWO, {"frames": 29}),
        (TWO, {"camera_fixed": False}),
        (TWO, {"draft": False}),
        (TWO, {"output_format": "mp4"}),
        (TWO_FAST, {"resolution": "1080p"}),
        (TWO_FAST, {"resolution": "4k"}),
        (PRO, {"resolution": "720P"}),
        (PRO, {"duration": 5.5}),
        (PRO, {"seed": None}),
    ],
)
def test_what_a_model_does_not_have_is_refused(name: str, refused: dict[str, Any]) -> None:
    assert takes(name, TEXT)
    assert not takes(name, TEXT, **refused)
