"""Source: the bytes of a story file become nodes with places, or diagnostics; nothing else can come of them.

libyaml's events are composed here, without recursion and within budgets of size, depth and repetition: its
own composer dies of deep nesting, and a file of a few lines can stand for more nodes than memory holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import yaml

from seedance_pipe.spec import character
from seedance_pipe.spec.compose import Composer, Stop
from seedance_pipe.spec.diagnostic import Diagnostic, Place, Severity
from seedance_pipe.spec.node import MappingNode, Node, Page, Plain, ScalarNode, SequenceNode, weight
from seedance_pipe.spec.problems import MOST
from seedance_pipe.spec.slip import plain_words

__all__ = ["MappingNode", "Node", "Plain", "ScalarNode", "SequenceNode", "Source", "read_source", "weight"]

LARGEST_FILE = 4 * 1024 * 1024
"""Bytes."""

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Source:
    """What a file says. `root` is None when that could not be found out; `problems` then says why.

    `lines` is the text without its line breaks, for showing; bytes that are not UTF-8 are replaced there.
    """

    file: str
    lines: tuple[str, ...]
    root: Node | None
    problems: tuple[Diagnostic, ...]


def read_source(data: bytes, file: str, *, loader: Any = LOADER) -> Source:
    """Reads a story file; `file` is its name in messages. `loader` gives the events (`yaml.parse`)."""
    if len(data) > LARGEST_FILE:
        message = f"the file has {len(data)} bytes; a story file has at most {LARGEST_FILE}"
        return _refused(file, "", Place(file, 1, 1), message)
    if data.startswith(_UTF16):
        return _refused(file, "", Place(file, 1, 1), "the file is UTF-16; save it as UTF-8")
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as problem:
        return _not_utf8(file, data, problem.start)
    return _read(Page(file, text.replace("\r\n", "\n")), loader)


def _refused(file: str, text: str, place: Place, message: str) -> Source:
    return Source(file, Page(file, text).lines, None, (Diagnostic(place, Severity.ERROR, message),))


def _not_utf8(file: str, data: bytes, start: int) -> Source:
    before = data[:start].decode("utf-8").replace("\r\n", "\n")
    line = before.count("\n") + 1
    column = len(before) - before.rfind("\n")
    message = f"byte {data[start]:#04x} is not UTF-8; save the file as UTF-8"
    text = data.decode("utf-8", "replace").replace("\r\n", "\n")
    return _refused(file, text, Place(file, line, column), message)


def _read(page: Page, loader: Any) -> Source:
    problems: list[Diagnostic] = []

    def tell(place: Place, message: str) -> None:
        problems.append(Diagnostic(place, Severity.ERROR, message))
        if len(problems) == MOST:
            raise Stop(place, f"these are the first {MOST} problems; there may be more")

    root: Node | None = None
    try:
        composer = Composer(page, tell)
        found = composer.document(yaml.parse(_readable(page, tell), Loader=loader))
        if found is None:
            tell(page.place(0, 1), "the file is empty; a story begins with 'version: 1'")
        root = found if composer.whole else None
    except Stop as stop:
        problems.append(Diagnostic(stop.place, Severity.ERROR, stop.message))
    except yaml.MarkedYAMLError as slip:
        offset, message = plain_words(slip, page.text)
        problems.append(Diagnostic(page.place(offset, offset + 1), Severity.ERROR, message))
    return Source(page.file, page.lines, root, tuple(sorted(problems, key=lambda one: one.place)))


def _readable(page: Page, tell: Callable[[Place, str], None]) -> str:
    """The text with each forbidden character replaced by one that is allowed, so that every place stays true
    while the rest of the file is checked too.
    """

    def told(found: re.Match[str]) -> str:
        tell(page.place(*found.span()), character.refusal(found.group()))
        return "\N{REPLACEMENT CHARACTER}"

    return character.FORBIDDEN.sub(told, page.text)
