"""BytePlus ModelArk: what its API expects and what its answers mean (modelark.md, 2026-11-21)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType
from urllib.parse import quote, urlencode

from seedance_pipe.document import Json, JsonPath, fill, freeze, thaw
from seedance_pipe.plan.cost import charge, facts
from seedance_pipe.plan.history import Receipt
from seedance_pipe.spec.model import Unpriced
from seedance_pipe.spec.story import Shot
from seedance_pipe.units import Money
from seedance_pipe.vendor.adapter import (
    Accepted,
    Barred,
    Busy,
    Doubt,
    Doubtful,
    Dropped,
    Facts,
    Failed,
    Gone,
    Listed,
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

_RESULTS_KEPT = 24 * 3600.0

# Sections 1 and 6. GET is limited to 20 a second for the account, so one program takes half of it; the least
# limit of creates is 180 a minute. Ten takes are worked on at once (three on 2.x for individuals): the others
# wait in the vendor's queue, which costs nothing.
FACTS = Facts(
    vendor="modelark",
    title="ModelArk",
    key_variable="ARK_API_KEY",
    base_variable="ARK_BASE_URL",
    base="https://ark.ap-southeast.bytepluses.com/api/v3",
    concurrency=10,
    pace=Pace(first=2.0, longest=10.0, calls=10.0, burst=10, submissions=3.0),
    results_kept=_RESULTS_KEPT,
    tasks_kept=7 * 24 * 3600.0,
    doubt=Doubt.LIST,
    # Section 3: data URIs name the format (wav, mp3), in lower case.
    spellings=MappingProxyType({"audio/mpeg": "audio/mp3", "audio/x-wav": "audio/wav"}),
)

_TASKS = "contents/generations/tasks"
_EXPIRY = 172_800
_NONCES = 86_400
_MARGIN = 3600.0
_LONGEST_ID = 256
_EXPIRES = "execution_expires_after"
_NONCE = "nonce"
_TIERS = ("default", "flex")
_MOST_PAGES = 500
_PAGE = 500

_KEY = f"check the key in {FACTS.key_variable}, which must be of this region and project, then run again"
_PERMISSION = (
    f"give the key in {FACTS.key_variable} the permission in the ModelArk console, or use another one, "
    "then run again"
)
_BALANCE = "top up the account in the ModelArk console, then run again"
_LIMIT = "raise it in the ModelArk console, then run again"
_PICTURE = "give another picture, or the same one as PNG or JPEG, then run again"
_INPUT = "change the prompt or the pictures of this shot, then run again"
_PROMPT = "change the prompt of this shot, then run again"
_PRIVATE = "did not pass the vendor's content check, which finds something private in it"
_ACCOUNT = "look at the account in the ModelArk console, then run again"
_OPEN = (
    "activate the model in the ModelArk console (those of 2.0 and later want a balance of more than 30 USD, a "
    "savings plan or a resource pack), then run again"
)
_OTHER = "activate the model in the ModelArk console, or choose another one: `seedance-pipe models` lists them"
_ENDPOINT = (
    "allow calls by the model's name in the ModelArk console, or use a key that may make them, then run again"
)
_ANEW = "run again to ask for it anew"
_TRY = "run again, for a new try may pass; else change the prompt or the pictures of this shot"
_MEDIA = "change that file, or the prompt, then run again"
_QUOTA = "look at the account's quotas in the ModelArk console, and run again later"
_REQUEST = "change the shot as the vendor's message says, then run again"
_TASK_TYPE = "change the prompt or omni_reference_task_type, then run again"

# Section 5: the beginning of a code, what it means, and what a person can do. The first line that fits counts.
_CODES: tuple[tuple[str, str, str], ...] = (
    ("OutputVideoSensitiveContent", "the finished video was held back by the vendor's content check", _TRY),
    ("OutputAudioSensitiveContent", "the finished sound was held back by the vendor's content check", _TRY),
    ("Output", "the result was held back by the vendor's content check", _TRY),
    ("InputTextSensitiveContent", "the prompt did not pass the vendor's content check", _PROMPT),
    ("InputImageSensitiveContentDetected.PrivacyInformation", f"a picture {_PRIVATE}", _MEDIA),
    ("InputImageSensitiveContent", "a picture did not pass the vendor's content check", _MEDIA),
    ("InputVideoSensitiveContentDetected.PrivacyInformation", f"a reference video {_PRIVATE}", _MEDIA),
    ("InputVideoSensitiveContent", "a reference video did not pass the vendor's content check", _MEDIA),
    ("InputAudioSensitiveContent", "a reference sound did not pass the vendor's content check", _MEDIA),
    ("SensitiveContentDetected", "the request did not pass the vendor's content check", _INPUT),
    ("AuthenticationError", "the vendor refused the key", _KEY),
    ("InvalidAccountStatus", "the account is not in good standing", _ACCOUNT),
    ("AccountOverdueError", "the account has no money left", _BALANCE),
    ("OperationDenied.ServiceOverdue", "the account has no money left", _BALANCE),
    ("OperationDenied.ServiceNotOpen", "the service is not activated on this account", _OPEN),
    ("OperationDenied", "the account may not do this", _ACCOUNT),
    ("AccessDenied", "the key has no permission for this", _PERMISSION),
    ("ModelNotOpen", "the model is not activated on this account", _OPEN),
    ("InvalidEndpointOrModel.ModelIDAccessDisabled", "the key may not call a model by its name", _ENDPOINT),
    ("InvalidEndpointOrModel", "the vendor has no such model, or this key may not use it", _OTHER),
    ("InvalidEndpoint.ClosedEndpoint", "the model is closed at the moment", "run again later"),
    ("SetLimitExceeded", "the spending limit that is set for this model is reached", _LIMIT),
    ("InvalidImageURL", "the vendor could not read a picture", _PICTURE),
    ("MissingParameter", "the vendor misses a parameter", _REQUEST),
    ("InvalidParameter.TaskTypeMismatch", "the prompt asks for another omni_reference_task_type", _TASK_TYPE),
    ("InvalidParameter.TaskTypeConstraint", "the request breaks a rule of its kind of task", _REQUEST),
    ("InvalidParameter", "the vendor does not accept a parameter", _REQUEST),
    ("QuotaExceeded", "a quota of the account is used up, or its queue at the vendor is full", _QUOTA),
    ("InflightBatchsizeExceeded", "the account has as many takes under way as it may have", ""),
    ("ServerOverloaded", "the vendor has too much to do at the moment", ""),
    ("RequestBurstTooFast", "the vendor has too much to do at the moment", ""),
    ("InvalidAction.RunningTaskDeletion", "the task is at work already, and cannot be stopped", "run again"),
    ("InternalServiceError", "the vendor had a fault of its own", _ANEW),
    ("expired", "the task was not done in time", _ANEW),
    ("cancelled", "the task was cancelled", _ANEW),
)
_NOT_LATER = "SetLimitExceeded"


def frozen(body: Json, *, shot: Shot, last_frame: bool, draw: Callable[[int], int], takes: int = 1) -> Json:
    """`body` with the keys that the program owns.

    The task's expiry carries a nonce: the vendor echoes it in every state, so a task whose id we never
    learned can be recognised (security.md 4.3). A story that sets the expiry itself goes without. The journal's
    copy says which it is under `nonce`, which is not sent.
    """
    request = dict(body) if isinstance(body, Mapping) else {}
    if _EXPIRES not in request:
        request[_EXPIRES] = request[_NONCE] = _EXPIRY + draw(_NONCES)
    if last_frame and shot.model.abilities.returns_last_frame and request.get("draft") is not True:
        request["return_last_frame"] = True
    return freeze(request)


def submission(request: Json, media: Mapping[JsonPath, str]) -> Call:
    body = thaw(fill(request, media))
    body.pop(_NONCE, None)
    return Call("POST", _TASKS, json.dumps(body, separators=(",", ":")).encode())


def verdict(answer: Answered, request: Json) -> Verdict:
    """Section 5: every 4xx in the vendor's own shape means no task and no charge; a 5xx tells nothing."""
    if 200 <= answer.status < 300:
        task = _name(answer.document)
        return Accepted(task) if task else Doubtful(f"its answer ({answer.status}) named no task")
    code, message = _error(answer.document)
    if answer.status == 429 and not code.startswith(_NOT_LATER):
        return _busy(code, message, answer.retry_after)
    if 400 <= answer.status < 500 and code:
        meaning, next_step = _meaning(code)
        return Refused(code, _reason(meaning, code, message), next_step)
    return Doubtful(f"it answered {answer.status}" + (f" {code}" if code else ", not in its own words"))


