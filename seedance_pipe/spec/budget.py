"""The budget of a story, read: an amount of dollars, or an amount for each of several currencies."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import cast

from seedance_pipe.spec.cap import CURRENCIES, Cap, Caps, exact
from seedance_pipe.spec.node import MappingNode, ScalarNode
from seedance_pipe.spec.problems import Problems
from seedance_pipe.spec.syntax import Entry, Grammar, read_sheet
from seedance_pipe.units import Money


def read_budget(entry: Entry, grammar: Grammar, problems: Problems) -> Caps:
    """The caps that the entry `budget` sets, as far as they are right; everything else is told."""
    found: dict[str, Cap] = {}
    for name, node in _amounts(entry, grammar, problems):
        # A number with decimals is taken as it is written, never as the nearest binary fraction.
        amount = exact(str(node.value) if isinstance(node.value, int) else node.written)
        if amount is None:
            problems.error(node.place, f"{name} {node.written} in the budget: an amount has at most 8 decimals")
            continue
        currency = CURRENCIES[name]
        found[currency] = Cap(Money(amount, currency), f"{node.place.file}:{node.place.line}")
    return MappingProxyType(found)


def _amounts(entry: Entry, grammar: Grammar, problems: Problems) -> Iterator[tuple[str, ScalarNode]]:
    """Each currency's short name with its number."""
    node = entry.node
    if isinstance(node, MappingNode):
        if not node.entries:
            problems.error(node.place, "the budget is empty; write for example budget: {usd: 10, credits: 200}")
        sheet = read_sheet(node, grammar.budget, "the budget", problems, grammar)
    else:
        alone = MappingNode({"budget": (entry.key, node)}, entry.key.page, entry.key.start)
        sheet = read_sheet(alone, grammar.amount, "the story", problems, grammar)
    for name, right in sheet.entries.items():
        # A number is what the format takes here, and numbers are scalars.
        yield ("usd" if name == "budget" else name), cast(ScalarNode, right.node)
