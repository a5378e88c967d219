"""The documented examples, every parameter at its edges, keys, envelopes and bodies without sense."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seedance_pipe.sandbox import Settings
from seedance_pipe.sandbox.vendors.runware.order import PARAMETERS
from tests.sandbox.runware import FAST, ONE_5, PRO, Desk, desk, new_uuid, plain, video
from tests.sandbox.stage import Stage, examples


@pytest.fixture(scope="module")
def shop(shared: Stage) -> Iterator[Desk]:
    """One sandbox for all requests of this module, whose tasks may pile up."""
    yield Desk(shared)


@pytest.mark.parametrize("example", examples("runware", "accepted"))
def test_a_documented_request_is_acknowledged(shop: Desk, example: dict[str, Any]) -> None:
    task = shop.with_uploads(example["request"])
    answer = shop.post(task)
    assert (answer.status_code, answer.json()) == (
        200,
        {"data": [{"taskType": "videoInference", "taskUUID": task["taskUUID"]}]},
    )


@pytest.mark.parametrize("example", examples("runware", "refused"))
def test_a_wrong_request_is_refused_as_documented(shop: Desk, example: dict[str, Any]) -> None:
    before, expect = len(shop.stage.ledger()), example["expect"]
    answer = shop.post(shop.with_uploads(example["request"]))
    assert list(answer.json()) == ["errors"]
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["code"], error["parameter"]) == (
        expect["status"],
        expect["code"],
        expect["parameter"],
    )
    assert error.get("allowedValues") == expect.get("allowedValues", error.get("allowedValues"))
    assert error["message"]
    assert len(shop.stage.ledger()) == before


def test_an_error_tells_of_which_task_and_where_to_read(shop: Desk) -> None:
    task = video(PRO, duration=99)
    (error,) = shop.post(task).json()["errors"]
    assert (error["taskType"], error["taskUUID"]) == ("videoInference", task["taskUUID"])
    page = "https://runware.ai/docs/models/bytedance-seedance-1-0-pro#request-duration"
    assert error["documentation"] == page


SIZES = {
    PRO: (
        "864x480 736x544 640x640 544x736 480x864 416x960 960x416 "
        "1920x1088 1664x1248 1440x1440 1248x1664 1088x1920 928x2176 2176x928"
    ),
    FAST: (
        "864x480 736x544 640x640 544x736 480x864 960x416 1248x704 1120x832 960x960 832x1120 704x1248 1504x640 "
        "1920x1088 1664x1248 1440x1440 1248x1664 1088x1920 2176x928"
    ),
    ONE_5: (
        "864x496 752x560 640x640 560x752 496x864 992x432 1280x720 1112x834 960x960 834x1112 720x1280 1470x630 "
        "1920x1080 1664x1248 1440x1440 1248x1664 1080x1920 2206x946"
    ),
}
UPRIGHT = {FAST: {"416x960", "640x1504", "928x2176"}, ONE_5: {"432x992", "630x1470", "946x2206"}}
RESOLUTIONS = {PRO: {"480p", "1080p"}, FAST: {"480p", "720p", "1080p"}, ONE_5: {"480p", "720p", "1080p"}}
FRACTIONS = (1.2, 1.3, 4.1, 11.9)
WRONG_TYPES: dict[str, tuple[Any, ...]] = {
    "positivePrompt": (5, None, ["A wave"], {}),
    "duration": ("5", None, True, [5], "automatic"),
    "seed": ("1", 1.0, True, None),
    "numberResults": ("1", 1.0, True, None),
    "ttl": ("60", 60.0, None),
    "outputQuality": ("95", 95.5, True, None),
    "includeCost": ("true", 1, 0, None),
    "safety": (True, [], None, "none"),
    "providerSettings": (True, [], None),
    "inputs": ([], None, "x"),
    "routing": ([], "x", None),
    "resolution": (480, None, "480", "480P", ["480p"]),
    "deliveryMethod": (None, 5, ["async"]),
    "outputFormat": (None, 5, "GIF", ["MP4"]),
    "webhookURL": (5, None, "", "ftp://example.com", "https://", "https://[", "example.com"),
    "uploadEndpoint": (5, None, "", "/put"),
}
RANGES: dict[str, tuple[tuple[Any, bool], ...]] = {
    "positivePrompt": ((0 * "x", False), ("x", False), ("xx", True), (3000 * "x", True), (3001 * "x", False)),
    "seed": ((-1, False), (0, True), ((1 << 63) - 1, True), (1 << 63, False)),
    "numberResults": ((0, False), (1, True), (4, True), (5, False)),
    "ttl": ((59, False), (60, True), (86_400, True)),
    "outputQuality": ((19, False), (20, True), (99, True), (100, False)),
    "includeCost": ((True, True), (False, True)),
    "safety": (
        ({}, True),
        ({"checkContent": True}, True),
        ({"checkContent": 1}, False),
        ({"mode": "fast"}, True),
        ({"mode": "Fast"}, False),
        ({"level": 1}, False),
    ),
    "providerSettings": (
        ({}, True),
        ({"bytedance": {}}, True),
        ({"bytedance": {"cameraFixed": True}}, True),
        ({"bytedance": {"cameraFixed": "true"}}, False),
        ({"bytedance": {"camerafixed": True}}, False),
        ({"bytedance": []}, False),
    ),
    "inputs": (
        ({}, True),
        ({"frameImages": "x"}, False),
        ({"frameImages": [5]}, False),
        ({"frameImages": [{}]}, False),
        ({"frameImages": [{"image": 5}]}, False),
        ({"frameImages": [{"image": "https://example.com/a.png", "frame": "middle"}]}, False),
        ({"frameImages": [{"image": "https://example.com/a.png", "frame": True}]}, False),
        ({"frameImages": [{"image": "https://example.com/a.png", "frame": 0.0}]}, False),
        ({"frameImages": [{"image": "https://example.com/a.png", "frame": []}]}, False),
        ({"frameImages": [{"inputImage": "https://example.com/a.png"}]}, False),
        ({"frameImages": ["https://example.com/a.png"]}, True),
        ({"referenceImages": ["https://example.com/a.png"]}, False),
        ({"draftId": "x"}, False),
    ),
    "routing": (({}, True), ({"anything": 1}, True)),
    "outputFormat": tuple((word, True) for word in ("MP4", "WEBM", "MOV")),
}


@pytest.mark.parametrize("model", SIZES)
@pytest.mark.parametrize("key", WRONG_TYPES)
def test_a_value_of_another_type_is_never_taken(shop: Desk, model: str, key: str) -> None:
    for value in WRONG_TYPES[key]:
        status, _, parameter = shop.refusal({**video(model), key: value})
        assert (status, parameter.split(".")[0]) == (400, key), value


@pytest.mark.parametrize("model", SIZES)
@pytest.mark.parametrize("key", RANGES)
def test_each_parameter_is_taken_at_its_limits_and_refused_beyond(shop: Desk, model: str, key: str) -> None:
    for value, taken in RANGES[key]:
        answer = shop.post({**video(model), key: value})
        assert (answer.status_code == 200) is taken, (value, answer.text)


@pytest.mark.parametrize("model", SIZES)
def test_each_model_has_its_lengths(shop: Desk, model: str) -> None:
    least = 4 if model == ONE_5 else 2
    lengths: dict[Any, bool] = {
        seconds: least <= seconds <= 12 for seconds in (0, 1, 2, 3, 4, 5, 11, 12, 13, 1e300)
    }
    lengths |= dict.fromkeys(FRACTIONS, model != ONE_5)
    lengths |= {1.1: False, 1.25: False, 12.01: False, 12.1: False, -5: False, "auto": model == ONE_5}
    for seconds, taken in lengths.items():
        assert (shop.post(video(model, duration=seconds)).status_code == 200) is taken, seconds


@pytest.mark.parametrize("model", SIZES)
def test_each_model_has_its_sizes(shop: Desk, model: str) -> None:
    taken = set(SIZES[model].split())
    for size in {*taken, *UPRIGHT.get(model, ()), "1920x1080", "1280x704", "480x480", "1x1"}:
        width, height = map(int, size.split("x"))
        answer = shop.post(video(model, width=width, height=height))
        assert (answer.status_code == 200) is (size in taken), size
    for word in ("480p", "720p", "1080p", "4k", "2k", ""):
        answer = shop.post(video(model, resolution=word))
        assert (answer.status_code == 200) is (word in RESOLUTIONS[model]), word


@pytest.mark.parametrize(
    ("width", "height"),
    [("864", 480), (864.0, 480), (True, 480), (None, 480), (0, 480), (-864, 480), (1 << 70, 480)],
)
def test_pixels_are_whole_numbers(shop: Desk, width: Any, height: Any) -> None:
    task = {**video(PRO, width=1, height=height), "width": width}
    assert shop.refusal(task)[::2] == (400, "width")


def test_switches_of_1_5_pro_are_its_own(shop: Desk) -> None:
    for switch in ("audio", "draft", "cameraFixed"):
        settings = {"bytedance": {switch: True}}
        assert shop.post(video(ONE_5, providerSettings=settings)).status_code == 200
        status, code, parameter = shop.refusal(video(PRO, providerSettings=settings) | {"fps": 24})
        assert (status, code, parameter) == (400, "unsupportedParameter", "fps")
    assert shop.post(video(PRO, providerSettings={"bytedance": {"audio": True}})).status_code == 400


def test_models_can_be_gone_or_closed_to_the_account() -> None:
    chosen = Settings(retired=frozenset({PRO}), not_open=frozenset({FAST}))
    with desk(settings=chosen) as shop:
        assert shop.refusal(video(PRO)) == (404, "modelNotFound", "model")
        assert shop.refusal(video(FAST)) == (403, "forbidden", "model")
        assert shop.refusal({**video(), "model": 5}) == (400, "invalidModel", "model")


# The key


@pytest.mark.parametrize("authorization", ["", "a key", "Basic a key", "Bearer"])
def test_a_request_without_a_key_is_refused_whole(shop: Desk, authorization: str) -> None:
    for task in (video(), plain("getResponse"), plain("ping"), 5):
        answer = shop.post(task, headers={"Authorization": authorization})
        (error,) = answer.json()["errors"]
        assert answer.status_code == 401
        assert error["message"]
        assert {key: error[key] for key in error if key != "message"} == {
            "code": "invalidApiKey",
            "parameter": "apiKey",
            "taskType": "authentication",
        }


def test_an_authentication_task_in_the_first_place_is_a_key(shop: Desk) -> None:
    none = {"Authorization": ""}
    key: dict[str, Any] = {"taskType": "authentication", "apiKey": "canary-key-1"}
    answer = shop.post(key, plain("ping"), headers=none).json()
    assert [item["taskType"] for item in answer["data"]] == ["authentication", "ping"]
    session = answer["data"][0]["connectionSessionUUID"]
    resumed = shop.post({**key, "connectionSessionUUID": session}, headers=none).json()
    assert resumed == {"data": [{"taskType": "authentication", "connectionSessionUUID": session}]}
    for wrong in (
        [plain("ping"), key],
        [{"taskType": "authentication"}],
        [{**key, "apiKey": " "}],
        [{**key, "apiKey": 5}],
    ):
        assert shop.post(*wrong, headers=none).status_code == 401
    assert shop.refusal({**key, "taskUUID": new_uuid()}) == (400, "unsupportedParameter", "taskUUID")


# The envelope


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "invalidRequest"),
        (b"{", "invalidRequest"),
        (b"{}", "invalidRequest"),
        (b"5", "invalidRequest"),
        (b"[" * 100_000, "invalidRequest"),
        (b"[NaN]", "invalidRequest"),
        (b"[1e999]", "invalidRequest"),
        (rb'["\ud800"]', "invalidRequest"),
        (b'["\xff"]', "invalidRequest"),
        (b"[]", "arrayTooSmall"),
        (b"[5]", "invalidTask"),
        (b"[[]]", "invalidTask"),
        (b"[{}]", "missingTaskType"),
        (b'[{"taskType": null}]', "missingTaskType"),
        (b'[{"taskType": {}}]', "unsupportedTaskType"),
        (b'[{"taskType": "imageInference"}]', "unsupportedTaskType"),
        (b'[{"taskType": "videoInference"}]', "missingTaskUUID"),
        (b" " * ((64 << 20) + 1), "invalidRequest"),
    ],
)
def test_a_body_of_the_wrong_shape_is_refused(shop: Desk, raw: bytes, code: str) -> None:
    answer = shop.stage.http.post(shop.url, content=raw)
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["code"]) == (400, code)


def test_a_batch_with_a_task_that_was_taken_is_a_success_with_errors(shop: Desk) -> None:
    good, bad = video(), video(duration=99)
    mixed = shop.post(bad, good, 5)
    assert mixed.status_code == 200
    assert [item["taskUUID"] for item in mixed.json()["data"]] == [good["taskUUID"]]
    assert [error["code"] for error in mixed.json()["errors"]] == ["invalidDuration", "invalidTask"]


def test_a_batch_without_one_has_the_status_of_its_first_error(shop: Desk) -> None:
    gone = plain("getTaskDetails")
    assert shop.refusal(gone, video(duration=99)) == (404, "taskNotFound", "taskUUID")
    assert shop.refusal(video(duration=99), gone)[0] == 400


def test_a_uuid_is_taken_once_within_a_batch_too(shop: Desk) -> None:
    task = video()
    answer = shop.post(task, {**task, "taskUUID": task["taskUUID"].upper()})
    assert answer.status_code == 200
    (error,) = answer.json()["errors"]
    assert (error["code"], error["taskUUID"]) == ("conflictTaskUUID", task["taskUUID"].upper())


# Dry runs

DRY = {"X-Runware-Dry-Run": "1"}


def test_a_dry_run_is_checked_and_priced_and_makes_nothing(shop: Desk) -> None:
    before, task = len(shop.stage.ledger()), video(FAST, width=1248, height=704, duration=5, numberResults=2)
    answer = shop.post(task, headers=DRY)
    assert answer.json()["data"] == [
        {"taskType": "videoInference", "taskUUID": task["taskUUID"], "cost": 0.13475576}
    ]
    assert shop.refusal(video(duration=99), headers=DRY) == (400, "invalidDuration", "duration")
    assert len(shop.stage.ledger()) == before
    assert shop.post(task).status_code == 200


def test_a_dry_upload_keeps_nothing(shop: Desk) -> None:
    (item,) = shop.post(plain("imageUpload", image="not looked at"), headers=DRY).json()["data"]
    assert (item["cost"], "imageUUID" in item) == (0, False)


# Nothing makes it fall over

_LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
_JSON = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)
_KEYS = [*PARAMETERS, "image", "operation", "ping", "apiKey", "connectionSessionUUID"]
_KINDS = ["videoInference", "getResponse", "imageUpload", "getTaskDetails", "accountManagement", "ping"]
_HALF_RIGHT = st.builds(
    lambda kind, good, name, changes: {**good, "taskType": kind, "taskUUID": str(name), **changes},
    st.sampled_from(_KINDS),
    st.sampled_from([{}, video(), video(PRO), video(ONE_5), {"image": "x"}, {"operation": "getDetails"}]),
    st.uuids(version=4),
    st.dictionaries(st.sampled_from(_KEYS), _JSON | st.just({"frameImages": ["x"]}), max_size=3),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=_JSON | st.lists(_HALF_RIGHT | _JSON, max_size=3))
def test_no_json_body_makes_the_sandbox_fall_over(shop: Desk, body: Any) -> None:
    raw = json.dumps(body).encode("utf-8", "surrogatepass")
    answer = shop.stage.http.post(shop.url, content=raw)
    assert answer.status_code < 500, answer.text
    assert set(answer.json()) <= {"data", "errors"}
    assert answer.json()
    assert answer.json().get("errors") != []
