"""Operators: what the signs of a template do to two values; they raise Unfit for what they cannot work on."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from seedance_pipe.spec.filters import number
from seedance_pipe.spec.output import Unfit, Value, checked
from seedance_pipe.spec.questions import equal, within


def _arithmetic(act: Callable[[Any, Any], Any]) -> Callable[[Value, Value], Value]:
    def acted(left: Value, right: Value) -> Value:
        try:
            return number(act(number(left), number(right)))
        except ZeroDivisionError:
            raise Unfit("this divides by zero") from None

    return acted


def _add(left: Value, right: Value) -> Value:
    if isinstance(left, str) and isinstance(right, str):
        return checked(left + right)
    if isinstance(left, str) or isinstance(right, str):
        raise Unfit("'+' adds two numbers or two texts; '~' puts anything together")
    return _plus(left, right)


_plus = _arithmetic(operator.add)

ARITHMETIC: Mapping[str, Callable[[Value, Value], Value]] = {
    "Add": _add,
    "Sub": _arithmetic(operator.sub),
    "Mul": _arithmetic(operator.mul),
    "Div": _arithmetic(operator.truediv),
    "FloorDiv": _arithmetic(operator.floordiv),
    "Mod": _arithmetic(operator.mod),
}
"""By the names of Jinja's nodes."""


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Value, Value], bool]:
    def compared(left: Value, right: Value) -> bool:
        if isinstance(left, str) and isinstance(right, str):
            return compare(left, right)
        return compare(number(left), number(right))

    return compared


COMPARISON: Mapping[str, Callable[[Value, Value], bool]] = {
    "eq": equal,
    "ne": lambda left, right: not equal(left, right),
    "lt": _ordered(operator.lt),
    "lteq": _ordered(operator.le),
    "gt": _ordered(operator.gt),
    "gteq": _ordered(operator.ge),
    "in": within,
    "notin": lambda left, right: not within(left, right),
}
"""By the names of Jinja's comparisons."""
