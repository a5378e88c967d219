"""Parameters inside each other: portable keys and native ones meet in one request, leaf by leaf."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from seedance_pipe.document import thaw
from seedance_pipe.spec.medium import Role
from seedance_pipe.spec.story import Shot
from tests.spec.asking import RUNWARE, asked, brought, known, made_up, messages, read, write

BEACH = "shot 'beach'"
PICTURE = {"type": "object", "properties": {"image": {"type": "string"}}}
SETTINGS = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "sound": {"type": "boolean", "default": True, "x-key": "audio"},
        "seed": {"type": "integer", "minimum": 0, "maximum": 9, "x-key": "seed"},
        "quality": {"type": "integer", "minimum": 1, "maximum": 9},
        "free": {"type": "object"},
        "hidden": {"type": "string", "x-owned": True},
        "deeper": {"type": "object", "properties": {"mode": {"enum": ["a", "b"]}, "trace": {"type": "boolean"}}},
    },
}
INPUTS = {
    "type": "object",
    "properties": {
        "pictures": {
            "type": "array",
            "maxItems": 2,
            "items": PICTURE,
            "x-items": [{"image": "{first_frame}"}, {"image": "{last_frame}"}],
        }
    },
}
LOGS = {"type": "object", "x-delivery": True, "properties": {"hook": {"type": "string", "default": "none"}}}
ONE = made_up(
    {
        "task": {"type": "string", "x-owned": True},
        "kind": {"const": "clip", "x-owned": True, "x-delivery": True},
        "text": {"type": "string", "x-key": "prompt"},
        "duration": {"type": "number", "minimum": 1, "default": 5, "x-key": "duration"},
        "settings": {"$ref": "#/$defs/settings"},
        "inputs": INPUTS,
        "logs": LOGS,
    },
    ["task", "kind", "text"],
    **{"$defs": {"settings": SETTINGS}},
)


def body(**asking: Any) -> Any:
    made, told = asked(ONE, prompt="waves", **asking)
    assert made is not None, told
    return thaw(made.body)


def told(**asking: Any) -> list[str]:
    made, problems = asked(ONE, prompt="waves", **asking)
    assert made is None
    return problems


def test_portable_and_native_values_meet_inside_one_mapping() -> None:
    params = {"settings": {"quality": 3, "deeper": {"mode": "b"}}, "logs": {"hook": "x"}}
    assert body(audio=False, params=params) == {
        "kind": "clip",
        "text": "waves",
        "settings": {"sound": False, "quality": 3, "deeper": {"mode": "b"}},
        "logs": {"hook": "x"},
    }


def test_the_order_has_the_defaults_at_any_depth_and_no_delivery() -> None:
    made, _ = asked(ONE, prompt="waves", params={"logs": {"hook": "x"}, "settings": {}})
    assert made is not None
    assert thaw(made.order) == {"text": "waves", "duration": 5, "settings": {"sound": True}}
    assert thaw(made.body)["settings"] == {}
    assert made.footage.audio
    asking, _ = asked(ONE, prompt="waves", audio=True)
    assert asking is not None
    assert asking.order == made.order


def test_a_list_inside_is_there_only_when_something_fills_it() -> None:
    media = [brought(Role.LAST_FRAME), brought(Role.FIRST_FRAME)]
    made, _ = asked(ONE, prompt="waves", media=media)
    assert made is not None
    assert thaw(made.body)["inputs"] == {"pictures": [{"image": None}, {"image": None}]}
    assert [medium.hole for medium in made.media] == [
        ("inputs", "pictures", 0, "image"),
        ("inputs", "pictures", 1, "image"),
    ]
    assert made.origins["inputs", "pictures", 0].key == "first_frame"
    assert "inputs" not in body()
    assert body(params={"inputs": {"pictures": [{"image": "uuid"}]}})["inputs"] == {
        "pictures": [{"image": "uuid"}]
    }


def test_a_seed_inside_is_written_where_it_belongs_and_minus_one_is_not_sent() -> None:
    made, _ = asked(ONE, prompt="waves", seed=7, takes=3)
    assert made is not None
    assert (made.seed, made.seed_path) == (7, ("settings", "seed"))
    assert "settings" not in body(seed=-1)
    assert told(seed=7, takes=4) == [
        "seed in shot 'beach': take 4 would have the seed 10; acme/one takes at most 9"
    ]


def test_a_free_mapping_is_taken_as_it_is() -> None:
    assert body(params={"settings": {"free": {"a": [1], "b": {}}}})["settings"] == {"free": {"a": [1], "b": {}}}


@pytest.mark.parametrize(
    ("asking", "told_of_it"),
    [
        (
            {"audio": True, "params": {"settings": {"sound": False}}},
            [
                f"audio in {BEACH}: line 1 sets it too, with params.settings.sound in {BEACH}; keep one",
                f"params.settings.sound in {BEACH}: line 1 sets it too, with audio in {BEACH}; keep one",
            ],
        ),
        (
            {"params": {"settings": {"qualty": 3}}},
            ["params.settings.qualty in shot 'beach': acme/one has no such parameter; did you mean 'quality'?"],
        ),
        (
            {"params": {"settings": {"hiden": "x"}}},
            ["params.settings.hiden in shot 'beach': acme/one has no such parameter"],
        ),
        (
            {"params": {"quality": 3}},
            [
                "params.quality in shot 'beach': acme/one has no such parameter; "
                "did you mean 'params.settings.quality'?"
            ],
        ),
        (
            {"params": {"settings": {"hidden": "x"}}},
            ["params.settings.hidden in shot 'beach': the program sets this itself; take it out"],
        ),
        (
            {"params": {"settings": 3}, "audio": True},
            ["params.settings in shot 'beach' is the number 3, where a mapping of keys to values belongs"],
        ),
        (
            {"params": {"settings": {"deeper": {"mode": "c"}}}},
            ["params.settings.deeper.mode 'c' in shot 'beach' is not what acme/one takes; it takes a or b"],
        ),
        (
            {"params": {"settings": {"deeper": {"trace": "true"}}}},
            [
                "params.settings.deeper.trace in shot 'beach' is the text 'true', where true or false belongs; "
                "write true without quotes"
            ],
        ),
        (
            {"params": {"inputs": {"pictures": [{"image": 3}]}}},
            [
                "params.inputs.pictures[0].image in shot 'beach' is the number 3, where text belongs; "
                'write it in quotes: "3"'
            ],
        ),
        (
            {"params": {"inputs": {"pictures": []}}, "media": [brought(Role.FIRST_FRAME)]},
            [
                f"first_frame in {BEACH}: line 1 sets it too, with params.inputs.pictures in {BEACH}; keep one",
                f"params.inputs.pictures in {BEACH}: line 1 sets it too, with first_frame in {BEACH}; keep one",
            ],
        ),
        (
            {"media": [brought(Role.FIRST_FRAME), brought(Role.FIRST_FRAME), brought(Role.LAST_FRAME)]},
            ["inputs.pictures in shot 'beach' is too long, 3 items; it takes at most 2"],
        ),
        (
            {"duration": 0.5},
            ["duration 0.5 in shot 'beach' is less than acme/one makes; it makes 1 or more"],
        ),
    ],
)
def test_a_fault_inside_is_told_by_the_key_that_caused_it(asking: dict[str, Any], told_of_it: list[str]) -> None:
    assert told(**asking) == told_of_it


def test_a_mapping_that_lacks_something_is_told_at_what_is_in_it() -> None:
    group = {"type": "object", "required": ["b"], "properties": {"a": {"type": "boolean", "x-key": "audio"}}}
    model = made_up({"outer": {"type": "object", "properties": {"group": group}}})
    assert asked(model, audio=True) == (None, ["outer.group in shot 'beach' has no 'b'"])


def test_what_is_missing_is_told_by_the_name_that_a_story_has_for_it() -> None:
    model = made_up({"size": {"type": "string"}, "shape": {"enum": ["1:1"], "x-key": "ratio"}}, ["size", "shape"])
    assert asked(model)[1] == ["shot 'beach': acme/one needs params.size", "shot 'beach': acme/one needs ratio"]


STORY = """\
version: 1
model: runware/seedance-1-0-pro
defaults:
  resolution: 480p
  params: {safety: {checkContent: true, mode: fast}, outputQuality: 90, providerSettings: {bytedance: {}}}
