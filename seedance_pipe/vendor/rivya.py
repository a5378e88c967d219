"""Rivya: what its API expects and what its answers mean (rivya.md, 2026-11-21)."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
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
    Lodged,
    Missed,
    Pace,
    Progress,
    Queued,
    Ready,
    Refused,
    Running,
    Upload,
    Verdict,
)
from seedance_pipe.vendor.answer import TOO_MUCH, Answered, Call, Part, amount, look, text
from seedance_pipe.vendor.complaint import UNKNOWN, Complaint, Meaning, complaint, name_of_task

# Section 3 has the advice on polls: the first after 2 to 3 s, then every 5 to 10 s. Limits of requests, how many
# tasks are worked on at once, and how long tasks, results and uploads are kept are not documented [A]: the modest
# numbers here, and the one day that an upload is used for and a key is trusted for, are our choice.
FACTS = Facts(
    vendor="rivya",
    title="Rivya",
    key_variable="RIVYA_API_KEY",
    base_variable="RIVYA_BASE_URL",
    base="https://rivya.ai",
    concurrency=4,
    pace=Pace(first=2.0, longest=10.0, calls=2.0, burst=4, submissions=1.0),
    results_kept=None,
    tasks_kept=None,
    doubt=Doubt.SAME_KEY,
    uploads_kept=24 * 3600.0,
    keys_kept=24 * 3600.0,
    tells_seed=False,
)

CURRENCY = "rivya credits"

_GENERATIONS = "api/v1/generations"
_FILES = "api/v1/files"
_KEY_HEADER = "Idempotency-Key"
# What stands beside `params` in a request (section 2).
_OUTER = ("model", "prompt", "client_request_id")
_PATIENCE = 7200.0
_ADDRESS = re.compile(r"https?://[!-~]{1,4096}")
_TIMED_OUT = 408

_KEY = f"check the key in {FACTS.key_variable}, then run again"
_NEW_KEY = f"make a new key in the Rivya console, put it in {FACTS.key_variable}, then run again"
_SCOPE = (
    "give the key generations:create, generations:read and, for pictures, files:create in the Rivya console, then "
    "run again"
)
_CREDITS = "buy credits in the Rivya console, then run again"
_REQUEST = "change the shot as the vendor's message says, then run again"
_OTHER = f"choose another model (`seedance-pipe models` lists them), or check the key in {FACTS.key_variable}"

# Section 4. Which code a check of the content has is not documented.
_CODES: Mapping[str, Meaning] = {
    "validation_failed": Meaning("the vendor does not accept what it was sent", _REQUEST),
    "api_key_missing": Meaning("the vendor saw no key", _KEY),
    "api_key_invalid": Meaning("the vendor refused the key", _KEY),
    "api_key_revoked": Meaning("the key was revoked", _NEW_KEY),
    "api_key_expired": Meaning("the key has expired", _NEW_KEY),
    "api_scope_denied": Meaning("the key may not do this", _SCOPE),
    "not_found": Meaning("the vendor has no such model or file, or not for this account", _OTHER),
    "rate_limited": Meaning("too many requests", "run again later"),
    "public_api_disabled": Meaning("the vendor's API is switched off at the moment", "run again later"),
    "insufficient_credits": Meaning("the account has not enough credits", _CREDITS),
    "generation_failed": Meaning(
        "the vendor could not make the clip", "run again, or change the prompt or pictures"
    ),
}
# New codes may come at any time: the status speaks for them.
_STATUSES: Mapping[int, Meaning] = {
    400: _CODES["validation_failed"],
    401: _CODES["api_key_invalid"],
    402: _CODES["insufficient_credits"],
    403: _CODES["api_scope_denied"],
    404: _CODES["not_found"],
    429: _CODES["rate_limited"],
    503: Meaning("the vendor has no room at the moment", "run again later"),
}
_CONFLICT = "idempotency_conflict"
_CONFLICTED = (
    f"it has a request under this key already, with other contents ({_CONFLICT}): an earlier sending did arrive, "
    "and the task that it may have led to has a name that we never learned"
)


def frozen(body: Json, *, shot: Shot, last_frame: bool, draw: Callable[[int], int], takes: int = 1) -> Json:
    """The request, with the key that makes sending it again harmless: the vendor then answers with the task of the
    first time (section 2 [A]). The key is sent as a header, and kept here because it belongs to the request.
    """
    given = body if isinstance(body, Mapping) else {}
    request = {name: given[name] for name in _OUTER if name in given}
    request["params"] = {name: value for name, value in given.items() if name not in _OUTER}
    return freeze({_KEY_HEADER: str(uuid.UUID(int=draw(2**128), version=4)), **request})


def submission(request: Json, media: Mapping[JsonPath, str]) -> Call:
    body = thaw(fill(request, {("params", *hole): address for hole, address in media.items()}))
    key = body.pop(_KEY_HEADER)
    return Call(
        "POST",
        _GENERATIONS,
        # Sorted, because the journal's copy is: the same key must come with the same bytes.
        json.dumps(body, separators=(",", ":"), sort_keys=True).encode(),
        headers={_KEY_HEADER: key},
    )


def verdict(answer: Answered, request: Json) -> Verdict:
    """Section 4: a 4xx in the vendor's own shape means no task and no charge, and a 429 or 503 "not now". Another
    5xx tells nothing, and neither does a 503 in somebody else's words.

    A conflict over our key is no refusal: the key was drawn for this request alone, so the vendor knows it from
    an earlier sending, which may have made a task.
    """
    if _good(answer):
        task = name_of_task(answer.document)
        return Accepted(task, _credits(answer.document, "reserved_credits")) if task else Doubtful(_said(answer))
    if _error(answer).code.lower() == _CONFLICT:
        return Doubtful(_CONFLICTED)
    return _turned_down(answer) or Doubtful(_said(answer))


def poll(tasks: Sequence[str]) -> Call:
    (task,) = tasks
    return Call("GET", f"{_GENERATIONS}/{quote(task, safe='')}")


def progress(answer: Answered, task: str, *, shot: Shot) -> Progress:
    """What the vendor says of `task` (section 3). Unknown words mean that it is still at work [A]."""
    if not _good(answer):
        return _unanswered(answer)
    found = answer.document
    if text(look(found, "id")) not in ("", task):
        return Missed("the answer was about another task")
    status = text(look(found, "status"))
    if status == "succeeded":
        return _succeeded(found)
    if status == "failed":
        wrong = complaint(look(found, "error"), _CODES, otherwise=_CODES["generation_failed"], code=status)
        return Failed(wrong.code, wrong.reason, wrong.next_step, _credits(found, "final_credits"))
    if status == "queued":
        return Queued(status)
    return Running(status) if status else Missed("the answer had no status")


def crowded(answer: Answered) -> bool:
    return answer.status in TOO_MUCH


def patience(request: Json) -> float:
    """No page says when a task ends at the latest: two hours are our choice."""
    return _PATIENCE


def upload(file: Upload, *, draw: Callable[[int], int]) -> Call:
    """Section 5. `model` lets the vendor check the file by what that model takes."""
    fields = {"kind": file.type.partition("/")[0], "model": file.model}
    texts = (Part(name, value.encode()) for name, value in fields.items() if value)
    return Call("POST", _FILES, form=(Part("file", file.content, file=file.name, type=file.type), *texts))


def uploaded(answer: Answered) -> Lodged | Refused | Busy | Missed:
    """Only `url` is sure to be in the answer (section 5)."""
    address = text(look(answer.document, "url"))
    if _good(answer) and _ADDRESS.fullmatch(address):
        return Lodged(address)
    return _turned_down(answer) or Missed(_said(answer), answer.retry_after)


def _succeeded(found: Json) -> Progress:
    clip = text(look(found, "result", "primary_url")) or _first(look(found, "result", "urls"))
    if not clip:
        # Paid for, but with nothing to fetch: the next answer may have it.
        return Running("succeeded, without an address")
    charged = _credits(found, "final_credits")
    return Ready(Receipt(seed=None, tokens=None, charged=charged, expires=None), clip)


def _unanswered(answer: Answered) -> Progress:
    wrong = _error(answer)
    if answer.status == 404 and wrong.code.lower() == "not_found":
        return Gone(wrong.code, "the vendor does not know the task, or not for this account")
    if answer.status in (401, 403) and wrong.code:
        return Barred(wrong.code, wrong.reason, wrong.next_step)
    return Missed(_said(answer), answer.retry_after)


def _turned_down(answer: Answered) -> Refused | Busy | None:
    """What an answer that is no success comes to; None when it does not tell whether anything was done."""
    wrong = _error(answer)
    if answer.status == 429 or (answer.status == 503 and wrong.code):
        return Busy(wrong.code or str(answer.status), wrong.reason, answer.retry_after)
    if 400 <= answer.status < 500 and answer.status != _TIMED_OUT and wrong.code:
        return Refused(wrong.code, wrong.reason, wrong.next_step)
    return None


def _error(answer: Answered) -> Complaint:
    return complaint(look(answer.document, "error"), _CODES, otherwise=_STATUSES.get(answer.status, UNKNOWN))


def _said(answer: Answered) -> str:
    if _good(answer):
        return f"its answer ({answer.status}) does not say what was made"
    code = _error(answer).code
    return f"it answered {answer.status}" + (f" {code}" if code else ", not in its own words")


def _good(answer: Answered) -> bool:
    """The status of a success is not documented (section 2), so any 2xx is one."""
    return 200 <= answer.status < 300


def _credits(document: Json, name: str) -> Money | None:
    credits_ = amount(look(document, name))
    return None if credits_ is None else Money(credits_, CURRENCY)


def _first(items: Json) -> str:
    return text(items[0]) if isinstance(items, Sequence) and not isinstance(items, str) and items else ""
