"""From keys to a request: what is accepted fits the schema, and every limit is where the schema has it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given as supposing
from hypothesis import settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from seedance_pipe.document import fill, freeze, thaw
from seedance_pipe.spec.form import Parameter, nested
from seedance_pipe.spec.medium import Kind, Role
from seedance_pipe.spec.story import Footage
from tests.spec.asking import FAST, MID, MODELS, PEERS, PRO, TWO, asked, brought, known, made_up

PLAIN: dict[str, st.SearchStrategy[Any]] = {
    "duration": st.one_of(st.integers(-1, 17), st.just("auto"), st.just(5.0)),
    "frames": st.integers(25, 293),
    "resolution": st.sampled_from(["480p", "720p", "1080p", "4k", "720P"]),
    "ratio": st.sampled_from(["16:9", "9:16", "1:1", "adaptive", "2:1"]),
    "seed": st.integers(-1, 2**31),
    "camera_fixed": st.booleans(),
    "watermark": st.booleans(),
    "audio": st.booleans(),
}
PARAMS: dict[str, st.SearchStrategy[Any]] = {
    "service_tier": st.sampled_from(["default", "flex"]),
    "priority": st.integers(0, 10),
    "draft": st.booleans(),
    "execution_expires_after": st.integers(3599, 259201),
    "safety_identifier": st.text("ab", max_size=66),
    "generate_audio": st.booleans(),
}
SENT_LATER = {"taskUUID": "5a3f2c58-6f0e-4b6b-9b39-3a8a6d1e7c11"}
MEDIA = st.lists(
    st.one_of(
        st.tuples(st.sampled_from([Role.FIRST_FRAME, Role.LAST_FRAME]), st.just(Kind.IMAGE)),
        st.tuples(st.just(Role.REFERENCE), st.sampled_from(list(Kind))),
    ),
    max_size=4,
)


@settings(max_examples=300, deadline=None)
@supposing(
    st.sampled_from(MODELS),
    st.text(min_size=1, max_size=70),
    st.fixed_dictionaries({}, optional=PLAIN),
    st.fixed_dictionaries({}, optional=PARAMS),
    MEDIA,
)
def test_what_is_accepted_fits_the_models_schema_and_what_is_refused_is_told(
    name: str, prompt: str, keys: dict[str, Any], params: dict[str, Any], media: list[tuple[Role, Kind]]
) -> None:
    model = known(name)
    made, told = asked(
        model, media=[brought(role, kind) for role, kind in media], params=params, prompt=prompt, **keys
    )
    assert (made is None) == bool(told)
    if made is None:
        return
    body = thaw(fill(made.body, {medium.hole: "https://example.org/x" for medium in made.media}))
    document = thaw(model.document)
    for parameter in filter(PEERS.form(model).later, document["required"]):
        body[parameter] = SENT_LATER[parameter]
    Draft202012Validator(document).validate(body)
    assert len(made.media) == len(media)
    assert made.footage.longest >= (made.footage.frames or 0)
    assert not {"service_tier", "priority", "execution_expires_after", "safety_identifier"} & set(made.order)


def limits_of(part: dict[str, Any]) -> Iterator[tuple[Any, bool]]:
    """The values at the edges of a parameter's schema and just beyond, each with whether it is taken."""
    for branch in part.get("anyOf", [part]):
        if "minimum" in branch:
            yield branch["minimum"], True
            yield branch["minimum"] - 1, branch["minimum"] - 1 == part.get("default") == -1
        if "maximum" in branch:
            yield branch["maximum"], True
            yield branch["maximum"] + 1, False
        if "const" in branch:
            yield branch["const"], True
        for value in branch.get("enum", ()):
            yield value, True
            yield f"{value}x" if isinstance(value, str) else value + 1, False
    if part.get("type") == "boolean":
        yield from [(True, True), (False, True), ("true", False), (1, False)]
    if "maxLength" in part:
        least = part.get("minLength", 0)
        yield from [("a" * part["maxLength"], True), ("a" * (part["maxLength"] + 1), False)]
        yield from [("a" * least, True), *([("a" * (least - 1), False)] if least else [])]
    if part.get("pattern"):
        yield from [("https://example.org/", True), ("example.org", False)]


LIMITS = [
    pytest.param(name, path, value, taken, id=f"{known(name).familiar}-{path[-1]}-{str(value)[:12]}")
    for name in MODELS
    for path, part in PEERS.form(known(name)).parts.items()
    if not PEERS.form(known(name)).owned(path) and part.get("x-as") not in ("width", "height")
    for value, taken in limits_of(dict(part))
]


@pytest.mark.parametrize(("name", "path", "value", "taken"), LIMITS)
def test_a_parameter_is_taken_up_to_its_limits_and_not_beyond(
    name: str, path: Parameter, value: Any, taken: bool
) -> None:
    params = nested({path: value})
    if path == ("draft",) and value is True:
        params["resolution"] = "480p"
    media = []
    if value == "adaptive" and known(name).abilities.first_frame:
        media = [brought(Role.FIRST_FRAME)]
    if value in ("edit", "extend"):
        media = [brought(Role.REFERENCE, Kind.VIDEO)]
    made, told = asked(known(name), media=media, params=params, prompt="waves")
    assert (made is not None) == taken, told
    assert len(told) == (0 if taken else 1)


