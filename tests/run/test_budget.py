from __future__ import annotations

import random
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seedance_pipe.effects import Effects
from seedance_pipe.errors import GuardRefused
from seedance_pipe.run.budget import Total, guard
from seedance_pipe.run.journal import Journal
from seedance_pipe.spec.cap import Cap, Caps
from seedance_pipe.units import Money
from tests.builders import capped

from .examples import STORY, Hands, clip_of, dollars, intent, receipt

CREDITS = "rivya credits"
ROOT = Path(__file__).resolve().parent.parent.parent


def in_credits(amount: str) -> Money:
    return Money(Decimal(amount), CREDITS)


def total(spent: str = "0", reserved: str = "0", unknown: int = 0) -> Total:
    return Total({"USD": dollars(spent)}, {"USD": dollars(reserved)}, unknown)


def test_without_a_cap_everything_passes() -> None:
    guard(total("1000", unknown=3), None, cap=None, what="take 1 of shot 'stairs'")


def test_exactly_the_cap_still_fits() -> None:
    guard(total("0.1", "0.2"), dollars("0.7"), cap=capped(dollars("1")), what="it")


def test_a_cap_that_would_be_passed_says_what_is_spent_reserved_and_asked() -> None:
    with pytest.raises(GuardRefused) as refusal:
        guard(total("3.20", "1.10"), dollars("0.7001"), cap=capped(dollars("5")), what="take 2 of shot 'stairs'")
    assert refusal.value.message == (
        "take 2 of shot 'stairs' would pass the cap of $5.00 (--max-cost): $3.20 spent, $1.10 reserved "
        "for takes in flight, $0.7001 asked"
    )
    assert refusal.value.exit_code == 5


def test_money_of_another_currency_does_not_count_against_the_cap() -> None:
    spent = Total({CREDITS: Money(Decimal(10**6), CREDITS)}, {}, 0)
    guard(spent, dollars("1"), cap=capped(dollars("1")), what="it")


@pytest.mark.parametrize(
    ("refused", "reason"),
    [
        (
            lambda unknown: guard(total(), None, cap=capped(dollars("9")), what="it", allow_unknown=unknown),
            "is unknown",
        ),
        (
            lambda unknown: guard(
                total(), Money(Decimal(3), CREDITS), cap=capped(dollars("9")), what="it", allow_unknown=unknown
            ),
            "costs 3 rivya credits",
        ),
        (
            lambda unknown: guard(
                total(unknown=2), dollars("1"), cap=capped(dollars("9")), what="it", allow_unknown=unknown
            ),
            "2 earlier submissions",
        ),
    ],
    ids=["unknown", "another currency", "unknown before"],
)
def test_what_cannot_be_known_is_refused_unless_it_is_allowed(
    refused: Callable[[bool], None], reason: str
) -> None:
    with pytest.raises(GuardRefused, match=reason) as refusal:
        refused(False)
    assert "--allow-unknown-cost" in refusal.value.next_step
    refused(True)


def test_what_is_known_counts_even_when_the_unknown_is_allowed() -> None:
    with pytest.raises(GuardRefused, match="would pass the cap"):
        guard(total("9", unknown=1), dollars("1"), cap=capped(dollars("9")), what="it", allow_unknown=True)


@pytest.mark.parametrize("reserved", ["4", "5"])
def test_a_cap_that_is_used_up_lets_no_unknown_price_through(reserved: str) -> None:
    """Takes of unknown price, the price of each told once it was bought: the cap stops them all the same."""
    guard(total("5", "3.9999"), None, cap=capped(dollars("9")), what="it", allow_unknown=True)
    with pytest.raises(GuardRefused, match=r"it would pass the cap of .* an unknown price asked") as refusal:
        guard(total("5", reserved), None, cap=capped(dollars("9")), what="it", allow_unknown=True)
    assert "--max-cost" in refusal.value.next_step


def test_money_of_another_currency_is_let_through_under_a_cap_that_is_used_up() -> None:
    guard(total("9"), Money(Decimal(3), CREDITS), cap=capped(dollars("9")), what="it", allow_unknown=True)


# Several currencies


BOTH = {**capped(dollars("5")), CREDITS: Cap(in_credits("100"), "story.yaml:4")}


