"""Variables: names that templates use, whose own text may use other names.

A scope is what one shot sees: the story's variables, those of its defaults and its own, the nearer winning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from seedance_pipe.spec.chain import ring
from seedance_pipe.spec.diagnostic import TemplateProblem
from seedance_pipe.spec.output import Tally
from seedance_pipe.spec.problems import MOST, Enough, Problems
from seedance_pipe.spec.source import MappingNode, Node, ScalarNode, SequenceNode
from seedance_pipe.spec.template import Template, unknown_variable

Nodes = Mapping[str, Node]

MOST_RENDERED = 32 << 20
"""Characters that all templates of a story may come to together: a small file can ask for far more."""

MOST_STEPS = 2_000_000
"""Steps that all templates and variables of a story may take together, over all shots that use them."""

# About as long as it takes Jinja to read a template, and each of its tokens.
_STEPS_PER_TREE, _STEPS_PER_TOKEN = 60, 4


class Library:
    """The templates of one story: each text is read once, and each problem of a text told once."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self._known: dict[str, Template | TemplateProblem] = {}
        self._uses: dict[Node, tuple[str, ...]] = {}
        self._told: set[tuple[Node, int, str]] = set()
        self._room = MOST_RENDERED
        self._tally = Tally()

    def template(self, node: ScalarNode) -> Template | None:
        """The template that a text is; None when it is none, which is then told."""
        text = str(node.value)
        if text not in self._known:
            try:
                template = self._known[text] = Template.parse(text)
                if template.tokens:
                    self.spend(_STEPS_PER_TREE + _STEPS_PER_TOKEN * template.tokens, node)
            except TemplateProblem as problem:
                self._known[text] = problem
        known = self._known[text]
        if isinstance(known, TemplateProblem):
            self.tell(node, known)
            return None
        return known

    def uses(self, node: Node) -> tuple[str, ...]:
        """The variables that the texts in a value ask for."""
        if node not in self._uses:
            templates = [template for text in texts(node) if (template := self.template(text)) is not None]
            self._uses[node] = tuple(dict.fromkeys(name for template in templates for name in template.free))
        return self._uses[node]

    def render(self, node: ScalarNode, template: Template, values: Mapping[str, Any]) -> str | None:
        """The text of a template; None when something in it is wrong, which is then told. Raises Enough."""
        try:
            text = template.render(values, self._tally)
        except TemplateProblem as problem:
            self.tell(node, problem)
            return None
        self.spend(len(values), node)
        self._room -= len(text)
        if self._room < 0:
            limit = f"{MOST_RENDERED >> 20} Mi characters"
            self._stop(node, f"the story's texts come to more than {limit} once their variables stand in")
        return text

    def spend(self, steps: int, node: Node) -> None:
        """Raises Enough, and tells it at `node`, when no steps are left."""
        self._tally.steps += steps
        if self._tally.steps > MOST_STEPS:
            self._stop(node, f"the templates of all shots together take more than {MOST_STEPS} steps")

    def _stop(self, node: Node, message: str) -> None:
        self.problems.error(node.place, message)
        raise Enough

    def tell(self, node: ScalarNode, problem: TemplateProblem) -> None:
        """Tell a problem of a text once, however many shots use the text."""
        key = (node, problem.index, problem.message)
        if key not in self._told:
            self._told.add(key)
            self.problems.error(node.place_of(problem.index, problem.width), problem.message)

    def check_names(self, nodes: Iterable[Node], declared: frozenset[str]) -> None:
        """Tell every name in the texts of `nodes` that no variable of the whole story has."""
        for node in nodes:
            for text in dict.fromkeys(texts(node)):
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
        order, cycles = _sorted_out(names, self._uses, most=MOST)
        for cycle in cycles:
            self._broken.update(cycle)
            first = cycle.index(min(cycle))
            turned = (*cycle[first:], *cycle[:first])
            self._library.problems.error(
                self._nodes[turned[0]].place, f"variable '{turned[0]}' uses itself: {ring(turned)}"
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
        order, cycles = _sorted_out([name], self._unsettled, most=MOST)
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
        self._library.spend(1, node)
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
        node = self._nodes[name]
        used = self._library.uses(node)
        self._library.spend(1 + len(used), node)
        return (name for name in used if name in self._nodes)


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
    names: Iterable[str], uses: Callable[[str], Iterator[str]], *, most: int
) -> tuple[list[str], list[tuple[str, ...]]]:
    """`names` and all that they lead to, used ones first; and at most `most` of the cycles among them. Walks
    without recursion.
    """
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
            elif following in trail and len(cycles) < most:
                cycles.append(tuple(one for one, _ in path[trail[following] :]))
            elif following not in done and following not in trail:
                trail[following] = len(path)
                path.append((following, uses(following)))
    return order, cycles
