"""Alignment: where each character of a scalar's value stands in the file, for each of YAML's five styles.

A value and its text differ by escapes, folded lines, indentation and chomped ends. The text is walked once
more by the rules that made the value, and each character is given the stretch of text it came from.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

Span = tuple[int, int]

_FOLD = r"(?P<fold>[ \t]*\n[ \t\n]*)|[ \t]+"
_PIECES = {
    "": re.compile(rf"{_FOLD}|[^ \t\n]+"),
    "'": re.compile(rf"{_FOLD}|(?P<escape>'')|[^' \t\n]+"),
    '"': re.compile(rf"{_FOLD}|(?P<joined>\\\n[ \t\n]*)|(?P<escape>\\(?:x..|u.{{4}}|U.{{8}}|.))|[^\\ \t\n]+"),
}


def spans(text: str, start: int, stop: int, value: str) -> Iterator[Span]:
    """For each character of `value`, which `text[start:stop]` writes, the offsets where its own text begins
    and ends. The space of a folded line stands at the line's end.
    """
    style = text[start : start + 1] if stop > start else ""
    if style in ("|", ">"):
        # The chomped end of a block has no characters.
        return islice(_block(text, start, stop, value), len(value))
    if style in ('"', "'"):
        return _flow(text, start + 1, stop - 1, style)
    return _flow(text, start, stop, "")


def _flow(text: str, start: int, stop: int, quote: str) -> Iterator[Span]:
    """Plain and quoted text: line breaks fold, an escape stands for one character."""
    for piece in _PIECES[quote].finditer(text, start, stop):
        at, end = piece.span()
        if piece.lastgroup == "fold":
            yield from _folded(text, at, end)
        elif piece.lastgroup == "joined":
            yield from _points(_newlines(text, at, end)[1:])
        elif piece.lastgroup == "escape":
            yield at, end
        else:
            yield from _points(range(at, end))


def _folded(text: str, start: int, stop: int) -> Iterator[Span]:
    """One line break is a space; of several, the first is dropped."""
    return _points(_newlines(text, start, stop)[1:] or [start])


def _newlines(text: str, start: int, stop: int) -> list[int]:
    return [at for at in range(start, stop) if text[at] == "\n"]


def _points(offsets: range | list[int]) -> Iterator[Span]:
    return ((at, at + 1) for at in offsets)


def _block(text: str, start: int, stop: int, value: str) -> Iterator[Span]:
    """Literal and folded blocks, line by line as the scanner reads them."""
    folds = text[start] == ">"
    indent = _indentation(text, start, stop, value)
    breaks: list[int] = []
    after_blank = True
    at = text.find("\n", start, stop) + 1 or stop
    while at < stop:
        end = text.find("\n", at, stop)
        end = stop if end < 0 else end
        content = at + indent
        if content < end:
            blank = text[content] in " \t"
            yield from _points(_kept(breaks) if folds and not blank and not after_blank else breaks)
            yield from _points(range(content, end))
            breaks, after_blank = [end], blank
        else:
            breaks.append(end)
        at = end + 1
    yield from _points(breaks)


def _kept(breaks: list[int]) -> list[int]:
    """What folding keeps of the breaks between two lines: one stays as a space, of several the first goes."""
    return breaks[1:] or breaks


def _indentation(text: str, start: int, stop: int, value: str) -> int:
    """How far a block's content is indented: the spaces that its first line has and its value has not."""
    content = value.lstrip("\n")
    header_and_empty = 1 + len(value) - len(content)
    if not content:
        return stop - start
    line = text[start:stop].split("\n", header_and_empty + 1)[header_and_empty]
    return _lead(line) - _lead(content)


def _lead(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
