"""A difference as Markdown for a comment on a pull request; see `review_markdown`."""

from __future__ import annotations

from seedance_pipe.report.difference import Difference, closing, removed_row, word
from seedance_pipe.report.review_markdown import LONGEST, bullets, code, film_name, leaving, page, row
from seedance_pipe.report.review_text import unknowns


def difference_markdown(difference: Difference, *, most: int = LONGEST) -> str:
    told = difference.told
    lines = (f"{code(line)}  " for line in closing(difference))
    head = [f"### What {code(film_name(told))} would buy", "", *lines]
    body = [row(item, word(difference, item)) for item in difference.items]
    for step in difference.removed:
        key, what, *empty, why = removed_row(step)
        body.append((code(key), what, *empty, code(why)))
    tail = [*leaving(told, most), *bullets("Not known yet:", unknowns(told), most)]
    return page(head, body, tail, most)
