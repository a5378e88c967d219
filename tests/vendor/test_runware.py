"""Runware's words, as its documents and live answers show them (runware.md, 2026-11-21)."""

from __future__ import annotations

import base64
import itertools
import json
import uuid
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedance_pipe.document import freeze, thaw
from seedance_pipe.plan.history import Receipt
from seedance_pipe.spec.story import Shot
from seedance_pipe.units import Money
from seedance_pipe.vendor import runware
from seedance_pipe.vendor.adapter import (
    Accepted,
    Adapter,
    Barred,
    Busy,
    Doubt,
    Doubtful,
    Failed,
    Gone,
    Lodged,
    Lodging,
    Missed,
    Progress,
    Ready,
    Refused,
    Running,
    Upload,
    seat,
)
from seedance_pipe.vendor.answer import Answered
from tests import builders
from tests.vendor.world import KEY

OURS = "5b1f0c8e-8a52-4c6f-9a5e-3d1f2a4b5c6d"
OTHER = "0d6f3b61-2a7e-4b2f-8d6c-6f6d3a1c9e10"
REQUEST = freeze({"taskType": "videoInference", "taskUUID": OURS})
SHOT: Shot = builders.shot("stairs", model=replace(builders.MODEL, vendor="runware", wire="bytedance:2@1"))


def answered(status: int = 200, **document: Any) -> Answered:
    return Answered(status, freeze(document))


def wrong(code: str, task: str = OURS, message: str = "No.", **more: Any) -> dict[str, Any]:
    return {"code": code, "message": message, "taskType": "videoInference", "taskUUID": task, **more}


def ack(task: str = OURS) -> dict[str, Any]:
    return {"taskType": "videoInference", "taskUUID": task}


def pending(task: str = OURS, **more: Any) -> dict[str, Any]:
    return {**ack(task), "status": "processing", **more}


def clip(name: str, task: str = OURS, **more: Any) -> dict[str, Any]:
    return {**ack(task), "status": "success", "videoUUID": name, "videoURL": f"https://v/{name}.mp4", **more}


def how(*data: Any, task: str = OURS, status: int = 200, errors: Any = None) -> Progress:
    told = {"data": list(data)} if errors is None else {"data": list(data), "errors": errors}
    return runware.progress(answered(status, **told), task, shot=SHOT)


def frozen(body: dict[str, Any], *, drawn: int = 7, takes: int = 1) -> Any:
    return runware.frozen(freeze(body), shot=SHOT, last_frame=True, draw=lambda n: drawn % n, takes=takes)


def test_it_is_an_adapter_and_a_lodging_with_its_own_facts() -> None:
    adapter: Adapter = runware
    lodging: Lodging = runware
    assert adapter.FACTS.vendor == "runware"
    assert callable(lodging.uploaded)
    facts = runware.FACTS
    assert (facts.key_variable, facts.base_variable) == ("RUNWARE_API_KEY", "RUNWARE_BASE_URL")
    assert facts.base.endswith("/v1")
    assert facts.doubt is Doubt.SAME_ID
    assert (facts.most_takes, facts.tasks_kept, facts.results_kept) == (4, None, None)


def test_the_request_is_one_task_with_an_id_of_its_own() -> None:
    request = thaw(frozen({"positivePrompt": "waves", "width": 864, "height": 480}))
    assert uuid.UUID(request.pop("taskUUID")).version == 4
    assert request == {
        "taskType": "videoInference",
        "model": "bytedance:2@1",
        "deliveryMethod": "async",
        "includeCost": True,
        "positivePrompt": "waves",
        "width": 864,
        "height": 480,
    }
    assert frozen({}, drawn=8)["taskUUID"] != frozen({}, drawn=9)["taskUUID"]


def test_takes_that_share_a_submission_are_asked_for_by_their_number() -> None:
    assert frozen({}, takes=4)["numberResults"] == 4
    assert "numberResults" not in frozen({})


