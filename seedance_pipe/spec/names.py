"""Names: what a template may be made of, and which variables it asks for.

Everything is refused that is not listed here. A name is guarded where the template has asked before, by
`is defined` or `default`, whether a variable has it.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from jinja2 import nodes

from seedance_pipe.spec import filters, questions
from seedance_pipe.spec.diagnostic import TemplateProblem, nearest
from seedance_pipe.spec.jinja import start_of

DEEPEST = 64
"""Steps from the template down to its deepest part; a chain of operators takes one for each."""

_PLAIN_PARTS = (
    nodes.Const, nodes.List, nodes.Tuple, nodes.Dict, nodes.Pair, nodes.Compare, nodes.Operand, nodes.Slice,
    nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Neg, nodes.Pos, nodes.Not,
    nodes.Concat, nodes.Getattr, nodes.Getitem, nodes.Keyword,
)  # fmt: skip
_ASKS = ("defined", "undefined")
_DEFAULTS = ("default", "d")
_BEFORE_TEST = re.compile(r"is\s+(?:not\s+)?")

Names: TypeAlias = frozenset[str]
_NONE: Names = frozenset()


@dataclass(frozen=True, slots=True)
class Used:
    """`free` maps the names of variables to the offset of their first use that needs them, else their first."""

    free: Mapping[str, int]
    required: Names


@dataclass(frozen=True, slots=True)
class _Scope:
    """Names that the template itself has surely set, may have set, and has asked for."""

    surely: Names = _NONE
    maybe: Names = _NONE
    guarded: Names = _NONE

    def after(self, names: Names) -> _Scope:
        return replace(self, surely=self.surely | names, maybe=self.maybe | names)

    def asked(self, names: Names) -> _Scope:
        return replace(self, guarded=self.guarded | names)


def check(tree: nodes.Template, text: str) -> Used:
    """What the template `text` uses. Raises TemplateProblem for the first thing that is not offered."""
    reading = _Reading(text)
    reading.body(tree.body, _Scope(), 0)
    uses = {**reading.guarded, **reading.needed}
    return Used(dict(sorted(uses.items(), key=lambda use: use[1])), frozenset(reading.needed))


@dataclass(slots=True)
class _Reading:
    """One walk over a tree: the first use of each free name, by whether it needs the name."""

    text: str
    needed: dict[str, int] = field(default_factory=dict)
    guarded: dict[str, int] = field(default_factory=dict)

    def body(self, body: Iterable[nodes.Node], scope: _Scope, depth: int) -> _Scope:
        for node in body:
            scope = self._statement(node, scope, depth + 1)
        return scope

    def _statement(self, node: nodes.Node, scope: _Scope, depth: int) -> _Scope:
        if isinstance(node, nodes.Output):
            for part in node.nodes:
                if not isinstance(part, nodes.TemplateData):
                    self._expression(part, scope, depth)
            return scope
        if isinstance(node, nodes.If):
            return self._if(node, scope, depth)
        if isinstance(node, nodes.For):
            self._for(node, scope, depth)
            return scope
        if isinstance(node, nodes.Assign):
            self._expression(node.node, scope, depth)
            return scope.after(targets(node.target))
        raise TemplateProblem("this kind of tag is not offered; write '{% set name = value %}'", node.lineno)

    def _if(self, node: nodes.If, scope: _Scope, depth: int) -> _Scope:
        self._expression(node.test, scope, depth)
        if_true, if_false = _facts(node.test)
        ends = [self.body(node.body, scope.asked(if_true), depth)]
        otherwise = scope.asked(if_false)
        for branch in node.elif_:
            self._expression(branch.test, otherwise, depth)
            if_true, if_false = _facts(branch.test)
            ends.append(self.body(branch.body, otherwise.asked(if_true), depth))
            otherwise = otherwise.asked(if_false)
        ends.append(self.body(node.else_, otherwise, depth))
        surely = frozenset.intersection(*(end.surely for end in ends))
        return replace(scope, surely=surely, maybe=_NONE.union(*(end.maybe for end in ends)))

    def _for(self, node: nodes.For, scope: _Scope, depth: int) -> None:
        if node.recursive:
            raise TemplateProblem("a loop cannot be recursive", node.lineno)
        self._expression(node.iter, scope, depth)
        inner = scope.after(targets(node.target))
        if node.test is not None:
            self._expression(node.test, inner, depth)
        self.body(node.body, inner.after(frozenset(("loop",))), depth)
        self.body(node.else_, scope, depth)

    def _expression(self, node: nodes.Node, scope: _Scope, depth: int) -> None:
        if depth > DEEPEST:
            raise TemplateProblem("this expression is too long; set parts of it as variables", node.lineno)
        special = _SPECIAL.get(type(node))
        if special:
            special(self, node, scope, depth + 1)
        elif isinstance(node, _PLAIN_PARTS):
            self._parts(node, scope, depth + 1)
        else:
            raise TemplateProblem(_refusal(node), node.lineno)

    def _parts(self, node: nodes.Node, scope: _Scope, depth: int) -> None:
        for part in node.iter_child_nodes():
            self._expression(part, scope, depth)

    def _name(self, node: nodes.Name, scope: _Scope, depth: int) -> None:
        name = node.name
        if name in scope.surely:
            return
        guarded = name in scope.guarded or name in scope.maybe
        uses = self.guarded if guarded else self.needed
        uses[name] = min(node.lineno, uses.get(name, node.lineno))

    def _test(self, node: nodes.Test, scope: _Scope, depth: int) -> None:
        begin = _BEFORE_TEST.match(self.text, node.lineno)
        _check_use(node, questions.QUESTIONS, "test", begin.end() if begin else node.lineno)
        self._parts(node, scope.asked(_asked(node.node)) if node.name in _ASKS else scope, depth)

    def _filter(self, node: nodes.Filter, scope: _Scope, depth: int) -> None:
        _check_use(node, filters.FILTERS, "filter", node.lineno)
        operand = scope.asked(_asked(node.node)) if node.name in _DEFAULTS else scope
        self._parts(node, operand, depth)

    def _call(self, node: nodes.Call, scope: _Scope, depth: int) -> None:
        if not isinstance(node.node, nodes.Name) or node.node.name != "range":
            raise _no_call(node.node)
        if not 1 <= len(node.args) <= 3 or node.kwargs or node.dyn_args or node.dyn_kwargs:
            raise TemplateProblem(
                "range takes one to three numbers: range(stop), range(start, stop, step)", node.node.lineno, 5
            )
        for argument in node.args:
            self._expression(argument, scope, depth)

    def _choice(self, node: nodes.CondExpr, scope: _Scope, depth: int) -> None:
        self._expression(node.test, scope, depth)
        if_true, if_false = _facts(node.test)
        self._expression(node.expr1, scope.asked(if_true), depth)
        if node.expr2 is not None:
            self._expression(node.expr2, scope.asked(if_false), depth)

    def _both(self, node: nodes.And | nodes.Or, scope: _Scope, depth: int) -> None:
        self._expression(node.left, scope, depth)
        if_true, if_false = _facts(node.left)
        self._expression(node.right, scope.asked(if_true if isinstance(node, nodes.And) else if_false), depth)


_SPECIAL: dict[type[nodes.Node], Callable[[_Reading, Any, _Scope, int], None]] = {
    nodes.Name: _Reading._name,
    nodes.Test: _Reading._test,
    nodes.Filter: _Reading._filter,
    nodes.Call: _Reading._call,
    nodes.CondExpr: _Reading._choice,
    nodes.And: _Reading._both,
    nodes.Or: _Reading._both,
}


def targets(target: nodes.Node) -> Names:
    """The names that `set` or `for` gives values to."""
    found = target.items if isinstance(target, nodes.Tuple) else [target]
    names = frozenset(each.name for each in found if isinstance(each, nodes.Name))
    if len(names) < len(found):
        raise TemplateProblem("only different names can be set here", start_of(target))
    return names


def _asked(node: nodes.Node | None) -> Names:
    """The variable at the root of `a`, `a.b` or `a['b']`: what a question about these asks for."""
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        node = node.node
    return frozenset((node.name,)) if isinstance(node, nodes.Name) else _NONE


def _facts(test: nodes.Node) -> tuple[Names, Names]:
    """The names that are known to be there when a condition holds, and when it does not."""
    if isinstance(test, nodes.Test) and test.name in _ASKS:
        asked = _asked(test.node)
        return (asked, _NONE) if test.name == "defined" else (_NONE, asked)
    if isinstance(test, nodes.Not):
        if_true, if_false = _facts(test.node)
        return if_false, if_true
    if isinstance(test, nodes.And | nodes.Or):
        left, right = _facts(test.left), _facts(test.right)
        if isinstance(test, nodes.And):
            return left[0] | right[0], left[1] & right[1]
        return left[0] & right[0], left[1] | right[1]
    return _NONE, _NONE


def _check_use(
    node: nodes.Filter | nodes.Test, offered: Mapping[str, Callable[..., Any]], kind: str, index: int
) -> None:
    """A filter or test must be offered, and be given what it takes."""
    name = node.name
    if name not in offered:
        close = nearest(name, offered)
        offer = f"did you mean '{close}'?" if close else f"there are {', '.join(sorted(offered))}"
        raise TemplateProblem(f"unknown {kind} '{name}'; {offer}", index, len(name))
    signature = inspect.signature(offered[name])
    try:
        signature.bind(None, *node.args, **{str(each.key): each for each in node.kwargs})
    except TypeError:
        taken = ", ".join(str(each) for each in list(signature.parameters)[1:]) or "nothing"
        raise TemplateProblem(f"{kind} '{name}' takes {taken}", index, len(name)) from None
    if node.dyn_args or node.dyn_kwargs:
        raise TemplateProblem(f"{kind} '{name}' takes its values one by one, without '*'", index, len(name))


def _no_call(called: nodes.Node) -> TemplateProblem:
    if isinstance(called, nodes.Getattr):
        close = nearest(called.attr, filters.FILTERS)
        offer = f"; write it as a filter: '| {close}'" if close else ""
        return TemplateProblem(f"'.{called.attr}()' cannot be called{offer}", called.lineno, 1 + len(called.attr))
    if isinstance(called, nodes.Name):
        return TemplateProblem(
            f"there is no function '{called.name}'; the only one is range", called.lineno, len(called.name)
        )
    return TemplateProblem("this cannot be called", called.lineno)


def _refusal(node: nodes.Node) -> str:
    if isinstance(node, nodes.Pow):
        return "there is no '**' in a story's templates"
    return "this is not offered in a story's templates"
