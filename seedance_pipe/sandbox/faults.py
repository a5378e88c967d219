"""Faults that the sandbox can play: where in a conversation, what goes wrong, how often and for which prompt.

A fault is a value. The list of them is handed in with the settings, and can be replaced while the sandbox runs.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any


class Where(enum.Enum):
    """The point of the conversation: `ARRIVAL` is a request of any kind of which only the head was read,
    `ACCEPTED` the answer to a create whose task is already on record, `FATE` what becomes of the task, `FILE` the
    download of a result, `UPLOAD` the storing of a picture.
    """

    ARRIVAL = "arrival"
    CREATE = "create"
    ACCEPTED = "accepted"
    FATE = "fate"
    GET = "get"
    LIST = "list"
    DELETE = "delete"
    FILE = "file"
    UPLOAD = "upload"


class What(enum.Enum):
    """What goes wrong; in brackets the fields of Fault that it reads.

    On the wire: an error answer (`status`, `code`, `retry_after`), an HTML page (`status`, `retry_after`), a
    redirect elsewhere, a connection closed or reset after `at` bytes of the body (0: before any answer), one that
    is reset after `at` bytes of the answer's head (TORN), one whose sending side alone is closed after `at` bytes
    of the body, until the client or `seconds` end it (HALF), a port at which nobody listens for `seconds` from now
    on (REFUSE), a body that drips (`at` bytes, or a KiB, in `seconds`), a late answer (`seconds`), an answer
    without sense, an answer whose body is `text`, one packed by gzip though nobody asked for that, with `at` more
    spaces in it (PACKED; where `at` is negative, with so many bytes too few), a length header that is wrong by
    `at`, a body that is `at` bytes too long. On arrival alone: a body that is never read, of a request that is
    reset after `seconds` (DEAF).

    For a poll: a status that goes back to queued. For a poll and a list: every item of a list twice. For a task: a
    long queue (`seconds`), failure (`code`), no end at all, expiry.
    """

    ANSWER = "answer"
    HTML = "html"
    REDIRECT = "redirect"
    CLOSE = "close"
    RESET = "reset"
    TORN = "torn"
    HALF = "half"
    REFUSE = "refuse"
    DEAF = "deaf"
    DRIP = "drip"
    LATE = "late"
    NONSENSE = "nonsense"
    BODY = "body"
    PACKED = "packed"
    LENGTH = "length"
    OVERSIZE = "oversize"
    BACKWARDS = "backwards"
    TWICE = "twice"
    QUEUE = "queue"
    FAIL = "fail"
    STUCK = "stuck"
    EXPIRE = "expire"


_OF_A_TASK = frozenset({What.QUEUE, What.FAIL, What.STUCK, What.EXPIRE})
_BEFORE_ANY_ANSWER = frozenset(
    {
        What.HTML,
        What.REDIRECT,
        What.CLOSE,
        What.RESET,
        What.TORN,
        What.HALF,
        What.REFUSE,
        What.DEAF,
        What.LATE,
    }
)
_OF_A_LIST = frozenset({What.TWICE})
_ON_THE_WIRE = frozenset(What) - _OF_A_TASK - _OF_A_LIST - {What.BACKWARDS, What.DEAF}
_POSSIBLE: Mapping[Where, frozenset[What]] = MappingProxyType(
    {
        **dict.fromkeys(Where, _ON_THE_WIRE),
        Where.ARRIVAL: _BEFORE_ANY_ANSWER,
        Where.FATE: _OF_A_TASK,
        Where.GET: _ON_THE_WIRE | _OF_A_LIST | {What.BACKWARDS},
        Where.LIST: _ON_THE_WIRE | _OF_A_LIST,
    }
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong `times` times (None: always) for requests whose prompt contains `matching`.

    A LIST has no prompt, so there only an empty `matching` applies; on ARRIVAL the prompt is not known yet, and
    `matching` is looked for in the request's method and path (`POST /api/v1/runs`). Raises ValueError for a pair
    of where and what that cannot happen.
    """

    where: Where
    what: What
    times: int | None = 1
    matching: str = ""
    status: int = 500
    code: str = "InternalServiceError"
    at: int = 0
    seconds: float = 0.0
    retry_after: str = ""
    text: str = ""

    def __post_init__(self) -> None:
        if self.what not in _POSSIBLE[self.where]:
            raise ValueError(f"a fault '{self.what.value}' cannot happen at '{self.where.value}'")

    @classmethod
    def parse(cls, entry: Mapping[str, Any]) -> Fault:
        """From its JSON form, `{"where": "file", "what": "close", "at": 100}`. Raises ValueError."""
        unknown = set(entry) - {field.name for field in fields(cls)}
        if unknown:
            raise ValueError(f"a fault has no '{min(unknown)}'")
        try:
            return cls(**{**entry, "where": Where(entry["where"]), "what": What(entry["what"])})
        except KeyError as missing:
            raise ValueError(f"a fault needs {missing}") from missing

    def document(self) -> dict[str, Any]:
        plain = {field.name: getattr(self, field.name) for field in fields(self)}
        return {**plain, "where": self.where.value, "what": self.what.value}


class Faults:
    """The faults that are still to happen, in order; taking one uses it up."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._left: list[tuple[Fault, int | None]] = []
        self.replace(faults)

    def replace(self, faults: Iterable[Fault]) -> None:
        self._left = [(fault, fault.times) for fault in faults if fault.times != 0]

    def take(self, where: Where, prompt: str) -> Fault | None:
        """The first fault for this point and prompt, or None; it will happen once less."""
        for index, (fault, left) in enumerate(self._left):
            if fault.where is not where or fault.matching not in prompt:
                continue
            if left == 1:
                del self._left[index]
            elif left is not None:
                self._left[index] = (fault, left - 1)
            return fault
        return None

    def document(self) -> list[dict[str, Any]]:
        return [{**fault.document(), "times": left} for fault, left in self._left]
