"""A call to a vendor's API and the three things that can come of it, as plain values.

The transport makes them and the adapters read them; neither knows the other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import TypeAlias

from seedance_pipe.document import Json

_AMOUNT = re.compile(r"[0-9]{1,15}(\.[0-9]{1,20})?([eE]-?[0-9]{1,2})?")


@dataclass(frozen=True, slots=True)
class Part:
    """One field of a form: a text, or a file where `file` names it and `type` is its media type."""

    name: str
    content: bytes = field(repr=False)
    file: str = ""
    type: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """`path` is relative to the account's base address and quoted, "" for that address itself; `body`, unless
    empty, is sent as JSON. A call with a `form` has no body and is sent as multipart/form-data.
    """

    method: str
    path: str
    body: bytes = b""
    form: tuple[Part, ...] = ()
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Answered:
    """The vendor, or something in its place, answered. `document` is None when the body was not readable JSON;
    `retry_after` is in seconds, None where the answer named no time.
    """

    status: int
    document: Json = None
    retry_after: float | None = None


TOO_MUCH = frozenset({429, 503})
"""The statuses by which a server says that it has too much to do."""


@dataclass(frozen=True, slots=True)
class NotSent:
    """Not one byte of the request left this machine."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unclear:
    """Some of the request left, and no whole answer came back."""

    reason: str


Outcome: TypeAlias = Answered | NotSent | Unclear


def look(document: Json, *path: str) -> Json:
    """The value at `path`, or None where the document has no such place."""
    for key in path:
        if not isinstance(document, Mapping):
            return None
        document = document.get(key)
    return document


def text(value: Json) -> str:
    """A text as it is, a number as its digits, everything else as nothing: vendors vary in their types."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def whole(value: Json) -> int | None:
    """A whole number of at most 63 bits on either side of zero, which may have come as a text of digits; else
    None.
    """
    if isinstance(value, str) and value.isascii() and value.removeprefix("-").isdigit() and len(value) <= 20:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63:
        return value
    return None


def amount(value: Json) -> Decimal | None:
    """An amount of money as the vendor wrote it, digit for digit: a number that is not negative, or the text of
    one; else None.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    # The shortest text that reads back as the same number is what stood in the answer.
    written = value if isinstance(value, str) else repr(value)
    return Decimal(written) if _AMOUNT.fullmatch(written) else None
