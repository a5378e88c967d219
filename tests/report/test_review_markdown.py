"""Reviews for pull requests: what a shown text cannot do to the page, and what fits on it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedance_pipe.plan.history import History
from seedance_pipe.plan.make import make
from seedance_pipe.plan.unroll import unroll
from seedance_pipe.report.review import Review, review
from seedance_pipe.report.review_markdown import LONGEST, code, review_markdown, together
from seedance_pipe.spec.medium import LocalFile
from seedance_pipe.spec.story import Story
from seedance_pipe.units import Digest, Size
from tests.builders import METHODS, done, frame_from, shot, story

CHAIN = story(shot("stairs", "one"), shot("lamp", "two", after="stairs"))
HOSTILE = [
    "a | b",
    "\\| @octocat",
    "`` ` ``` @octocat",
    "` <img src=x onerror=alert(1)> `",
    "<!-- -->\n\n# heading\n[link](https://example.com)",
    "\r\n| a | b |\r\n</code></td></table>",
    "``",
    " ",
]


def told(now: Story, before: Story) -> Review:
    past = done(unroll(before, History(), METHODS))
    return review(make(now, past, METHODS), known=past.latest)


def spans(line: str) -> list[str]:
    """What is left of a line without its spans of code, read as CommonMark reads them."""
    left, at = [], 0
    while found := re.compile(r"`+").search(line, at):
        end = re.compile(rf"(?<!`){found.group()}(?!`)").search(line, found.end())
        left.append(line[at : found.start()])
        at = end.end() if end else found.end()
    return [*left, line[at:]]


def test_a_review_is_a_table_of_steps_and_a_list_of_what_is_unknown() -> None:
    text = review_markdown(told(story(shot("stairs", "one, slowly"), CHAIN.shots[1]), CHAIN))
    assert text.startswith(
        "### Plan of `story.yaml`\n"
        "\n"
        "`2 of 2 takes to make: $0.2450 (prices as of 2026-09-09).`  \n"
        "\n"
        "| step | verdict | price | total | why |\n"
        "| --- | --- | --- | --- | --- |\n"
        '| `stairs#1` | make | `$0.1225` | `$0.1225` | `prompt: "one" -> "one, slowly"  (story.yaml:7:1)`'
        "<br>`drags along lamp#1 ($0.1225), film` |\n"
    )
    assert "\nNot known yet:\n\n- `The last frame of stairs#1 is not there yet" in text


def test_a_finished_story_has_nothing_to_tell_but_its_steps() -> None:
    text = review_markdown(told(CHAIN, CHAIN), rehearsal=True)
    assert "`Nothing to do: the film is up to date.`" in text
    assert "Not known" not in text
    assert "rehearsal" not in text
    changed = told(story(shot("stairs", "other"), CHAIN.shots[1]), CHAIN)
    assert "A rehearsal: nothing is paid" in review_markdown(changed, rehearsal=True)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_nothing_that_a_prompt_or_a_file_is_called_can_leave_its_span_of_code(hostile: str) -> None:
    still = LocalFile(Path("/films/x"), hostile, Digest("d"), "image/png", 9, Size(864, 480))
    now = story(shot("stairs", hostile, media=(frame_from(still),)))
    lines = review_markdown(told(now, story(shot("stairs", "one")))).splitlines()
    outside = [part for line in lines for part in spans(line)]
    assert not any(sign in part for part in outside for sign in ("@", "](", "</", "onerror", "heading", "<!"))
    rows = [line for line in lines if line.startswith("|")]
    assert [line.count("|") for line in rows] == [6, 6, 6, 6, 4, 4, 4]


@given(st.text())
def test_any_text_is_one_span_without_a_bar(text: str) -> None:
    span = code(text)
    assert "|" not in span
    assert "\n" not in span
    assert spans(span) == ["", ""]


def test_a_story_of_any_length_fits_and_says_what_does_not() -> None:
    shots = [shot(f"shot-{number}", f"prompt {number} " + "word " * 30) for number in range(3000)]
    text = review_markdown(told(story(*shots), CHAIN))
    assert len(text) <= LONGEST
    shown = len(re.findall(r"^\| `shot-", text, re.M))
    assert shown > 500
    assert f"… and {3001 - shown} more rows that do not fit here\n" in text
    less = review_markdown(told(story(*shots), CHAIN), most=20_000)
    assert 15_000 < len(less) <= 20_000


def test_letters_that_count_twice_are_counted_twice_and_one_long_clause_is_cut() -> None:
    assert code("x" * 3000) == f"`{'x' * 1000}… (2000 more characters)`"
    sea = "\N{WATER WAVE}" * 40
    shots = [shot(f"shot-{number}", f"{number}{sea}") for number in range(900)]
    before = [replace(one, body={"prompt": "-"}, order={"prompt": "-"}) for one in shots]
    many = review_markdown(told(story(*shots), story(*before)))
    assert len(many.encode("utf-16-le")) // 2 <= LONGEST


def test_many_files_and_many_unknowns_leave_room_for_the_steps() -> None:
    shots = []
    for number in range(400):
        still = LocalFile(Path("/f"), f"{'long/' * 20}{number}.png", Digest(str(number)), "image/png", 9, None)
        shots.append(shot(f"a{number}", str(number), media=(frame_from(still),)))
        shots.append(shot(f"b{number}", after=f"a{number}"))
    text = review_markdown(told(story(*shots), CHAIN))
    assert len(text) <= LONGEST
    assert len(re.findall(r"more rows that do not fit here", text)) == 2
    assert re.search(r"^- … and \d+ more$", text, re.M)
    assert len(re.findall(r"^\| `[ab]\d+#1`", text, re.M)) > 100


def test_the_pages_of_many_films_fit_together() -> None:
    page = review_markdown(told(CHAIN, CHAIN), most=LONGEST // 400)
    text = together([page] * 400)
    assert len(text) <= LONGEST
    assert text.count("### Plan of") > 100
    assert text.endswith(f"\n… and {400 - text.count('### Plan of')} more films that do not fit here\n")
    assert together([page]) == page
