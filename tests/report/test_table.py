"""Plans, standings and results as text, read as a person would read them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from seedance_pipe.plan.fingerprint import document
from seedance_pipe.plan.graph import StepKey
from seedance_pipe.plan.history import History, State
from seedance_pipe.plan.make import Plan, make
from seedance_pipe.plan.unroll import unroll
from seedance_pipe.report.data import plan_data, status_data
from seedance_pipe.report.standing import Result, Standing
from seedance_pipe.report.table import result_text, status_text
from seedance_pipe.report.words import plain
from seedance_pipe.run.budget import Total
from seedance_pipe.run.settled import Accounts, Settled
from seedance_pipe.spec.cap import Cap
from seedance_pipe.spec.story import Story
from seedance_pipe.units import Money
from tests.builders import METHODS, done, shot, story, submission

CHAIN = story(shot("stairs", "one"), shot("lamp", "two", after="stairs"))


def planned(told: Story, history: History | None = None) -> Plan:
    return make(told, history or History(), METHODS)


def made(told: Story) -> History:
    return done(unroll(told, History(), METHODS))


def test_a_status_says_of_how_many_takes_nobody_knows_the_price() -> None:
    standing = Standing(planned(CHAIN), History(), Total(unknown=2), {})
    assert status_text(standing).endswith("Spent so far: $0.0000. What 2 takes cost is unknown.\n")


def test_a_status_shows_what_was_charged_and_where_each_clip_lies() -> None:
    history = made(CHAIN)
    clips = {StepKey("stairs#1"): Path("/films/store/ab/cd.mp4")}
    total = Total(spent={"USD": Money(Decimal("0.50"))})
    text = status_text(Standing(planned(CHAIN, history), history, total, clips))
    assert "stairs#1  made  $0.2500  /films/store/ab/cd.mp4" in text
    assert "film      made           /films/out/story.mp4" in text
    assert text.endswith("Spent so far: $0.5000.\n")


def test_a_status_shows_what_was_expected_where_the_bill_was_another() -> None:
    history = made(CHAIN)
    dearer = {
        mark: replace(one, reserved=Money(Decimal("0.30")), charged=Money(Decimal("0.30")))
        for mark, one in history.submissions.items()
    }
    history = replace(history, submissions=dearer)
    text = status_text(Standing(planned(CHAIN, history), history, Total(), {}))
    assert "$0.3000 ($0.2500 expected)" in text


@pytest.mark.parametrize(
    ("state", "word", "told"),
    [(State.INTENT, "in doubt", "acme may have accepted it"), (State.SUBMITTED, "in flight", "acme task task-1")],
)
def test_open_submissions_are_shown_also_when_the_story_no_longer_asks_for_them(
    state: State, word: str, told: str
) -> None:
    first = unroll(CHAIN, History(), METHODS).steps[0]
    open_one = submission(first, document(first, {}), state)
    history = History(submissions={open_one.fingerprint: open_one})
    total = Total(reserved={"USD": Money(Decimal("0.25"))})
    text = status_text(Standing(planned(CHAIN, history), history, total, {}))
    assert f"stairs#1  {word}" in text
    assert told in text
    assert "Reserved for what is open: $0.2500." in text
    moved_on = story(shot("stairs", "another prompt"))
    text = status_text(Standing(planned(moved_on, history), history, total, {}))
    assert "the story no longer asks for it" in text


def test_a_result_names_what_was_made_what_it_cost_and_what_was_not_made() -> None:
    result = Result(
        4,
        None,
        made=(StepKey("a#1"), StepKey("a#1/frame")),
        failed=(StepKey("b#1"),),
        doubted=(StepKey("c#1"),),
        blocked=(StepKey("format"), StepKey("a/clip"), StepKey("film")),
        charged={"USD": Money(Decimal("0.25"))},
    )
    assert result_text(result) == ("1 take made for $0.2500.\nFailed: b#1.\nIn doubt: c#1.\nNot made: film.\n")
    assert result_text(Result(1, None, failed=(StepKey("a#1"),))) == "No take was made.\nFailed: a#1.\n"
    assert result_text(Result(0, None)) == "No take had to be made.\nThe film was left alone.\n"
    assert result_text(Result(0, Path("/f.mp4"))) == "No take had to be made.\nThe film: /f.mp4\n"
    told = result_text(Result(130, None, stopped=True, running={"Runware": 1, "ModelArk": 1}, unanswered=1))
    assert told == (
        "Stopped; still at the vendors: 2 takes (1 at ModelArk, 1 at Runware); without an answer: 1 take. "
        "Run again to go on: nothing is paid for twice; "
        "`seedance-pipe cancel` cancels what a vendor still lets go.\n"
    )
    assert result_text(Result(130, None, stopped=True)) == (
        "Stopped; no take is under way. Run again to go on: nothing is paid for twice.\n"
    )


def test_nothing_that_came_from_outside_can_drive_a_terminal() -> None:
    assert plain("a\x1b[31mb\x07\u202ec") == "a\\x1b[31mb\\x07\\u202ec"


CREDITS = "rivya credits"
BUDGET = {
    "USD": Cap(Money(Decimal("2.505")), "story.yaml:3"),
    CREDITS: Cap(Money(Decimal(200), CREDITS), "story.yaml:4"),
}
USED = Total({"USD": Money(Decimal("1.20"))}, {"USD": Money(Decimal("0.30"))})


def test_a_status_shows_what_is_left_of_the_budget_or_how_far_bills_went_over_it() -> None:
    capped = replace(CHAIN, budget=BUDGET)
    text = status_text(Standing(planned(capped), History(), USED, {}))
    assert "Budget $2.505 (story.yaml:3): $1.20 spent, $0.3000 reserved: $1.00 left.\n" in text
    over = Total({"USD": Money(Decimal("2.75"))})
    assert "$2.75 spent: $0.2450 over it.\n" in status_text(Standing(planned(capped), History(), over, {}))
    data = status_data(Standing(planned(capped), History(), USED, {}))
    assert data["budget"][0] == {
        "currency": "USD",
        "cap": "2.505",
        "by": "story.yaml:3",
        "spent": "1.20",
        "reserved": "0.30",
        "left": "1.005",
    }
    assert data["budget"] == plan_data(planned(capped), USED)["budget"]


def settled(expected: str, charged: str, currency: str = "USD", unforeseen: int = 0) -> dict[str, Settled]:
    amounts = Money(Decimal(expected), currency), Money(Decimal(charged), currency)
    return {currency: Settled(*amounts, unforeseen)}


ACCOUNTS: Accounts = {
    "gone": settled("2", "2.5"),
    "lamp": {**settled("0.25", "0.25"), **settled("25", "30", CREDITS)},
    "stairs": settled("0.25", "0.20"),
    "cliff": settled("0", "0.3", unforeseen=1),
}


def test_a_status_sets_what_was_expected_beside_what_was_charged_and_marks_what_differs() -> None:
    text = status_text(Standing(planned(CHAIN), History(), Total(), {}, ACCOUNTS))
    assert text.partition("\n\n")[2] == (
        "stairs  $0.2500 expected           $0.2000 charged           <- not as expected: $0.0500 less\n"
        "lamp    $0.2500 expected           $0.2500 charged\n"
        "lamp    25 rivya credits expected  30 rivya credits charged  <- not as expected: 5 rivya credits more\n"
        "gone    $2.00 expected             $2.50 charged             <- not as expected: $0.5000 more\n"
        "cliff   $0.0000 expected           $0.3000 charged           <- 1 take had no known price\n"
        "in all  $2.50 expected             $3.25 charged             <- 1 take had no known price\n"
        "in all  25 rivya credits expected  30 rivya credits charged  <- not as expected: 5 rivya credits more\n"
        "\n"
        "Spent so far: $0.0000.\n"
    )


def test_accounts_are_data_too() -> None:
    data = status_data(Standing(planned(CHAIN), History(), Total(), {}, ACCOUNTS))["accounts"]
    assert data["shots"][0] == {
        "shot": "gone",
        "currency": "USD",
        "expected": "2",
        "charged": "2.5",
        "difference": "0.5",
        "unforeseen": 0,
    }
    assert [(one["currency"], one["difference"]) for one in data["all"]] == [("USD", None), (CREDITS, "5")]


def test_what_was_rehearsed_says_that_nothing_was_paid() -> None:
    standing = Standing(planned(CHAIN), History(), Total(), {})
    assert status_text(standing, rehearsal=True).endswith("$0.0000. Rehearsed: nothing was paid.\n")
    result = Result(0, Path("/f.mp4"), made=(StepKey("a#1"),), charged={"USD": Money(Decimal("0.25"))})
    assert result_text(result, rehearsal=True).startswith(
        "1 take made for $0.2500. Rehearsed: nothing was paid.\nThe film"
    )
