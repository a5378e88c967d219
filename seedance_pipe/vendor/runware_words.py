"""Runware's words for what went wrong: where its answers hold errors, and what their codes mean for us."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from seedance_pipe.document import Json
from seedance_pipe.vendor.answer import Answered, look, text

KEY_VARIABLE = "RUNWARE_API_KEY"

_ALLOWED_SHOWN = 12
_TASK = "videoInference"


class Kind(enum.Enum):
    """What an error is about, as far as it decides what we do."""

    TAKEN = "a task with that id is there already"
    PACE = "not now"
    ACCOUNT = "the key or the account"
    MONEY = "the account's balance"
    REQUEST = "what was asked for"
    NO_TASK = "no such task"
    TROUBLE = "the vendor's own trouble, or that of the model behind it"
    UNKNOWN = "a code that no page lists"


@dataclass(frozen=True, slots=True)
class Fault:
    """One error of an answer with HTTP status `status`. `task` is the UUID that it names, in lower case, "" when
    it names none, and `of` the type of the task that it speaks of. `ended` says that it has the status of a
    generation that failed. `code` is the vendor's own, "" when there is none.
    """

    status: int
    task: str
    of: str
    ended: bool
    kind: Kind
    code: str
    reason: str
    next_step: str

    @property
    def name(self) -> str:
        return self.code or (str(self.status) if self.status >= 400 else "error")

    @property
    def refuses(self) -> bool:
        """Whether it is a clear no. A code that no page lists is one when the status says so too; 409 may be
        about our id.
        """
        if self.kind is Kind.UNKNOWN:
            return bool(self.code) and 400 <= self.status < 500 and self.status != 409
        return clear(self.status) and self.kind in _REFUSALS

    @property
    def ends(self) -> bool:
        """Whether it tells how a generation ended, and is not the poll's own: taking one for the other would buy
        the clip again.
        """
        if self.kind in _NOT_AN_END:
            return False
        if 200 <= self.status < 300:
            return self.ended or self.of == _TASK
        return self.ended and clear(self.status)


_REFUSALS = frozenset({Kind.ACCOUNT, Kind.MONEY, Kind.REQUEST})
_NOT_AN_END = frozenset({Kind.NO_TASK, Kind.TAKEN})

_KEY = f"check the key in {KEY_VARIABLE}, and the account at runware.ai, then run again"
_BALANCE = "top up the account at runware.ai, then run again"
_ANEW = "run again to ask for it anew"
_OTHER = "choose another model (`seedance-pipe models` lists them), or ask the vendor for this one"
_INPUT = "change the prompt or the pictures of this shot, then run again"
_PROMPT = "change the prompt of this shot, then run again"
_BLOCKED = "give this shot other pictures, then run again"
_ACCOUNT = f"look at the account at runware.ai that {KEY_VARIABLE} is a key of, then run again"
_PICTURE = "give another picture, or the same one as PNG or JPEG, then run again"
_REQUEST = "change the shot as the vendor's message says, then run again"

# Section 4: there is no public list of all codes and they vary by model, so what counts is how a code is made.
# The first line that fits wins. `duplicate…` is in the vendor's list without a word of what is meant: of our id it
# must not pass for a no.
_CODES: tuple[tuple[str, Kind, str, str], ...] = (
    (r"^(conflict|duplicate)TaskUUID$", Kind.TAKEN, "the vendor has a task with this id already", "run again"),
    (r"RateLimit|^rateLimit", Kind.PACE, "too many requests at once", "run again later"),
    (r"Credits|Balance|^paymentRequired$", Kind.MONEY, "the account has no money left", _BALANCE),
    (r"[qQ]uota", Kind.MONEY, "a quota of the account is used up", _ACCOUNT),
    (
        r"[cC]ontentPolicy|ContentDetected|^moderationFailed|^invalidProviderContent",
        Kind.REQUEST,
        "the prompt, a picture or the clip did not pass the content check of the vendor or of the model's maker",
        _INPUT,
    ),
    (r"^promptBlocked", Kind.REQUEST, "the prompt did not pass the vendor's content check", _PROMPT),
    (r"^imageBlocked", Kind.REQUEST, "a picture did not pass the vendor's content check", _BLOCKED),
    (r"^forbidden|[pP]ermission", Kind.ACCOUNT, "the key has no permission for this", _KEY),
    (
        r"^(account|organization|workspace)(Suspended|Disabled)",
        Kind.ACCOUNT,
        "the account is suspended or switched off",
        _ACCOUNT,
    ),
    (
        r"ApiKey|^unauthorized|^auth|Authentication|Credentials|^token",
        Kind.ACCOUNT,
        "the vendor refused the key",
        _KEY,
    ),
    (r"^task(FailedOr)?(NotFound|Expired)$", Kind.NO_TASK, "the vendor does not find the task", "run again"),
    (r"[tT]imeout", Kind.TROUBLE, "it was not done in time", _ANEW),
    (
        r"^model(Not|Expired)(?!Ready)|^unknownModel|^(invalid|unsupported)Model",
        Kind.REQUEST,
        "the vendor has no such model, or this key may not use it",
        _OTHER,
    ),
    (
        r"^media(NotFound|Expired)|^(invalid|missing|unsupported)\w*Image",
        Kind.REQUEST,
        "the vendor could not read a picture, or does not take it",
        _PICTURE,
    ),
    (
        r"^provider|^inferenceError|^noAvailableServer|^model(Unavailable|Disabled|NotReady)|"
        r"[sS]erver(Error|Unavailable)|^serviceUnavailable|^(standard|unknown|undefined|default)Error|"
        r"^(processing|task|download|upload)Failed",
        Kind.TROUBLE,
        "the vendor, or the model behind it, had a fault of its own",
        _ANEW,
    ),
    (
        r"^(invalid|missing|conflict|duplicate|unsupported|incompatible|value|array|max|unknownParameter)",
        Kind.REQUEST,
        "the vendor does not accept a parameter",
        _REQUEST,
    ),
)
_BY_STATUS: Mapping[int, str] = {
    401: "unauthorized",
    402: "paymentRequired",
    403: "forbidden",
    408: "timeout",
    429: "rateLimitExceeded",
}


def clear(status: int) -> bool:
    """Whether an answer with this status can settle anything: a 5xx, a time-out and a redirect cannot."""
    return 200 <= status < 300 or (400 <= status < 500 and status != 408)


def items(document: Json, name: str) -> Iterator[Json]:
    """The objects of one list of an answer. It may be missing, null, or hold one bare object (section 2)."""
    listed = look(document, name)
    for item in listed if isinstance(listed, Sequence) and not isinstance(listed, str) else (listed,):
        if isinstance(item, Mapping):
            yield item


def named(item: Json) -> str:
    """The UUID of the task that an item speaks of, in lower case; "" when it names none."""
    return text(look(item, "taskUUID")).lower()


def failed(item: Json) -> bool:
    """Whether an item of `data` is a failure: it has the status, or an error object, and no clip."""
    return not text(look(item, "videoURL")) and (
        text(look(item, "status")) == "error" or bool(look(item, "error"))
    )


def faults(answer: Answered) -> Iterator[Fault]:
    """Every error of an answer: its `errors`, the items of `data` that are one, and the single `error` of older
    pages.
    """
    for item in items(answer.document, "errors"):
        yield fault(item, answer.status)
    for item in items(answer.document, "data"):
        if failed(item):
            yield fault(item, answer.status)
    if look(answer.document, "error"):
        yield fault(answer.document, answer.status)


def fault(item: Json, status: int) -> Fault:
    """What one error says: an item of `errors`, or an object that has an `error` inside."""
    inner = look(item, "error") or item

    def said(name: str) -> str:
        return text(look(inner, name)) or text(look(item, name))

    code = said("code")
    message = inner if isinstance(inner, str) else said("message")
    kind, meaning, next_step = _meaning(code, status)
    details = "; ".join(part for part in (message.rstrip(". "), *_parameters(inner, message)) if part)
    told = Fault(
        status=status,
        task=said("taskUUID").lower(),
        of=said("taskType"),
        ended=said("status") == "error",
        kind=kind,
        code=code,
        reason=meaning,
        next_step=next_step,
    )
    return replace(told, reason=f"{meaning} ({told.name}: {details})" if details else f"{meaning} ({told.name})")


def silent(status: int) -> Fault:
    """What an answer without any error in the vendor's words means, by its status alone."""
    return fault({}, status)


def _meaning(code: str, status: int) -> tuple[Kind, str, str]:
    for known in (code, _BY_STATUS.get(status, "")):
        for pattern, kind, meaning, next_step in _CODES:
            if re.search(pattern, known):
                return kind, meaning, next_step
    return Kind.UNKNOWN, "the vendor said no", "run again, or change the shot as the vendor's message says"


def _parameters(inner: Json, message: str) -> Iterator[str]:
    """The parameters that an error is about, one or several of them, and the values that one may have."""
    names = _texts(look(inner, "parameter"))
    if names and not all(name in message for name in names):
        yield f"parameter {', '.join(names)}"
    allowed = _texts(look(inner, "allowedValues"))
    if allowed and not all(value in message for value in allowed):
        more = ", …" if len(allowed) > _ALLOWED_SHOWN else ""
        yield f"allowed: {', '.join(allowed[:_ALLOWED_SHOWN])}{more}"


def _texts(value: Json) -> list[str]:
    listed = value if isinstance(value, Sequence) and not isinstance(value, str) else (value,)
    texts = (str(item) if isinstance(item, float) else text(item) for item in listed)
    return [one for one in texts if one]
