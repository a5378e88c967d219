"""Evaluation: the expressions of a checked template, node by node; every step and every text is counted.

Nothing of Python can be reached from here: values are plain data, an attribute is a key of a mapping, and
there is no call but `range`. That is why a count of steps and a bound on texts are all that safety takes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any

from jinja2 import nodes

from seedance_pipe.spec.diagnostic import TemplateProblem, meant
from seedance_pipe.spec.filters import FILTERS, Absent, number
from seedance_pipe.spec.jinja import start_of
from seedance_pipe.spec.operators import ARITHMETIC, COMPARISON
from seedance_pipe.spec.output import Output, Unfit, Value, text_of
from seedance_pipe.spec.parts import numbers, part, stretch
from seedance_pipe.spec.questions import QUESTIONS

MOST_STEPS = 50_000
"""Nodes visited, turns of loops, items looked at, and each 256 characters worked on."""

_CHARACTERS_PER_STEP = 256


_NOTHING = object()


class Undefined(TemplateProblem):
    """There is no such value: an error, unless `default` or `is defined` has asked. `word` is what was asked for
    among `choices`; the nearest is looked for only when somebody is told.
    """

    def __init__(
        self, message: str, index: int, width: int = 1, *, word: str = "", choices: Iterable[str] = ()
    ) -> None:
        super().__init__(message, index, width)
        self._word = word
        self._choices = choices

    def with_help(self) -> TemplateProblem:
        return TemplateProblem(self.message + meant(self._word, self._choices), self.index, self.width)


class Evaluation:
    """The expressions of one rendering. `scopes` are the names that the template itself has set, the innermost
    last; how many steps are left is counted down over the whole rendering.
    """

    def __init__(self, values: Mapping[str, Value]) -> None:
        self.scopes: list[dict[str, Value]] = [{}]
        self._values = values
        self._left = MOST_STEPS

    @property
    def steps(self) -> int:
        return MOST_STEPS - self._left

    def spend(self, steps: int, index: int) -> None:
        """Raises TemplateProblem when no steps are left."""
        self._left -= steps
        if self._left < 0:
            raise TemplateProblem(f"the template takes more than {MOST_STEPS} steps", index)

    @contextmanager
    def at(self, index: int, width: int = 1) -> Iterator[None]:
        """Gives what does not fit its place in the template."""
        try:
            yield
        except Absent as absent:
            raise Undefined(str(absent), index, width, word=absent.word, choices=absent.choices) from None
        except Unfit as unfit:
            raise TemplateProblem(str(unfit), index, width) from None

    def value(self, node: nodes.Node | None) -> Value:
        assert node is not None, "only a filter block, which is no tag of ours, has no operand"
        self.spend(1, node.lineno)
        return _EXPRESSIONS[type(node)](self, node)

    def _weighed(self, value: Value, index: int) -> Value:
        """The value; what it takes to look at all of it is spent."""
        if isinstance(value, str):
            self.spend(len(value) // _CHARACTERS_PER_STEP, index)
        elif isinstance(value, Sequence | Mapping):
            self.spend(len(value), index)
            for item in value:
                if isinstance(item, str):
                    self.spend(len(item) // _CHARACTERS_PER_STEP, index)
        return value

    def _const(self, node: nodes.Const) -> Value:
        value: Value = node.value
        if isinstance(value, int | float):
            with self.at(node.lineno):
                return number(value)
        return value

    def _name(self, node: nodes.Name) -> Value:
        for scope in reversed(self.scopes):
            if node.name in scope:
                return scope[node.name]
        if node.name in self._values:
            return self._values[node.name]
        known = chain(self._values, *self.scopes)
        raise Undefined(
            f"unknown variable '{node.name}'", node.lineno, len(node.name), word=node.name, choices=known
        )

    def _list(self, node: nodes.List | nodes.Tuple) -> Value:
        return [self._item(item) for item in node.items]

    def _dict(self, node: nodes.Dict) -> Value:
        found: dict[str, Value] = {}
        for pair in node.items:
            key = self.value(pair.key)
            if not isinstance(key, str):
                raise TemplateProblem("a key must be text", start_of(pair.key))
            found[key] = self._item(pair.value)
        return found

    def _item(self, node: nodes.Expr) -> Value:
        """An item of a list that the template writes. Were it a list from elsewhere, lists could share lists,
        and a short template could stand for more items than memory holds.
        """
        try:
            value: Value = self.value(node)
        except Undefined as missing:
            # The list itself would be there, so no `is defined` around it can excuse this.
            raise missing.with_help() from None
        written_here = isinstance(node, nodes.List | nodes.Tuple | nodes.Dict)
        if isinstance(value, Sequence | Mapping) and not isinstance(value, str) and not written_here:
            raise TemplateProblem("a list cannot be put into another by its name", start_of(node))
        return value

    def _attribute(self, node: nodes.Getattr) -> Value:
        container = self.value(node.node)
        with self.at(node.lineno + 1, len(node.attr)):
            return part(container, node.attr)

    def _item_of(self, node: nodes.Getitem) -> Value:
        container = self.value(node.node)
        if isinstance(node.arg, nodes.Slice):
            return self._stretch(node, container, node.arg)
        key = self.value(node.arg)
        with self.at(node.lineno):
            return part(container, key)

    def _stretch(self, node: nodes.Getitem, container: Value, asked: nodes.Slice) -> Value:
        bounds = [None if each is None else self.value(each) for each in (asked.start, asked.stop, asked.step)]
        self._weighed(container, node.lineno)
        with self.at(node.lineno):
            return stretch(container, *bounds)

    def _arithmetic(self, node: nodes.BinExpr) -> Value:
        left, right = self.value(node.left), self.value(node.right)
        with self.at(start_of(node)):
            return self._weighed(ARITHMETIC[type(node).__name__](left, right), node.lineno)

    def _sign(self, node: nodes.Neg | nodes.Pos) -> Value:
        value = self.value(node.node)
        with self.at(node.lineno):
            return number(-number(value) if isinstance(node, nodes.Neg) else number(value))

    def _concat(self, node: nodes.Concat) -> Value:
        joined = Output()
        for each in node.nodes:
            value = self.value(each)
            with self.at(start_of(each)):
                joined.add(text_of(value))
        return self._weighed(str(joined), node.lineno)

    def _compare(self, node: nodes.Compare) -> Value:
        left = self._weighed(self.value(node.expr), node.lineno)
        for operand in node.ops:
            right = self._weighed(self.value(operand.expr), node.lineno)
            with self.at(start_of(node)):
                if not COMPARISON[operand.op](left, right):
                    return False
            left = right
        return True

    def _both(self, node: nodes.And | nodes.Or) -> Value:
        left = self.value(node.left)
        decided = bool(left) is isinstance(node, nodes.Or)
        return left if decided else self.value(node.right)

    def _not(self, node: nodes.Not) -> Value:
        return not self.value(node.node)

    def _choice(self, node: nodes.CondExpr) -> Value:
        if self.value(node.test):
            return self.value(node.expr1)
        if node.expr2 is None:
            raise Undefined("the condition does not hold, and there is no 'else'", start_of(node))
        return self.value(node.expr2)

    def _call(self, node: nodes.Call) -> Value:
        bounds = [self.value(argument) for argument in node.args]
        with self.at(start_of(node), len("range")):
            return numbers(bounds)

    def _filter(self, node: nodes.Filter) -> Value:
        arguments, named = self._arguments(node)
        operand = self._maybe(node.node) if node.name in ("default", "d") else self.value(node.node)
        if operand is _NOTHING:
            return arguments[0] if arguments else named.get("default_value", "")
        value = self._weighed(operand, node.lineno)
        with self.at(node.lineno, len(node.name)):
            return self._weighed(FILTERS[node.name](value, *arguments, **named), node.lineno)

    def _test(self, node: nodes.Test) -> Value:
        if node.name in ("defined", "undefined"):
            return (self._maybe(node.node) is _NOTHING) is (node.name == "undefined")
        arguments, named = self._arguments(node)
        value = self._weighed(self.value(node.node), node.lineno)
        with self.at(start_of(node)):
            return QUESTIONS[node.name](value, *arguments, **named)

    def _arguments(self, node: nodes.Filter | nodes.Test) -> tuple[list[Value], dict[str, Value]]:
        """What a filter or a test is given, by place and by name."""
        by_place = [self._weighed(self.value(each), node.lineno) for each in node.args]
        by_name = {str(each.key): self._weighed(self.value(each.value), node.lineno) for each in node.kwargs}
        return by_place, by_name

    def _maybe(self, node: nodes.Node | None) -> Any:
        """A value, or _NOTHING when there is none."""
        try:
            return self.value(node)
        except Undefined:
            return _NOTHING


_EXPRESSIONS: Mapping[type[nodes.Node], Callable[[Evaluation, Any], Value]] = {
    nodes.Const: Evaluation._const,
    nodes.Name: Evaluation._name,
    nodes.List: Evaluation._list,
    nodes.Tuple: Evaluation._list,
    nodes.Dict: Evaluation._dict,
    nodes.Getattr: Evaluation._attribute,
    nodes.Getitem: Evaluation._item_of,
    nodes.Neg: Evaluation._sign,
    nodes.Pos: Evaluation._sign,
    nodes.Concat: Evaluation._concat,
    nodes.Compare: Evaluation._compare,
    nodes.And: Evaluation._both,
    nodes.Or: Evaluation._both,
    nodes.Not: Evaluation._not,
    nodes.CondExpr: Evaluation._choice,
    nodes.Call: Evaluation._call,
    nodes.Filter: Evaluation._filter,
    nodes.Test: Evaluation._test,
    **{getattr(nodes, name): Evaluation._arithmetic for name in ARITHMETIC},
}