@pytest.mark.parametrize("name", MODELS)
def test_a_prompt_is_taken_up_to_its_limits_and_never_in_the_vendors_words(name: str) -> None:
    form = PEERS.form(known(name))
    part = form.part("prompt")
    for length in (part.get("minLength", 1), part.get("maxLength", 4000)):
        assert asked(known(name), prompt="w" * length)[0] is not None
    if "maxLength" in part:
        assert asked(known(name), prompt="w" * (part["maxLength"] + 1))[0] is None
    if part:
        path = form.fields["prompt"]
        told = asked(known(name), params=nested({path: "waves"}))[1]
        assert any(one.endswith("the program sets this itself; take it out") for one in told)


def test_the_limits_of_every_parameter_are_looked_at() -> None:
    looked_at = {(name, path) for name, path, _, _ in (case.values for case in LIMITS)}
    for name in MODELS:
        form = PEERS.form(known(name))
        rest = {path[-1] for path in form.parts if (name, path) not in looked_at and not form.owned(path)}
        assert rest <= {"service_tier", "tools", "width", "height"}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("asking", [{"audio": False}, {"watermark": False}, {"camera_fixed": False}, {"seed": -1}])
def test_asking_for_nothing_is_free_on_every_model(name: str, asking: dict[str, Any]) -> None:
    made, told = asked(known(name), prompt="waves", **asking)
    assert made is not None, told
    assert made.seed is None


@pytest.mark.parametrize(("name", "asking"), [(PRO, {"audio": True}), (TWO, {"camera_fixed": True})])
def test_asking_for_what_a_model_does_not_have_is_told(name: str, asking: dict[str, Any]) -> None:
    made, told = asked(known(name), prompt="waves", **asking)
    assert made is None
    assert len(told) == 1


def test_a_whole_float_is_sent_as_the_integer_it_means() -> None:
    made, _ = asked(known(PRO), prompt="waves", duration=5.0)
    assert made is not None
    assert json.dumps(made.body["duration"]) == "5"


def test_auto_and_minus_one_both_let_the_model_choose() -> None:
    bodies = []
    for duration in ("auto", -1):
        made, _ = asked(known(TWO), prompt="waves", duration=duration)
        assert made is not None
        assert made.footage.frames is None
        assert made.footage.longest == 361
        bodies.append(made.body)
    assert bodies[0] == bodies[1]


def test_the_order_has_the_vendors_defaults_and_no_delivery() -> None:
    made, _ = asked(known(PRO), prompt="waves", params={"service_tier": "flex"})
    assert made is not None
    assert made.body["service_tier"] == "flex"
    assert {key: made.order[key] for key in made.order if key != "content"} == {
        "model": "seedance-1-0-pro-250528",
        "resolution": "1080p",
        "ratio": "16:9",
        "duration": 5,
        "seed": -1,
        "camera_fixed": False,
        "watermark": False,
    }


def test_saying_a_default_or_leaving_it_out_orders_the_same() -> None:
    short, _ = asked(known(PRO), prompt="waves")
    long, _ = asked(known(PRO), prompt="waves", duration=5, resolution="1080p", ratio="16:9", seed=-1)
    assert short is not None
    assert long is not None
    assert short.order == long.order
    assert short.body != long.body


def test_frames_leave_no_default_of_duration() -> None:
    made, _ = asked(known(PRO), prompt="waves", frames=57)
    assert made is not None
    assert "duration" not in made.order
    assert made.footage.frames == made.footage.longest == 57


def test_the_ratio_of_the_first_series_follows_a_picture() -> None:
    made, _ = asked(known(FAST), prompt="waves", media=[brought(Role.FIRST_FRAME)])
    assert made is not None
    assert made.order["ratio"] == "adaptive"
    assert made.footage == Footage("1080p", None, 121, 121, audio=False)


def test_sound_is_made_unless_it_is_declined() -> None:
    loud, _ = asked(known(MID), prompt="waves")
    quiet, _ = asked(known(MID), prompt="waves", audio=False)
    assert loud is not None
    assert quiet is not None
    assert (loud.footage.audio, quiet.footage.audio) == (True, False)


def test_a_seed_in_params_is_the_seed() -> None:
    made, _ = asked(known(PRO), prompt="waves", params={"seed": 7}, takes=3)
    assert made is not None
    assert (made.seed, made.seed_path) == (7, ("seed",))


def test_the_last_takes_seed_is_still_within_the_range() -> None:
    assert asked(known(PRO), prompt="waves", seed=2147483647)[0] is not None
    assert asked(known(PRO), prompt="waves", seed=2147483647, takes=2)[0] is None