def _busy(code: str, message: str, retry_after: float | None) -> Busy:
    """Not the codes alone decide: one of tomorrow with this status means just the same."""
    known = any(code.startswith(start) for start, _, _ in _CODES)
    meaning, next_step = _meaning(code) if known else ("too many requests", "")
    reason = _reason(meaning, code, message) if code else meaning
    return Busy(code or "429", reason, retry_after, next_step)


def poll(tasks: Sequence[str]) -> Call:
    (task,) = tasks
    return Call("GET", f"{_TASKS}/{quote(task, safe='')}")


def progress(answer: Answered, task: str, *, shot: Shot) -> Progress:
    """What the vendor says of `task` (section 2). Unknown words mean that it is still at work."""
    if answer.status != 200:
        return _unanswered(answer)
    found = answer.document
    if text(look(found, "id")) not in ("", task):
        return Missed("the answer was about another task")
    status = text(look(found, "status"))
    if status == "succeeded":
        return _succeeded(found, shot)
    if status in ("failed", "cancelled", "expired"):
        return _failed(found, status, shot)
    if status == "queued":
        return Queued(status)
    return Running(status) if status else Missed("the answer had no status")


def crowded(answer: Answered) -> bool:
    return answer.status in TOO_MUCH


def patience(request: Json) -> float:
    """A task ends at `created_at + execution_expires_after` at the latest; an hour more for the clocks."""
    expiry = whole(look(request, _EXPIRES))
    return (expiry if expiry is not None else _EXPIRY) + _MARGIN


