"""The documented examples, every parameter at its edges, and bodies without sense. A new case is a new file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedance_pipe.sandbox import Settings
from seedance_pipe.units import Size
from tests.sandbox.reading import alike, fitted, frames
from tests.sandbox.rivya import ALL, LITE, ONE_5, PRO, TWO, TWO_FAST, Desk, body, desk
from tests.sandbox.stage import Stage, examples, picture

SIX = ("21:9", "16:9", "4:3", "1:1", "3:4", "9:16")
CHOICES: dict[str, dict[str, tuple[str, ...]]] = {
    PRO: {
        "resolution": ("480p", "720p", "1080p"),
        "duration": ("5", "10"),
        "aspect_ratio": SIX,
        "camera_fixed": ("true", "false"),
        "enable_safety_checker": ("true", "false"),
    },
    ONE_5: {
        "resolution": ("480p", "720p", "1080p"),
        "duration": ("4", "8", "12"),
        "aspectRatio": SIX,
        "fixed_lens": ("true", "false"),
        "generate_audio": ("true", "false"),
    },
    TWO: {
        "resolution": ("480p", "720p"),
        "aspect_ratio": (*SIX, "adaptive"),
        "seedance_scene": ("text", "frames", "reference"),
        "generate_audio": ("true", "false"),
        "return_last_frame": ("true", "false"),
        "web_search": ("true", "false"),
        "nsfw_checker": ("true", "false"),
    },
}
CHOICES[LITE] = {**CHOICES[PRO], "aspect_ratio": (*SIX[1:], "9:21")}
CHOICES[TWO_FAST] = CHOICES[TWO]
WHOLE = {
    PRO: {"seed": (-1, 2_147_483_647)},
    LITE: {"seed": (-1, 2_147_483_647)},
    ONE_5: {},
    TWO: {"duration": (4, 15)},
    TWO_FAST: {"duration": (4, 15)},
}
TEXTS = sorted({text for table in CHOICES.values() for choices in table.values() for text in choices} | {"", "2k"})
NAMES = sorted({name for tables in (CHOICES, WHOLE) for table in tables.values() for name in table})
ODD: tuple[Any, ...] = (True, False, None, 5, 0.5, [], {}, ["5"])


@pytest.fixture(scope="module")
def shop(shared: Stage) -> Iterator[Desk]:
    """One sandbox for all requests of this module, whose tasks may pile up."""
    yield Desk(shared)


@pytest.mark.parametrize("example", examples("rivya", "accepted"))
def test_a_documented_request_becomes_a_queued_task(shop: Desk, example: dict[str, Any]) -> None:
    answer = shop.post(example["request"])
    assert answer.status_code == 200, answer.text
    assert shop.get(answer.json()["id"]) == answer.json()
    assert answer.json()["status"] == "queued"


@pytest.mark.parametrize("example", examples("rivya", "refused"))
def test_a_wrong_request_is_refused_as_documented(shop: Desk, example: dict[str, Any]) -> None:
    before, expect = len(shop.stage.ledger()), example["expect"]
    assert shop.refusal(example["request"]) == (expect["status"], expect["code"], expect["field"])
    assert len(shop.stage.ledger()) == before


@pytest.mark.parametrize("model", ALL)
def test_each_select_takes_its_texts_and_nothing_else(shop: Desk, model: str) -> None:
    for name, choices in CHOICES[model].items():
        for value in (*TEXTS, *ODD):
            answer = shop.post({"model": model, "prompt": "A wave", "params": {name: value}})
            assert (answer.status_code == 200) is (value in choices), (name, value, answer.text)


@pytest.mark.parametrize("model", ALL)
def test_each_number_is_taken_at_its_limits_and_refused_beyond(shop: Desk, model: str) -> None:
    for name, (least, most) in WHOLE[model].items():
        for value in (least, most, float(least), least - 1, most + 1, least + 0.5, True, str(least), None, 10**40):
            taken = value in (least, most) and not isinstance(value, bool | str)
            answer = shop.post({"model": model, "prompt": "A wave", "params": {name: value}})
            assert (answer.status_code == 200) is taken, (name, value, answer.text)


@pytest.mark.parametrize("model", ALL)
def test_a_parameter_of_another_model_is_refused(shop: Desk, model: str) -> None:
    for name in NAMES:
        if name not in CHOICES[model] and name not in WHOLE[model]:
            assert shop.refusal(body(model, **{name: "true"})) == (400, "validation_failed", f"params.{name}")


@pytest.mark.parametrize("model", ALL)
def test_a_prompt_has_so_many_characters(shop: Desk, model: str) -> None:
    most = 10_000 if model in (PRO, LITE) else 2500
    for length, status in ((0, 400), (1, 200), (most, 200), (most + 1, 400)):
        assert shop.post({"model": model, "prompt": "ü" * length}).status_code == status


@pytest.mark.parametrize("prompt", [None, 5, ["A wave"], {"text": "A wave"}])
def test_a_prompt_is_a_text(shop: Desk, prompt: Any) -> None:
    assert shop.refusal({"model": PRO, "prompt": prompt}) == (400, "validation_failed", "prompt")


def test_a_trace_id_has_at_most_128_characters(shop: Desk) -> None:
    for trace, status in (("x" * 128, 200), ("", 200), ("x" * 129, 400), (5, 400), (None, 400)):
        assert shop.post({**body(), "client_request_id": trace}).status_code == status


@pytest.mark.parametrize(
    ("item", "field"),
    [
        ("https://example.com/a.png", ""),
        ({"kind": "image"}, ".url"),
        ({"url": 5, "kind": "image"}, ".url"),
        ({"url": "https://example.com/a.png", "kind": "poem"}, ".kind"),
        ({"url": "https://example.com/a.png", "kind": ["image"]}, ".kind"),
        ({"url": "https://example.com/a.png", "kind": "image", "role": "first"}, ".role"),
        ({"url": "https://example.com/a.png", "kind": "image", "name": 5}, ".name"),
        ({"url": "https://example.com/a.png", "kind": "image", "durationSeconds": "5"}, ".durationSeconds"),
        ({"url": "https://example.com/a.png", "kind": "image", "durationSeconds": True}, ".durationSeconds"),
        ({"url": "https://example.com/a.png", "kind": "image", "durationSeconds": -1}, ".durationSeconds"),
        ({"url": "http://example.com/a.png", "kind": "image"}, ".url"),
        ({"url": "https://[", "kind": "image"}, ".url"),
        ({"url": "asset://a", "kind": "image"}, ".url"),
        ({"url": "http://127.0.0.1/uploads/none.png", "kind": "image"}, ".url"),
    ],
)
def test_an_item_of_another_shape_is_refused(shop: Desk, item: Any, field: str) -> None:
    expected = (400, "validation_failed", f"params.referenceMediaItems[0]{field}")
    assert shop.refusal(body(PRO, referenceMediaItems=[item])) == expected


@pytest.mark.parametrize("items", [None, {}, "https://example.com/a.png", 5])
def test_the_items_are_a_list(shop: Desk, items: Any) -> None:
    assert shop.refusal(body(PRO, referenceMediaItems=items))[2] == "params.referenceMediaItems"


def test_foreign_media_can_be_out_of_reach() -> None:
    item = {"url": "https://example.com/a.png", "kind": "image"}
    with desk(settings=Settings(foreign_media=False)) as strict:
        assert strict.refusal(body(PRO, referenceMediaItems=[item]))[2] == "params.referenceMediaItems[0].url"


def references(**counts: int) -> list[dict[str, str]]:
    return [
        {"url": f"https://example.com/{number}", "kind": kind}
        for kind, count in counts.items()
        for number in range(count)
    ]


@pytest.mark.parametrize(
    ("scene", "counts", "taken"),
    [
        ("text", {}, True),
        ("text", {"image": 1}, False),
        ("frames", {"image": 2}, True),
        ("frames", {"image": 3}, False),
        ("frames", {"video": 1}, False),
        ("reference", {"image": 9, "video": 3, "audio": 3}, True),
        ("reference", {"image": 10}, False),
        ("reference", {"video": 4}, False),
        ("reference", {"image": 1, "audio": 4}, False),
        ("reference", {"audio": 1}, False),
    ],
)
def test_a_scene_of_2_0_takes_its_media(shop: Desk, scene: str, counts: dict[str, int], taken: bool) -> None:
    request = body(TWO, seedance_scene=scene, referenceMediaItems=references(**counts))
    assert (shop.post(request).status_code == 200) is taken


@pytest.mark.parametrize(
    "raw",
    [b"{", b"[]", b"5", b"null", b"[" * 100_000, rb'{"model": "\ud800"}', b'{"seed": NaN}', b'{"seed": 1e999}'],
)
def test_a_body_that_is_no_request_is_refused(shop: Desk, raw: bytes) -> None:
    answer = shop.stage.http.post(f"{shop.url}/generations", content=raw)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "validation_failed")


def test_a_body_over_the_limit_is_refused(shop: Desk) -> None:
    answer = shop.stage.http.post(f"{shop.url}/generations", content=b" " * ((4 << 20) + 1))
    assert answer.status_code == 400


LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
TREES = st.recursive(
    LEAVES | st.text(max_size=8) | st.sampled_from(TEXTS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
ITEMS = st.fixed_dictionaries(
    {}, optional={"url": st.text() | TREES, "kind": st.sampled_from(("image", "video", "audio")) | TREES}
)
PARAMS = st.fixed_dictionaries(
    {}, optional={**dict.fromkeys(NAMES, TREES), "referenceMediaItems": st.lists(ITEMS, max_size=3) | TREES}
)
REQUESTS = TREES | st.fixed_dictionaries(
    {}, optional={"model": st.sampled_from(ALL) | TREES, "prompt": st.text() | TREES, "params": PARAMS | TREES}
)


@given(request=REQUESTS, key=st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=8))
def test_no_json_is_a_bug(shop: Desk, request: Any, key: str) -> None:
    answer = shop.stage.http.post(
        f"{shop.url}/generations",
        content=json.dumps(request),
        headers={"Idempotency-Key": key},
    )
    assert answer.status_code in (200, 400, 409)
    assert sorted(answer.json()) == ["error"] or answer.json()["status"] == "queued"


def test_pictures_become_the_first_and_the_last_frame() -> None:
    first, last, size = picture(), picture(400, 400), Size(864, 480)
    with desk() as shop:
        links = [{"url": shop.upload(data).json()["url"], "kind": "image"} for data in (first, last)]
        task = shop.finished(shop.create(LITE, referenceMediaItems=links))
        clip = frames(shop.stage.http.get(task["result"]["primary_url"]).content)
    assert len(clip) == 121
    assert alike(clip[0], fitted(first, size)) > 30
    assert alike(clip[-1], fitted(last, size)) > 30
