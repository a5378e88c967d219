"""Parts: what `value.key`, `value[1]`, `value[:3]` and `range(…)` give in a template.

They raise Absent for a part that is not there, and Unfit for a value that has no such parts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from seedance_pipe.spec.filters import Absent
from seedance_pipe.spec.output import Unfit, Value

LONGEST_RANGE = 1_000


def part(container: Value, key: Value) -> Value:
    """A mapping's value by its key, or an item or character by its number from 0, or from -1 backwards."""
    if isinstance(container, Mapping) and isinstance(key, str):
        if key in container:
            return container[key]
        raise Absent(f"there is no '{key}' here", word=key, choices=container)
    if isinstance(container, Sequence) and isinstance(key, int):
        if -len(container) <= key < len(container):
            return container[key]
        raise Absent(f"there is no item {key} here; there are {len(container)}")
    raise Absent("this value has no such part")


def stretch(container: Value, start: Value, stop: Value, step: Value) -> Value:
    """Items or characters from `start` to before `stop`, every `step`; None is the end, or a step of 1."""
    if not isinstance(container, Sequence):
        raise Unfit("only a text or a list has such a part")
    if step == 0:
        raise Unfit("the step from one item to the next cannot be 0")
    return container[slice(_bound(start), _bound(stop), _bound(step))]


def _bound(value: Value) -> int | None:
    if value is None or isinstance(value, int):
        return value
    raise Unfit("a part goes from one integer to another")


def numbers(bounds: Sequence[Value]) -> Value:
    """What `range` gives: at most 1000 integers."""
    whole = [bound for bound in bounds if isinstance(bound, int)]
    if len(whole) < len(bounds) or whole[2:] == [0]:
        raise Unfit("range takes integers, and a step that is not 0")
    found = range(*whole)
    if found[LONGEST_RANGE:]:
        raise Unfit(f"a range has at most {LONGEST_RANGE} numbers")
    return list(found)
