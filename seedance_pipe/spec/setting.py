"""Settings: values from the command line and from files of variables, laid over a story."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import accumulate

from seedance_pipe.spec.diagnostic import meant
from seedance_pipe.spec.layer import laid_over
from seedance_pipe.spec.node import MappingNode, Node, Page, ScalarNode, SequenceNode
from seedance_pipe.spec.problems import Problems
from seedance_pipe.spec.scalar import ScalarProblem, core
from seedance_pipe.spec.source import Source

SETTINGS = "--set"
"""What messages call the text of all settings, one in a line."""

_TOP = ("model", "title")
_MAPPINGS = ("vars", "characters", "styles", "defaults", "cut")
_QUOTES = ("'", '"')


def settings_source(settings: Sequence[str]) -> Source:
    """The settings as a file in which each is a line."""
    page = Page(SETTINGS, "\n".join(one.replace("\n", " ") for one in settings))
    ends = accumulate(len(line) + 1 for line in page.lines)
    lines = (
        ScalarNode(line, page, end - 1 - len(line), end - 1) for line, end in zip(page.lines, ends, strict=True)
    )
    return Source(SETTINGS, page.lines, SequenceNode(tuple(lines), page, 0), ())


def with_settings(root: MappingNode, source: Source, problems: Problems) -> MappingNode:
    """`root` with each line of `source` laid over it: `name=value` sets a variable, `defaults.ratio=9:16` what its
    dots lead to. A value is what it would be in a story: `5` is a number, `"5"` text.
    """
    lines = source.root.items if isinstance(source.root, SequenceNode) else ()
    for line in lines:
        assert isinstance(line, ScalarNode)
        name, equals, _ = str(line.value).partition("=")
        if not equals:
            problems.error(line.place, "a setting is name=value, such as age=12")
            continue
        key = ScalarNode(name, line.page, line.start, line.start + len(name))
        value = _value(line.page, key.stop + 1, line.stop, problems)
        path = _path(key, root, problems)
        if value is not None and path:
            root = laid_over(root, _nested(path, value, key))
    return root


def with_files(root: MappingNode, sources: Iterable[Source], problems: Problems) -> MappingNode:
    """`root` with the variables of each file laid over its own."""
    for source in sources:
        if isinstance(source.root, MappingNode):
            key = ScalarNode("vars", source.root.page, source.root.start, source.root.start)
            layer = MappingNode({"vars": (key, source.root)}, source.root.page, source.root.start)
            root = laid_over(root, layer)
        elif source.root is not None:
            problems.error(source.root.place, "a file of variables is a mapping of names to values")
    return root


def _value(page: Page, start: int, stop: int, problems: Problems) -> ScalarNode | None:
    written = page.text[start:stop]
    if len(written) > 1 and written[0] in _QUOTES and written[-1] == written[0]:
        return ScalarNode(written[1:-1], page, start, stop)
    try:
        return ScalarNode(core(written), page, start, stop)
    except ScalarProblem as problem:
        problems.error(page.place(start, stop), str(problem))
        return None


def _path(key: ScalarNode, root: MappingNode, problems: Problems) -> tuple[str, ...]:
    """Where in the story a setting belongs; empty, which is then told, when it belongs nowhere."""
    name = str(key.value)
    path = tuple(name.split("."))
    if name in _TOP or (len(path) > 1 and path[0] in _MAPPINGS and all(path)):
        return path
    declared = root.get("vars")
    known = declared.index if isinstance(declared, MappingNode) else {}
    if name in known:
        return ("vars", name)
    there = meant(name, known) or f"; what is no variable begins with {', '.join(_MAPPINGS)}, as in cut.output"
    problems.error(key.place, f"the story has no variable '{name}'{there}")
    return ()


def _nested(path: tuple[str, ...], value: Node, key: ScalarNode) -> MappingNode:
    *outer, name = path
    node = MappingNode({name: (replace(key, value=name), value)}, key.page, key.start)
    for name in reversed(outer):
        node = MappingNode({name: (replace(key, value=name), node)}, key.page, key.start)
    return node
