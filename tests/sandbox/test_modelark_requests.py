"""The documented examples: which requests ModelArk takes, which it refuses and how. A new case is a new file."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.stage import ALL, ONE_5, PRO, PRO_FAST, TWO, TWO_5, TWO_FAST, TWO_MINI, WAVE, Stage, examples


@pytest.mark.parametrize("example", examples("modelark", "accepted"))
def test_a_documented_request_becomes_a_queued_task(shared: Stage, example: dict[str, Any]) -> None:
    answer = shared.post(example["request"])
    assert answer.status_code == 200, answer.text
    assert shared.get(answer.json()["id"])["status"] == "queued"


@pytest.mark.parametrize("example", examples("modelark", "refused"))
def test_a_wrong_request_is_refused_as_documented(shared: Stage, example: dict[str, Any]) -> None:
    before = len(shared.ledger())
    answer = shared.post(example["request"])
    error = answer.json()["error"]
    expected = example["expect"]
    assert (answer.status_code, error["code"], error["param"], error["type"]) == (
        expected["status"],
        expected["code"],
        expected["param"],
        expected["type"],
    )
    assert error["message"].endswith(answer.headers["x-request-id"])
    assert len(shared.ledger()) == before


@pytest.mark.parametrize(
    "raw",
    [
        rb'{"model": "\ud800"}',
        b'{"model": "\xed\xa0\x80"}',
        rb'{"model": "seedance-1-0-pro-250528", "content": [{"type": "text", "text": "\udc00"}]}',
        b"{",
        b"[" * 100_000,
    ],
)
def test_a_body_that_is_no_text_is_refused(shared: Stage, raw: bytes) -> None:
    answer = shared.http.post(shared.tasks, content=raw)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidParameter")


SECONDS = {
    PRO: (2, 12),
    PRO_FAST: (2, 12),
    ONE_5: (4, 12),
    TWO: (4, 15),
    TWO_FAST: (4, 15),
    TWO_MINI: (4, 15),
    TWO_5: (4, 30),
}
RESOLUTIONS = {
    PRO: {"480p", "720p", "1080p"},
    PRO_FAST: {"480p", "720p", "1080p"},
    ONE_5: {"480p", "720p", "1080p"},
    TWO: {"480p", "720p", "1080p", "4k"},
    TWO_FAST: {"480p", "720p"},
    TWO_MINI: {"480p", "720p"},
    TWO_5: {"480p", "720p", "1080p"},
}
RANGES: list[tuple[str, str, Any, bool]] = [
    row
    for model in ALL
    for row in (
        *(
            (model, "duration", seconds, SECONDS[model][0] <= seconds <= SECONDS[model][1])
            for seconds in range(32)
        ),
        *(
            (model, "resolution", word, word in RESOLUTIONS[model])
            for word in ("480p", "720p", "1080p", "4k", "2k", "")
        ),
        *((model, "ratio", word, True) for word in ("16:9", "4:3", "1:1", "3:4", "9:16", "21:9")),
        *((model, "ratio", word, False) for word in ("9:21", "5:4", "16x9", "")),
        (model, "seed", -1, True),
        (model, "seed", 0, True),
        (model, "seed", 2_147_483_647, True),
        (model, "seed", -2, False),
        (model, "seed", 2_147_483_648, False),
        (model, "seed", True, False),
        (model, "execution_expires_after", 259_200, True),
        (model, "execution_expires_after", 3600, True),
        (model, "execution_expires_after", 259_201, False),
        (model, "execution_expires_after", 0, False),
        (model, "safety_identifier", "x" * 64, True),
        (model, "safety_identifier", "x" * 65, False),
        (model, "safety_identifier", 5, False),
        (model, "watermark", True, True),
        (model, "return_last_frame", True, True),
        (model, "generate_audio", False, True),
        (model, "generate_audio", 1, False),
        (model, "camera_fixed", True, model in (PRO, PRO_FAST, ONE_5)),
        (model, "draft", False, model == ONE_5),
        (model, "service_tier", "flex", model in (PRO, PRO_FAST, ONE_5)),
        (model, "service_tier", "fast", False),
        (model, "priority", 9, model != ONE_5),
        (model, "priority", 10, False),
        (model, "duration", -1, model not in (PRO, PRO_FAST)),
        (model, "tools", [], False),
        (model, "omni_reference_task_type", "auto", model == TWO_5),
        (model, "omni_reference_task_type", "edit", False),
        (model, "omni_reference_task_type", "poem", False),
        *((model, "output_format", form, model == TWO_5) for form in ("mp4", "mov")),
        (model, "output_format", "webm", False),
        *((model, "frames", frames, model in (PRO, PRO_FAST)) for frames in (29, 57, 289)),
        *((model, "frames", frames, False) for frames in (25, 30, 31, 293, -1)),
    )
]


@pytest.mark.parametrize("model", ALL)
def test_each_parameter_is_taken_at_its_limits_and_refused_beyond(shared: Stage, model: str) -> None:
    for of, key, value, taken in RANGES:
        if of != model:
            continue
        answer = shared.post({"model": model, "content": [WAVE], key: value})
        assert (answer.status_code == 200) is taken, (key, value, answer.text)
        if not taken:
            assert answer.json()["error"]["param"] == key


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b"{", ""),
        (b"[]", ""),
        (b"[" * 100_000, ""),
        (b'{"model": 5}', "model"),
        (b'{"model": "seedance-1-0-pro-250528", "content": {}}', "content"),
        (b'{"model": "seedance-1-0-pro-250528", "content": ["x"]}', "content[0]"),
        (b'{"model": "seedance-1-0-pro-250528", "content": [{}]}', "content[0].type"),
        (b'{"model": "seedance-1-0-pro-250528", "content": [{"type": "poem"}]}', "content[0].type"),
        (b'{"model": "seedance-1-0-pro-250528", "content": [{"type": "text"}]}', "content[0].text"),
        (b'{"model": "seedance-1-0-pro-250528", "content": [{"type": "text", "text": 5}]}', "content[0].text"),
        (b'{"model": "seedance-1-0-pro-250528", "content": [{"type": "image_url"}]}', "content[0].image_url"),
        (b'{"model": "seedance-1-5-pro-251215", "content": [{"type": "draft_task"}]}', "content[0].draft_task"),
    ],
)
def test_a_body_of_the_wrong_shape_is_refused(shared: Stage, body: bytes, param: str) -> None:
    answer = shared.http.post(shared.tasks, content=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param


def test_a_body_over_the_limit_is_refused(shared: Stage) -> None:
    answer = shared.http.post(shared.tasks, content=b" " * ((64 << 20) + 1))
    assert answer.status_code == 400


@pytest.mark.parametrize("authorization", ["", "a key", "Basic a key", "Bearer"])
def test_a_call_without_a_key_is_refused(shared: Stage, authorization: str) -> None:
    for method, url in (("GET", shared.tasks), ("POST", shared.tasks), ("GET", f"{shared.tasks}/cgt-1")):
        answer = shared.http.request(method, url, headers={"Authorization": authorization})
        error = answer.json()["error"]
        assert (answer.status_code, error["code"], error["type"]) == (401, "AuthenticationError", "Unauthorized")


def test_a_post_below_a_task_is_a_create(shared: Stage) -> None:
    answer = shared.http.post(f"{shared.tasks}/cgt-1/cancel", json={})
    assert answer.json()["error"]["code"] == "MissingParameter"


def test_the_catalogue_lists_the_models(shared: Stage) -> None:
    answer = shared.http.get(f"{shared.address}/api/v3/models").json()
    assert [entry["id"] for entry in answer["data"]] == list(ALL)
