"""A review as Markdown for a comment on a pull request, within the greatest length that GitHub takes.

Whatever came from outside (prompts, names of files, words of a vendor) stands in a span of code that it cannot
end: there no HTML, link or mention means anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from seedance_pipe.report.departure import destination, size
from seedance_pipe.report.following import without_draft
from seedance_pipe.report.repairs import choices_text
from seedance_pipe.report.review import Item, Review
from seedance_pipe.report.review_text import HEAD, REHEARSAL, closing, price, shown, so_far, unknowns, why
from seedance_pipe.report.seams import seams_text
from seedance_pipe.report.words import plain, verdict_word

LONGEST = 65_536
"""Characters of a comment (GitHub's own message when one has more, 2026-11-21)."""

_REST = 1_000
_LONGEST_CLAUSE = 1_000
_SHARE = 5


def review_markdown(
    told: Review, *, every_step: bool = False, rehearsal: bool = False, most: int = LONGEST
) -> str:
    """As `review_text`. What does not fit into `most` characters is left out from the longest table, with a line
    that says how much that is.
    """
    head = [f"### Plan of {code(film_name(told))}", "", *(f"{code(line)}  " for line in closing(told))]
    tail = list(bullets("What continues a changed shot:", choices_text(told.choices), most))
    tail += bullets("Pictures that are kept:", seams_text(told.plan.story), most)
    tail += leaving(told, most) if told.plan.pending else ()
    tail += ["", REHEARSAL] if told.plan.pending and rehearsal else []
    tail += bullets("Without a draft:", without_draft(told.plan), most)
    tail += bullets("Not known yet:", unknowns(told) if told.plan.pending else (), most)
    body = [row(item, verdict_word(item.planned)) for item in shown(told, every_step=every_step)]
    return page(head, body, tail, most)


def page(head: Sequence[str], body: Sequence[Sequence[str]], tail: Sequence[str], most: int = LONGEST) -> str:
    """A table of steps between `head` and `tail`, in at most so many characters."""
    room = most - _length([*head, *tail]) - _REST
    return "\n".join([*head, *_table(HEAD, body, room), *tail]) + "\n"


def film_name(told: Review) -> str:
    story = told.plan.story
    return story.path.name + (f" ({story.variant})" if story.variant else "")


def leaving(told: Review, most: int) -> Iterator[str]:
    """The files that would leave, in a share of the `most` characters that the page may have."""
    rows = [(code(one.name), size(one.bytes), code(destination(one))) for one in told.departures]
    return _table(("leaves this machine", "size", "to"), rows, most // _SHARE)


def together(pages: Sequence[str]) -> str:
    """The pages of several films, as many as fit in one comment."""
    return "\n".join(_fitting(pages, LONGEST - _REST, "… and {} more films that do not fit here")).rstrip() + "\n"


def code(text: str) -> str:
    """`text` as a span of code that is safe in a table, too: a bar would end its cell even there."""
    shown = plain(text).replace("|", "\\x7c")
    if len(shown) > _LONGEST_CLAUSE:
        shown = f"{shown[:_LONGEST_CLAUSE]}… ({len(shown) - _LONGEST_CLAUSE} more characters)"
    fence = "`" * (max((len(run) for run in re.findall(r"`+", shown)), default=0) + 1)
    room = " " if shown.startswith("`") or shown.endswith("`") or not shown.strip() else ""
    return f"{fence}{room}{shown}{room}{fence}"


def row(item: Item, word: str) -> Sequence[str]:
    clauses = "<br>".join(code(clause) for clause in why(item))
    return (code(item.planned.step.key), word, _amount(price(item)), _amount(so_far(item)), clauses)


def _amount(text: str) -> str:
    return code(text) if text else ""


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]], most: int) -> Iterator[str]:
    """A table, or nothing where it would be empty, of as many rows as fit."""
    if not rows:
        return
    yield from ("", f"| {' | '.join(columns)} |", f"|{' --- |' * len(columns)}")
    lines = [f"| {' | '.join(row)} |" for row in rows]
    yield from _fitting(lines, most, "\n… and {} more rows that do not fit here")


def bullets(title: str, lines: Iterable[str], most: int) -> Iterator[str]:
    """A list, in a share of the `most` characters that the page may have."""
    entries = [f"- {code(line)}" for line in lines]
    if entries:
        yield from ("", title, "")
        yield from _fitting(entries, most // _SHARE, "- … and {} more")


def _fitting(lines: Sequence[str], most: int, rest: str) -> Iterator[str]:
    for index, line in enumerate(lines):
        most -= _length([line])
        if most < 0:
            yield rest.format(len(lines) - index)
            return
        yield line


def _length(lines: Iterable[str]) -> int:
    """Characters as JavaScript counts them, of which some people's letters are two, with the ends of the lines."""
    return sum(len(line.encode("utf-16-le", "surrogatepass")) // 2 + 1 for line in lines)
