"""What vendors that answer `{"error": {"code", "message"}}` complain of, in their words and in ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from seedance_pipe.document import Json
from seedance_pipe.vendor.answer import look, text

_LONGEST_NAME = 256


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a code stands for, as a clause, and what a person can do."""

    words: str
    next_step: str


UNKNOWN = Meaning("the vendor said no", "run again, or change the shot as the vendor's message says")


@dataclass(frozen=True, slots=True)
class Complaint:
    """`code` is the vendor's, empty where it gives none; `reason` ends with its code and message."""

    code: str
    reason: str
    next_step: str


def complaint(error: Json, meanings: Mapping[str, Meaning], *, otherwise: Meaning, code: str = "") -> Complaint:
    """What an `error` says: an object with a code and a message, or a text alone. Codes mean the same in any case
    of letters; one that is not among `meanings`, or not there and `code` either, means `otherwise`.
    """
    named = text(look(error, "code")) or code
    message = (text(error) or text(look(error, "message"))).rstrip(". ")
    meaning = meanings.get(named.lower(), otherwise)
    said = ": ".join(part for part in (named, message) if part)
    return Complaint(named, f"{meaning.words} ({said})" if said else meaning.words, meaning.next_step)


def name_of_task(document: Json) -> str:
    """The `id` of an answer where it can be the name of a task, else nothing."""
    name = text(look(document, "id"))
    return name if name.isascii() and name.isprintable() and len(name) <= _LONGEST_NAME else ""
