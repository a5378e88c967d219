"""Composition: the events of one YAML document become nodes, without recursion and within budgets.

Aliases share nodes, so what they would weigh written out is counted: a few lines of them can stand for more
than any memory holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import yaml

from seedance_pipe.spec import character
from seedance_pipe.spec.diagnostic import Place
from seedance_pipe.spec.mapping import index_of
from seedance_pipe.spec.node import CHARACTERS_PER_NODE, MappingNode, Node, Page, Plain, ScalarNode, SequenceNode
from seedance_pipe.spec.scalar import ScalarProblem, core

DEEPEST = 64
"""Mappings and lists inside each other."""

HEAVIEST = 300_000
"""Nodes of a document with every alias written out; a text counts once more for each 100 characters."""

_PROPERTIES = re.compile(r"(?:[&!]\S*|\s+|#.*)+")


class Stop(Exception):
    """The file cannot be read any further."""

    def __init__(self, place: Place, message: str) -> None:
        super().__init__(message)
        self.place = place
        self.message = message


@dataclass(slots=True)
class _Open:
    """A mapping or list whose end has not come; the parts of a mapping are keys and values in turn."""

    start: int
    anchor: str | None
    weight_before: int
    parts: list[Node] = field(default_factory=list)


class Composer:
    """Composes one document of `page`; `tell` takes each problem that does not end the reading.

    `whole` turns false when a value could not be found out, so that nobody judges the rest by it.
    """

    def __init__(self, page: Page, tell: Callable[[Place, str], None]) -> None:
        self.whole = True
        self._page = page
        self._tell = tell
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Node, int] | None] = {}
        self._weight = 0
        self._root: Node | None = None

    def document(self, events: Iterable[Any]) -> Node | None:
        """The root, or None for a file without a document. Raises Stop over a budget."""
        acts: dict[type, Callable[[Any], None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.AliasEvent: self._alias,
            yaml.MappingStartEvent: self._begin,
            yaml.SequenceStartEvent: self._begin,
            yaml.MappingEndEvent: self._end_mapping,
            yaml.SequenceEndEvent: self._end_sequence,
            yaml.DocumentStartEvent: self._begin_document,
        }
        for event in events:
            act = acts.get(type(event))
            if act:
                act(event)
        return self._root

    def _begin_document(self, event: Any) -> None:
        if self._root is not None:
            start = event.start_mark.index
            raise Stop(self._page.place(start, start + 3), "a second document begins here; a story file holds one")

    def _scalar(self, event: Any) -> None:
        text: str = event.value
        start, stop = event.start_mark.index, event.end_mark.index
        if event.anchor or event.tag:
            start = self._behind_properties(event, start, stop)
        value = text if event.style or event.tag else self._core(text, start, stop)
        node = ScalarNode(value, self._page, start, stop)
        if event.style == '"' and (found := character.FORBIDDEN.search(text)):
            self._tell(node.place_of(found.start()), character.refusal(found.group()))
        weight = 1 + len(text) // CHARACTERS_PER_NODE
        if event.anchor:
            self._anchors[event.anchor] = node, weight
        self._grow(weight, start)
        self._put(node)

    def _behind_properties(self, event: Any, start: int, stop: int) -> int:
        """Where a value itself begins, behind its anchor and its tag, which is refused."""
        if event.tag:
            tag = self._page.text.find("!", start)
            self._tell(self._page.place(tag, tag + 1), "a story file has no tags; leave this one out")
        found = _PROPERTIES.match(self._page.text, start, stop)
        return found.end() if found else start

    def _core(self, text: str, start: int, stop: int) -> Plain:
        try:
            return core(text)
        except ScalarProblem as problem:
            self._tell(self._page.place(start, stop), str(problem))
            return text

    def _alias(self, event: Any) -> None:
        start, name = event.start_mark.index, event.anchor
        named = self._anchors.get(name)
        if named:
            node, weight = named
            self._grow(weight, start)
            return self._put(node)
        reason = "stands inside what it names, so it has no end" if name in self._anchors else "names no anchor"
        self._tell(self._page.place(start, event.end_mark.index), f"the alias '*{name}' {reason}")
        self.whole = False
        return self._put(ScalarNode(None, self._page, start, event.end_mark.index))

    def _begin(self, event: Any) -> None:
        start = event.start_mark.index
        if len(self._open) == DEEPEST:
            reason = f"more than {DEEPEST} lists and mappings stand inside each other here"
            raise Stop(self._page.place(start, start + 1), reason)
        if event.tag:
            self._behind_properties(event, start, start)
        if event.anchor:
            self._anchors[event.anchor] = None
        self._open.append(_Open(start, event.anchor, self._weight))
        self._grow(1, start)

    def _end_sequence(self, event: Any) -> None:
        done = self._open.pop()
        self._close(done, SequenceNode(tuple(done.parts), self._page, done.start))

    def _end_mapping(self, event: Any) -> None:
        done = self._open.pop()
        self._close(done, MappingNode(index_of(done.parts, self._tell), self._page, done.start))

    def _close(self, done: _Open, node: Node) -> None:
        if done.anchor:
            self._anchors[done.anchor] = node, self._weight - done.weight_before
        self._put(node)

    def _put(self, node: Node) -> None:
        if self._open:
            self._open[-1].parts.append(node)
        else:
            self._root = node

    def _grow(self, weight: int, start: int) -> None:
        self._weight += weight
        if self._weight > HEAVIEST:
            reason = f"with its aliases written out, the file has more than {HEAVIEST} values"
            raise Stop(self._page.place(start, start + 1), reason)
