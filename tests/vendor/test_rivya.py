"""Rivya's words, as its documents show them (rivya.md, 2026-11-21)."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedance_pipe.document import Json, JsonPath, freeze
from seedance_pipe.plan.history import Receipt
from seedance_pipe.units import Money
from seedance_pipe.vendor import rivya
from seedance_pipe.vendor.adapter import (
    Accepted,
    Barred,
    Busy,
    Doubt,
    Doubtful,
    Failed,
    Gone,
    Lodged,
    Missed,
    Queued,
    Ready,
    Refused,
    Running,
    Upload,
)
from seedance_pipe.vendor.answer import Answered, Call, Part
from tests import builders
from tests.vendor.anything import ANYTHING, STATUSES

TASK = "task_01JABCDEF"
SHOT = builders.shot("stairs")
BODY: dict[str, Any] = {
    "model": "seedance-1-0-lite",
    "prompt": "Stufen, étage",
    "client_request_id": "film-7",
    "duration": "5",
    "camera_fixed": "true",
    "referenceMediaItems": [{"url": "sha256:ab", "kind": "image"}, {"url": "sha256:cd", "kind": "image"}],
}
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def credits_(amount: str) -> Money:
    return Money(Decimal(amount), "rivya credits")


def frozen(body: Json, *, drawn: int = 7) -> Any:
    return rivya.frozen(body, shot=SHOT, last_frame=True, draw=lambda n: drawn % n)


def answered(status: int, code: str = "", message: str = "", **more: Any) -> Answered:
    error = {"code": code, "message": message, "requestId": "req_1", **more}
    return Answered(status, freeze({"error": error}))


def generation(status: str, **more: Any) -> dict[str, Any]:
    """A generation with the keys of the documented examples (section 2)."""
    return {
        "id": TASK,
        "status": status,
        "model": "seedance-1-0-lite",
        "reserved_credits": 16,
        "final_credits": 0,
        "created_at": "2026-05-10T08:00:00.000Z",
        "updated_at": "2026-05-10T08:00:00.000Z",
        "result": None,
        "error": None,
        **more,
    }


def found(document: dict[str, Any], status: int = 200) -> Any:
    return rivya.progress(Answered(status, freeze(document)), TASK, shot=SHOT)


def judged(answer: Answered) -> Any:
    return rivya.verdict(answer, frozen(BODY))


def test_a_lost_answer_is_settled_by_sending_the_same_key_again() -> None:
    assert rivya.FACTS.doubt is Doubt.SAME_KEY
    assert rivya.FACTS.base == "https://rivya.ai"


def test_a_request_keeps_its_key_and_wraps_what_the_schema_describes() -> None:
    request = frozen(freeze(BODY))
    key = request["Idempotency-Key"]
    assert UUID.fullmatch(key)
    assert {name: request[name] for name in ("model", "prompt", "client_request_id")} == {
        name: BODY[name] for name in ("model", "prompt", "client_request_id")
    }
    assert set(request["params"]) == {"duration", "camera_fixed", "referenceMediaItems"}
    assert set(frozen(freeze({"model": "m", "prompt": "p"}))) == {"Idempotency-Key", "model", "prompt", "params"}


def test_each_request_draws_a_key_of_its_own_and_sending_it_again_does_not() -> None:
    first, second = (frozen(freeze(BODY), drawn=drawn) for drawn in (1, 2**127 + 5))
    assert first["Idempotency-Key"] != second["Idempotency-Key"]
    assert rivya.submission(first, {}) == rivya.submission(first, {})


def test_a_submission_is_one_post_with_the_key_in_its_header_and_the_holes_filled() -> None:
    request = frozen(freeze(BODY))
    holes: dict[JsonPath, str] = {
        ("referenceMediaItems", place, "url"): f"https://rivya.ai/f/{place}" for place in (0, 1)
    }
    call = rivya.submission(request, holes)
    assert (call.method, call.path) == ("POST", "api/v1/generations")
    assert call.headers == {"Idempotency-Key": request["Idempotency-Key"]}
    assert json.loads(call.body) == {
        "model": "seedance-1-0-lite",
        "prompt": "Stufen, étage",
        "client_request_id": "film-7",
        "params": {
            "duration": "5",
            "camera_fixed": "true",
            "referenceMediaItems": [
                {"url": "https://rivya.ai/f/0", "kind": "image"},
                {"url": "https://rivya.ai/f/1", "kind": "image"},
            ],
        },
    }


LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=5)


@given(
    st.dictionaries(st.text(max_size=8) | st.sampled_from(["prompt", "params"]), LEAVES, max_size=5),
    st.integers(0, 2**128 - 1),
)
def test_whatever_a_body_holds_arrives(body: dict[str, Any], drawn: int) -> None:
    request = frozen(freeze(body), drawn=drawn)
    call = rivya.submission(request, {})
    sent = json.loads(call.body)
    assert {**sent.pop("params"), **sent} == body
    assert UUID.fullmatch(call.headers["Idempotency-Key"])


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answered(200, freeze(generation("queued"))), Accepted(TASK, credits_("16"))),
        (Answered(201, freeze({"id": TASK, "status": "queued"})), Accepted(TASK)),
        (Answered(202, freeze({"id": TASK, "reserved_credits": "17.50"})), Accepted(TASK, credits_("17.50"))),
        (Answered(200, freeze({"id": TASK, "reserved_credits": -1, "brand": "new"})), Accepted(TASK)),
        (Answered(200, freeze(generation("failed"))), Accepted(TASK, credits_("16"))),
        (Answered(200, None), Doubtful("its answer (200) does not say what was made")),
        (Answered(200, freeze({"id": None})), Doubtful),
        (Answered(200, freeze({"id": ""})), Doubtful),
        (Answered(200, freeze({"id": "a\nb"})), Doubtful),
        (Answered(200, freeze({"id": "x" * 257})), Doubtful),
        (Answered(204, None), Doubtful),
        (Answered(302, None), Doubtful("it answered 302, not in its own words")),
        (Answered(403, None), Doubtful),
        (Answered(404, freeze({"detail": "Not Found"})), Doubtful),
        (Answered(400, freeze({"error": "nonsense"})), Doubtful),
        (answered(408, "timed_out"), Doubtful("it answered 408 timed_out")),
        (answered(409, "idempotency_conflict"), Doubtful),
        (answered(400, "idempotency_conflict"), Doubtful),
        (Answered(429, None, 30.0), Busy("429", "too many requests", 30.0)),
        (
            answered(429, "rate_limited", "Slow down."),
            Busy("rate_limited", "too many requests (rate_limited: Slow down)"),
        ),
        (answered(429, "brand_new"), Busy),
        (answered(503, "public_api_disabled"), Busy),
        (answered(503, "brand_new"), Busy),
        (Answered(503, None, 3.0), Doubtful),
        (answered(400, "validation_failed"), Refused),
        (answered(400, "brand_new"), Refused),
        (answered(402, "insufficient_credits"), Refused),
        (answered(409, "chat_session_conflict"), Refused),
        (answered(500, "validation_failed"), Doubtful),
        (Answered(502, None), Doubtful),
        (answered(504, "whatever"), Doubtful),
    ],
)
def test_what_an_answer_to_a_submission_means(answer: Answered, expected: Any) -> None:
    verdict = judged(answer)
    assert isinstance(verdict, expected) if isinstance(expected, type) else verdict == expected


def test_a_conflict_over_our_key_says_that_an_earlier_sending_arrived() -> None:
    verdict = judged(answered(409, "idempotency_conflict", "key reused"))
    assert isinstance(verdict, Doubtful)
    assert "an earlier sending did arrive" in verdict.reason


CODES = [
    (400, "validation_failed", "does not accept", "change the shot"),
    (400, "webhook_url_rejected", "does not accept", "change the shot"),
    (401, "api_key_missing", "saw no key", "RIVYA_API_KEY"),
    (401, "api_key_invalid", "refused the key", "RIVYA_API_KEY"),
    (401, "api_key_revoked", "revoked", "make a new key"),
    (401, "api_key_expired", "expired", "make a new key"),
    (401, "api_key_of_another_kind", "refused the key", "RIVYA_API_KEY"),
    (403, "api_scope_denied", "may not do this", "generations:create"),
    (404, "not_found", "no such model or file", "choose another model"),
    (402, "insufficient_credits", "not enough credits", "buy credits"),
    (400, "insufficient_credits", "not enough credits", "buy credits"),
    (402, "brand_new", "not enough credits", "buy credits"),
    (418, "brand_new", "said no", "run again"),
]


@pytest.mark.parametrize(("status", "code", "meaning", "next_step"), CODES)
def test_every_refusal_has_plain_words_and_a_next_step(
    status: int, code: str, meaning: str, next_step: str
) -> None:
    verdict = judged(answered(status, code, "Something about it."))
    assert isinstance(verdict, Refused)
    assert verdict.code == code
    assert meaning in verdict.reason
    assert verdict.reason.endswith(f"({code}: Something about it)")
    assert next_step in verdict.next_step


def test_a_task_is_asked_for_by_its_quoted_name() -> None:
    assert rivya.poll(["a/../b?c"]) == Call("GET", "api/v1/generations/a%2F..%2Fb%3Fc")


NO_ADDRESS = Running("succeeded, without an address")


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (generation("queued"), Queued("queued")),
        (generation("processing", brand="new"), Running("processing")),
        (generation("thinking"), Running("thinking")),
        (generation("succeeded"), NO_ADDRESS),
        (generation("succeeded", result={"primary_url": "", "urls": []}), NO_ADDRESS),
        (generation("succeeded", result={"primary_url": None, "urls": "https://v/"}), NO_ADDRESS),
        (generation("succeeded", result={"urls": [["https://v/"]]}), NO_ADDRESS),
        ({**generation("processing"), "id": "task_other"}, Missed("the answer was about another task")),
        ({"status": "queued"}, Queued("queued")),
        ({"id": TASK, "status": None}, Missed("the answer had no status")),
        ({}, Missed("the answer had no status")),
    ],
)
def test_what_a_task_says_of_itself(document: dict[str, Any], expected: Any) -> None:
    assert found(document) == expected


@pytest.mark.parametrize(
    "result",
    [
        {"primary_url": "https://v/", "urls": ["https://v/", "https://w/"]},
        {"primary_url": "https://v/"},
        {"urls": ["https://v/"]},
    ],
)
def test_a_finished_task_gives_its_address_and_what_it_cost(result: dict[str, Any]) -> None:
    ready = found(generation("succeeded", result=result, final_credits=16), 203)
    assert ready == Ready(Receipt(None, None, credits_("16"), None), "https://v/")
    assert "https" not in repr(ready)


def test_a_cost_that_is_not_named_is_not_known() -> None:
    ready = found({"id": TASK, "status": "succeeded", "result": {"primary_url": "https://v/"}})
    assert ready.receipt.charged is None


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (
            {"code": "generation_failed", "message": "No clip."},
            "generation_failed",
            "(generation_failed: No clip)",
        ),
        ({"code": "validation_failed", "message": ""}, "validation_failed", "does not accept"),
        ({"code": "brand_new"}, "brand_new", "could not make the clip"),
        ({"message": "No clip."}, "failed", "could not make the clip (failed: No clip)"),
        (None, "failed", "could not make the clip (failed)"),
        ("No clip.", "failed", "(failed: No clip)"),
    ],
)
def test_a_task_that_came_to_nothing_says_why_and_what_it_cost(error: Any, code: str, words: str) -> None:
    failed = found(generation("failed", error=error))
    assert isinstance(failed, Failed)
    assert failed.code == code
    assert words in failed.reason
    assert failed.next_step
    assert failed.charged == credits_("0")


def test_what_a_failed_task_cost_is_as_the_vendor_says() -> None:
    assert found(generation("failed", final_credits=4)).charged == credits_("4")
    assert found({"id": TASK, "status": "failed"}).charged is None


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (
            answered(404, "not_found"),
            Gone("not_found", "the vendor does not know the task, or not for this account"),
        ),
        (answered(404, "brand_new"), Missed),
        (Answered(404, None), Missed),
        (answered(401, "api_key_expired"), Barred),
        (answered(403, "api_scope_denied"), Barred),
        (answered(403, "brand_new"), Barred),
        (Answered(403, None), Missed),
        (answered(429, "rate_limited"), Missed("it answered 429 rate_limited")),
        (Answered(429, None, 5.0), Missed("it answered 429, not in its own words", 5.0)),
        (answered(503, "public_api_disabled"), Missed),
        (Answered(500, None), Missed),
        (Answered(302, None), Missed),
        (Answered(200, None), Missed),
    ],
)
def test_a_poll_that_tells_nothing_says_nothing_of_the_task(answer: Answered, expected: Any) -> None:
    progress = rivya.progress(answer, TASK, shot=SHOT)
    assert isinstance(progress, expected) if isinstance(expected, type) else progress == expected


def test_a_person_who_is_barred_is_told_what_to_do() -> None:
    barred = rivya.progress(answered(403, "api_scope_denied"), TASK, shot=SHOT)
    assert isinstance(barred, Barred)
    assert "generations:read" in barred.next_step


def test_nobody_says_when_a_task_ends() -> None:
    assert rivya.patience(frozen(BODY)) == 7200.0


def test_a_file_goes_as_a_form_that_names_its_kind_and_its_model() -> None:
    file = Upload("ab12.png", "image/png", b"\x89PNG", "seedance-1-0-pro")
    assert rivya.upload(file, draw=lambda n: 0) == Call(
        "POST",
        "api/v1/files",
        form=(
            Part("file", b"\x89PNG", file="ab12.png", type="image/png"),
            Part("kind", b"image"),
            Part("model", b"seedance-1-0-pro"),
        ),
    )
    assert [part.name for part in rivya.upload(Upload("a.mp3", "audio/mpeg", b""), draw=lambda n: 0).form] == [
        "file",
        "kind",
    ]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answered(200, freeze({"url": "https://rivya.ai/f/1?s=a"})), Lodged("https://rivya.ai/f/1?s=a")),
        (Answered(201, freeze({"id": "file_1", "url": "http://127.0.0.1:1/f"})), Lodged("http://127.0.0.1:1/f")),
        (Answered(200, freeze({"url": "file:///etc/passwd"})), Missed),
        (Answered(200, freeze({"url": "https://a b"})), Missed),
        (Answered(200, freeze({"url": 5})), Missed),
        (Answered(200, None), Missed("its answer (200) does not say what was made")),
        (Answered(400, freeze({"url": "https://rivya.ai/f/1"})), Missed),
        (answered(400, "validation_failed", "file is too large"), Refused),
        (answered(401, "api_key_invalid"), Refused),
        (answered(413, "brand_new"), Refused),
        (answered(429, "rate_limited"), Busy),
        (answered(503, "public_api_disabled"), Busy),
        (Answered(503, None, 4.0), Missed("it answered 503, not in its own words", 4.0)),
        (answered(500, "whatever"), Missed),
    ],
)
def test_what_an_answer_to_an_upload_means(answer: Answered, expected: Any) -> None:
    uploaded = rivya.uploaded(answer)
    assert isinstance(uploaded, expected) if isinstance(expected, type) else uploaded == expected


KEYS = [
    "id",
    "status",
    "result",
    "error",
    "code",
    "url",
    "reserved_credits",
    "final_credits",
    "urls",
    "primary_url",
]
WORDS = st.sampled_from(["queued", "processing", "succeeded", "failed", "not_found", "idempotency_conflict", TASK])


@given(STATUSES, st.dictionaries(st.sampled_from(KEYS), ANYTHING | WORDS), ANYTHING)
def test_no_answer_however_strange_is_an_error_of_ours(status: int, document: Any, other: Any) -> None:
    for body in (document, {"error": document}, {**document, "result": document}, other):
        answer = Answered(status, freeze(body))
        verdict = judged(answer)
        rivya.progress(answer, TASK, shot=SHOT)
        rivya.uploaded(answer)
        if status >= 500 or status == 408 or 300 <= status < 400:
            assert not isinstance(verdict, Accepted | Refused)
        if isinstance(verdict, Accepted):
            assert 200 <= status < 300