def test_a_submission_is_one_post_of_an_array_with_its_holes_filled() -> None:
    body = {"inputs": {"frameImages": [{"image": "sha256:ab", "frame": "first"}]}, "positivePrompt": "é"}
    call = runware.submission(freeze(body), {("inputs", "frameImages", 0, "image"): OTHER})
    assert (call.method, call.path, call.form) == ("POST", "", ())
    body["inputs"]["frameImages"][0]["image"] = OTHER  # type: ignore[index]
    assert json.loads(call.body) == [body]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (answered(data=[ack()]), Accepted(OURS)),
        (answered(data=ack()), Accepted(OURS)),
        (answered(data=[ack(OURS.upper())]), Accepted(OURS)),
        (answered(data=[ack()], errors=[]), Accepted(OURS)),
        (answered(data=[ack()], errors=None), Accepted(OURS)),
        (answered(data=[{"taskType": "videoInference"}]), Accepted(OURS)),
        (answered(data=[ack()], errors=[wrong("invalidDuration", OTHER)]), Accepted(OURS)),
        (answered(400, data=[ack()], errors=[wrong("invalidDuration")]), Accepted(OURS)),
        (answered(data=[{**ack(), "status": "error", "error": {"code": "invalidDuration"}}]), Refused),
        (answered(data=[{**ack(), "status": "error", "error": {"code": "providerError"}}]), Doubtful),
        (answered(data=[{**ack(OTHER), "status": "error", "error": {"code": "invalidDuration"}}]), Doubtful),
        (answered(data=[{**ack(), "status": "error", "error": {"code": "conflictTaskUUID"}}]), Accepted(OURS)),
        (answered(data=[ack(OTHER)]), Doubtful),
        (answered(data=[{"taskType": "getResponse"}]), Doubtful),
        (answered(data=[], errors=[]), Doubtful),
        (answered(data=None), Doubtful),
        (answered(data=["x", 1, None]), Doubtful),
        (answered(302, data=[ack()]), Doubtful),
        (answered(500, data=[ack()]), Doubtful),
        (Answered(200, None), Doubtful("it answered 200, and said nothing of it")),
        (Answered(200, freeze([ack()])), Doubtful),
        (answered(400, errors=[wrong("conflictTaskUUID")]), Accepted(OURS)),
        (answered(400, errors=[wrong("conflictTaskUUID", "")]), Accepted(OURS)),
        (answered(200, data=[], errors=[wrong("conflictTaskUUID")]), Accepted(OURS)),
        (answered(400, errors=wrong("conflictTaskUUID")), Accepted(OURS)),
        (answered(400, error=wrong("conflictTaskUUID")), Accepted(OURS)),
        (answered(400, errors=[wrong("conflictTaskUUID", OTHER)]), Doubtful),
        (answered(500, errors=[wrong("conflictTaskUUID")]), Doubtful),
        (answered(400, errors=[wrong("unsupportedParameter")]), Refused),
        (answered(200, errors=[wrong("unsupportedParameter")]), Refused),
        (answered(200, data=[], errors=[wrong("arrayTooSmall", "")]), Refused),
        (answered(400, errors=[wrong("aCodeOfTomorrow")]), Refused),
        (answered(200, errors=[wrong("aCodeOfTomorrow")]), Doubtful),
        (answered(409, errors=[wrong("aCodeOfTomorrow")]), Doubtful),
        (answered(409, errors=[wrong("duplicateTaskUUID")]), Accepted(OURS)),
        (answered(400, errors=[{"message": "no code"}]), Doubtful),
        (answered(400, errors=[wrong("invalidDuration"), wrong("providerError")]), Doubtful),
        (answered(401, errors=[wrong("invalidApiKey", "", parameter="apiKey")]), Refused),
        (answered(401, error="no key"), Refused),
        (answered(402, errors=[wrong("aCodeOfTomorrow")]), Refused),
        (answered(403, errors=[wrong("aCodeOfTomorrow")]), Refused),
        (answered(403), Doubtful),
        (answered(404, error="Not Found"), Doubtful),
        (answered(404, errors=[wrong("modelNotFound")]), Refused),
        (answered(408, errors=[wrong("invalidDuration")]), Doubtful),
        (answered(408, errors=[wrong("aCodeOfTomorrow")]), Doubtful),
        (Answered(429, None, 7.0), Busy),
        (answered(429, errors=[wrong("aCodeOfTomorrow")]), Busy),
        (answered(429, errors=[wrong("insufficientCredits")]), Refused),
        (answered(200, errors=[wrong("providerRateLimitExceeded")]), Busy),
        (answered(503, errors=[wrong("rateLimitExceeded")]), Busy),
        (answered(400, errors=[wrong("taskNotFound")]), Doubtful),
        (answered(200, errors=[wrong("timeoutProvider")]), Doubtful),
        (answered(400, errors=[wrong("modelUnavailable")]), Doubtful),
        (answered(500, errors=[wrong("internalServerError")]), Doubtful),
        (answered(503, errors=[wrong("unsupportedParameter")]), Doubtful),
        (Answered(502, None), Doubtful("it answered 502, and said nothing of it")),
    ],
)
def test_what_an_answer_to_a_submission_means(answer: Answered, expected: Any) -> None:
    verdict = runware.verdict(answer, REQUEST)
    assert isinstance(verdict, expected) if isinstance(expected, type) else verdict == expected


