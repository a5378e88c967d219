"""Scalars: what an unquoted word of YAML means by the core rules of YAML 1.2.

`on`, `no`, `16:9`, `1_000` and dates stay text; `0x` and `0o` are hexadecimal and octal.
"""

from __future__ import annotations

import math
import re

LONGEST_NUMBER = 64
"""Characters of a number."""

_WORDS = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True,
    "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_BASES = {"0x": 16, "0o": 8}


class ScalarProblem(Exception):
    """A number that no request can hold; the message says why."""


def core(word: str) -> None | bool | int | float | str:
    """The value of an unquoted word. Raises ScalarProblem for integers outside of 64 bits, for floats that are
    not finite and for numbers of more than 64 characters.
    """
    if word in _WORDS:
        return _WORDS[word]
    if word[0] not in "-+.0123456789":
        return word
    if _INTEGER.fullmatch(word):
        return _integer(word)
    if _FLOAT.fullmatch(word):
        return _float(word)
    if _NOT_FINITE.fullmatch(word):
        raise ScalarProblem(f"{word} is not a number that can be sent; put it in quotes if it is text")
    return word


def _integer(word: str) -> int:
    _check_length(word)
    value = int(word, _BASES.get(word[:2], 10))
    if not -(2**63) <= value < 2**63:
        raise ScalarProblem("this integer does not fit in 64 bits; put it in quotes if it is text")
    return value


def _float(word: str) -> float:
    _check_length(word)
    value = float(word)
    if not math.isfinite(value):
        raise ScalarProblem("this number is too large; put it in quotes if it is text")
    return value


def _check_length(word: str) -> None:
    if len(word) > LONGEST_NUMBER:
        raise ScalarProblem(
            f"this number has {len(word)} characters, more than {LONGEST_NUMBER}; put it in quotes if it is text"
        )