def recognisable(request: Json) -> bool:
    return look(request, _NONCE) is not None


def lists() -> Sequence[str]:
    """An unfiltered list hides what runs in the flex tier (section 1.1)."""
    return _TIERS


def listing(request: Json, name: str, page: int) -> Call:
    query = {"page_num": page, "page_size": _PAGE, "filter.service_tier": name}
    model = text(look(request, "model"))
    if model:
        # A key with limited permissions may list the tasks of one model only.
        query["filter.model"] = model
    return Call("GET", f"{_TASKS}?{urlencode(query)}")


def listed(answer: Answered, request: Json, *, page: int, since: float) -> Listed | Missed | Barred:
    """Section 1.1: an item has the fields of a task object, and the order is not documented, so every page is
    read. A task is ours by its nonce and model, from a time when we had drawn that nonce.
    """
    items = look(answer.document, "items")
    if answer.status != 200 or not isinstance(items, Sequence) or isinstance(items, str):
        seen = _unanswered(answer)
        return seen if isinstance(seen, Barred) else Missed(f"it answered {answer.status}", answer.retry_after)
    ours = frozenset(_name(item) for item in items if _of(request, item, since))
    total = whole(look(answer.document, "total"))
    seen_all = len(items) < _PAGE if total is None else page * _PAGE >= total
    return Listed(ours - {""}, more=bool(items) and not seen_all and page < _MOST_PAGES)


def alike(request: Json, other: Json) -> bool:
    """Two requests of one model may have drawn the same nonce; nothing else in a list tells their tasks apart."""
    return look(request, _NONCE) == look(other, _NONCE) and look(request, "model") == look(other, "model")