def test_a_busy_vendor_says_when_to_come_back() -> None:
    verdict = runware.verdict(Answered(429, None, 7.0), REQUEST)
    assert verdict == Busy("429", "too many requests at once (429)", 7.0)


CODES = [
    ("invalidApiKey", "refused the key", "RUNWARE_API_KEY"),
    ("missingApiKey", "refused the key", "RUNWARE_API_KEY"),
    ("unauthorized", "refused the key", "RUNWARE_API_KEY"),
    ("forbidden", "no permission", "RUNWARE_API_KEY"),
    ("accountSuspended", "the account", "RUNWARE_API_KEY"),
    ("insufficientCredits", "no money", "top up"),
    ("quotaExceeded", "quota", "look at the account"),
    ("paymentRequired", "no money", "top up"),
    ("contentPolicyViolation", "content check", "change the prompt"),
    ("providerContentPolicyViolation", "content check", "change the prompt"),
    ("nsfwContentDetected", "content check", "change the prompt"),
    ("promptBlocked", "content check", "change the prompt"),
    ("imageBlocked", "content check", "give this shot other pictures"),
    ("unknownModel", "no such model", "another model"),
    ("invalidModel", "no such model", "another model"),
    ("mediaNotFound", "a picture", "another picture"),
    ("mediaExpired", "a picture", "another picture"),
    ("invalidFrameImageWidth", "a picture", "another picture"),
    ("unknownParameter", "a parameter", "change the shot"),
    ("incompatibleParameters", "a parameter", "change the shot"),
    ("invalidPositivePrompt", "a parameter", "change the shot"),
    ("missingPositivePrompt", "a parameter", "change the shot"),
    ("unsupportedDuration", "a parameter", "change the shot"),
    ("valueTooLarge", "a parameter", "change the shot"),
    ("maxLengthExceeded", "a parameter", "change the shot"),
    ("brandNewCode", "said no", "run again"),
]


@pytest.mark.parametrize(("code", "meaning", "next_step"), CODES)
def test_every_refusal_has_plain_words_and_a_next_step(code: str, meaning: str, next_step: str) -> None:
    verdict = runware.verdict(answered(400, errors=[wrong(code, message="Request 0217.")]), REQUEST)
    assert isinstance(verdict, Refused)
    assert verdict.code == code
    assert meaning in verdict.reason
    assert verdict.reason.endswith(f"({code}: Request 0217)")
    assert next_step in verdict.next_step


UNCLEAR = ["providerError", "providerUnavailable", "inferenceError", "noAvailableServer", "serviceUnavailable"]
UNCLEAR += ["providerTimeout", "timeoutProvider", "internalServerError", "modelUnavailable", "taskExpired"]