def test_each_currency_is_held_against_its_own_cap_and_the_refusal_names_where_that_was_set() -> None:
    used = Total({"USD": dollars("4"), CREDITS: in_credits("60")}, {CREDITS: in_credits("15")}, 0)
    guard(used, dollars("1"), cap=BOTH, what="it")
    guard(used, in_credits("25"), cap=BOTH, what="it")
    with pytest.raises(GuardRefused) as refusal:
        guard(used, in_credits("25.5"), cap=BOTH, what="take 1 of shot 'stairs'")
    assert refusal.value.message == (
        "take 1 of shot 'stairs' would pass the cap of 100 rivya credits (story.yaml:4): 60 rivya credits spent, "
        "15 rivya credits reserved for takes in flight, 25.5 rivya credits asked"
    )
    assert "raise the cap (story.yaml:4)" in refusal.value.next_step


def test_amounts_that_rounding_would_hide_are_told_in_full() -> None:
    with pytest.raises(GuardRefused, match=r"\$9\.99 spent, .* \$0\.01000001 asked"):
        guard(total("9.99"), dollars("0.01000001"), cap=capped(dollars("10")), what="it")
    with pytest.raises(GuardRefused, match=r"cap of \$2\.505 \(--max-cost\)"):
        guard(total("2.504"), dollars("1"), cap=capped(dollars("2.505")), what="it")


def test_a_currency_without_a_cap_can_be_given_one() -> None:
    with pytest.raises(GuardRefused, match="costs 25 rivya credits, which have no cap") as refusal:
        guard(total(), in_credits("25"), cap=capped(dollars("9")), what="it")
    assert '--max-cost "25 credits"' in refusal.value.next_step


def test_nothing_of_unknown_price_passes_once_any_cap_is_used_up() -> None:
    guard(Total({CREDITS: in_credits("99")}), None, cap=BOTH, what="it", allow_unknown=True)
    with pytest.raises(GuardRefused, match="cap of 100 rivya credits"):
        guard(Total({CREDITS: in_credits("100")}), None, cap=BOTH, what="it", allow_unknown=True)


def test_a_cap_of_nothing_lets_only_what_is_free_through() -> None:
    guard(total(), dollars("0"), cap=capped(dollars("0")), what="it")
    with pytest.raises(GuardRefused):
        guard(total(), dollars("0.00000001"), cap=capped(dollars("0")), what="it")


def test_no_caps_at_all_are_no_bound() -> None:
    guard(total("1000", unknown=3), None, cap={}, what="it")


def test_what_is_left_may_be_less_than_nothing() -> None:
    assert total("4", "2").left(dollars("5")) == dollars("-1")
    assert total("4", "2").left(in_credits("5")) == in_credits("5")


# Exact under parallel submission and across kills


@dataclass(frozen=True, slots=True)
class Ask:
    """A take that is asked for, and what becomes of it: `bill` is what its vendor charges at the end."""

    price: Money
    end: str
    bill: Decimal


MONEY = st.builds(Money, st.decimals(min_value=0, max_value=3, places=4), st.sampled_from(["USD", CREDITS]))
ASKS = st.lists(
    st.builds(
        Ask,
        MONEY,
        st.sampled_from(["open", "submitted", "stored", "refused", "unsent", "failed"]),
        st.decimals(min_value=0, max_value=1, places=4),
    ),
    max_size=12,
)
CAPS = st.builds(
    lambda usd, other: capped(Money(usd), Money(other, CREDITS)),
    st.decimals(min_value=0, max_value=6, places=4),
    st.decimals(min_value=0, max_value=6, places=4),
)


def carry(journal: Journal, name: str, ask: Ask, cap: Caps) -> Money | None:
    """Ask for a take and let it come to its end. What it cost, or still holds; None when it was refused."""
    submission = journal.intend(intent(name, reserved=ask.price), cap=cap)
    if ask.end in ("submitted", "stored", "failed"):
        journal.submitted(submission.id, name)
    charged = Money(ask.price.amount * ask.bill, ask.price.currency)
    match ask.end:
        case "stored":
            journal.ready(submission.id, receipt(charged))
            journal.stored(submission.id, clip_of(name))
            return charged
        case "failed":
            journal.failed(submission.id, code="", reason="", charged=charged)
            return charged
        case "refused":
            journal.refused(submission.id, code="", reason="")
            return None
        case "unsent":
            journal.unsent(submission.id, reason="")
            return None
    return ask.price


