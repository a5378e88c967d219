from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from seedance_pipe.errors import GuardRefused
from seedance_pipe.run.budget import Total, guard
from seedance_pipe.units import Money

from .examples import dollars

CREDITS = "rivya credits"


def total(spent: str = "0", reserved: str = "0", unknown: int = 0) -> Total:
    return Total({"USD": dollars(spent)}, {"USD": dollars(reserved)}, unknown)


def test_without_a_cap_everything_passes() -> None:
    guard(total("1000", unknown=3), None, cap=None, what="take 1 of shot 'stairs'")


def test_exactly_the_cap_still_fits() -> None:
    guard(total("0.1", "0.2"), dollars("0.7"), cap=dollars("1"), what="it")


def test_a_cap_that_would_be_passed_says_what_is_spent_reserved_and_asked() -> None:
    with pytest.raises(GuardRefused) as refusal:
        guard(total("3.20", "1.10"), dollars("0.7001"), cap=dollars("5"), what="take 2 of shot 'stairs'")
    assert refusal.value.message == (
        "take 2 of shot 'stairs' would pass the cap of $5.00: $3.20 spent, $1.10 reserved for takes in flight, "
        "$0.7001 asked"
    )
    assert refusal.value.exit_code == 5


def test_money_of_another_currency_does_not_count_against_the_cap() -> None:
    spent = Total({CREDITS: Money(Decimal(10**6), CREDITS)}, {}, 0)
    guard(spent, dollars("1"), cap=dollars("1"), what="it")


@pytest.mark.parametrize(
    ("refused", "reason"),
    [
        (lambda unknown: guard(total(), None, cap=dollars("9"), what="it", allow_unknown=unknown), "is unknown"),
        (
            lambda unknown: guard(
                total(), Money(Decimal(3), CREDITS), cap=dollars("9"), what="it", allow_unknown=unknown
            ),
            "costs 3 rivya credits",
        ),
        (
            lambda unknown: guard(
                total(unknown=2), dollars("1"), cap=dollars("9"), what="it", allow_unknown=unknown
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
        guard(total("9", unknown=1), dollars("1"), cap=dollars("9"), what="it", allow_unknown=True)


@pytest.mark.parametrize("reserved", ["4", "5"])
def test_a_cap_that_is_used_up_lets_no_unknown_price_through(reserved: str) -> None:
    """Takes of unknown price, the price of each told once it was bought: the cap stops them all the same."""
    guard(total("5", "3.9999"), None, cap=dollars("9"), what="it", allow_unknown=True)
    with pytest.raises(GuardRefused, match=r"it would pass the cap of .* an unknown price asked") as refusal:
        guard(total("5", reserved), None, cap=dollars("9"), what="it", allow_unknown=True)
    assert "--max-cost" in refusal.value.next_step


def test_money_of_another_currency_is_let_through_under_a_cap_that_is_used_up() -> None:
    guard(total("9"), Money(Decimal(3), CREDITS), cap=dollars("9"), what="it", allow_unknown=True)