def test_media_stand_in_the_models_order_and_leave_holes_for_their_addresses() -> None:
    references = [brought(Role.REFERENCE, kind) for kind in (Kind.AUDIO, Kind.IMAGE, Kind.VIDEO, Kind.IMAGE)]
    made, _ = asked(known(TWO), prompt="waves", media=references)
    assert made is not None
    assert [medium.hole for medium in made.media] == [
        ("content", 1, "image_url", "url"),
        ("content", 2, "image_url", "url"),
        ("content", 3, "video_url", "url"),
        ("content", 4, "audio_url", "url"),
    ]
    assert thaw(made.body["content"])[1] == {
        "type": "image_url",
        "image_url": {"url": None},
        "role": "reference_image",
    }
    assert made.origins["content", 0].key == "prompt"


SELECTS = {
    "positivePrompt": {"type": "string", "minLength": 2, "maxLength": 20, "x-key": "prompt"},
    "duration": {"type": "string", "enum": ["5", "10"], "default": "5", "x-key": "duration", "x-as": "text"},
    "cameraFixed": {"type": "string", "enum": ["true", "false"], "x-key": "camera_fixed", "x-as": "text"},
    "resolution": {"type": "string", "enum": ["720p"], "x-key": "resolution"},
    "image_urls": {
        "type": "array",
        "maxItems": 2,
        "items": {"type": "string"},
        "x-owned": True,
        "x-items": ["{first_frame}", "{last_frame}"],
    },
    "frames": {
        "type": "array",
        "x-owned": True,
        "x-items": [
            {"image": "{first_frame}", "frame": "first"},
            {"image": "{last_frame}", "frame": "last", "n": 1},
        ],
    },
}


def test_other_vendors_shapes_are_data_too() -> None:
    model = made_up(SELECTS, ["positivePrompt"])
    media = [brought(Role.LAST_FRAME), brought(Role.FIRST_FRAME)]
    made, told = asked(model, prompt="waves", duration=10, camera_fixed=True, resolution="720p", media=media)
    assert made is not None, told
    assert thaw(made.body) == {
        "positivePrompt": "waves",
        "duration": "10",
        "cameraFixed": "true",
        "resolution": "720p",
        "image_urls": [None, None],
        "frames": [{"image": None, "frame": "first"}, {"image": None, "frame": "last", "n": 1}],
    }
    assert [medium.hole for medium in made.media] == [
        ("image_urls", 0),
        ("image_urls", 1),
        ("frames", 0, "image"),
        ("frames", 1, "image"),
    ]
    assert made.footage == Footage("720p", None, 241, 241, audio=False)
    assert (made.seed, made.seed_path) == (None, ())


@pytest.mark.parametrize(
    ("asking", "told"),
    [
        ({}, "shot 'beach': acme/one needs a prompt"),
        ({"prompt": "w" * 21}, "prompt in shot 'beach' is too long, 21 characters; it takes at most 20"),
        ({"prompt": "w"}, "prompt in shot 'beach' is too short, 1 character; it takes at least 2"),
        (
            {"prompt": "waves", "duration": 7},
            "duration 7 in shot 'beach' is not what acme/one makes; it makes 5 or 10",
        ),
        ({"prompt": "waves", "seed": 3}, "seed in shot 'beach': acme/one takes no seed; drop seed"),
        ({"prompt": "waves", "ratio": "1:1"}, "ratio in shot 'beach': acme/one takes no ratio"),
    ],
)
def test_other_vendors_limits_are_told_by_the_shots_own_keys(asking: dict[str, Any], told: str) -> None:
    assert asked(made_up(SELECTS, ["positivePrompt"]), **asking) == (None, [told])


def test_a_fault_of_an_item_is_told_by_the_key_that_fills_it() -> None:
    text = {"type": "object", "properties": {"text": {"type": "string", "maxLength": 5}}}
    listed = {"type": "array", "items": text, "x-owned": True, "x-items": [{"text": "{prompt}"}]}
    model = made_up({"parts": listed, "name": {"type": "string", "pattern": "^[a-z]+$"}}, [])
    assert asked(model, prompt="oceans", params={"name": "7"})[1] == [
        "prompt in shot 'beach' is too long, 6 characters; it takes at most 5",
        "params.name '7' in shot 'beach' is not written as acme/one takes it",
    ]


def test_a_rule_of_which_the_shot_says_nothing_is_told_at_the_shot() -> None:
    rule = {"required": ["size"], "x-error": {"message": "set a size", "at": ["size"]}}
    document = freeze({"properties": {"size": {"type": "string"}}, "allOf": [rule]})
    model = replace(made_up({}, []), document=document)
    assert asked(model) == (None, ["shot 'beach': set a size"])


def test_two_shots_that_differ_in_words_alone_are_judged_once() -> None:
    model = known(PRO)
    made, _ = asked(model, prompt="x" * 5000)
    assert made is not None
    assert thaw(made.body["content"])[0]["text"] == "x" * 5000
