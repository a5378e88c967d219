"""The story format, held against one mapping of the file: what is right in it, and the places of what is not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from seedance_pipe import packaged
from seedance_pipe.spec.diagnostic import Place, nearest
from seedance_pipe.spec.problems import Problems
from seedance_pipe.spec.schema import Checker, Fault
from seedance_pipe.spec.source import MappingNode, Node, ScalarNode, SequenceNode
from seedance_pipe.spec.wording import Subject, sentence, unknown_key, written

_IGNORED = "x-"


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a mapping: its node, its value's node, and the value as plain data."""

    key: ScalarNode
    node: Node
    value: Any


@dataclass(frozen=True, slots=True)
class Sheet:
    """The right entries of a mapping, the names of the wrong ones, and every entry as it stands. `unsure` are the
    wrong names, and the keys that the unknown among them may stand for.
    """

    entries: Mapping[str, Entry]
    wrong: frozenset[str] = frozenset()
    every: Mapping[str, Entry] = field(default_factory=dict)
    unsure: frozenset[str] = frozenset()

    def get(self, name: str) -> Entry | None:
        return self.entries.get(name)

    def nodes(self, name: str) -> Mapping[str, Node]:
        """The entries of the mapping under `name`, right or wrong, if it is there."""
        entry = self.every.get(name)
        if entry is None or not isinstance(entry.node, MappingNode):
            return {}
        return {str(key.value): node for key, node in entry.node.entries}


EMPTY = Sheet({})


class Grammar:
    """The story schema, compiled: a checker for each kind of mapping in a story."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        parts = schema["$defs"]
        # The shots are held against their own checker one by one, so that their problems are told with their ids.
        shots = {key: value for key, value in schema["properties"]["shots"].items() if key != "items"}
        outer = {"type": "object"}
        top = {**schema["properties"], "shots": shots, "defaults": outer, "cut": outer, "budget": {}}
        self.story = Checker({**schema, "properties": top})
        self.shot = Checker(parts["shot"], parts)
        self.defaults = Checker(parts["defaults"], parts)
        self.cut = Checker(parts["cut"], parts)
        self.budget = Checker(parts["budgets"], parts)
        self.include = Checker({"properties": {"include": schema["properties"]["include"]}}, parts)
        profile = {**parts["profile"]["properties"], "defaults": outer, "cut": outer}
        self.profile = Checker({"properties": profile}, parts)
        self.amount = Checker({"properties": {"budget": parts["amount"]}})

    def home(self, name: str, stray: Checker) -> str:
        """Where a key belongs that is unknown to `stray`; empty when it belongs nowhere."""
        places = {
            "at the top": self.story,
            "under defaults": self.defaults,
            "in a shot": self.shot,
            "under cut": self.cut,
            "under budget": self.budget,
        }
        homes = [place for place, checker in places.items() if checker is not stray and name in checker.properties]
        return f"; it belongs {' or '.join(homes)}" if homes else ""


def story_grammar() -> Grammar:
    """The grammar of stories. Each reading has one of its own, for it remembers what it has seen."""
    return Grammar(json.loads((packaged.folder("schemas") / "story.schema.json").read_bytes()))


def read_sheet(node: MappingNode, checker: Checker, where: str, problems: Problems, grammar: Grammar) -> Sheet:
    """The right entries of `node`; everything else is told. At the top, keys that begin with x- are ignored."""
    entries = {str(key.value): Entry(key, value, plain(value)) for key, value in node.entries}
    if checker is grammar.story:
        entries = {name: entry for name, entry in entries.items() if not name.startswith(_IGNORED)}
    unknown = checker.unknown(entries)
    for name in unknown:
        problems.error(
            entries[name].key.place, unknown_key(name, checker.properties, where) + grammar.home(name, checker)
        )
    wrong = set(unknown)
    for name in checker.missing(entries):
        problems.error(
            node.place, f"{where} has no '{name}'" + ("; write version: 1" if name == "version" else "")
        )
    for name, entry in entries.items():
        faults = () if name in wrong else checker.faults(name, entry.value)
        for fault in faults:
            wrong.add(name)
            _tell(fault, entry, where, problems)
    right = {name: entry for name, entry in entries.items() if name not in wrong}
    near = (nearest(name, checker.properties) for name in unknown)
    return Sheet(right, frozenset(wrong), entries, frozenset((*wrong, *filter(None, near))))


def plain(node: Node) -> Any:
    """The value of a node as plain data."""
    if isinstance(node, ScalarNode):
        return node.value
    if isinstance(node, SequenceNode):
        return [plain(item) for item in node.items]
    return {str(key.value): plain(item) for key, item in node.entries}


def _tell(fault: Fault, entry: Entry, where: str, problems: Problems) -> None:
    steps = fault.path[1:]
    node, value = entry.node, entry.value
    for step in steps:
        node, value = _child(node, step), value[step]
    key = str(fault.path[0]) + written(steps)
    if fault.keyword == "propertyNames":
        told = fault.schema["x-error"]
        what = f"{told.get('of', 'variable')} '{fault.name}' in {where}"
        problems.error(_key_place(node, fault.name), f"{what}: {told['message']}")
        return
    place = _key_place(node, fault.name) if fault.keyword == "additionalProperties" else node.place
    written_so = node.written if isinstance(node, ScalarNode) else ""
    problems.error(place, sentence(fault, value, Subject(key, where, written=written_so)))


def _child(node: Node, step: str | int) -> Node:
    if isinstance(node, SequenceNode):
        return node.items[int(step)]
    return next(item for key, item in node.entries if key.value == step) if isinstance(node, MappingNode) else node


def _key_place(node: Node, name: str) -> Place:
    key = node.key(name) if isinstance(node, MappingNode) else None
    return key.place if key is not None else node.place