@pytest.mark.parametrize("code", UNCLEAR)
@pytest.mark.parametrize("status", [200, 400, 500, 503, 504])
def test_the_vendors_own_trouble_leaves_a_submission_in_doubt(status: int, code: str) -> None:
    verdict = runware.verdict(answered(status, errors=[wrong(code)]), REQUEST)
    assert isinstance(verdict, Doubtful)
    assert code in verdict.reason


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"parameter": "duration"}, "(invalidDuration: No; parameter duration)"),
        ({"parameter": ["width", "height"]}, "(invalidDuration: No; parameter width, height)"),
        ({"parameter": "No"}, "(invalidDuration: No)"),
        ({"parameter": []}, "(invalidDuration: No)"),
        ({"parameter": {"a": 1}, "allowedValues": None}, "(invalidDuration: No)"),
        ({"message": None}, "(invalidDuration)"),
        (
            {"parameter": "duration", "allowedValues": [5, 10, 2.5, "auto"]},
            "(invalidDuration: No; parameter duration; allowed: 5, 10, 2.5, auto)",
        ),
        ({"allowedValues": list(range(20))}, "allowed: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, …)"),
    ],
)
def test_a_refusal_names_the_parameter_and_what_it_may_be(more: dict[str, Any], told: str) -> None:
    verdict = runware.verdict(
        answered(400, errors=[wrong("invalidDuration", **{"message": "No.", **more})]), REQUEST
    )
    assert isinstance(verdict, Refused)
    assert verdict.reason.endswith(told)


def test_one_poll_asks_after_many_tasks_and_after_each_once() -> None:
    call = runware.poll([seat(OURS, 1, 3), seat(OURS, 2, 3), OTHER])
    assert (call.method, call.path) == ("POST", "")
    assert json.loads(call.body) == [
        {"taskType": "getResponse", "taskUUID": OURS},
        {"taskType": "getResponse", "taskUUID": OTHER},
    ]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (pending(), Running("processing")),
        (pending(progress=40), Running("processing", 0.4)),
        (pending(progress=140), Running("processing", 1.0)),
        (pending(progress="x"), Running("processing")),
        (pending(taskType="getResponse"), Running("processing")),
        (pending(status="pending"), Running("pending")),
        (pending(status="thinking"), Running("thinking")),
        (ack(), Running("accepted")),
        (clip("a", videoURL=None), Running("success, without an address")),
        (clip("a", videoURL=["x"]), Running("success, without an address")),
        (pending(OTHER), Missed("it answered 200, and said nothing of it")),
        ({"status": "processing"}, Missed("it answered 200, and said nothing of it")),
        ("x", Missed("it answered 200, and said nothing of it")),
    ],
)
def test_what_a_task_says_of_itself(data: Any, expected: Progress) -> None:
    assert how(data) == expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (answered(data=[]), Missed),
        (Answered(200, None), Missed),
        (answered(404, errors=[wrong("taskNotFound")]), Missed),
        (answered(200, errors=[wrong("taskNotFound", status="error")]), Missed),
        (answered(200, errors=[wrong("taskExpired", status="error")]), Missed),
        (answered(200, data=[{**ack(), "status": "error", "error": {"code": "taskNotFound"}}]), Missed),
        (answered(400, errors=[wrong("conflictTaskUUID", status="error")]), Missed),
        (answered(200, errors=[wrong("invalidTaskUUID", taskType="getResponse")]), Missed),
        (answered(400, errors=[wrong("invalidTaskUUID")]), Missed),
        (answered(500, errors=[wrong("internalServerError", status="error")]), Missed),
        (answered(503, errors=[wrong("timeoutProvider")]), Missed),
        (answered(429, errors=[wrong("rateLimitExceeded", "")]), Missed),
        (Answered(429, None, 5.0), Missed("it answered 429, and said nothing of it", 5.0)),
        (Answered(502, None), Missed("it answered 502, and said nothing of it")),
        (answered(401, errors=[wrong("invalidApiKey", "")]), Barred),
        (answered(200, errors=[wrong("invalidApiKey", "")]), Barred),
        (answered(402, errors=[wrong("insufficientCredits", "")]), Barred),
        (Answered(401, None), Barred),
        (Answered(403, None), Barred),
    ],
)
def test_a_poll_that_tells_nothing_says_nothing_of_the_task(answer: Answered, expected: Any) -> None:
    progress = runware.progress(answer, OURS, shot=SHOT)
    assert isinstance(progress, expected) if isinstance(expected, type) else progress == expected


