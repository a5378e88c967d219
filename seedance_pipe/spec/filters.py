"""Filters: what `value | name` may do in a template; each gives what Jinja's filter of that name gives.

They raise Unfit for what they cannot work on, and before they would make a text that is too long.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from seedance_pipe.spec.output import LONGEST, Output, Unfit, Value, checked, text_of

MOST_DIGITS = 12
"""Digits that `round` keeps, and zeros that it makes."""

_LONGEST_NUMBER = 64
_WORD_BEGINNING = re.compile(r"([-\s({\[<]+)")
_WORD = re.compile(r"\w+")


class Absent(Unfit):
    """There is no value, as for a name that nothing has: `default` takes its place. `word` was asked for among
    `choices`.
    """

    def __init__(self, message: str, *, word: str = "", choices: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.word = word
        self.choices = choices


def number(value: Value) -> int | float:
    """The value, which must be a number of 64 bits or a finite float. Raises Unfit."""
    if not isinstance(value, int | float):
        raise Unfit("this takes a number")
    if isinstance(value, float) and not math.isfinite(value):
        raise Unfit("this number grows too large")
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise Unfit("this integer grows beyond 64 bits")
    return value


def items(value: Value) -> Sequence[Value]:
    """What a loop or a filter goes through: characters, items or keys. Raises Unfit."""
    if isinstance(value, Mapping):
        return list(value)
    if isinstance(value, Sequence):
        return value
    raise Unfit("this takes a list")


def _comparable(values: Iterable[Value], *, case_sensitive: bool) -> list[tuple[Any, Value]]:
    """Each value beside what it is compared by. Raises Unfit unless all are texts or all are numbers."""
    found = list(values)
    if all(isinstance(value, str) for value in found):
        return [(value if case_sensitive else str(value).lower(), value) for value in found]
    if all(isinstance(value, int | float) for value in found):
        return [(value, value) for value in found]
    raise Unfit("only texts, or only numbers, can be compared")


def _abs(value: Value) -> Value:
    return number(abs(number(value)))


def _capitalize(value: Value) -> Value:
    return text_of(value).capitalize()


def default(value: Value, default_value: Value = "", boolean: Value = False) -> Value:
    """`evaluation` gives `default_value` itself where there is no value at all."""
    return default_value if boolean and not value else value


def _first(value: Value) -> Value:
    found = items(value)
    if not found:
        raise Absent("there is no first item, for the list is empty")
    return found[0]


def _last(value: Value) -> Value:
    found = items(value)
    if not found:
        raise Absent("there is no last item, for the list is empty")
    return found[-1]


def _float(value: Value, default: Value = 0.0) -> Value:
    read = _read(value)
    return default if read is None else number(float(read))


def _int(value: Value, default: Value = 0) -> Value:
    read = _read(value)
    if read is None or (isinstance(read, float) and not math.isfinite(read)):
        return default
    return number(int(read))


def _read(value: Value) -> int | float | None:
    if isinstance(value, int | float):
        return value
    if not isinstance(value, str) or len(value) > _LONGEST_NUMBER:
        return None
    for read in (int, float):
        try:
            return read(value)
        except ValueError:
            continue
    return None


def _items(value: Value) -> Value:
    if not isinstance(value, Mapping):
        raise Unfit("this takes a mapping")
    return [[key, item] for key, item in value.items()]


def _join(value: Value, d: Value = "") -> Value:
    output = Output()
    between = text_of(d)
    for count, item in enumerate(items(value)):
        if count:
            output.add(between)
        output.add(text_of(item))
    return str(output)


def _length(value: Value) -> Value:
    return len(items(value))


def _list(value: Value) -> Value:
    return list(items(value))


def _lower(value: Value) -> Value:
    return text_of(value).lower()


def _max(value: Value, case_sensitive: Value = False) -> Value:
    return _extreme(max, value, case_sensitive)


def _min(value: Value, case_sensitive: Value = False) -> Value:
    return _extreme(min, value, case_sensitive)


def _extreme(choose: Callable[..., tuple[Any, Value]], value: Value, case_sensitive: Value) -> Value:
    found = _comparable(items(value), case_sensitive=bool(case_sensitive))
    if not found:
        raise Absent("there is no such item, for the list is empty")
    return choose(found, key=lambda pair: pair[0])[1]


def _replace(value: Value, old: Value, new: Value, count: Value = None) -> Value:
    text, before, after = text_of(value), text_of(old), text_of(new)
    most = -1 if count is None else _whole(count)
    times = text.count(before) if most < 0 else min(most, text.count(before))
    if len(text) + times * (len(after) - len(before)) > LONGEST:
        raise Unfit(f"this makes more than {LONGEST} bytes of text")
    return text.replace(before, after, most)


def _whole(value: Value) -> int:
    if not isinstance(value, int):
        raise Unfit("this takes an integer")
    return value


def _reverse(value: Value) -> Value:
    return items(value)[::-1]


def _round(value: Value, precision: Value = 0, method: Value = "common") -> Value:
    digits = _whole(precision)
    if abs(digits) > MOST_DIGITS:
        raise Unfit(f"round takes at most {MOST_DIGITS} digits")
    if method == "common":
        return number(round(number(value), digits))
    if method not in ("ceil", "floor"):
        raise Unfit("round takes 'common', 'ceil' or 'floor'")
    turn = math.ceil if method == "ceil" else math.floor
    return number(turn(number(value) * 10**digits) / 10**digits)


def _sort(value: Value, reverse: Value = False, case_sensitive: Value = False) -> Value:
    found = _comparable(items(value), case_sensitive=bool(case_sensitive))
    return [item for _, item in sorted(found, key=lambda pair: pair[0], reverse=bool(reverse))]


def _string(value: Value) -> Value:
    return text_of(value)


def _sum(value: Value, *, start: Value = 0) -> Value:
    total = number(start)
    for item in items(value):
        total = number(total + number(item))
    return total


def _title(value: Value) -> Value:
    parts = _WORD_BEGINNING.split(text_of(value))
    return "".join(part[0].upper() + part[1:].lower() for part in parts if part)


def _trim(value: Value, chars: Value = None) -> Value:
    return text_of(value).strip(None if chars is None else text_of(chars))


def _truncate(
    value: Value, length: Value = 255, killwords: Value = False, end: Value = "...", leeway: Value = 5
) -> Value:
    text, tail = text_of(value), text_of(end)
    room = _whole(length) - len(tail)
    if room < 0 or _whole(leeway) < 0:
        raise Unfit(f"truncate takes a length of at least {len(tail)}, and a leeway of at least 0")
    if len(text) <= room + len(tail) + _whole(leeway):
        return text
    return (text[:room] if killwords else text[:room].rsplit(" ", 1)[0]) + tail


def _unique(value: Value, case_sensitive: Value = False) -> Value:
    found: dict[Any, Value] = {}
    for key, item in _comparable(items(value), case_sensitive=bool(case_sensitive)):
        found.setdefault(key, item)
    return list(found.values())


def _upper(value: Value) -> Value:
    return checked(text_of(value).upper())


def _wordcount(value: Value) -> Value:
    return len(_WORD.findall(text_of(value)))


FILTERS: Mapping[str, Callable[..., Value]] = {
    "abs": _abs,
    "capitalize": _capitalize,
    "count": _length,
    "d": default,
    "default": default,
    "first": _first,
    "float": _float,
    "int": _int,
    "items": _items,
    "join": _join,
    "last": _last,
    "length": _length,
    "list": _list,
    "lower": _lower,
    "max": _max,
    "min": _min,
    "replace": _replace,
    "reverse": _reverse,
    "round": _round,
    "sort": _sort,
    "string": _string,
    "sum": _sum,
    "title": _title,
    "trim": _trim,
    "truncate": _truncate,
    "unique": _unique,
    "upper": _upper,
    "wordcount": _wordcount,
}
