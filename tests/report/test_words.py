"""Reasons and verdicts in words."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from seedance_pipe.document import freeze
from seedance_pipe.plan.freshness import (
    Blocked,
    Changed,
    Ended,
    Fresh,
    InDoubt,
    InFlight,
    Lost,
    New,
    Reason,
    Redrafted,
    Repicked,
    Stale,
    Undelivered,
    Upstream,
    Verdict,
)
from seedance_pipe.plan.graph import StepKey, StepKind
from seedance_pipe.plan.history import History, State
from seedance_pipe.plan.make import Bill, Planned
from seedance_pipe.plan.unroll import unroll
from seedance_pipe.report.words import bill, first_words, reasons, short_names, verdict_word
from seedance_pipe.units import Money
from tests.builders import HERE, METHODS, shot, story, submission

TAKE = unroll(story(shot("a")), History(), METHODS).steps[0]
OPEN = submission(TAKE, {}, State.SUBMITTED)


def told(verdict: Verdict, kind: StepKind = StepKind.TAKE) -> list[str]:
    return reasons(Planned(replace(TAKE, kind=kind), verdict))


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (New(), "new"),
        (Changed("duration", 5, None), "duration: 5 -> not set"),
        (Changed("audio", None, True, HERE), "audio: not set -> true  (story.yaml:1:1)"),
        (Changed("prompt", "one", "two\x1b"), 'prompt: "one" -> "two\\x1b"'),
        (Changed("first_frame", "d1", "d2", HERE), "first_frame: another file  (story.yaml:1:1)"),
        (Changed("first_frame", None, "image"), "first_frame: added"),
        (Changed("last_frame", "image", None), "last_frame: removed"),
        (Upstream(StepKey("b#1/frame")), "after b#1/frame"),
        (Repicked("a", 1, 2), "take 2 of shot 'a' is picked instead of take 1"),
        (Redrafted(1, 2), "take 2 of its draft is picked instead of take 1"),
        (Redrafted(1, 1), "it follows take 1 of its draft anew"),
        (Redrafted(None, 2), "it follows take 2 of its draft now"),
        (Redrafted(1, None), "it was made from a draft before, and is not now"),
        (Lost("clip"), "its clip is missing from the store"),
        (Lost("clip", deleted=0.0), "its clip was deleted by you on 1970-01-01"),
        (Ended(State.REFUSED, "", "no\n"), "last time refused: no\\n"),
        (Ended(State.UNSENT, "x", "no way"), "last time not sent (x): no way"),
        (
            Ended(State.REFUSED, "no_money", "it is (no_money: all gone)"),
            "last time refused: it is (no_money: all gone)",
        ),
        (Ended(State.ABANDONED, "lost", ""), "given up by a person: the vendor had nothing of it"),
        (Ended(State.ABANDONED, "resubmit", ""), "given up by a person: it is bought anew, whatever became of it"),
        (Undelivered("out/a.mp4"), "out/a.mp4 is not there"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_each_reason_is_one_clause(reason: Reason, words: str) -> None:
    assert told(Stale((reason,))) == [words]


def test_beside_a_pick_only_takes_that_have_to_be_made_first_are_told() -> None:
    waits = tuple(Upstream(StepKey(key)) for key in ("a#2/frame", "a/clip", "format", "c#1"))
    assert told(Stale((Repicked("a", 1, 2), *waits))) == [
        "take 2 of shot 'a' is picked instead of take 1",
        "after c#1",
    ]


def test_a_prompt_that_is_another_altogether_is_cut_to_a_length_that_can_be_read() -> None:
    old, new = " ".join(["old"] * 100), " ".join(["new"] * 100)
    (words,) = told(Stale((Changed("prompt", old, new),)))
    assert len(words) < 300
    assert words.count("…") == 2


def test_a_change_below_the_takes_is_told_in_one_word() -> None:
    assert told(Stale((Changed("clip/3", "d1", "d2"),)), StepKind.FILM) == ["other clip"]


def test_every_verdict_has_a_word_and_what_is_not_fresh_a_reason() -> None:
    verdicts: dict[str, Verdict] = {
        "fresh": Fresh({}),
        "make": Stale((New(),)),
        "copy": Stale((Undelivered("a"),)),
        "fetch": InFlight(OPEN),
        "in doubt": InDoubt(OPEN),
        "blocked": Blocked(StepKey("b#1")),
    }
    for word, verdict in verdicts.items():
        assert verdict_word(Planned(TAKE, verdict)) == word
        assert bool(told(verdict)) is (word != "fresh")
    assert "its file is lost here" in told(InFlight(replace(OPEN, state=State.STORED)))[0]


def test_what_is_unknown_stands_beside_a_bill_and_is_no_part_of_its_bound() -> None:
    assert bill(Bill({}, False, (StepKey("a#1"),))) == "1 take of unknown price"
    some = {"rivya credits": Money(Decimal(16), "rivya credits"), "USD": Money(Decimal("0.25"))}
    both = (StepKey("a#1"), StepKey("b#1"))
    assert bill(Bill(some, True, both)) == "$0.2500 and 16 rivya credits, and 2 takes of unknown price"
    assert bill(Bill(some, False, ())) == "at most $0.2500 and 16 rivya credits"
    assert bill(Bill({}, True, ())) == "nothing"


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ({"prompt": "A wave"}, '"A wave"'),
        ({"negativePrompt": "no", "positivePrompt": "A\n wave\x1b"}, '"A wave\\x1b"'),
        ({"content": [{"type": "text", "text": "w" * 61}]}, f'"{"w" * 60}…"'),
        ({"image": "sha256:1"}, ""),
    ],
)
def test_the_first_words_of_a_prompt_name_a_request(order: Any, words: str) -> None:
    assert first_words(submission(TAKE, freeze({"recipe": {"order": order}}), State.INTENT)) == words


def test_ids_are_told_apart_by_as_little_as_it_takes() -> None:
    one, two, three = "aaaaaaaa-1111-4", "bbbbbbbb-1111-4", "aaaaaaaa-2222-4"
    assert short_names([one, two]) == {one: "aaaaaaaa", two: "bbbbbbbb"}
    assert short_names([one, three]) == {one: one[:13], three: three[:13]}
    assert short_names(["a" * 19, "a" * 18 + "b"]) == {"a" * 19: "a" * 19, "a" * 18 + "b": "a" * 18 + "b"}
    assert short_names([]) == {}