def test_a_barred_poll_names_the_key_that_a_person_can_mend() -> None:
    assert how(status=403) == Barred(
        "403",
        "the key has no permission for this (403)",
        "check the key in RUNWARE_API_KEY, and the account at runware.ai, then run again",
    )


@pytest.mark.parametrize("more", [{}, {"status": None}, {"status": "processing"}, {"NSFWContent": False}])
def test_a_finished_task_gives_its_address_and_its_receipt(more: dict[str, Any]) -> None:
    ready = how(clip("a", seed=2**63 - 1, cost=0.77956560, **more))
    assert ready == Ready(Receipt(2**63 - 1, None, Money(Decimal("0.7795656")), None), "https://v/a.mp4")
    assert "https" not in repr(ready)


def test_a_clip_that_the_vendors_check_marks_is_ready_and_said_to_be() -> None:
    marked, clean = (how(clip("a", NSFWContent=found)) for found in (True, False))
    assert isinstance(marked, Ready)
    assert isinstance(clean, Ready)
    assert "NSFWContent" in marked.remark
    assert clean.remark == ""


@pytest.mark.parametrize(
    ("cost", "charged"),
    [
        (0.06737788, "0.06737788"),
        (1e-05, "0.00001"),
        (1, "1"),
        ("0.48874", "0.48874"),
        (None, None),
        (-1, None),
        (True, None),
        ("free", None),
    ],
)
def test_what_it_cost_is_read_digit_for_digit(cost: Any, charged: str | None) -> None:
    ready = how(clip("a", cost=cost))
    assert isinstance(ready, Ready)
    assert ready.receipt.charged == (None if charged is None else Money(Decimal(charged)))
    assert ready.receipt.seed is None


FAILURES = [
    {"errors": [wrong("providerContentPolicyViolation", status="error")]},
    {"data": [], "errors": wrong("timeoutProvider", status="error")},
    {"data": [], "errors": [wrong("inferenceError")]},
    {"data": [pending(OTHER)], "errors": [wrong("aCodeOfTomorrow", status="error")]},
    {"data": [{**ack(), "status": "error", "error": {"code": "providerError", "message": "No."}}]},
    {"data": [{**ack(), "status": "error", "error": "No."}]},
    {"data": [{**ack(), "status": "error", "code": "providerError", "message": "No."}]},
    {"data": [{**ack(), "error": {"code": "providerError", "message": "No."}}]},
    {"error": wrong("providerError", status="error")},
]


@pytest.mark.parametrize("document", FAILURES)
def test_a_generation_that_failed_is_told_in_either_shape_and_at_a_price_that_nobody_documents(
    document: dict[str, Any],
) -> None:
    failed = runware.progress(answered(**document), OURS, shot=SHOT)
    assert isinstance(failed, Failed)
    assert failed.charged is None
    assert failed.next_step
    assert ": No)" in failed.reason
    assert failed.code in failed.reason


def test_a_clip_that_is_there_outweighs_an_error_beside_it() -> None:
    assert isinstance(how(clip("a"), errors=[wrong("providerError", status="error")]), Ready)
    assert isinstance(how(clip("a", error={"code": "x"})), Ready)


def seats(*data: Any, count: int, errors: Any = None) -> list[Progress]:
    return [how(*data, task=seat(OURS, number, count), errors=errors) for number in range(1, count + 1)]


def clips(progress: list[Progress]) -> list[str]:
    return [one.clip if isinstance(one, Ready) else type(one).__name__ for one in progress]


def test_takes_of_one_submission_are_given_out_when_all_are_known() -> None:
    assert (
        seats(clip("b"), pending(progress=30), pending(progress=10), count=3) == [Running("processing", 0.1)] * 3
    )
    assert seats(clip("b"), clip("a"), count=3) == [Running("2 of 3 takes are there")] * 3
    told = seats(clip("b", seed=2), clip("c", seed=3), clip("a", seed=1), count=3)
    assert clips(told) == ["https://v/a.mp4", "https://v/b.mp4", "https://v/c.mp4"]
    assert [one.receipt.seed for one in told if isinstance(one, Ready)] == [1, 2, 3]


