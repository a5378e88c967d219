"""Money and sizes."""

from __future__ import annotations

from decimal import Decimal

import pytest

from seedance_pipe.units import Money, Size


def test_amounts_of_one_currency_add_up_exactly_and_others_refuse() -> None:
    assert Money(Decimal("0.1")) + Money(Decimal("0.2")) == Money(Decimal("0.3"))
    with pytest.raises(ValueError, match="cannot add rivya credits to USD"):
        Money(Decimal(1)) + Money(Decimal(1), "rivya credits")


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money(Decimal("0.1225125")), "$0.1225"),
        (Money(Decimal("12.345")), "$12.34"),
        (Money(Decimal("25.0"), "rivya credits"), "25 rivya credits"),
        (Money.zero(), "$0.0000"),
    ],
)
def test_money_is_written_as_people_read_it(money: Money, text: str) -> None:
    assert str(money) == text


def test_a_size_knows_its_aspect() -> None:
    assert str(Size(864, 480)) == "864x480"
    assert Size(864, 480).aspect == pytest.approx(1.8)
