"""Runbase's words, as its documents show them (runbase.md, 2026-11-21)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedance_pipe.document import Json, freeze
from seedance_pipe.plan.history import Receipt
from seedance_pipe.units import Money
from seedance_pipe.vendor import runbase
from seedance_pipe.vendor.adapter import (
    Accepted,
    Barred,
    Busy,
    Doubt,
    Doubtful,
    Failed,
    Gone,
    Missed,
    Pace,
    Queued,
    Ready,
    Refused,
    Running,
)
from seedance_pipe.vendor.answer import Answered, Call
from seedance_pipe.vendor.pace import Bucket
from tests import builders
from tests.vendor.anything import ANYTHING, STATUSES
from tests.vendor.world import Clock

TASK = "run_01JABCDEF"
MODEL = replace(builders.MODEL, name="runbase/bytedance/one", vendor="runbase", wire="bytedance/one")
SHOT = builders.shot("stairs", model=MODEL)
BODY: dict[str, Any] = {
    "model": "bytedance/one",
    "prompt": "Stufen, étage",
    "duration": "8",
    "generate_audio": True,
    "image_urls": ["sha256:ab", "https://example.org/x.png"],
}


def frozen(body: Json) -> Any:
    return runbase.frozen(body, shot=SHOT, last_frame=True, draw=lambda n: 7 % n)


def answered(status: int, code: str = "", message: str = "") -> Answered:
    return Answered(status, freeze({"error": {"message": message, "code": code}}))


def run(status: str, **more: Any) -> dict[str, Any]:
    """A run with the keys of the documented examples (sections 2 and 3)."""
    return {"id": TASK, "status": status, "model": "bytedance/one", "costUsd": 40_000, **more}


def found(document: dict[str, Any], status: int = 200) -> Any:
    return runbase.progress(Answered(status, freeze(document)), TASK, shot=SHOT)


def judged(answer: Answered) -> Any:
    return runbase.verdict(answer, frozen(BODY))


def test_a_lost_answer_is_for_a_person_to_decide() -> None:
    assert runbase.FACTS.doubt is Doubt.PERSON
    assert runbase.FACTS.base == "https://runbase.net/api/v1"


def test_no_ten_seconds_hold_more_than_the_twenty_requests_that_the_vendor_allows() -> None:
    pace = runbase.FACTS.pace
    passed = anyio.run(passing, pace, 100)
    assert most_within(passed, 10.0) <= 20
    assert pace.longest <= 10.0


async def passing(pace: Pace, count: int) -> list[float]:
    """When so many calls go that all come at once, after a rest."""
    clock = Clock()
    bucket = Bucket(pace.calls, burst=pace.burst, effects=clock.effects())
    clock.seconds += 60.0
    passed = []
    for _ in range(count):
        await bucket.turn()
        passed.append(clock.seconds)
    return passed


def most_within(times: Sequence[float], seconds: float) -> int:
    return max(sum(start <= time <= start + seconds for time in times) for start in times)


def test_a_request_wraps_what_the_schema_describes_and_draws_nothing() -> None:
    request = frozen(freeze(BODY))
    assert set(request) == {"model", "input"}
    assert set(request["input"]) == {"prompt", "duration", "generate_audio", "image_urls"}
    assert frozen(freeze({"prompt": "p"})) == {"model": "bytedance/one", "input": {"prompt": "p"}}


def test_a_submission_is_one_post_with_its_holes_filled() -> None:
    call = runbase.submission(frozen(freeze(BODY)), {("image_urls", 0): "https://files.example/ab.png"})
    assert (call.method, call.path, dict(call.headers)) == ("POST", "runs", {})
    assert json.loads(call.body) == {
        "model": "bytedance/one",
        "input": {
            "prompt": "Stufen, étage",
            "duration": "8",
            "generate_audio": True,
            "image_urls": ["https://files.example/ab.png", "https://example.org/x.png"],
        },
    }


LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=5)


@given(st.dictionaries(st.text(max_size=8), LEAVES, max_size=5))
def test_whatever_a_body_holds_arrives(body: dict[str, Any]) -> None:
    sent = json.loads(runbase.submission(frozen(freeze({**body, "model": "x"})), {}).body)
    body.pop("model", None)
    assert sent == {"model": "bytedance/one", "input": body}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answered(200, freeze(run("pending"))), Accepted(TASK, Money(Decimal("0.04")))),
        (Answered(201, freeze(run("pending", costUsd=1))), Accepted(TASK, Money(Decimal("0.000001")))),
        (Answered(200, freeze(run("pending", costUsd="123456"))), Accepted(TASK, Money(Decimal("0.123456")))),
        (Answered(200, freeze(run("pending", costUsd=0.04))), Accepted(TASK)),
        (Answered(200, freeze(run("pending", costUsd=-5))), Accepted(TASK)),
        (Answered(202, freeze({"id": TASK, "brand": "new"})), Accepted(TASK)),
        (Answered(200, None), Doubtful("its answer (200) named no run")),
        (Answered(200, freeze({"id": None})), Doubtful),
        (Answered(200, freeze({"id": ""})), Doubtful),
        (Answered(200, freeze({"id": "a\nb"})), Doubtful),
        (Answered(200, freeze({"id": "x" * 257})), Doubtful),
        (Answered(302, None), Doubtful("it answered 302, not in its own words")),
        (Answered(403, None), Doubtful),
        (Answered(404, freeze({"detail": "Not Found"})), Doubtful),
        (Answered(400, freeze({"error": "nonsense"})), Doubtful),
        (answered(408, "timed_out"), Doubtful("it answered 408 timed_out")),
        (Answered(429, None, 30.0), Busy("429", "too many requests", 30.0)),
        (answered(429, "RATE_LIMITED", "Wait."), Busy("RATE_LIMITED", "too many requests (RATE_LIMITED: Wait)")),
        (answered(429, "BRAND_NEW"), Busy("BRAND_NEW", "too many requests (BRAND_NEW)")),
        (answered(429, "USAGE_EXCEEDED"), Refused),
        (answered(429, "usage_exceeded"), Refused),
        (answered(400, "invalid_input"), Refused),
        (answered(402, "insufficient_balance"), Refused),
        (answered(500, "invalid_input"), Doubtful("it answered 500 invalid_input")),
        (Answered(500, None), Doubtful),
        (Answered(502, None), Doubtful),
        (answered(503, "brand_new"), Doubtful),
        (Answered(503, None, 3.0), Doubtful),
        (answered(504, "whatever"), Doubtful),
    ],
)
def test_what_an_answer_to_a_submission_means(answer: Answered, expected: Any) -> None:
    verdict = judged(answer)
    assert isinstance(verdict, expected) if isinstance(expected, type) else verdict == expected


CODES = [
    (400, "invalid_json", "could not read the request", "change the shot"),
    (400, "missing_model", "misses the model", "change the shot"),
    (400, "missing_input", "misses the input", "change the shot"),
    (400, "invalid_input", "does not accept a parameter", "change the shot"),
    (400, "model_not_found", "no such model", "another model"),
    (401, "missing_api_key", "saw no key", "RUNBASE_API_KEY"),
    (401, "invalid_api_key", "refused the key", "RUNBASE_API_KEY"),
    (402, "insufficient_balance", "no money left", "top up"),
    (403, "ip_not_allowed", "from this address", "key's list"),
    (403, "api_key_spend_limit_exceeded", "spent all that it may", "spending limit"),
    (404, "run_not_found", "no such run", "RUNBASE_API_KEY"),
    (429, "USAGE_EXCEEDED", "quota", "when there is room"),
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


def test_a_run_is_asked_for_by_its_quoted_name() -> None:
    assert runbase.poll(["a/../b?c"]) == Call("GET", "runs/a%2F..%2Fb%3Fc")


NO_ADDRESS = Running("succeeded, without an address")


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (run("pending"), Queued("pending")),
        (run("processing", output=None, brand="new"), Running("processing")),
        (run("running"), Running("running")),
        (run("thinking"), Running("thinking")),
        (run("succeeded"), NO_ADDRESS),
        (run("succeeded", output={"urls": []}), NO_ADDRESS),
        (run("succeeded", output={"urls": "https://v/"}), NO_ADDRESS),
        (run("succeeded", output={"urls": [None]}), NO_ADDRESS),
        ({**run("pending"), "id": "run_other"}, Missed("the answer was about another run")),
        ({"status": "pending"}, Queued("pending")),
        ({"id": TASK, "status": None}, Missed("the answer had no status")),
        ({}, Missed("the answer had no status")),
    ],
)
def test_what_a_run_says_of_itself(document: dict[str, Any], expected: Any) -> None:
    assert found(document) == expected


def test_a_finished_run_gives_its_address_and_what_it_cost() -> None:
    ready = found(run("succeeded", output={"urls": ["https://v/", "https://w/"]}), 203)
    assert ready == Ready(Receipt(None, None, Money(Decimal("0.04")), None), "https://v/")
    assert "https" not in repr(ready)
    assert found({"status": "succeeded", "output": {"urls": ["https://v/"]}}).receipt.charged is None


@pytest.mark.parametrize(
    ("error", "code", "reason"),
    [
        ("No clip.", "failed", "the vendor could not make the clip (failed: No clip)"),
        (
            {"message": "No clip.", "code": "brand_new"},
            "brand_new",
            "the vendor could not make the clip (brand_new: No clip)",
        ),
        ({"code": "invalid_input"}, "invalid_input", "the vendor does not accept a parameter (invalid_input)"),
        (None, "failed", "the vendor could not make the clip (failed)"),
        (["odd"], "failed", "the vendor could not make the clip (failed)"),
    ],
)
def test_a_run_that_came_to_nothing_says_why_and_is_refunded_in_full(error: Any, code: str, reason: str) -> None:
    failed = found(run("failed", error=error))
    assert isinstance(failed, Failed)
    assert (failed.code, failed.reason) == (code, reason)
    assert failed.next_step
    assert failed.charged == Money(Decimal(0))


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (
            answered(404, "run_not_found"),
            Gone("run_not_found", "the vendor does not know the run, or not for this account"),
        ),
        (answered(404, "brand_new"), Missed),
        (Answered(404, None), Missed),
        (answered(401, "invalid_api_key"), Barred),
        (answered(403, "ip_not_allowed"), Barred),
        (answered(403, "brand_new"), Barred),
        (Answered(403, None), Missed),
        (answered(429, "RATE_LIMITED"), Missed("it answered 429 RATE_LIMITED")),
        (Answered(429, None, 5.0), Missed("it answered 429, not in its own words", 5.0)),
        (answered(429, "USAGE_EXCEEDED"), Missed),
        (Answered(500, None), Missed),
        (Answered(302, None), Missed),
        (Answered(200, None), Missed),
    ],
)
def test_a_poll_that_tells_nothing_says_nothing_of_the_run(answer: Answered, expected: Any) -> None:
    progress = runbase.progress(answer, TASK, shot=SHOT)
    assert isinstance(progress, expected) if isinstance(expected, type) else progress == expected


def test_nobody_says_when_a_run_ends() -> None:
    assert runbase.patience(frozen(BODY)) == 7200.0


KEYS = ["id", "status", "output", "error", "code", "costUsd", "urls", "message"]
WORDS = st.sampled_from(["pending", "processing", "succeeded", "failed", "run_not_found", "USAGE_EXCEEDED", TASK])


@given(STATUSES, st.dictionaries(st.sampled_from(KEYS), ANYTHING | WORDS), ANYTHING)
def test_no_answer_however_strange_is_an_error_of_ours(status: int, document: Any, other: Any) -> None:
    for body in (document, {"error": document}, {**document, "output": document}, other):
        answer = Answered(status, freeze(body))
        verdict = judged(answer)
        runbase.progress(answer, TASK, shot=SHOT)
        if status >= 500 or status == 408 or 300 <= status < 400:
            assert isinstance(verdict, Doubtful)
        if isinstance(verdict, Accepted):
            assert 200 <= status < 300
