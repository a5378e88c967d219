"""Output: the text that a template makes, counted as it grows, and what a value looks like in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

LONGEST = 64 * 1024
"""Bytes of UTF-8 of a template, of what it makes, and of every text on the way."""

Value: TypeAlias = "None | bool | int | float | str | Sequence[Value] | Mapping[str, Value]"


class Unfit(Exception):
    """A value does not fit where it is used. The place of the template is known to whoever uses it."""


def size(text: str) -> int:
    """Bytes of UTF-8."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def checked(text: str) -> str:
    """The text itself. Raises Unfit when it is too long."""
    if size(text) > LONGEST:
        raise Unfit(f"this makes more than {LONGEST} bytes of text")
    return text


def text_of(value: Value) -> str:
    """How a value stands in a text. Raises Unfit for what has no one form there."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return str(value)
    if value is None:
        raise Unfit("nothing (null) cannot stand in a text; give it a value, or use default('', true)")
    if isinstance(value, Mapping):
        raise Unfit("a mapping cannot stand in a text; name one of its keys")
    raise Unfit("a list cannot stand in a text; put its items together with join(', ')")


@dataclass(slots=True)
class Tally:
    """Steps that templates have taken together; it grows with every rendering that is given it."""

    steps: int = 0


class Output:
    """A growing text. `add` raises Unfit when it grows too long."""

    def __init__(self) -> None:
        self._chunks: list[str] = []
        self._left = LONGEST

    def add(self, text: str) -> None:
        self._left -= size(text)
        if self._left < 0:
            raise Unfit(f"the text grows to more than {LONGEST} bytes here")
        self._chunks.append(text)

    def __str__(self) -> str:
        return "".join(self._chunks)
