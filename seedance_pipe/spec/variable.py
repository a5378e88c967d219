"""Variables: names that templates use, whose own text may use other names.

A scope is what one shot sees: the story's variables, those of its defaults and its own, the nearer winning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from seedance_pipe.spec.diagnostic import TemplateProblem
from seedance_pipe.spec.problems import Problems
from seedance_pipe.spec.source import MappingNode, Node, ScalarNode, SequenceNode
from seedance_pipe.spec.template import Template, unknown_variable

Nodes = Mapping[str, Node]

MOST_RENDERED = 32 << 20
"""Characters that all templates of a story may come to together: a small file can ask for far more."""


class Library:
    """The templates of one story: each text is read once, and each problem of a text told once."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self._known: dict[str, Template | TemplateProblem] = {}
        self._room = MOST_RENDERED

    def template(self, node: ScalarNode) -> Template | None:
        """The template that a text is; None when it is none, which is then told."""
        text = str(node.value)
        if text not in self._known:
            try:
                self._known[text] = Template.parse(text)
            except TemplateProblem as problem:
                self._known[text] = problem
        known = self._known[text]
        if isinstance(known, TemplateProblem):
            self.tell(node, known)
            return None
        return known

    def render(self, node: ScalarNode, template: Template, values: Mapping[str, Any]) -> str | None:
        """The text of a template; None when something in it is wrong, which is then told."""
        if self._room < 0:
            return None
        try:
            text = template.render(values)
        except TemplateProblem as problem:
            self.tell(node, problem)
            return None
        self._room -= len(text)
        if self._room < 0:
            limit = f"{MOST_RENDERED >> 20} Mi characters"
            self.problems.error(
                node.place, f"the story's texts come to more than {limit} once their variables stand in"
            )
            return None
        return text

    def tell(self, node: ScalarNode, problem: TemplateProblem) -> None:
        self.problems.error(node.place_of(problem.index, problem.width), problem.message)

    def check_names(self, nodes: Iterable[Node], declared: frozenset[str]) -> None:
        """Tell every name in the texts of `nodes` that no variable of the whole story has."""
        for node in nodes:
            for text in texts(node):
                template = self.template(text)
                if template is None:
                    continue
                for name in template.free:
                    if name in template.required and name not in declared:
                        self.tell(text, unknown_variable(name, template.free[name], sorted(declared)))


class Scope:
    """The variables of one shot, rendered when they are first needed. `where` names the shot in messages."""

    def __init__(self, nodes: Nodes, library: Library, where: str, *, declared: frozenset[str]) -> None:
        self._nodes = nodes
        self._library = library
        self._where = where
        self._declared = declared
        self._values: dict[str, Any] = {}
        self._broken: set[str] = set()

    def seen_by(self, where: str) -> Scope:
        """The same scope for a shot without variables of its own: what one shot has rendered serves all."""
        scope = Scope(self._nodes, self._library, where, declared=self._declared)
        scope._values, scope._broken = self._values, self._broken
        return scope

    def text(self, node: ScalarNode) -> str | None:
        """The text with its variables filled in; None when something in it is wrong, which is then told."""
        template = self._library.template(node)
        for name in template.free if template else ():
            if name in self._nodes:
                self._settle(name)
        return self._filled(node, template) if template else None

    def check_cycles(self, names: Iterable[str]) -> None:
        """Tell the variables among `names`, and those that they lead to, that use themselves."""
        order, cycles = _sorted_out(names, self._uses)
        for cycle in cycles:
            self._broken.update(cycle)
            first = cycle.index(min(cycle))
            turned = (*cycle[first:], *cycle[:first])
            chain = " -> ".join((*turned, turned[0]))
            self._library.problems.error(
                self._nodes[turned[0]].place, f"variable '{turned[0]}' uses itself: {chain}"
            )
        for name in order:
            if any(used in self._broken for used in self._uses(name)):
                self._broken.add(name)

    def _filled(self, node: ScalarNode, template: Template) -> str | None:
        """The template with the values of its variables, which are settled."""
        missing = [name for name in template.required if name not in self._nodes]
        for name in missing:
            if name in self._declared:
                place = node.place_of(template.free[name], len(name))
                self._library.problems.error(place, f"variable '{name}' is not declared for {self._where}")
        if missing or not self._broken.isdisjoint(template.free):
            return None
        values = {name: self._values[name] for name in template.free if name in self._values}
        return self._library.render(node, template, values)

    def _settle(self, name: str) -> None:
        """Render a variable after all that it uses, which have a value then or are broken."""
        if name in self._values or name in self._broken:
            return
        order, cycles = _sorted_out([name], self._unsettled)
        self._broken.update(*cycles)
        for each in order:
            if each in self._broken:
                continue
            value = self._value(self._nodes[each])
            if value is _WRONG:
                self._broken.add(each)
            else:
                self._values[each] = value

    def _value(self, node: Node) -> Any:
        if isinstance(node, MappingNode):
            entries = {str(key.value): self._value(item) for key, item in node.entries}
            return _WRONG if any(value is _WRONG for value in entries.values()) else entries
        if isinstance(node, SequenceNode):
            items = [self._value(item) for item in node.items]
            return _WRONG if any(value is _WRONG for value in items) else items
        if not isinstance(node.value, str):
            return node.value
        template = self._library.template(node)
        text = self._filled(node, template) if template else None
        return _WRONG if text is None else text

    def _unsettled(self, name: str) -> Iterator[str]:
        return (used for used in self._uses(name) if used not in self._values and used not in self._broken)

    def _uses(self, name: str) -> Iterator[str]:
        for text in texts(self._nodes[name]):
            template = self._library.template(text)
            yield from (used for used in (template.free if template else ()) if used in self._nodes)


_WRONG = object()


def texts(node: Node) -> Iterator[ScalarNode]:
    """Every text in a value, at any depth."""
    if isinstance(node, MappingNode):
        for _, item in node.entries:
            yield from texts(item)
    elif isinstance(node, SequenceNode):
        for item in node.items:
            yield from texts(item)
    elif isinstance(node.value, str):
        yield node


def _sorted_out(
    names: Iterable[str], uses: Callable[[str], Iterator[str]]
) -> tuple[list[str], list[tuple[str, ...]]]:
    """`names` and all that they lead to, used ones first; and the cycles among them. Walks without recursion."""
    order: list[str] = []
    cycles: list[tuple[str, ...]] = []
    done: set[str] = set()
    for start in names:
        if start in done:
            continue
        path = [(start, uses(start))]
        trail = {start: 0}
        while path:
            name, rest = path[-1]
            following = next(rest, None)
            if following is None:
                path.pop()
                del trail[name]
                done.add(name)
                order.append(name)
            elif following in trail:
                cycles.append(tuple(one for one, _ in path[trail[following] :]))
            elif following not in done:
                trail[following] = len(path)
                path.append((following, uses(following)))
    return order, cycles
