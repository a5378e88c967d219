"""Runbase: what its API expects and what its answers mean (runbase.md, 2026-11-21)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from urllib.parse import quote

from seedance_pipe.document import Json, JsonPath, fill, freeze, thaw
from seedance_pipe.plan.history import Receipt
from seedance_pipe.spec.story import Shot
from seedance_pipe.units import Money
from seedance_pipe.vendor.adapter import (
    Accepted,
    Barred,
    Busy,
    Doubt,
    Doubtful,
    Facts,
    Failed,
    Gone,
    Missed,
    Pace,
    Progress,
    Queued,
    Ready,
    Refused,
    Running,
    Verdict,
)
from seedance_pipe.vendor.answer import TOO_MUCH, Answered, Call, look, text, whole
from seedance_pipe.vendor.complaint import UNKNOWN, Complaint, Meaning, complaint, name_of_task

# Section 5: 20 requests in any 10 seconds with one key, creating and polling together: 4 at once and 1.5 a second
# make at most 19. How many runs are worked on at once, and how long runs and results are kept, is not
# documented [A]: four at once is our choice.
FACTS = Facts(
    vendor="runbase",
    title="Runbase",
    key_variable="RUNBASE_API_KEY",
    base_variable="RUNBASE_BASE_URL",
    base="https://runbase.net/api/v1",
    concurrency=4,
    pace=Pace(first=2.0, longest=10.0, calls=1.5, burst=4, submissions=1.0),
    results_kept=None,
    tasks_kept=None,
    doubt=Doubt.PERSON,
)

_RUNS = "runs"
_PATIENCE = 7200.0
_MICRO = 1_000_000
_TIMED_OUT = 408

_KEY = f"check the key in {FACTS.key_variable}, and that it is neither disabled nor expired, then run again"
_BALANCE = "top up the account in the Runbase console, then run again"
_LIMIT = "raise the key's spending limit in the Runbase console, or use another key, then run again"
_ADDRESS = (
    "add this machine's address to the key's list in the Runbase console, or use another key, then run again"
)
_OTHER = "choose another model, for this one may be withdrawn: `seedance-pipe models` lists them"
_QUOTA = "look at the quotas in the Runbase console, and run again when there is room"
_REQUEST = "change the shot as the vendor's message says, then run again"

# Section 4. The codes of 429 are in upper case, unlike all others.
_CODES: Mapping[str, Meaning] = {
    "invalid_json": Meaning("the vendor could not read the request", _REQUEST),
    "missing_model": Meaning("the vendor misses the model", _REQUEST),
    "missing_input": Meaning("the vendor misses the input", _REQUEST),
    "invalid_input": Meaning("the vendor does not accept a parameter", _REQUEST),
    "model_not_found": Meaning("the vendor has no such model", _OTHER),
    "missing_api_key": Meaning("the vendor saw no key", _KEY),
    "invalid_api_key": Meaning("the vendor refused the key", _KEY),
    "insufficient_balance": Meaning("the account has no money left", _BALANCE),
    "ip_not_allowed": Meaning("the key may not be used from this address", _ADDRESS),
    "api_key_spend_limit_exceeded": Meaning("the key has spent all that it may", _LIMIT),
    "run_not_found": Meaning("the vendor has no such run, or not for this account", _KEY),
    "rate_limited": Meaning("too many requests", "run again later"),
    "usage_exceeded": Meaning("a quota of the account is used up", _QUOTA),
}
_FAILED = Meaning("the vendor could not make the clip", "run again, or change the prompt or the pictures")
_NOT_LATER = "usage_exceeded"


def frozen(body: Json, *, shot: Shot, last_frame: bool, draw: Callable[[int], int], takes: int = 1) -> Json:
    """The request. The vendor has no key that would make sending it twice harmless, so nothing is drawn."""
    given = body if isinstance(body, Mapping) else {}
    inner = {name: value for name, value in given.items() if name != "model"}
    return freeze({"model": shot.model.wire, "input": inner})


def submission(request: Json, media: Mapping[JsonPath, str]) -> Call:
    body = fill(request, {("input", *hole): address for hole, address in media.items()})
    return Call("POST", _RUNS, json.dumps(thaw(body), separators=(",", ":")).encode())


def verdict(answer: Answered, request: Json) -> Verdict:
    """Section 4: a 4xx in the vendor's own shape means no run and no charge; a 5xx tells nothing. A 429 is taken
    to come before anything is made, and may be sent again [A], unless it is a quota's.
    """
    if _good(answer):
        task = name_of_task(answer.document)
        if task:
            return Accepted(task, _cost(answer.document))
        return Doubtful(f"its answer ({answer.status}) named no run")
    wrong = _error(answer)
    if answer.status == 429 and wrong.code.lower() != _NOT_LATER:
        return Busy(wrong.code or "429", wrong.reason, answer.retry_after)
    if 400 <= answer.status < 500 and answer.status != _TIMED_OUT and wrong.code:
        return Refused(wrong.code, wrong.reason, wrong.next_step)
    return Doubtful(_said(answer))


def poll(tasks: Sequence[str]) -> Call:
    (task,) = tasks
    return Call("GET", f"{_RUNS}/{quote(task, safe='')}")


def progress(answer: Answered, task: str, *, shot: Shot) -> Progress:
    """What the vendor says of `task` (section 3). Unknown words mean that it is still at work [A]."""
    if not _good(answer):
        return _unanswered(answer)
    found = answer.document
    if text(look(found, "id")) not in ("", task):
        return Missed("the answer was about another run")
    status = text(look(found, "status"))
    if status == "succeeded":
        return _succeeded(found)
    if status == "failed":
        # Refunded in full, by itself. Whether `error` is a text or an object is not documented.
        wrong = complaint(look(found, "error"), _CODES, otherwise=_FAILED, code=status)
        return Failed(wrong.code, wrong.reason, wrong.next_step, Money.zero())
    if status == "pending":
        return Queued(status)
    return Running(status) if status else Missed("the answer had no status")


def crowded(answer: Answered) -> bool:
    return answer.status in TOO_MUCH


def patience(request: Json) -> float:
    """No page says when a run ends at the latest: two hours are our choice."""
    return _PATIENCE


def _succeeded(found: Json) -> Progress:
    urls = look(found, "output", "urls")
    clip = text(urls[0]) if isinstance(urls, Sequence) and not isinstance(urls, str) and urls else ""
    if not clip:
        # Paid for, but with nothing to fetch: the next answer may have it.
        return Running("succeeded, without an address")
    return Ready(Receipt(seed=None, tokens=None, charged=_cost(found), expires=None), clip)


def _unanswered(answer: Answered) -> Progress:
    wrong = _error(answer)
    if answer.status == 404 and wrong.code.lower() == "run_not_found":
        return Gone(wrong.code, "the vendor does not know the run, or not for this account")
    if answer.status in (401, 403) and wrong.code:
        return Barred(wrong.code, wrong.reason, wrong.next_step)
    return Missed(_said(answer), answer.retry_after)


def _error(answer: Answered) -> Complaint:
    otherwise = _CODES["rate_limited"] if answer.status == 429 else UNKNOWN
    return complaint(look(answer.document, "error"), _CODES, otherwise=otherwise)


def _said(answer: Answered) -> str:
    code = _error(answer).code
    return f"it answered {answer.status}" + (f" {code}" if code else ", not in its own words")


def _good(answer: Answered) -> bool:
    """The status of a success is not documented (section 2), so any 2xx is one."""
    return 200 <= answer.status < 300


def _cost(document: Json) -> Money | None:
    """`costUsd` is in millionths of a dollar, despite its name (section 2)."""
    cost = whole(look(document, "costUsd"))
    return None if cost is None or cost < 0 else Money(Decimal(cost) / _MICRO)