def test_the_vendors_own_numbers_order_the_takes_where_all_have_one() -> None:
    numbered = [clip("b", resultIndex=0), clip("a", resultIndex=1)]
    assert clips(seats(*numbered, count=2)) == ["https://v/b.mp4", "https://v/a.mp4"]
    assert clips(seats(numbered[0], clip("a"), count=2)) == ["https://v/a.mp4", "https://v/b.mp4"]


def test_a_result_that_is_listed_twice_is_one_result() -> None:
    assert seats(clip("a"), clip("a", cost=1), count=2) == [Running("1 of 2 takes are there")] * 2
    twice = [clip("a", resultIndex=0), clip("b", resultIndex=0)]
    assert seats(*twice, count=2) == [Running("1 of 2 takes are there")] * 2
    nameless = [clip("a", videoUUID=None), clip("b", videoUUID=None)]
    assert clips(seats(*nameless, count=2)) == ["https://v/a.mp4", "https://v/b.mp4"]


def test_failed_takes_come_after_the_clips_and_clips_are_not_lost_with_them() -> None:
    failure = wrong("providerError", status="error")
    told = seats(clip("b"), clip("a"), count=3, errors=[failure])
    assert clips(told) == ["https://v/a.mp4", "https://v/b.mp4", "Failed"]
    inside = {**ack(), "status": "error", "error": {"code": "promptBlocked", "message": "No."}}
    told = seats(inside, clip("a"), count=3, errors=[failure])
    assert clips(told) == ["https://v/a.mp4", "Failed", "Failed"]
    assert [one.code for one in told if isinstance(one, Failed)] == ["promptBlocked", "providerError"]


def test_a_failure_beside_takes_that_are_still_at_work_waits_for_them() -> None:
    failure = wrong("providerError", status="error")
    assert clips(seats(pending(), count=2, errors=[failure])) == ["Running", "Running"]
    assert clips(seats(pending(), count=2, errors=[failure, failure])) == ["Running", "Running"]
    assert clips(seats(clip("a"), count=3, errors=[failure])) == ["Running"] * 3


def test_one_error_for_a_whole_submission_fails_all_its_takes() -> None:
    assert clips(seats(count=4, errors=[wrong("promptBlocked", status="error")])) == ["Failed"] * 4


def test_patience_is_an_hour() -> None:
    assert runware.patience(REQUEST) == 3600


def test_a_picture_is_uploaded_inside_an_array_of_one_task() -> None:
    call = runware.upload(Upload("ab.png", "image/png", b"\x89PNG", "bytedance:2@1"), draw=lambda n: 5)
    assert (call.method, call.path, call.form) == ("POST", "", ())
    (task,) = json.loads(call.body)
    assert uuid.UUID(task.pop("taskUUID")).version == 4
    image = "data:image/png;base64," + base64.b64encode(b"\x89PNG").decode()
    assert task == {"taskType": "imageUpload", "image": image}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (answered(data=[{"taskType": "imageUpload", "taskUUID": OURS, "imageUUID": OTHER}]), Lodged(OTHER)),
        (answered(data={"imageUUID": OTHER, "imageURL": "https://im/"}), Lodged(OTHER)),
        (answered(data=[{}, {"imageUUID": OTHER}]), Lodged(OTHER)),
        (answered(data=[{"taskType": "imageUpload", "error": {"code": "invalidImage"}}]), Refused),
        (answered(500, data={"imageUUID": OTHER}), Missed),
        (answered(data=[{"imageUUID": "a\nb"}]), Missed),
        (answered(data=[{"imageUUID": "x" * 257}]), Missed),
        (answered(data=[{"imageUUID": None}]), Missed("it answered 200, and said nothing of it")),
        (Answered(200, None), Missed),
        (answered(400, errors=[wrong("invalidImage")]), Refused),
        (answered(401, errors=[wrong("invalidApiKey", "")]), Refused),
        (answered(400, errors=[wrong("conflictTaskUUID")]), Missed),
        (answered(429, errors=[wrong("rateLimitExceeded")]), Busy),
        (Answered(429, None, 9.0), Busy("429", "too many requests at once (429)", 9.0)),
        (Answered(503, None, 9.0), Missed("it answered 503, and said nothing of it", 9.0)),
        (answered(500, errors=[wrong("internalServerError")]), Missed),
    ],
)
def test_what_an_answer_to_an_upload_means(answer: Answered, expected: Any) -> None:
    told = runware.uploaded(answer)
    assert isinstance(told, expected) if isinstance(expected, type) else told == expected


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
TASKS = st.sampled_from([OURS, OTHER, ""])
KNOWN = st.sampled_from([code for code, _, _ in CODES] + UNCLEAR + ["conflictTaskUUID", "rateLimitExceeded", ""])
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "taskUUID": TASKS | ANYTHING,
    "taskType": st.sampled_from(["videoInference", "getResponse"]) | ANYTHING,
    "status": st.sampled_from(["processing", "success", "error"]) | ANYTHING,
    "code": KNOWN | ANYTHING,
    "parameter": ANYTHING,
    "allowedValues": ANYTHING,
    "error": ANYTHING | st.fixed_dictionaries({"code": KNOWN}),
    "videoURL": st.sampled_from(["https://v/a", ""]) | ANYTHING,
    "videoUUID": st.text("ab", max_size=2) | ANYTHING,
    "resultIndex": st.integers(0, 3) | ANYTHING,
    "imageUUID": ANYTHING,
    "cost": ANYTHING,
    "seed": ANYTHING,
    "progress": ANYTHING,
}
ITEM = st.fixed_dictionaries({}, optional=FIELDS)
LISTED = st.lists(ITEM | ANYTHING, max_size=4) | ITEM | ANYTHING
DOCUMENT = st.fixed_dictionaries({}, optional={"data": LISTED, "errors": LISTED, "error": ITEM | ANYTHING})


