"""A diagnostic: what is wrong with a story, at its place in the file, in one format for every kind of problem."""

from __future__ import annotations

import enum
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice

_WIDEST = 100
"""Cells of a source line that are shown; a longer line is cut around the place."""

_LONGEST_WORD = 64
_LIKENESS = 0.66
_MOST_CHOICES = 1_000
_JOINERS = "\u200c\u200d"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A stretch of one line: `line` and `column` count from 1 in characters; `width` is at least 1."""

    file: str
    line: int
    column: int
    width: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Severity(enum.Enum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    place: Place
    severity: Severity
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.severity.value}: {self.message}"

    def __lt__(self, other: Diagnostic) -> bool:
        """By place, then by words."""
        return self._order < other._order

    @property
    def _order(self) -> tuple[Place, str, str]:
        return self.place, self.severity.value, self.message


def render(diagnostics: Iterable[Diagnostic], lines: Mapping[str, Sequence[str]]) -> str:
    """All diagnostics in order, each once and each with its source line; `lines` are those of each file.

    The text ends with a newline unless it is empty, and holds nothing that a terminal would obey.
    """
    return "".join(_shown(one, lines.get(one.place.file, ())) for one in sorted(set(diagnostics)))


def _shown(diagnostic: Diagnostic, lines: Sequence[str]) -> str:
    place = diagnostic.place
    first = visible(str(diagnostic)) + "\n"
    if place.line > len(lines):
        return first
    source, carets = _marked(lines[place.line - 1], place.column - 1, place.width)
    gutter = " " * len(str(place.line))
    shown = f" {place.line} | {source}".rstrip()
    return f"{first}{shown}\n {gutter} | {carets}\n"


def _marked(line: str, start: int, width: int) -> tuple[str, str]:
    """The line as a terminal shows it, cut around the place, and the carets to stand below it."""
    begin, end = _window(line, start)
    left = "…" if begin else ""
    right = "…" if end < len(line) else ""
    before = left + visible(line[begin:start])
    marked = visible(line[start : min(start + width, end)])
    source = before + marked + visible(line[start + width : end]) + right
    return source, " " * _cells(before) + "^" * max(1, _cells(marked))


def _window(line: str, start: int) -> tuple[int, int]:
    """Which characters of a line are shown: a third of the room stands before the place if the line is long."""
    if len(line) <= _WIDEST:
        return 0, len(line)
    begin = max(0, min(start - _WIDEST // 3, len(line) - _WIDEST))
    return begin, begin + _WIDEST


def visible(text: str) -> str:
    """The text with everything that a terminal would obey, or that nobody would see, written as an escape.

    A tab becomes four spaces, so that carets can stand below what they mean.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escaped(char) for char in text)


def _escaped(char: str) -> str:
    if char == "\t":
        return "    "
    if char in _JOINERS or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp"):
        return char
    return char.encode("unicode_escape").decode("ascii")


def _cells(text: str) -> int:
    """Columns that a text takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(_cell(char) for char in text)


def _cell(char: str) -> int:
    if char in _JOINERS or unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """The choice that a person most likely meant by `word`; None when nothing is near.

    Among more than 1000 choices, or for a word of more than 64 characters, nobody looks.
    """
    known = list(islice(choices, _MOST_CHOICES + 1))
    if len(word) > _LONGEST_WORD or len(known) > _MOST_CHOICES:
        return None
    by_folded = {choice.casefold(): choice for choice in sorted(known, reverse=True)}
    found = get_close_matches(word.casefold(), by_folded, n=1, cutoff=_LIKENESS)
    return by_folded[found[0]] if found else None


def meant(word: str, choices: Iterable[str]) -> str:
    """What a message says at its end of the nearest choice; nothing when none is near."""
    close = nearest(word, choices)
    return f"; did you mean '{close}'?" if close else ""


class TemplateProblem(Exception):
    """What is wrong with a template, at character `index` of its text (from 0), over `width` characters."""

    def __init__(self, message: str, index: int, width: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.index = index
        self.width = width
