"""Vendors that ask for pixels: resolution and ratio become a width and a height, unless a picture is followed."""

from __future__ import annotations

from typing import Any

import pytest

from seedance_pipe.document import thaw
from seedance_pipe.spec.form import Form
from seedance_pipe.spec.medium import Kind, Role
from seedance_pipe.spec.model import Model
from seedance_pipe.spec.problems import Problems
from seedance_pipe.spec.request import request
from seedance_pipe.spec.story import Footage
from seedance_pipe.spec.wanted import Wanted
from tests.spec.asking import PEERS, RUNWARE, SPOT, asked, brought, given, known, made_up

FIRST = [brought(Role.FIRST_FRAME)]
SIDES = {"type": "integer", "enum": [720, 1280, 1024], "x-key": "ratio"}
PIXELS = {
    "width": {**SIDES, "x-as": "width", "x-ratio": "16:9"},
    "height": {**SIDES, "x-as": "height"},
    "resolution": {"enum": ["720p", "1080p"], "x-key": "resolution"},
    "image": {"type": "array", "x-items": ["{first_frame}"]},
}
NO_DEFAULT = made_up(PIXELS)


def body(model: Model = NO_DEFAULT, **asking: Any) -> Any:
    made, told = asked(model, **asking)
    assert made is not None, told
    return thaw(made.body)


def footage(model: Model = NO_DEFAULT, **asking: Any) -> Footage:
    made, told = asked(model, **asking)
    assert made is not None, told
    return made.footage


@pytest.mark.parametrize(
    ("asking", "size"),
    [
        ({"resolution": "720p"}, {"width": 1280, "height": 720}),
        ({"resolution": "720p", "ratio": "9:16"}, {"width": 720, "height": 1280}),
        ({"resolution": "720p", "ratio": "9:16", "media": FIRST}, {"width": 720, "height": 1280, "image": [None]}),
        ({"resolution": "720p", "media": FIRST}, {"resolution": "720p", "image": [None]}),
        ({"resolution": "720p", "media": FIRST, "ratio": "adaptive"}, {"resolution": "720p", "image": [None]}),
        ({"media": FIRST}, {"image": [None]}),
        ({"ratio": "9:16", "params": {"resolution": "720p"}}, {"width": 720, "height": 1280}),
        ({"params": {"width": 1024, "height": 1024}}, {"width": 1024, "height": 1024}),
    ],
)
def test_the_size_is_sent_in_pixels_unless_a_picture_is_followed(
    asking: dict[str, Any], size: dict[str, Any]
) -> None:
    assert body(**asking) == size


def test_what_is_asked_for_in_pixels_is_known_by_its_resolution_and_ratio() -> None:
    portable = footage(resolution="720p", ratio="9:16")
    native = footage(params={"width": 720, "height": 1280})
    assert (portable.resolution, portable.ratio) == ("720p", "9:16")
    assert native == portable


def test_pixels_that_are_in_no_table_are_a_size_that_is_not_known() -> None:
    made = footage(params={"width": 1024, "height": 1024})
    assert (made.resolution, made.ratio) == ("", "1024:1024")


def test_a_picture_that_is_followed_leaves_the_ratio_open() -> None:
    made = footage(resolution="720p", media=FIRST)
    assert (made.resolution, made.ratio) == ("720p", None)


def test_portable_and_native_words_for_one_size_order_the_same() -> None:
    portable, _ = asked(known(RUNWARE), prompt="waves", resolution="480p", ratio="1:1")
    native, _ = asked(known(RUNWARE), prompt="waves", params={"width": 640, "height": 640})
    assert portable is not None
    assert native is not None
    assert portable.order == native.order
    assert "resolution" not in portable.order
    assert portable.origins["width",].key == "width"


def test_the_models_own_resolution_is_asked_for_when_the_story_names_none() -> None:
    made = body(known(RUNWARE), prompt="waves", ratio="9:21")
    assert (made["width"], made["height"]) == (928, 2176)


