"""Rendering: the tags of a checked template, carried out one after the other, and the text that they make."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jinja2 import nodes

from seedance_pipe.spec.evaluation import Evaluation, Undefined
from seedance_pipe.spec.filters import items
from seedance_pipe.spec.jinja import start_of
from seedance_pipe.spec.output import Output, Tally, Unfit, Value, text_of


def render(tree: nodes.Template, values: Mapping[str, Value], tally: Tally) -> str:
    """The text that a template makes; `names.check` must have passed it. Raises TemplateProblem."""
    rendering = _Rendering(values)
    try:
        rendering.body(tree.body)
    except Undefined as missing:
        raise missing.with_help() from None
    finally:
        tally.steps += rendering.steps
    return str(rendering.output)


class _Rendering:
    def __init__(self, values: Mapping[str, Value]) -> None:
        self.output = Output()
        self._expressions = Evaluation(values)

    @property
    def steps(self) -> int:
        return self._expressions.steps

    def body(self, body: Iterable[nodes.Node]) -> None:
        for node in body:
            self._expressions.spend(1, node.lineno)
            _STATEMENTS[type(node)](self, node)

    def _output(self, node: nodes.Output) -> None:
        for each in node.nodes:
            value = each.data if isinstance(each, nodes.TemplateData) else self._expressions.value(each)
            with self._expressions.at(start_of(each)):
                self.output.add(text_of(value))

    def _if(self, node: nodes.If) -> None:
        for branch in (node, *node.elif_):
            if self._expressions.value(branch.test):
                return self.body(branch.body)
        return self.body(node.else_)

    def _assign(self, node: nodes.Assign) -> None:
        names = self._bound(node.target, self._expressions.value(node.node))
        self._expressions.scopes[-1].update(names)

    def _for(self, node: nodes.For) -> None:
        source = self._expressions.value(node.iter)
        with self._expressions.at(start_of(node.iter)):
            turns = [self._bound(node.target, item) for item in items(source)]
        if node.test is not None:
            turns = [names for names in turns if self._passes(names, node.test)]
        for count, names in enumerate(turns):
            self._within({**names, "loop": _loop(count, len(turns))}, node.body)
        if not turns:
            self._within({}, node.else_)

    def _within(self, names: dict[str, Value], body: Iterable[nodes.Node]) -> None:
        """What is set inside a loop is forgotten after each turn."""
        self._expressions.scopes.append(names)
        self.body(body)
        self._expressions.scopes.pop()

    def _passes(self, names: dict[str, Value], test: nodes.Node) -> bool:
        self._expressions.scopes.append(names)
        passed = bool(self._expressions.value(test))
        self._expressions.scopes.pop()
        return passed

    def _bound(self, target: nodes.Node, value: Value) -> dict[str, Value]:
        """The names of a target with their values; several names take a list of as many items."""
        self._expressions.spend(1, target.lineno)
        if isinstance(target, nodes.Name):
            return {target.name: value}
        names = [each.name for each in target.find_all(nodes.Name)]
        with self._expressions.at(start_of(target)):
            parts = items(value)
            if len(parts) != len(names):
                raise Unfit(f"{len(names)} names cannot take {len(parts)} values")
        return dict(zip(names, parts, strict=True))


_STATEMENTS: Mapping[type[nodes.Node], Callable[[_Rendering, Any], None]] = {
    nodes.Output: _Rendering._output,
    nodes.If: _Rendering._if,
    nodes.For: _Rendering._for,
    nodes.Assign: _Rendering._assign,
}


def _loop(count: int, length: int) -> dict[str, Value]:
    """What `loop` tells about one turn."""
    return {
        "index": count + 1,
        "index0": count,
        "revindex": length - count,
        "revindex0": length - count - 1,
        "first": count == 0,
        "last": count == length - 1,
        "length": length,
    }
