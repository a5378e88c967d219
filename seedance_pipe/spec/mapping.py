"""Mappings: keys are text and stand once; `<<` merges other mappings, over which explicit keys win."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from seedance_pipe.spec.diagnostic import Place
from seedance_pipe.spec.node import MappingNode, Node, ScalarNode, SequenceNode

Index: TypeAlias = dict[str, tuple[ScalarNode, Node]]
Tell: TypeAlias = Callable[[Place, str], None]

_MERGE = "<<"


def index_of(parts: Iterable[Node], tell: Tell) -> Index:
    """The entries by key; `parts` are keys and values in turn. What is wrong is told and left out."""
    index: Index = {}
    merge: Node | None = None
    one_by_one = iter(parts)
    for key, value in zip(one_by_one, one_by_one, strict=True):
        if not isinstance(key, ScalarNode) or not isinstance(key.value, str):
            tell(key.place, _not_text(key))
        elif key.value in index:
            tell(key.place, f"the key '{key.value}' stands here and at {index[key.value][0].place}; keep one")
        else:
            index[key.value] = key, value
            merge = value if key.value == _MERGE and key.written == _MERGE else merge
    if merge is not None:
        del index[_MERGE]
        _merge(index, merge, tell)
    return index


def _not_text(key: Node) -> str:
    if isinstance(key, ScalarNode) and key.value is not None:
        return f'a key must be text; put it in quotes: "{key.written}"'
    if key.page.text.startswith("{{", key.start - 1):
        return "a key must be text; put text that begins with '{{' in quotes"
    return "a key must be text"


def _merge(index: Index, merge: Node, tell: Tell) -> None:
    for mapping in _mappings(merge, tell):
        for name, entry in mapping.index.items():
            index.setdefault(name, entry)


def _mappings(merge: Node, tell: Tell) -> Iterator[MappingNode]:
    for node in merge.items if isinstance(merge, SequenceNode) else (merge,):
        if isinstance(node, MappingNode):
            yield node
        else:
            tell(node.place, "'<<' takes a mapping, or a list of mappings, most often as an alias")
