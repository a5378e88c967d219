"""How bills came out, shot by shot: what was expected beside what was charged."""

from __future__ import annotations

import itertools
from decimal import Decimal
from pathlib import Path

import pytest

from seedance_pipe.run.journal import Journal
from seedance_pipe.run.settled import Settled, in_all
from seedance_pipe.units import Money

from .examples import STORY, Hands, clip_of, dollars, intent, receipt

CREDITS = "rivya credits"


def in_credits(amount: int) -> Money:
    return Money(Decimal(amount), CREDITS)


def bought(
    journal: Journal,
    name: str,
    *,
    reserved: Money | None,
    charged: Money | None,
    told: Money | None = None,
    take: int = 1,
) -> None:
    submission = journal.intend(intent(name, reserved=reserved, take=take), cap=None)
    journal.submitted(submission.id, f"task of {name}", told)
    journal.ready(submission.id, receipt(charged))
    journal.stored(submission.id, clip_of(name))


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal.open(tmp_path / "journal.db", story=STORY, effects=Hands().effects())


def test_bills_are_summed_by_shot_and_currency_and_in_all(journal: Journal) -> None:
    bought(journal, "dearer", reserved=dollars("0.10"), charged=dollars("0.30"))
    bought(journal, "equal", reserved=in_credits(25), charged=in_credits(25))
    bought(journal, "cheaper", reserved=dollars("1"), charged=dollars("0.9"))
    accounts = journal.accounts()
    assert accounts["dearer"]["USD"].difference == dollars("0.20")
    assert accounts["equal"][CREDITS].difference == in_credits(0)
    assert accounts["cheaper"]["USD"].difference == dollars("-0.1")
    everything = in_all(accounts)
    assert list(everything) == ["USD", CREDITS]
    assert everything["USD"] == Settled(dollars("1.10"), dollars("1.20"))


def test_a_price_that_the_vendor_told_does_not_take_the_place_of_what_was_expected(journal: Journal) -> None:
    bought(journal, "told", reserved=in_credits(25), told=in_credits(30), charged=in_credits(30))
    assert journal.total().spent == {CREDITS: in_credits(30)}
    assert journal.accounts()["told"][CREDITS] == Settled(in_credits(25), in_credits(30))


def test_what_nobody_had_a_price_for_is_counted_and_not_compared(journal: Journal) -> None:
    bought(journal, "unpriced", reserved=None, charged=dollars("0.3"))
    one = journal.accounts()["unpriced"]["USD"]
    assert one == Settled(dollars("0"), dollars("0.3"), 1)
    assert one.difference is None
    assert (one + one).unforeseen == 2


def test_a_bill_in_another_currency_stands_in_both(journal: Journal) -> None:
    bought(journal, "moved", reserved=dollars("0.25"), charged=in_credits(3))
    assert journal.accounts()["moved"] == {
        "USD": Settled(dollars("0.25"), dollars("0")),
        CREDITS: Settled(in_credits(0), in_credits(3)),
    }


def test_what_is_open_unknown_or_came_to_nothing_for_nothing_is_left_out(journal: Journal) -> None:
    journal.intend(intent("open"), cap=None)
    bought(journal, "never told", reserved=dollars("1"), charged=None)
    for name, charged in (("for nothing", dollars("0")), ("for money", dollars("0.20"))):
        failed = journal.intend(intent(name), cap=None)
        journal.submitted(failed.id, name)
        journal.failed(failed.id, code="", reason="", charged=charged)
    refused = journal.intend(intent("refused"), cap=None)
    journal.refused(refused.id, code="", reason="")
    assert journal.accounts() == {"for money": {"USD": Settled(dollars("0.50"), dollars("0.20"))}}


def test_every_submission_of_a_shot_counts_and_those_of_other_stories_do_not(
    journal: Journal, tmp_path: Path
) -> None:
    failed = journal.intend(intent("stairs"), cap=None)
    journal.submitted(failed.id, "one")
    journal.failed(failed.id, code="", reason="", charged=dollars("0.4"))
    bought(journal, "stairs", reserved=dollars("0.5"), charged=dollars("0.5"))
    assert journal.accounts()["stairs"]["USD"] == Settled(dollars("1.0"), dollars("0.9"))
    hands = Hands(drawn=itertools.count(99))
    with Journal.open(tmp_path / "journal.db", story="surf.yaml", effects=hands.effects()) as other:
        assert other.accounts() == {}