@pytest.mark.parametrize(
    ("asking", "told"),
    [
        ({}, "shot 'beach': acme/one needs a resolution; it makes 720p or 1080p"),
        ({"ratio": "16:9"}, "shot 'beach': acme/one needs a resolution; it makes 720p or 1080p"),
        (
            {"resolution": "720p", "ratio": "1:1"},
            "ratio '1:1' in shot 'beach' is not what acme/one makes; it makes 16:9, 9:16 or adaptive",
        ),
        (
            {"resolution": "720p", "ratio": "adaptive"},
            "ratio in shot 'beach': 'adaptive' follows a picture, and there is none; write a ratio such as "
            '"16:9", or give a first_frame',
        ),
        (
            {"resolution": "4k", "ratio": "16:9"},
            "resolution '4k' in shot 'beach' is not what acme/one makes; it makes 720p or 1080p",
        ),
        (
            {"params": {"width": 7}},
            "params.width 7 in shot 'beach' is not what acme/one takes; it takes 720, 1280 or 1024",
        ),
    ],
)
def test_what_has_no_size_is_told(asking: dict[str, Any], told: str) -> None:
    assert asked(NO_DEFAULT, **asking) == (None, [told])


def test_a_ratio_and_pixels_say_the_same_and_are_told_once() -> None:
    made, told = asked(NO_DEFAULT, ratio="16:9", resolution="720p", params={"height": 720, "width": 1280})
    assert made is None
    assert told == [
        "ratio in shot 'beach': line 1 sets it too, with params.height in shot 'beach'; keep one",
        "params.height in shot 'beach': line 1 sets it too, with ratio in shot 'beach'; keep one",
    ]


@pytest.mark.parametrize("unsure", ["ratio", "resolution", "params", "first_frame"])
def test_nothing_follows_from_a_key_that_is_wrong_itself(unsure: str) -> None:
    problems = Problems()
    rule = {"required": ["width"], "x-error": {"message": "give a size"}}
    model = made_up(PIXELS, allOf=[rule])
    wanted = Wanted(
        "shot 'beach'", SPOT, {"resolution": given("720p", "resolution")}, (), (), 1, frozenset({unsure})
    )
    request(Form(model), wanted, problems, PEERS)
    assert [one.message for one in problems.diagnostics] == (
        [] if unsure != "first_frame" else ["shot 'beach': give a size"]
    )


def test_a_ratio_without_a_size_in_the_table_is_kept_apart_from_an_open_one() -> None:
    ratio = {"enum": ["16:9", "9:16", "1:1", "adaptive"], "x-key": "ratio"}
    some = made_up({"ratio": ratio, "resolution": PIXELS["resolution"]})
    assert footage(some, resolution="720p", ratio="16:9").ratio == "16:9"
    assert footage(some, resolution="720p", ratio="1:1").ratio == "1:1"
    assert footage(some, resolution="720p").ratio == "adaptive"
    all_ = made_up({"ratio": {**ratio, "enum": ["16:9", "9:16", "adaptive"]}, "resolution": PIXELS["resolution"]})
    assert footage(all_, resolution="720p", ratio="adaptive").ratio is None


def test_a_size_that_the_table_lacks_is_left_to_the_vendor() -> None:
    model = made_up({**PIXELS, "width": {**PIXELS["width"], "x-ratio": "4:3"}})
    assert body(model, resolution="720p") == {"resolution": "720p"}


LADDER = {"type": "number", "x-key": "duration", "x-frames": {"least": 29, "most": 289, "step": 4}}


@pytest.mark.parametrize(
    ("seconds", "frames"),
    [
        (1.2, 29),
        (1.25, 33),
        (1.3, 33),
        (1.0, 29),
        (2, 49),
        (5, 121),
        (5.04, 121),
        (5.1, 125),
        (12, 289),
        (20, 289),
    ],
)
def test_a_clip_has_the_nearest_number_of_frames_that_the_model_can_make(seconds: float, frames: int) -> None:
    made = footage(made_up({"duration": LADDER}), duration=seconds)
    assert (made.frames, made.longest) == (frames, frames)


def test_a_length_in_words_is_counted_all_the_same() -> None:
    words = {"enum": ["auto", "4", "12"], "x-key": "duration", "x-as": "text", "x-auto": "auto"}
    model = made_up({"duration": words})
    assert footage(model, duration=4).frames == 97
    assert body(model, duration=4.0) == {"duration": "4"}
    for asking in ({}, {"duration": "auto"}, {"duration": -1}):
        made = footage(model, **asking)
        assert (made.frames, made.longest) == (None, 289)
    assert footage(made_up({})).longest == 1


@pytest.mark.parametrize("kind", list(Kind))
def test_a_model_that_takes_no_media_says_so(kind: Kind) -> None:
    made, told = asked(made_up({}), media=[brought(Role.REFERENCE, kind)])
    assert made is None
    assert "acme/one takes no reference" in told[0]
