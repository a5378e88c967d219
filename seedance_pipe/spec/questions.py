"""Questions: what `value is name` may ask in a template; Jinja calls them tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from seedance_pipe.spec.filters import items, number
from seedance_pipe.spec.output import Unfit, Value


def equal(value: Value, other: Value) -> bool:
    """Raises Unfit for lists and mappings, which are not compared."""
    for each in (value, other):
        if isinstance(each, Mapping) or (isinstance(each, Sequence) and not isinstance(each, str)):
            raise Unfit("a list or a mapping cannot be compared; compare its length or its items")
    return value == other


def within(value: Value, container: Value) -> bool:
    """Whether a text holds a text, a list an item or a mapping a key. Raises Unfit."""
    if isinstance(container, str):
        if not isinstance(value, str):
            raise Unfit("only a text can be in a text")
        return value in container
    return any(equal(value, item) for item in items(container))


def _divisibleby(value: Value, num: Value) -> bool:
    if not number(num):
        raise Unfit("nothing is divisible by zero")
    return number(value) % number(num) == 0


QUESTIONS: Mapping[str, Callable[..., bool]] = {
    "boolean": lambda value: isinstance(value, bool),
    "defined": lambda value: True,  # `evaluation` asks; what comes here is a value
    "divisibleby": _divisibleby,
    "eq": equal,
    "equalto": equal,
    "even": lambda value: number(value) % 2 == 0,
    "false": lambda value: value is False,
    "float": lambda value: isinstance(value, float),
    "in": lambda value, seq: within(value, seq),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "mapping": lambda value: isinstance(value, Mapping),
    "none": lambda value: value is None,
    "number": lambda value: isinstance(value, int | float),
    "odd": lambda value: number(value) % 2 == 1,
    "sequence": lambda value: isinstance(value, str | Sequence | Mapping),
    "string": lambda value: isinstance(value, str),
    "true": lambda value: value is True,
    "undefined": lambda value: False,
}