shots:
  - id: beach
    prompt: waves
    camera_fixed: true
    params: {safety: {mode: full}}
"""


def shot(folder: Path, text: str) -> Shot:
    reading = read(write(folder, text))
    assert reading.story is not None, messages(reading)
    return reading.story.shots[0]


def test_mappings_of_a_shot_are_laid_over_those_of_the_defaults_key_by_key(tmp_path: Path) -> None:
    made = thaw(shot(tmp_path, STORY).body)
    assert made["safety"] == {"checkContent": True, "mode": "full"}
    assert made["outputQuality"] == 90
    assert made["providerSettings"] == {"bytedance": {"cameraFixed": True}}


def test_a_value_that_is_no_mapping_is_told_whatever_the_defaults_have(tmp_path: Path) -> None:
    reading = read(write(tmp_path, STORY.replace("{safety: {mode: full}}", "{safety: full}")))
    assert messages(reading) == [
        "story.yaml:10:22: error: params.safety in shot 'beach' is the text 'full', where a mapping of keys to "
        "values belongs"
    ]
    swapped = STORY.replace("{safety: {checkContent: true, mode: fast}", "{safety: fast")
    assert thaw(shot(tmp_path, swapped).body)["safety"] == {"mode": "full"}


def test_a_nested_value_that_a_portable_key_sets_too_is_told_at_both_places(tmp_path: Path) -> None:
    text = STORY.replace("{bytedance: {}}", "{bytedance: {cameraFixed: true}}")
    name = "params.providerSettings.bytedance.cameraFixed"
    assert messages(read(write(tmp_path, text))) == [
        f"story.yaml:5:117: error: {name} in defaults: line 9 sets it too, with camera_fixed in {BEACH}; keep one",
        f"story.yaml:9:19: error: camera_fixed in {BEACH}: line 5 sets it too, with {name} in defaults; keep one",
    ]


def test_no_nested_parameter_of_a_real_model_is_out_of_reach() -> None:
    made, problems = asked(
        known(RUNWARE),
        prompt="waves",
        resolution="480p",
        media=[brought(Role.FIRST_FRAME)],
        params={"safety": {"checkContent": True}, "outputFormat": "WEBM", "ttl": 60},
    )
    assert made is not None, problems
    assert thaw(made.body)["safety"] == {"checkContent": True}
