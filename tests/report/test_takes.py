"""What was tried, in text and JSON: the present order above the line, the former ones below it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from seedance_pipe.plan.freshness import Blocked, Ended, Fresh, InDoubt, InFlight, New, Stale, Verdict
from seedance_pipe.plan.graph import StepKey
from seedance_pipe.plan.history import History, State
from seedance_pipe.plan.make import Bill, Planned, make
from seedance_pipe.plan.unroll import unroll
from seedance_pipe.report.takes import (
    Picking,
    Tried,
    label,
    picking_data,
    picking_text,
    state_of,
    state_word,
    takes_data,
    takes_text,
)
from seedance_pipe.units import Digest, Money
from tests.builders import METHODS, shot, story, submission

TAKE = unroll(story(shot("a")), History(), METHODS).steps[0]
OPEN = submission(TAKE, {}, State.SUBMITTED)
ONE = Tried(
    "a", 1, "made", True, 1276, Money(Decimal("0.25")), Digest("0123456789abcdef"), Path("/films/store/01/23.mp4")
)
TWO = Tried("a", 2, "to make")
OLD = replace(ONE, number=3, picked=False, seed=None, charged=None, former="another order")


def test_each_take_has_one_line_and_former_orders_stand_below_a_line() -> None:
    assert takes_text([ONE, OLD, TWO]).splitlines() == [
        "a#1  picked  made     seed 1276  $0.2500  0123456789ab                 /films/store/01/23.mp4",
        "a#2          to make",
        "---- asked for when the story said something else",
        "a#3          made                         0123456789ab  another order  /films/store/01/23.mp4",
    ]
    assert "----" not in takes_text([ONE])


def test_the_path_of_a_clip_cannot_drive_a_terminal() -> None:
    assert "\x1b" not in takes_text([replace(ONE, clip=Path("/films\x1b/a.mp4"))])


def test_json_says_the_same() -> None:
    first, second, third = takes_data([ONE, TWO, OLD])
    assert first == {
        "step": "a#1",
        "shot": "a",
        "take": 1,
        "picked": True,
        "state": "made",
        "seed": 1276,
        "charged": {"amount": "0.25", "currency": "USD"},
        "digest": "0123456789abcdef",
        "clip": "/films/store/01/23.mp4",
        "former": None,
    }
    assert (second["seed"], second["charged"], second["digest"], second["clip"]) == (None, None, None, None)
    assert third["former"] == "another order"


@pytest.mark.parametrize(
    ("verdict", "word"),
    [
        (Fresh({}), "made"),
        (InFlight(OPEN), "in flight"),
        (InFlight(replace(OPEN, state=State.STORED)), "file lost"),
        (InDoubt(OPEN), "in doubt"),
        (Blocked(StepKey("b#1")), "blocked"),
        (Stale((New(),)), "to make"),
        (Stale((Ended(State.FAILED, "", "no"),)), "failed"),
        (Stale((Ended(State.UNSENT, "", "no"),)), "not sent"),
    ],
)
def test_every_verdict_has_a_state(verdict: Verdict, word: str) -> None:
    assert state_of(Planned(TAKE, verdict)) == word


def test_what_no_step_stands_for_any_more_has_a_state_too() -> None:
    words = {state: state_word(replace(OPEN, state=state), there=True) for state in State}
    assert words[State.STORED] == "made"
    assert words[State.SUBMITTED] == words[State.READY] == "in flight"
    assert state_word(replace(OPEN, state=State.STORED), there=False) == "file lost"


def test_a_sheet_names_the_take_its_seed_and_its_price() -> None:
    assert label(ONE) == ("a#1  picked", "seed 1276  $0.2500")
    assert label(replace(TWO, charged=None)) == ("a#2", "seed unknown")


def test_a_pick_tells_what_hangs_on_it_and_that_nothing_is_bought() -> None:
    plan = make(story(shot("a"), shot("b", "two", after="a")), History(), METHODS)
    picking = Picking("a", 1, 2, plan.steps[2:], plan.bill)
    assert picking_text(picking).splitlines() == [
        "b#1   becomes stale  $0.1225  after a#1/frame",
        "film  becomes stale           after 4 other steps",
        "The next run would buy: $0.2450. Nothing is bought by this.",
    ]
    data = picking_data(picking)
    assert [one["step"] for one in data["stale"]] == ["b#1", "format", "a/clip", "b/clip", "film"]
    assert data["stale"][0]["most"] == {"amount": "0.1225125", "currency": "USD"}
    assert data["bill"] == {"most": [{"amount": "0.2450250", "currency": "USD"}], "unknown": 0}


def test_a_pick_on_which_nothing_hangs_says_so() -> None:
    told = picking_text(Picking("a", 1, 2, (), Bill({}, True, ())))
    assert told == "Nothing that was made hangs on it. Nothing is bought by this.\n"
    assert "picked already" in picking_text(Picking("a", 2, 2, (), Bill({}, True, ())))
