"""Products: what `foreach` and `matrix` repeat, once for each value or combination of values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

from seedance_pipe.spec.diagnostic import meant
from seedance_pipe.spec.node import MappingNode, Node, ScalarNode, SequenceNode
from seedance_pipe.spec.problems import Problems
from seedance_pipe.spec.syntax import plain

MOST = 20_000
"""Shots of a story, and so combinations of one product."""

REPEATS = ("foreach", "matrix")

_EXCLUDE = "exclude"
_NAMES = ("id", "name")
_NOT_IN_IDS = re.compile(r"[^a-z0-9_]+")


@dataclass(frozen=True, slots=True)
class Combination:
    """One value for each axis. `name` is made of the values: what is repeated is called so."""

    name: str
    values: Mapping[str, tuple[ScalarNode, Node]]


def combinations(node: MappingNode, where: str, problems: Problems) -> tuple[Combination, ...]:
    """The combinations that the `foreach` or `matrix` of `node` asks for, in the order of the values, the last
    axis turning fastest. Both have been held against the format. What is wrong is told; without either there are
    none.
    """
    given = [node.index[name] for name in REPEATS if name in node.index]
    if len(given) > 1:
        problems.error(given[1][0].place, f"foreach and matrix in {where} are two ways to repeat; keep one")
        return ()
    if not given or not isinstance(given[0][1], MappingNode):
        return ()
    key, axes = given[0]
    assert isinstance(axes, MappingNode)
    values = {name: entry for name, entry in axes.index.items() if name != _EXCLUDE}
    count = prod(len(_items(items)) for _, items in values.values())
    if count > MOST:
        problems.error(key.place, f"{key.value} in {where} makes {count} combinations; at most {MOST} are made")
        return ()
    excluded = [_excluded(one, values, where, problems) for one in _items(axes.get(_EXCLUDE))]
    made = [one for one in _every(values) if not any(_fits(one, out) for out in excluded if out)]
    if not made:
        problems.error(key.place, f"{key.value} in {where}: every combination is excluded")
    seen: dict[str, Combination] = {}
    for one in made:
        if one.name in seen:
            told = f"{key.value} in {where} makes two that are called '{one.name}'"
            problems.error(key.place, f"{told}; give the values names: {{id: …, …}}")
            return ()
        seen[one.name] = one
    return tuple(made)


def _every(values: Mapping[str, tuple[ScalarNode, Node]]) -> Iterator[Combination]:
    axes = [list(enumerate(_items(items), 1)) for _, items in values.values()]
    for chosen in product(*axes):
        name = "-".join(_name(item, number) for number, item in chosen)
        items = (item for _, item in chosen)
        yield Combination(
            name, {axis: (key, item) for (axis, (key, _)), item in zip(values.items(), items, strict=True)}
        )


def _excluded(
    node: Node, values: Mapping[str, tuple[ScalarNode, Node]], where: str, problems: Problems
) -> Mapping[str, Any]:
    """What a combination must have to be left out; empty, which is then told, when none can have it."""
    wanted: dict[str, Any] = {}
    for key, item in node.entries if isinstance(node, MappingNode) else ():
        axis, value = str(key.value), plain(item)
        if axis not in values:
            problems.error(key.place, f"exclude in {where}: the matrix has no '{axis}'{meant(axis, values)}")
            return {}
        there = [plain(one) for one in _items(values[axis][1])]
        if not any(_same(value, one) for one in there):
            problems.error(item.place, f"exclude in {where}: {axis} has no such value")
            return {}
        wanted[axis] = value
    return wanted


def _fits(one: Combination, wanted: Mapping[str, Any]) -> bool:
    return all(_same(plain(one.values[axis][1]), value) for axis, value in wanted.items())


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def _items(node: Node | None) -> tuple[Node, ...]:
    return node.items if isinstance(node, SequenceNode) else ()


def _name(node: Node, number: int) -> str:
    """What a value is called in ids and file names; its number, counted from 1, when it has no name."""
    if isinstance(node, MappingNode):
        named = (node.get(name) for name in _NAMES)
        node = next((one for one in named if isinstance(one, ScalarNode)), node)
    text = "" if not isinstance(node, ScalarNode) or node.value is None else _word(node)
    return _NOT_IN_IDS.sub("-", text.lower()).strip("-") or str(number)


def _word(node: ScalarNode) -> str:
    return str(node.value).lower() if isinstance(node.value, bool) else str(node.value)
