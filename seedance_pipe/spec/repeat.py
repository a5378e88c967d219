"""Repeating: a shot becomes several shots, a story several films, as their `foreach` or `matrix` says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from seedance_pipe.spec.layer import laid_over
from seedance_pipe.spec.node import MappingNode, Node, ScalarNode, SequenceNode
from seedance_pipe.spec.problems import Problems
from seedance_pipe.spec.product import MOST, REPEATS, Combination, combinations
from seedance_pipe.spec.schema import Checker
from seedance_pipe.spec.syntax import Grammar, plain

MOST_FILMS = 100
"""Films that one story may be."""

_OWN = frozenset({"id", "vars", "params", *REPEATS})
"""Keys of a shot that no axis sets."""


def films(root: MappingNode, problems: Problems, grammar: Grammar) -> dict[str, MappingNode]:
    """The story of each film that `root` asks for, by the film's name; of a plain story one, called "".

    Each value of an axis is a variable. Where the axis is called as a key of defaults, or is the model, it is that
    too.
    """
    made = combinations(root, "the story", problems) if _right(root, grammar.story) else ()
    if len(made) > MOST_FILMS:
        key = next(root.index[name][0] for name in REPEATS if name in root.index)
        problems.error(key.place, f"{key.value} makes {len(made)} films; a story is at most {MOST_FILMS}")
    if not made:
        return {"": root}
    bare = _without(root, REPEATS)
    return {one.name: laid_over(bare, _layer(root, one, grammar)) for one in made[:MOST_FILMS]}


def axes_of(root: MappingNode) -> frozenset[str]:
    """The names that the films of a story differ in."""
    given = (root.get(name) for name in REPEATS)
    return frozenset(name for node in given if isinstance(node, MappingNode) for name in node.index)


def shots(node: SequenceNode, problems: Problems, grammar: Grammar) -> SequenceNode:
    """The list with each shot that repeats itself written out, called by its id and the values' names."""
    items: list[Node] = []
    for shot in node.items:
        items += _copies(shot, problems, grammar) if isinstance(shot, MappingNode) else [shot]
        if len(items) > max(MOST, len(node.items)):
            problems.error(shot.place, f"with its repetitions the story has more than {MOST} shots")
            return node
    return SequenceNode(tuple(items), node.page, node.start)


def _copies(shot: MappingNode, problems: Problems, grammar: Grammar) -> Iterator[MappingNode]:
    id_ = shot.get("id")
    made: tuple[Combination, ...] = ()
    if isinstance(id_, ScalarNode) and _right(shot, grammar.shot):
        made = combinations(shot, f"shot '{id_.value}'", problems)
        bare = _without(shot, REPEATS)
        yield from (_copy(bare, id_, one, problems, grammar) for one in made)
    if not made:
        # What is wrong with the repetition itself is told with the other keys of the shot.
        yield shot


def _copy(
    shot: MappingNode, id_: ScalarNode, one: Combination, problems: Problems, grammar: Grammar
) -> MappingNode:
    own = shot.get("vars")
    declared = own.index if isinstance(own, MappingNode) else {}
    keys = {name: entry for name, entry in one.values.items() if name in grammar.shot.properties.keys() - _OWN}
    for there, where in ((declared, f"vars of shot '{id_.value}'"), (shot.index, f"shot '{id_.value}'")):
        for name in one.values.keys() & there.keys() - _OWN:
            line = one.values[name][0].place.line
            told = f"'{name}' stands in {where}, which line {line} repeats for each {name}; keep one"
            problems.error(there[name][0].place, told)
    named = ScalarNode(f"{id_.value}-{one.name}", id_.page, id_.start, id_.stop)
    values = MappingNode({**one.values, **declared}, shot.page, shot.start)
    index = {**shot.index, **keys, "id": (shot.index["id"][0], named), "vars": (_key("vars", shot), values)}
    return MappingNode(index, shot.page, shot.start)


def _layer(root: MappingNode, one: Combination, grammar: Grammar) -> MappingNode:
    """What one film's values say, as a part of the story."""
    keys = {name: entry for name, entry in one.values.items() if name in grammar.defaults.properties.keys() - _OWN}
    index = {
        "vars": (_key("vars", root), MappingNode(one.values, root.page, root.start)),
        "defaults": (_key("defaults", root), MappingNode(keys, root.page, root.start)),
    }
    model = {"model": one.values["model"]} if "model" in one.values else {}
    return MappingNode({**index, **model}, root.page, root.start)


def _key(name: str, where: MappingNode) -> ScalarNode:
    return ScalarNode(name, where.page, where.start, where.start + 1)


def _right(node: MappingNode, checker: Checker) -> bool:
    """Whether what the repetitions of `node` say is in the story's format."""
    return not any(checker.faults(name, plain(node.index[name][1])) for name in REPEATS if name in node.index)


def _without(node: MappingNode, names: tuple[str, ...]) -> MappingNode:
    index: Mapping[str, tuple[ScalarNode, Node]] = {
        name: entry for name, entry in node.index.items() if name not in names
    }
    return MappingNode(index, node.page, node.start)
