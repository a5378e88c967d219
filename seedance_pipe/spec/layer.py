"""Layers: one part of a story laid over another, key by key. Every value goes on knowing where it stands."""

from __future__ import annotations

from seedance_pipe.document import JsonPath
from seedance_pipe.spec.node import MappingNode, SequenceNode

_BY_NAME = frozenset(
    {
        ("vars",),
        ("styles",),
        ("profiles",),
        ("defaults",),
        ("defaults", "vars"),
        ("cut",),
    }
)
_AT_ANY_DEPTH = (("characters",), ("defaults", "params"))


def laid_over(low: MappingNode, high: MappingNode, at: JsonPath = ()) -> MappingNode:
    """`low` with all that `high` says. Variables, styles, profiles, defaults and the cut are merged by name,
    characters and vendors' parameters at any depth; the shots of `high` come after those of `low`; of all else
    `high` wins. `at` is the path of both in the story.
    """
    index = dict(low.index)
    for name, (key, value) in high.index.items():
        below, path = low.get(name), (*at, name)
        if isinstance(below, MappingNode) and isinstance(value, MappingNode) and _merges(path):
            value = laid_over(below, value, path)
        elif isinstance(below, SequenceNode) and isinstance(value, SequenceNode) and path == ("shots",):
            value = SequenceNode((*below.items, *value.items), value.page, value.start)
        index[name] = key, value
    return MappingNode(index, high.page, high.start)


def _merges(path: JsonPath) -> bool:
    return path in _BY_NAME or any(path[: len(root)] == root for root in _AT_ANY_DEPTH)
