"""The documented examples, every parameter at its edges, and bodies without sense. A new case is a new file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedance_pipe.sandbox import Settings
from seedance_pipe.units import Size
from tests.sandbox.reading import alike, fitted, frames
from tests.sandbox.runbase import ALL, LITE, ONE_5, PRO, Desk, body, desk
from tests.sandbox.stage import Stage, examples, picture

RATIOS = ("16:9", "9:16", "4:3", "3:4", "1:1", "21:9")
CHOICES: dict[str, dict[str, tuple[str, ...]]] = {
    PRO: {"aspect_ratio": RATIOS, "resolution": ("720p", "1080p"), "duration": ("5", "10")},
    LITE: {"aspect_ratio": RATIOS, "resolution": ("480p", "720p", "1080p"), "duration": ("5", "10")},
    ONE_5: {"aspect_ratio": RATIOS, "resolution": ("480p", "720p", "1080p"), "duration": ("4", "8", "12")},
}
TEXTS = sorted(
    {text for table in CHOICES.values() for choices in table.values() for text in choices}
    | {"", "2k", "9:21", "adaptive", "true"}
)
ODD: tuple[Any, ...] = (True, False, None, 5, 0.5, [], {}, ["5"])
PICTURE = "https://example.com/wave.png"


@pytest.fixture(scope="module")
def shop(shared: Stage) -> Iterator[Desk]:
    """One sandbox for all requests of this module, whose runs may pile up."""
    yield Desk(shared)


@pytest.mark.parametrize("example", examples("runbase", "accepted"))
def test_a_documented_request_becomes_a_pending_run(shop: Desk, example: dict[str, Any]) -> None:
    answer = shop.post(example["request"])
    assert answer.status_code == 200, answer.text
    assert shop.get(answer.json()["id"])["status"] == answer.json()["status"] == "pending"


@pytest.mark.parametrize("example", examples("runbase", "refused"))
def test_a_wrong_request_is_refused_as_documented(shop: Desk, example: dict[str, Any]) -> None:
    before, expect = len(shop.stage.ledger()), example["expect"]
    assert shop.refusal(example["request"]) == (expect["status"], expect["code"], expect["field"])
    assert len(shop.stage.ledger()) == before


@pytest.mark.parametrize("model", ALL)
def test_each_choice_takes_its_texts_and_nothing_else(shop: Desk, model: str) -> None:
    for name, choices in CHOICES[model].items():
        for value in (*TEXTS, *ODD):
            answer = shop.post({"model": model, "input": {"prompt": "A wave", name: value}})
            assert (answer.status_code == 200) is (value in choices), (name, value, answer.text)


def test_sound_is_a_boolean_of_1_5_alone(shop: Desk) -> None:
    for model in ALL:
        for value in (True, False, None, "true", 1, 0):
            taken = model == ONE_5 and isinstance(value, bool)
            assert (shop.post(body(model, generate_audio=value)).status_code == 200) is taken


@pytest.mark.parametrize("name", ["seed", "camera_fixed", "fps", "negative_prompt", ""])
def test_an_unknown_key_is_refused(shop: Desk, name: str) -> None:
    assert shop.refusal(body(PRO, **{name: "5"})) == (400, "invalid_input", f"input.{name}")


@pytest.mark.parametrize("model", ALL)
def test_pictures_are_so_many(shop: Desk, model: str) -> None:
    most = 2 if model == ONE_5 else 1
    for count in range(4):
        assert (shop.post(body(model, image_urls=[PICTURE] * count)).status_code == 200) is (count <= most)


@pytest.mark.parametrize(
    "url",
    [
        "data:image/png;base64,AAAA",
        "http://example.com/a.png",
        "asset://a",
        "https://",
        "https://[",
        "http://127.0.0.1/uploads/none.png",
        "https://localhost/a.png",
        "file:///etc/hostname",
        "",
        5,
        None,
        {"url": PICTURE},
    ],
)
def test_a_picture_is_at_a_public_address(shop: Desk, url: Any) -> None:
    assert shop.refusal(body(image_urls=[url])) == (400, "invalid_input", "input.image_urls[0]")


def test_an_upload_of_ours_is_fetched_and_foreign_pictures_may_be_out_of_reach(shop: Desk) -> None:
    for name, data, status in (("a.png", picture(), 200), ("b.png", b"nothing", 400)):
        address = f"{shop.stage.address}/uploads/{name}"
        shop.stage.http.put(address, content=data)
        assert shop.post(body(image_urls=[address])).status_code == status
    with desk(settings=Settings(foreign_media=False)) as strict:
        assert strict.refusal(body(image_urls=[PICTURE]))[2] == "input.image_urls[0]"


def test_pictures_become_the_first_and_the_last_frame_and_give_the_ratio() -> None:
    pictures = (picture(400, 400), picture())
    with desk() as shop:
        links = [f"{shop.stage.address}/uploads/{number}.png" for number in range(2)]
        for link, data in zip(links, pictures, strict=True):
            shop.stage.http.put(link, content=data)
        done = shop.finished(shop.create(ONE_5, image_urls=links, generate_audio=False))
        clip = frames(shop.stage.http.get(done["output"]["urls"][0]).content)
    assert len(clip) == 97
    assert alike(clip[0], fitted(pictures[0], Size(640, 640))) > 30
    assert alike(clip[-1], fitted(pictures[1], Size(640, 640))) > 30


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"{", "invalid_json"),
        (b"", "invalid_json"),
        (b"[" * 100_000, "invalid_json"),
        (rb'{"model": "\ud800"}', "invalid_json"),
        (b'{"model": NaN}', "invalid_json"),
        (b"[]", "missing_model"),
        (b"null", "missing_model"),
        (b'{"model": ""}', "missing_input"),
        (b'{"model": "", "input": []}', "missing_input"),
        (b'{"model": "", "input": {}}', "model_not_found"),
    ],
)
def test_a_body_that_is_no_request_is_refused(shop: Desk, raw: bytes, code: str) -> None:
    answer = shop.stage.http.post(shop.url, content=raw)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


def test_a_body_over_the_limit_is_refused(shop: Desk) -> None:
    assert shop.stage.http.post(shop.url, content=b" " * ((4 << 20) + 1)).status_code == 413


LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
TREES = st.recursive(
    LEAVES | st.text(max_size=8) | st.sampled_from(TEXTS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
KEYS = ("prompt", "aspect_ratio", "resolution", "duration", "generate_audio", "image_urls")
INPUTS = st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, TREES | st.lists(st.text(), max_size=2)))
REQUESTS = TREES | st.fixed_dictionaries({"model": st.sampled_from(ALL) | TREES, "input": INPUTS | TREES})


@given(REQUESTS)
def test_no_json_is_a_bug(shop: Desk, request: Any) -> None:
    answer = shop.post(request)
    assert answer.status_code in (200, 400)
    assert sorted(answer.json()) == ["error"] or answer.json()["status"] == "pending"
