"""ModelArk's words, as its documents and live answers show them (modelark.md, 2026-11-21)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedance_pipe.document import freeze
from seedance_pipe.plan.history import Receipt
from seedance_pipe.spec.model import Abilities, Price, Rate, Unpriced
from seedance_pipe.spec.story import Shot
from seedance_pipe.units import Money
from seedance_pipe.vendor import modelark
from seedance_pipe.vendor.adapter import (
    Accepted,
    Barred,
    Busy,
    Doubtful,
    Dropped,
    Failed,
    Gone,
    Listed,
    Missed,
    Queued,
    Ready,
    Refused,
    Running,
)
from seedance_pipe.vendor.answer import Answered, Call
from seedance_pipe.vendor.registry import VENDORS
from tests.builders import UNPRICED
from tests.vendor.world import MODEL, NOW, TASK, a_shot, task


def frozen(shot: Shot, *, last_frame: bool = False, drawn: int = 7) -> Any:
    return modelark.frozen(shot.body, shot=shot, last_frame=last_frame, draw=lambda n: drawn % n)


def answered(status: int, code: str = "", message: str = "") -> Answered:
    return Answered(status, freeze({"error": {"code": code, "message": message, "param": "", "type": "T"}}))


def found(document: dict[str, Any], shot: Shot | None = None) -> Any:
    return modelark.progress(Answered(200, freeze(document)), TASK, shot=shot or a_shot())


def test_the_registry_knows_it_by_the_name_before_the_slash() -> None:
    assert VENDORS["modelark"].FACTS.key_variable == "ARK_API_KEY"


def test_the_tasks_expiry_carries_a_nonce_within_the_vendors_range() -> None:
    assert frozen(a_shot())["execution_expires_after"] == 172_807
    assert frozen(a_shot(), drawn=86_399)["execution_expires_after"] == 259_199 <= 259_200


def test_a_story_that_sets_the_expiry_keeps_its_own() -> None:
    assert frozen(a_shot(execution_expires_after=3600))["execution_expires_after"] == 3600


@pytest.mark.parametrize(
    ("wanted", "returns", "draft", "asked"),
    [
        (True, True, None, True),
        (True, True, False, True),
        (True, True, True, None),
        (True, False, None, None),
        (False, True, None, None),
    ],
)
def test_the_last_frame_is_asked_for_where_it_is_wanted_and_can_be_had(
    wanted: bool, returns: bool, draft: bool | None, asked: bool | None
) -> None:
    abilities = Abilities(**{**_fields(MODEL.abilities), "returns_last_frame": returns})
    more = {} if draft is None else {"draft": draft}
    shot = a_shot(model=replace(MODEL, abilities=abilities), **more)
    assert frozen(shot, last_frame=wanted).get("return_last_frame") is asked


def _fields(abilities: Abilities) -> dict[str, Any]:
    return {name: getattr(abilities, name) for name in Abilities.__dataclass_fields__}


def test_a_submission_is_one_post_with_its_holes_filled() -> None:
    request = freeze({"model": "m", "content": [{"image_url": {"url": "sha256:ab"}}], "prompt": "é"})
    call = modelark.submission(request, {("content", 0, "image_url", "url"): "data:image/png;base64,AA"})
    assert (call.method, call.path) == ("POST", "contents/generations/tasks")
    body = json.loads(call.body)
    assert body == {
        "model": "m",
        "content": [{"image_url": {"url": "data:image/png;base64,AA"}}],
        "prompt": "é",
    }


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answered(200, freeze({"id": TASK})), Accepted(TASK)),
        (Answered(201, freeze({"id": TASK, "safety_identifier": None})), Accepted(TASK)),
        (Answered(200, None), Doubtful),
        (Answered(200, freeze({"id": None})), Doubtful),
        (Answered(200, freeze({"id": ""})), Doubtful),
        (Answered(200, freeze({"id": "a\nb"})), Doubtful),
        (Answered(200, freeze({"id": "x" * 257})), Doubtful),
        (Answered(200, freeze([1])), Doubtful),
        (Answered(302, None), Doubtful),
        (Answered(403, None), Doubtful),
        (Answered(404, freeze({"detail": "Not Found"})), Doubtful),
        (Answered(429, None), Busy),
        (Answered(429, None, 30.0), Busy("429", "too many requests", 30.0)),
        (answered(429, "RateLimitExceeded.EndpointRPMExceeded"), Busy),
        (answered(429, "ServerOverloaded"), Busy),
        (answered(429, "QuotaExceeded"), Busy),
        (answered(429, "SetLimitExceeded"), Refused),
        (answered(400, "InvalidParameter.UnsupportedParameter"), Refused),
        (answered(401, "AuthenticationError"), Refused),
        (answered(403, "OperationDenied.ServiceOverdue"), Refused),
        (answered(404, "ModelNotOpen"), Refused),
        (answered(500, "InternalServiceError"), Doubtful),
        (Answered(502, None), Doubtful),
        (Answered(503, None, 3.0), Doubtful),
        (answered(504, "Whatever"), Doubtful),
    ],
)
def test_what_an_answer_to_a_submission_means(answer: Answered, expected: Any) -> None:
    verdict = modelark.verdict(answer, {})
    assert isinstance(verdict, expected) if isinstance(expected, type) else verdict == expected


CODES = [
    ("InputTextSensitiveContentDetected", "prompt did not pass", "change the prompt"),
    ("InputImageSensitiveContentDetected.PrivacyInformation", "a picture did not pass", "change"),
    ("InputVideoSensitiveContentDetected", "reference video", "change"),
    ("SensitiveContentDetected.SevereViolation", "content check", "change"),
    ("AuthenticationError", "refused the key", "ARK_API_KEY"),
    ("InvalidAccountStatus", "good standing", "console"),
    ("AccessDenied", "permission", "ARK_API_KEY"),
    ("OperationDenied.ServiceNotOpen", "not activated", "activate"),
    ("OperationDenied.ServiceOverdue", "no money", "top up"),
    ("AccountOverdueError", "no money", "top up"),
    ("InvalidEndpointOrModel.NotFound", "no such model", "activate"),
    ("ModelNotOpen", "not activated", "activate"),
    ("InvalidEndpoint.ClosedEndpoint", "closed", "later"),
    ("InvalidParameter", "does not accept", "change the shot"),
    ("InvalidParameter.TaskTypeMismatch", "another omni_reference_task_type", "change the prompt"),
    ("InvalidParameter.TaskTypeConstraint", "breaks a rule", "change the shot"),
    ("MissingParameter.model", "misses", "change the shot"),
    ("InvalidImageURL.InvalidFormat", "could not read a picture", "give another"),
    ("BrandNewCode", "said no", "run again"),
]


@pytest.mark.parametrize(("code", "meaning", "next_step"), CODES)
def test_every_refusal_has_plain_words_and_a_next_step(code: str, meaning: str, next_step: str) -> None:
    verdict = modelark.verdict(answered(400, code, "Request id: 0217."), {})
    assert isinstance(verdict, Refused)
    assert verdict.code == code
    assert meaning in verdict.reason
    assert "Request id: 0217)" in verdict.reason
    assert next_step in verdict.next_step


def test_a_task_is_asked_for_by_its_quoted_name() -> None:
    assert modelark.poll(["a/../b?c"]) == Call("GET", "contents/generations/tasks/a%2F..%2Fb%3Fc")


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (task("queued"), Queued("queued")),
        (task("running", content=None, usage=None, error=None), Running("running")),
        (task("thinking"), Running("thinking")),
        (task("succeeded"), Running("succeeded, without an address")),
        (task("succeeded", content={"video_url": ""}), Running("succeeded, without an address")),
        (task("succeeded", content={"video_url": ["x"]}), Running("succeeded, without an address")),
        ({**task("running"), "id": "other"}, Missed("the answer was about another task")),
        ({"status": "queued"}, Queued("queued")),
        ({"id": TASK, "status": None}, Missed("the answer had no status")),
        ({}, Missed("the answer had no status")),
    ],
)
def test_what_a_task_says_of_itself(document: dict[str, Any], expected: Any) -> None:
    assert found(document) == expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (answered(404, "ResourceNotFound"), Gone),
        (answered(404, "NotFound.task"), Gone),
        (answered(404, "InvalidEndpointOrModel.NotFound"), Missed),
        (Answered(404, None), Missed),
        (answered(401, "AuthenticationError"), Barred),
        (answered(403, "AccessDenied"), Barred),
        (Answered(403, None), Missed),
        (Answered(429, None, 5.0), Missed("the vendor answered 429", 5.0)),
        (answered(500, "InternalServiceError"), Missed("the vendor answered 500 InternalServiceError")),
        (Answered(302, None), Missed),
        (Answered(200, None), Missed),
    ],
)
def test_a_poll_that_tells_nothing_says_nothing_of_the_task(answer: Answered, expected: Any) -> None:
    progress = modelark.progress(answer, TASK, shot=a_shot())
    assert isinstance(progress, expected) if isinstance(expected, type) else progress == expected


def test_a_finished_task_gives_its_addresses_and_its_receipt() -> None:
    content = {"video_url": "https://v/", "last_frame_url": "https://f/", "file_url": None}
    ready = found(task("succeeded", content=content, usage={"completion_tokens": 49_005}, seed=7))
    receipt = Receipt(7, 49_005, Money(Decimal("0.1225125")), NOW + 40 + 86_400)
    assert ready == Ready(receipt, "https://v/", "https://f/")
    assert "https" not in repr(ready)


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"completion_tokens": "49005"}, 49_005),
        ({"total_tokens": 49_005}, 49_005),
        ({"completion_tokens": None, "total_tokens": 49_005.0}, 49_005),
        ({"completion_tokens": "many"}, None),
        ({"completion_tokens": True}, None),
        ({"completion_tokens": -1}, None),
        ({"completion_tokens": 10**400, "total_tokens": "7"}, 7),
        ({}, None),
        (None, None),
    ],
)
def test_numbers_may_come_as_texts_or_not_at_all(usage: Any, tokens: int | None) -> None:
    ready = found(task("succeeded", content={"video_url": "https://v/"}, usage=usage, seed="9", updated_at=None))
    assert ready.receipt.tokens == tokens
    assert ready.receipt.seed == 9
    assert ready.receipt.expires is None
    assert ready.last_frame is None
    assert (ready.receipt.charged is None) == (tokens is None)


def test_a_drafts_tokens_are_not_reduced_twice() -> None:
    rates = (Rate(MappingProxyType({"draft": (True,)}), Decimal("2.40"), Decimal("0.6")),)
    price = Price("tokens", "USD", rates, date(2026, 9, 9), "a page")
    finished = task("succeeded", content={"video_url": "https://v/"}, usage={"completion_tokens": 1_000_000})
    ready = found(finished, a_shot(model=replace(MODEL, price=price), draft=True))
    assert ready.receipt.charged == Money(Decimal("2.40"))
    assert found(finished, a_shot(model=replace(MODEL, price=price))).receipt.charged is None
    assert found(finished, a_shot(model=replace(MODEL, price=UNPRICED))).receipt.charged is None


@pytest.mark.parametrize("price", [MODEL.price, UNPRICED])
@pytest.mark.parametrize(
    ("document", "code", "words"),
    [
        (
            task("failed", error={"code": "OutputVideoSensitiveContentDetected", "message": "m"}),
            "OutputVideoSensitiveContentDetected",
            "held back",
        ),
        (task("failed", error=None), "failed", "said no"),
        (task("expired"), "expired", "not done in time"),
        (task("cancelled"), "cancelled", "cancelled"),
    ],
)
def test_a_task_that_came_to_nothing_is_not_billed(
    price: Price | Unpriced, document: dict[str, Any], code: str, words: str
) -> None:
    failed = found(document, a_shot(model=replace(MODEL, price=price)))
    assert isinstance(failed, Failed)
    assert failed.code == code
    assert words in failed.reason
    assert failed.charged == Money(Decimal(0))
    assert failed.next_step


def test_patience_ends_an_hour_after_the_task_must_have() -> None:
    assert modelark.patience(freeze({"execution_expires_after": 200_000})) == 203_600
    assert modelark.patience(freeze({})) == 176_400


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
KEYS = ["id", "status", "content", "usage", "error", "seed", "updated_at"]
STATUS = st.sampled_from(["queued", "running", "succeeded", "failed", "cancelled", "expired"])


@given(st.integers(100, 599), st.dictionaries(st.sampled_from(KEYS), ANYTHING | STATUS), ANYTHING)
def test_no_answer_however_strange_is_an_error_of_ours(status: int, document: Any, other: Any) -> None:
    for body in (document, other):
        answer = Answered(status, freeze(body))
        modelark.verdict(answer, {})
        modelark.progress(answer, TASK, shot=a_shot())


# The list of tasks


REQUEST = freeze({"model": "pro", "execution_expires_after": 200_000, "nonce": 200_000})


def on_list(ident: Any = "cgt-1", **more: Any) -> dict[str, Any]:
    return {"id": ident, "model": "pro", "execution_expires_after": 200_000, "created_at": 1000, **more}


def pages(*items: Any, **more: Any) -> Answered:
    return Answered(200, freeze({"items": list(items), **more}))


def test_a_page_of_the_list_is_asked_for_by_tier_and_model() -> None:
    assert tuple(modelark.lists()) == ("default", "flex")
    call = modelark.listing(REQUEST, "flex", 3)
    assert call.method == "GET"
    assert call.path == (
        "contents/generations/tasks?page_num=3&page_size=500&filter.service_tier=flex&filter.model=pro"
    )


def test_only_what_has_our_nonce_our_model_and_our_time_can_be_ours() -> None:
    others = [
        on_list("other model", model="lite"),
        on_list("other nonce", execution_expires_after=200_001),
        on_list("no nonce", execution_expires_after=None),
        on_list("too early", created_at=999),
        on_list("no time", created_at=None),
        on_list(None),
        on_list("a\nb"),
        "nonsense",
    ]
    answer = pages(*others, on_list(), on_list("cgt-2", execution_expires_after="200000"), total=10)
    seen = modelark.listed(answer, REQUEST, page=1, since=1000)
    assert seen == Listed(frozenset({"cgt-1", "cgt-2"}), more=False)


@pytest.mark.parametrize(
    ("items", "total", "page", "more"),
    [
        (500, 501, 1, True),
        (1, 501, 2, False),
        (500, 500, 1, False),
        (500, None, 1, True),
        (499, None, 1, False),
        (0, 501, 1, False),
        (500, 10**9, 500, False),
    ],
)
def test_pages_are_read_until_all_is_seen(items: int, total: int | None, page: int, more: bool) -> None:
    seen = modelark.listed(pages(*[on_list()] * items, total=total), REQUEST, page=page, since=0)
    assert isinstance(seen, Listed)
    assert seen.more is more


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (answered(500, "InternalServiceError"), Missed("it answered 500")),
        (answered(404, "ResourceNotFound"), Missed("it answered 404")),
        (Answered(429, None, 2.0), Missed("it answered 429", 2.0)),
        (Answered(200, freeze({"items": "all"})), Missed("it answered 200")),
        (Answered(200, None), Missed("it answered 200")),
    ],
)
def test_another_answer_is_no_list(answer: Answered, expected: Missed) -> None:
    assert modelark.listed(answer, REQUEST, page=1, since=0) == expected


def test_a_key_that_may_not_list_is_barred() -> None:
    assert isinstance(modelark.listed(answered(403, "AccessDenied"), REQUEST, page=1, since=0), Barred)


def test_the_mark_of_a_request_is_its_own_expiry_unless_the_story_set_one() -> None:
    own = modelark.frozen({}, shot=a_shot(), last_frame=False, draw=lambda n: 7)
    assert modelark.recognisable(own)
    assert json.loads(modelark.submission(own, {}).body) == {"execution_expires_after": 172_807}
    body = {"execution_expires_after": 172_807}
    theirs = modelark.frozen(body, shot=a_shot(), last_frame=False, draw=lambda n: 7)
    assert theirs == body
    assert not modelark.recognisable(theirs)


def test_a_task_is_cancelled_by_deleting_it_under_its_quoted_name() -> None:
    assert modelark.cancellation("a/b") == Call("DELETE", "contents/generations/tasks/a%2Fb")


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        (Answered(200, freeze({})), Dropped()),
        (Answered(204), Dropped()),
        (
            answered(409, "InvalidAction.RunningTaskDeletion", "is running."),
            Refused(
                "InvalidAction.RunningTaskDeletion",
                "the task is at work already, and cannot be stopped"
                " (InvalidAction.RunningTaskDeletion: is running)",
                "run again",
            ),
        ),
        (answered(500, "InternalServiceError"), Missed("it answered 500 InternalServiceError")),
        (answered(429, "RequestBurstTooFast"), Missed("it answered 429 RequestBurstTooFast")),
        (Answered(404), Missed("it answered 404")),
    ],
)
def test_what_a_cancellation_is_answered(answer: Answered, meaning: object) -> None:
    assert modelark.dropped(answer) == meaning


def test_a_key_that_may_not_cancel_bars_us() -> None:
    said = modelark.dropped(answered(403, "AccessDenied"))
    assert isinstance(said, Barred)
    assert "ARK_API_KEY" in said.next_step


def test_two_requests_look_alike_in_a_list_by_mark_and_model() -> None:
    one = freeze({"nonce": 172_807, "model": "a", "content": 1})
    assert modelark.alike(one, freeze({"nonce": 172_807, "model": "a", "content": 2}))
    assert not modelark.alike(one, freeze({"nonce": 172_808, "model": "a"}))
    assert not modelark.alike(one, freeze({"nonce": 172_807, "model": "b"}))
    assert not modelark.alike(one, freeze({"model": "a"}))
