"""Nodes: the values of a YAML file, each of which knows where it stands in that file.

Places are worked out only when someone asks, so a file without problems pays nothing for them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate, islice
from typing import TypeAlias

from seedance_pipe.spec.alignment import spans
from seedance_pipe.spec.diagnostic import Place

CHARACTERS_PER_NODE = 100

Plain: TypeAlias = None | bool | int | float | str


class Page:
    """The text of one file, `file` as messages name it; line breaks are all `\\n`."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text

    @cached_property
    def lines(self) -> tuple[str, ...]:
        return tuple(self.text.split("\n"))

    @cached_property
    def _starts(self) -> list[int]:
        return list(accumulate((len(line) + 1 for line in self.lines), initial=0))

    def place(self, start: int, stop: int) -> Place:
        """The place of the characters from `start` up to `stop`, as far as they stand on the first line."""
        start = min(start, len(self.text))
        line = bisect_right(self._starts, start) - 1
        column = start - self._starts[line]
        stop = min(stop, self._starts[line] + len(self.lines[line].rstrip()))
        return Place(self.file, line + 1, column + 1, max(1, stop - start))


@dataclass(frozen=True, slots=True, eq=False)
class ScalarNode:
    """One plain value. `start` and `stop` are character offsets in the page, quotes and headers included."""

    value: Plain
    page: Page = field(repr=False)
    start: int
    stop: int

    @property
    def place(self) -> Place:
        return self.page.place(self.start, self.stop)

    @property
    def written(self) -> str:
        """The value as the file writes it, with its quotes."""
        return self.page.text[self.start : self.stop]

    def place_of(self, index: int, width: int = 1) -> Place:
        """The place in the file of `width` characters of the value, from character `index` on.

        An index at or past the end of the value is the place right behind its last character.
        """
        value = self.value if isinstance(self.value, str) else self.written
        first, last = self.start, self.start
        wanted = islice(spans(self.page.text, self.start, self.stop, value), index + max(1, width))
        for count, (begin, end) in enumerate(wanted):
            first, last = (begin if count <= index else first), end
        behind = index >= len(value)
        return self.page.place(last, last + 1) if behind else self.page.place(first, last)


@dataclass(frozen=True, slots=True, eq=False)
class SequenceNode:
    items: tuple[Node, ...]
    page: Page = field(repr=False)
    start: int

    @property
    def place(self) -> Place:
        return self.page.place(self.start, self.start + 1)


@dataclass(frozen=True, slots=True, eq=False)
class MappingNode:
    """`index` maps the text of each key to the key's node and its value; merge keys are already applied."""

    index: Mapping[str, tuple[ScalarNode, Node]]
    page: Page = field(repr=False)
    start: int

    @property
    def place(self) -> Place:
        return self.page.place(self.start, self.start + 1)

    @property
    def entries(self) -> tuple[tuple[ScalarNode, Node], ...]:
        return tuple(self.index.values())

    def get(self, key: str) -> Node | None:
        entry = self.index.get(key)
        return entry[1] if entry else None

    def key(self, key: str) -> ScalarNode | None:
        entry = self.index.get(key)
        return entry[0] if entry else None


Node: TypeAlias = ScalarNode | SequenceNode | MappingNode


def weight(node: Node) -> int:
    """What a value takes to hold: one for each node in it, and one more for each 100 characters of a text."""
    if isinstance(node, MappingNode):
        return 1 + sum(weight(key) + weight(item) for key, item in node.entries)
    if isinstance(node, SequenceNode):
        return 1 + sum(map(weight, node.items))
    return 1 + (len(node.value) // CHARACTERS_PER_NODE if isinstance(node.value, str) else 0)