def used(journal: Journal, currency: str) -> Decimal:
    now = journal.total()
    return (now.spent_in(currency) + now.reserved_in(currency)).amount


@settings(max_examples=60)
@given(ASKS, CAPS)
def test_a_take_is_let_through_if_and_only_if_it_fits_to_the_last_decimal(asks: list[Ask], caps: Caps) -> None:
    held = {"USD": Decimal(0), CREDITS: Decimal(0)}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "journal.db"
        effects = Hands().effects()
        for number, ask in enumerate(asks):
            # Each run is one of its own: what is held comes from the file alone.
            with Journal.open(path, story=STORY, effects=effects) as journal:
                currency = ask.price.currency
                fits = held[currency] + ask.price.amount <= caps[currency].most.amount
                try:
                    cost = carry(journal, f"shot{number}", ask, caps)
                except GuardRefused:
                    assert not fits
                    continue
                assert fits
                held[currency] += cost.amount if cost else 0
                assert used(journal, currency) == held[currency] <= caps[currency].most.amount


@settings(max_examples=15)
@given(ASKS.filter(lambda asks: len(asks) > 3), CAPS)
def test_threads_that_ask_at_once_never_hold_more_than_the_caps(asks: list[Ask], caps: Caps) -> None:
    with (
        TemporaryDirectory() as folder,
        Journal.open(Path(folder) / "journal.db", story=STORY, effects=Effects()) as journal,
    ):
        begin = threading.Barrier(4)

        def buy(worker: int) -> None:
            begin.wait()
            for number in range(worker, len(asks), 4):
                with suppress(GuardRefused):
                    carry(journal, f"shot{number}", asks[number], caps)
                for currency, cap in caps.items():
                    assert used(journal, currency) <= cap.most.amount

        with ThreadPoolExecutor(4) as pool:
            for done in [pool.submit(buy, worker) for worker in range(4)]:
                done.result()


SPENDER = """
import sys
from decimal import Decimal
from pathlib import Path
from seedance_pipe.effects import Effects
from seedance_pipe.errors import GuardRefused
from seedance_pipe.run.journal import Journal
from seedance_pipe.units import Money
from tests.builders import capped
from tests.run.examples import clip_of, dollars, intent, receipt

caps = capped(dollars("1"), Money(Decimal(100), "rivya credits"))
with Journal.open(Path(sys.argv[1]), story="lighthouse.yaml", effects=Effects()) as journal:
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(60):
        name = f"{sys.argv[2]}-{number}"
        price = Money(Decimal(7), "rivya credits") if number % 2 else dollars("0.07")
        try:
            one = journal.intend(intent(name, reserved=price), cap=caps)
        except GuardRefused:
            continue
        print(price.currency, flush=True)
        if number % 3 == 0:
            journal.submitted(one.id, name)
            journal.failed(one.id, code="", reason="", charged=Money(price.amount / 7, price.currency))
"""


def spender(path: Path, name: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", SPENDER, str(path), name],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_processes_that_are_killed_while_they_buy_leave_the_caps_whole(tmp_path: Path) -> None:
    """Three at once in each round, ended after some lines: what they were told is held, and never more than the
    caps; in the end no other take fits.
    """
    path = tmp_path / "journal.db"
    chance = random.Random(4)
    told: list[str] = []
    for round_ in range(3):
        processes = [spender(path, f"{round_}-{number}") for number in range(3)]
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        for process in processes:
            assert process.stdout is not None
            if round_ < 2:
                told += [process.stdout.readline() for _ in range(chance.randrange(3))]
                process.kill()
            told += process.communicate()[0].splitlines()
        with Journal.open(path, story=STORY, effects=Effects()) as journal:
            assert used(journal, "USD") <= 1
            assert used(journal, CREDITS) <= 100
            assert len(journal.history(lambda _: True, {}).submissions) >= len([line for line in told if line])
    assert used_up(path, dollars("0.07"), Decimal(1))
    assert used_up(path, in_credits("7"), Decimal(100))


def used_up(path: Path, price: Money, cap: Decimal) -> bool:
    with Journal.open(path, story=STORY, effects=Effects()) as journal:
        return used(journal, price.currency) + price.amount > cap