def cancellation(task: str) -> Call:
    """Section 1.2: what is queued is cancelled, what runs is refused, and of what has ended the record is deleted,
    after which no clip can be had: so it may only be sent for a task that was seen queued.
    """
    return Call("DELETE", f"{_TASKS}/{quote(task, safe='')}")


def dropped(answer: Answered) -> Dropped | Refused | Barred | Missed:
    if 200 <= answer.status < 300:
        return Dropped()
    code, message = _error(answer.document)
    meaning, next_step = _meaning(code)
    if answer.status in (401, 403) and code:
        return Barred(code, _reason(meaning, code, message), next_step)
    if 400 <= answer.status < 500 and answer.status != 429 and code:
        return Refused(code, _reason(meaning, code, message), next_step)
    return Missed(f"it answered {answer.status}" + (f" {code}" if code else ""), answer.retry_after)


def _of(request: Json, item: Json, since: float) -> bool:
    created = whole(look(item, "created_at"))
    return (
        whole(look(item, _EXPIRES)) == look(request, _NONCE)
        and look(item, "model") == look(request, "model")
        and created is not None
        and created >= since
    )


def _name(document: Json) -> str:
    """The name of a task, or nothing where it is none."""
    task = text(look(document, "id"))
    return task if task.isascii() and task.isprintable() and len(task) <= _LONGEST_ID else ""


def _unanswered(answer: Answered) -> Progress:
    code, message = _error(answer.document)
    meaning, next_step = _meaning(code)
    if answer.status == 404 and code.startswith(("ResourceNotFound", "NotFound")):
        return Gone(code, "the vendor does not know the task any more")
    if answer.status in (401, 403) and code:
        return Barred(code, _reason(meaning, code, message), next_step)
    return Missed(f"the vendor answered {answer.status}" + (f" {code}" if code else ""), answer.retry_after)


def _succeeded(found: Json, shot: Shot) -> Progress:
    clip = text(look(found, "content", "video_url"))
    if not clip:
        # Paid for, but with nothing to fetch: the next answer may have it.
        return Running("succeeded, without an address")
    counts = (whole(look(found, "usage", name)) for name in ("completion_tokens", "total_tokens"))
    tokens = next((count for count in counts if count is not None and count >= 0), None)
    done = whole(look(found, "updated_at"))
    receipt = Receipt(
        seed=whole(look(found, "seed")),
        tokens=tokens,
        charged=_charged(shot, tokens),
        expires=None if done is None else done + _RESULTS_KEPT,
    )
    return Ready(receipt, clip, text(look(found, "content", "last_frame_url")) or None)


def _charged(shot: Shot, tokens: int | None) -> Money | None:
    """Section 7: the bill is tokens times the unit price. A rate's factor is left out, because the vendor
    counts a draft's tokens with it already.
    """
    price = shot.model.price
    if isinstance(price, Unpriced) or tokens is None:
        return None
    plain = replace(price, rates=tuple(replace(rate, factor=Decimal(1)) for rate in price.rates))
    return charge(plain, facts(shot), tokens)


def _failed(found: Json, status: str, shot: Shot) -> Failed:
    """Only succeeded tasks are billed (section 7)."""
    code, message = _error(found)
    code = code or status
    meaning, next_step = _meaning(code)
    return Failed(code, _reason(meaning, code, message), next_step, Money.zero())


def _error(document: Json) -> tuple[str, str]:
    return text(look(document, "error", "code")), text(look(document, "error", "message"))


def _meaning(code: str) -> tuple[str, str]:
    for start, meaning, next_step in _CODES:
        if code.startswith(start):
            return meaning, next_step
    return "the vendor said no", "run again, or change the shot as the vendor's message says"


def _reason(meaning: str, code: str, message: str) -> str:
    return f"{meaning} ({code}: {message.rstrip('. ')})" if message else f"{meaning} ({code})"
