"""Templates: texts with holes for variables, in a small and harmless part of Jinja's language.

Jinja reads a template, but its compiler is never used: the tree is checked against a whitelist (`names`) and
walked step by step within budgets (`rendering`, `evaluation`), so that a template is data and no program.
Texts whose holes only name variables, which most are, need no Jinja at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from seedance_pipe.spec.diagnostic import TemplateProblem, meant
from seedance_pipe.spec.output import LONGEST, Output, Tally, Unfit, Value, size, text_of

if TYPE_CHECKING:
    from jinja2 import nodes

__all__ = ["Template", "TemplateProblem", "Value", "unknown_variable"]

_MARK = re.compile(r"\{[{%#]")
_HOLE = re.compile(r"\{\{[ \t\n]*([A-Za-z_][A-Za-z0-9_]*)[ \t\n]*\}\}")
_WORDS_OF_THE_LANGUAGE = frozenset(
    ("true", "True", "false", "False", "none", "None", "and", "or", "not", "if", "else", "elif", "in", "is", "for")
)


@dataclass(frozen=True, slots=True)
class _Hole:
    """`{{ name }}` at `start` up to `stop`; the name is at `at`."""

    name: str
    at: int
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Template:
    """A template that has been read and found harmless.

    `free` maps each variable that it may ask for to the index of its first use; `required` are those that it
    uses without asking by `is defined` or `default` whether they are there. `tokens` are those that Jinja had to
    read.
    """

    text: str
    free: Mapping[str, int]
    required: frozenset[str]
    tokens: int = 0
    _holes: tuple[_Hole, ...] = ()
    _tree: nodes.Template | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, text: str) -> Template:
        """Raises TemplateProblem for what is no template, is not offered, or is longer than 64 KiB."""
        if size(text) > LONGEST:
            raise TemplateProblem(f"a template has at most {LONGEST} bytes", 0)
        if not _MARK.search(text):
            return cls(text, {}, frozenset())
        holes = _plain_holes(text)
        if holes is not None:
            free: dict[str, int] = {}
            for hole in holes:
                free.setdefault(hole.name, hole.at)
            return cls(text, free, frozenset(free), _holes=holes)
        return cls._parse_tree(text)

    @classmethod
    def _parse_tree(cls, text: str) -> Template:
        # Imported here because Jinja takes longer to import than a story without it takes to read.
        from seedance_pipe.spec import jinja, names

        tree, tokens = jinja.parse(text)
        used = names.check(tree, text)
        return cls(text, used.free, used.required, tokens, _tree=tree)

    def render(self, values: Mapping[str, Value], tally: Tally | None = None) -> str:
        """The text with its holes filled; its steps are added to `tally`. Raises TemplateProblem, among others for
        a variable without a value.
        """
        if self._tree is None:
            return self._fill(values) if self._holes else self.text
        from seedance_pipe.spec import rendering

        return rendering.render(self._tree, values, tally or Tally())

    def _fill(self, values: Mapping[str, Value]) -> str:
        output = Output()
        behind = 0
        for hole in self._holes:
            if hole.name not in values:
                raise unknown_variable(hole.name, hole.at, values)
            try:
                output.add(self.text[behind : hole.start])
                output.add(text_of(values[hole.name]))
            except Unfit as unfit:
                raise TemplateProblem(str(unfit), hole.at, len(hole.name)) from None
            behind = hole.stop
        try:
            output.add(self.text[behind:])
        except Unfit as unfit:
            raise TemplateProblem(str(unfit), behind) from None
        return str(output)


def unknown_variable(name: str, index: int, known: Iterable[str]) -> TemplateProblem:
    """The problem of a name that no variable has, with the nearest that one has."""
    return TemplateProblem(f"unknown variable '{name}'{meant(name, known)}", index, len(name))


def _plain_holes(text: str) -> tuple[_Hole, ...] | None:
    """The holes of a text in which every hole only names a variable; None for any other template."""
    holes: list[_Hole] = []
    behind = 0
    for found in _HOLE.finditer(text):
        if found[1] in _WORDS_OF_THE_LANGUAGE or not _is_data(text, behind, found.start()):
            return None
        holes.append(_Hole(found[1], found.start(1), *found.span()))
        behind = found.end()
    return tuple(holes) if holes and _is_data(text, behind, len(text)) else None


def _is_data(text: str, start: int, stop: int) -> bool:
    """Whether no hole, tag or comment begins between two offsets, or would swallow the hole at `stop`."""
    return not _MARK.search(text, start, stop) and not text.endswith("{", start, stop)
