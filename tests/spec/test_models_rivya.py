"""The five models of Rivya: what a story becomes on them, and what they cannot do (rivya.md section 7,
2026-11-21).
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from seedance_pipe.document import thaw
from seedance_pipe.plan.cost import Estimate, estimates
from seedance_pipe.spec.medium import Kind, Role
from seedance_pipe.spec.model import MediaLimits, Price
from seedance_pipe.units import Money
from tests.conftest import Pipe
from tests.spec.asking import asked, brought, known, messages, read, write

PRO, LITE, MID = "rivya/seedance-1-0-pro", "rivya/seedance-1-0-lite", "rivya/seedance-1-5-pro"
TWO, TWO_FAST = "rivya/seedance-2", "rivya/seedance-2-fast"
ONES, TWOS = (PRO, LITE), (TWO, TWO_FAST)
MODELS = (*ONES, MID, *TWOS)
OPENS, ENDS = brought(Role.FIRST_FRAME), brought(Role.LAST_FRAME)
STILL = {"url": None, "kind": "image"}
DEFAULTS = {
    PRO: {
        "resolution": "720p",
        "duration": "5",
        "aspect_ratio": "16:9",
        "camera_fixed": "false",
        "seed": -1,
        "enable_safety_checker": "true",
    },
    MID: {
        "resolution": "720p",
        "duration": "8",
        "aspectRatio": "1:1",
        "fixed_lens": "false",
        "generate_audio": "false",
    },
    TWO: {
        "resolution": "720p",
        "duration": 5,
        "aspect_ratio": "16:9",
        "generate_audio": "true",
        "seedance_scene": "text",
        "return_last_frame": "false",
        "web_search": "false",
        "nsfw_checker": "false",
    },
}
DEFAULTS |= {LITE: DEFAULTS[PRO], TWO_FAST: DEFAULTS[TWO]}


@pytest.mark.parametrize("name", MODELS)
def test_every_schema_is_a_valid_json_schema(name: str) -> None:
    Draft202012Validator.check_schema(thaw(known(name).document))


@pytest.mark.parametrize("name", MODELS)
def test_the_parameters_and_their_defaults_are_those_of_the_vendors_pages(name: str) -> None:
    """What the request has beside `params` has no default."""
    properties = thaw(known(name).document)["properties"]
    found = {one: part["default"] for one, part in properties.items() if "default" in part}
    assert found == DEFAULTS[name]
    rest = {"referenceMediaItems"} if name in (*ONES, MID) else set()
    assert set(properties) - set(found) == {"model", "prompt", "client_request_id"} | rest


@pytest.mark.parametrize(
    ("name", "keys", "params"),
    [
        (PRO, {}, {}),
        (PRO, {"duration": 10, "ratio": "21:9"}, {"duration": "10", "aspect_ratio": "21:9"}),
        (PRO, {"duration": 5.0, "camera_fixed": True}, {"duration": "5", "camera_fixed": "true"}),
        (PRO, {"camera_fixed": False, "seed": -1}, {"camera_fixed": "false", "seed": -1}),
        (PRO, {"seed": 2**31 - 1}, {"seed": 2**31 - 1}),
        (PRO, {"audio": False, "watermark": False}, {}),
        (PRO, {"media": [OPENS]}, {"referenceMediaItems": [STILL]}),
        (PRO, {"params": {"duration": "10", "seed": 7}}, {"duration": "10", "seed": 7}),
        (LITE, {"ratio": "9:21", "resolution": "1080p"}, {"aspect_ratio": "9:21", "resolution": "1080p"}),
        (LITE, {"media": [OPENS, ENDS]}, {"referenceMediaItems": [STILL, STILL]}),
        (LITE, {"media": [ENDS, OPENS]}, {"referenceMediaItems": [STILL, STILL]}),
        (MID, {"duration": 12, "ratio": "3:4"}, {"duration": "12", "aspectRatio": "3:4"}),
        (MID, {"camera_fixed": True, "audio": True}, {"fixed_lens": "true", "generate_audio": "true"}),
        (MID, {"seed": -1, "media": [OPENS, ENDS]}, {"referenceMediaItems": [STILL, STILL]}),
        (TWO, {"duration": 15, "ratio": "adaptive"}, {"duration": 15, "aspect_ratio": "adaptive"}),
        (TWO, {"audio": False, "camera_fixed": False}, {"generate_audio": "false"}),
        (TWO_FAST, {"params": {"seedance_scene": "text", "web_search": "true"}}, None),
    ],
)
def test_a_story_is_written_in_the_vendors_words(
    name: str, keys: dict[str, Any], params: dict[str, Any] | None
) -> None:
    made, told = asked(known(name), prompt="waves", **keys)
    assert made is not None, told
    wanted = keys["params"] if params is None else params
    assert thaw(made.body) == {"model": known(name).wire, "prompt": "waves", **wanted}


def test_the_first_frame_stands_before_the_last_in_whatever_order_a_story_names_them() -> None:
    made, _ = asked(known(LITE), prompt="waves", media=[ENDS, OPENS])
    assert made is not None
    assert [(one.role, one.hole) for one in made.media] == [
        (Role.FIRST_FRAME, ("referenceMediaItems", 0, "url")),
        (Role.LAST_FRAME, ("referenceMediaItems", 1, "url")),
    ]


@pytest.mark.parametrize(
    ("name", "keys", "words"),
    [
        (PRO, {"duration": 7}, "it makes 5 or 10 seconds"),
        (PRO, {"duration": "auto"}, "does not choose the length itself"),
        (PRO, {"ratio": "9:21"}, "it makes 21:9, 16:9"),
        (PRO, {"audio": True}, "makes no sound; drop audio; rivya/seedance-1-5-pro"),
        (PRO, {"media": [OPENS, ENDS]}, "takes no last frame; rivya/seedance-1-0-lite"),
        (PRO, {"seed": 2**31}, "seed 2147483648 in shot 'beach' is more than"),
        (PRO, {"params": {"duration": 10}}, 'the number 10, where text belongs; write it in quotes: "10"'),
        (PRO, {"params": {"camera_fixed": True}}, 'is true, where text belongs; write it in quotes: "true"'),
        (PRO, {"params": {"camera_fixed": "yes"}}, "it takes true or false"),
        (PRO, {"params": {"referenceMediaItems": []}}, "the program sets this itself"),
        (PRO, {"params": {"params": {}}}, "has no such parameter"),
        (LITE, {"ratio": "21:9"}, "it makes 16:9, 4:3, 1:1, 3:4, 9:16 or 9:21"),
        (LITE, {"media": [ENDS]}, "last_frame in shot 'beach': a last_frame needs a first_frame too; add one"),
        (MID, {"media": [ENDS]}, "last_frame in shot 'beach': a last_frame needs a first_frame too; add one"),
        (MID, {"params": {"aspect_ratio": "1:1"}}, "did you mean 'aspectRatio'?"),
        (MID, {"seed": 5}, "takes no seed"),
        (MID, {"duration": 5}, "it makes 4, 8 or 12 seconds"),
        (TWO, {"duration": 16}, "it makes 4 to 15 seconds"),
        (TWO, {"duration": 4.5}, "4.5"),
        (TWO, {"media": [OPENS]}, "takes no first frame; rivya/seedance-1-0-lite"),
        (TWO, {"params": {"seedance_scene": "frames"}}, "it takes 'text' only"),
        (TWO_FAST, {"resolution": "1080p"}, "it makes 480p or 720p"),
    ],
)
def test_what_a_model_cannot_do_is_told_in_one_sentence(name: str, keys: dict[str, Any], words: str) -> None:
    made, told = asked(known(name), prompt="waves", **keys)
    assert made is None
    assert len(told) == 1
    assert words in told[0]


def test_a_last_frame_is_not_blamed_for_a_first_one_that_is_wrong_itself(tmp_path: Path) -> None:
    shot = "{id: a, prompt: waves, first_frame: no.png, last_frame: 'https://example.org/x.png'}"
    told = messages(read(write(tmp_path, f"version: 1\nmodel: {LITE}\nshots:\n  - {shot}\n")))
    assert len(told) == 1
    assert "no.png" in told[0]


@pytest.mark.parametrize(
    ("name", "most"), [(PRO, 10_000), (LITE, 10_000), (MID, 2500), (TWO, 2500), (TWO_FAST, 2500)]
)
def test_prompts_have_the_lengths_of_the_vendors_pages(name: str, most: int) -> None:
    assert asked(known(name), prompt="x" * most)[0] is not None
    assert "too long" in asked(known(name), prompt="x" * (most + 1))[1][0]
    assert "is empty" in asked(known(name), prompt="")[1][0]
    assert "needs a prompt" in asked(known(name))[1][0]


@pytest.mark.parametrize("name", (*ONES, MID))
def test_a_still_is_an_address_or_a_file_that_the_vendor_keeps(name: str) -> None:
    types = ("image/jpeg", "image/png", "image/webp")
    limits = MediaLimits(inline=False, assets=False, types=types, bytes=10_000_000, upload=True)
    assert known(name).media == {Kind.IMAGE: limits}
    item = {"url": "https://example.org/x.png", "kind": "image"}
    valid = Draft202012Validator(thaw(known(name).document)).is_valid
    rest = {"model": known(name).wire, "prompt": "waves"}
    most = 1 if name == PRO else 2
    assert valid({**rest, "referenceMediaItems": [item] * most})
    assert valid({**rest, "referenceMediaItems": [{**item, "name": "x.png", "mimeType": "image/png"}]})
    bad: list[Any] = [[], [item] * (most + 1), [item["url"]], [{"kind": "image"}], [{**item, "kind": "video"}]]
    bad += [[{**item, "url": "data:image/png;base64,AA"}], [{**item, "durationToken": "x"}]]
    assert not any(valid({**rest, "referenceMediaItems": items}) for items in bad)


@pytest.mark.parametrize(
    ("name", "switch"), [(PRO, "enable_safety_checker"), (TWO, "nsfw_checker"), (TWO, "return_last_frame")]
)
def test_what_does_not_change_the_picture_is_no_part_of_what_a_shot_orders(name: str, switch: str) -> None:
    plain, _ = asked(known(name), prompt="waves")
    busy, _ = asked(known(name), prompt="waves", params={"client_request_id": "film-7", switch: "true"})
    other, _ = asked(known(name), prompt="waves", resolution="480p")
    assert plain is not None
    assert busy is not None
    assert other is not None
    assert thaw(plain.order) == thaw(busy.order) != thaw(other.order)
    assert "client_request_id" in busy.body


@pytest.mark.parametrize(
    ("name", "keys", "frames", "audio"),
    [
        (PRO, {}, 121, False),
        (PRO, {"duration": 10}, 241, False),
        (MID, {}, 193, False),
        (MID, {"audio": True}, 193, True),
        (TWO, {}, 121, True),
        (TWO, {"audio": False, "duration": 4}, 97, False),
    ],
)
def test_what_is_made_is_known_from_texts_as_from_numbers(
    name: str, keys: dict[str, Any], frames: int, audio: bool
) -> None:
    made, told = asked(known(name), prompt="waves", **keys)
    assert made is not None, told
    assert (made.footage.frames, made.footage.longest, made.footage.audio) == (frames, frames, audio)


CREDITS = {PRO: "25", LITE: "16", MID: "28", TWO: "175", TWO_FAST: "140"}


@pytest.mark.parametrize("name", MODELS)
def test_a_take_has_one_price_in_credits(tmp_path: Path, name: str) -> None:
    price = known(name).price
    assert isinstance(price, Price)
    assert (price.unit, price.currency) == ("take", "rivya credits")
    text = f"version: 1\nmodel: {name}\nshots:\n  - {{id: a, prompt: waves}}\n  - {{id: b, prompt: w, takes: 2}}\n"
    reading = read(write(tmp_path, text))
    assert reading.story is not None, reading.diagnostics
    money = Money(Decimal(CREDITS[name]), "rivya credits")
    assert estimates(reading.story) == {shot: Estimate(money, exact=True) for shot in "ab"}


def test_a_story_on_rivya_validates_and_its_plan_names_the_credits(pipe: Pipe, tmp_path: Path) -> None:
    path = write(
        tmp_path,
        f"version: 1\nmodel: {LITE}\ndefaults: {{resolution: 480p, duration: 5}}\n"
        "shots:\n  - {id: sea, prompt: waves, params: {client_request_id: film-7}}\n"
        f"  - {{id: sky, prompt: clouds, continues: sea, model: {MID}, duration: 8, audio: true}}\n",
    )
    assert pipe("validate", path).code == 0
    steps = pipe("plan", path, "--json").json["steps"]
    costs = {step["step"]: step["cost"]["most"] for step in steps if step.get("cost")}
    assert costs["sea#1"] == {"amount": "16", "currency": "rivya credits"}
    assert costs["sky#1"] == {"amount": "28", "currency": "rivya credits"}
    requests = [shot["request"] for shot in pipe("render", path, "--json").json["shots"]]
    assert requests[0]["duration"] == "5"
    assert requests[1]["generate_audio"] == "true"