@given(st.integers(100, 599), DOCUMENT | ANYTHING, st.integers(1, 4), st.integers(1, 4))
def test_no_answer_however_strange_is_an_error_of_ours_or_makes_a_task_gone(
    status: int, document: Any, one: int, other: int
) -> None:
    answer = Answered(status, freeze(document))
    verdict = runware.verdict(answer, REQUEST)
    if not 200 <= status < 300 and not 400 <= status < 500:
        assert isinstance(verdict, Doubtful | Busy)
    runware.uploaded(answer)
    progress = runware.progress(answer, seat(OURS, min(one, other), max(one, other)), shot=SHOT)
    assert not isinstance(progress, Gone)


@given(st.sampled_from([200, 400, 409]), ITEM, LISTED, st.sampled_from([OURS, ""]))
def test_a_conflict_about_our_id_is_an_acceptance_whatever_else_is_said(
    status: int, more: dict[str, Any], data: Any, task: str
) -> None:
    conflict = {**more, "code": "conflictTaskUUID", "taskUUID": task, "error": None}
    assert runware.verdict(answered(status, data=data, errors=[conflict]), REQUEST) == Accepted(OURS)


RESULTS = st.lists(st.text("abcdef", min_size=1, max_size=3), min_size=1, max_size=4, unique=True)


@given(RESULTS, st.integers(0, 3), st.booleans(), st.randoms(use_true_random=False))
def test_each_result_goes_to_one_seat_whatever_the_order_of_the_answer(
    names: list[str], failures: int, numbered: bool, random: Any
) -> None:
    failed = min(failures, 4 - len(names))
    count = len(names) + failed
    data = [clip(name, resultIndex=index) if numbered else clip(name) for index, name in enumerate(names)]
    errors = [wrong("providerError", message=f"{index}", status="error") for index in range(failed)]
    before = seats(*data, count=count, errors=errors)
    assert sorted(clips(before)) == sorted([one["videoURL"] for one in data] + ["Failed"] * failed)
    told = [one.reason for one in before if isinstance(one, Failed)]
    assert len(set(told)) == failed
    random.shuffle(data)
    random.shuffle(errors)
    others = [clip(name, OTHER) for name in names]
    assert seats(*itertools.chain(others, data, data), count=count, errors=errors) == before


def test_nothing_that_the_adapter_writes_holds_a_key() -> None:
    assert KEY.encode() not in runware.submission(REQUEST, {}).body
    assert runware.submission(REQUEST, {}).headers == {}
