"""Caps: what a story may ever spend in a currency, and who said so. Amounts are exact decimals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import TypeAlias

from seedance_pipe.units import Money

CURRENCIES: Mapping[str, str] = MappingProxyType({"usd": "USD", "credits": "rivya credits"})
"""Every currency that a take can be paid in, by the name that people write. Credits are Rivya's: no other vendor
bills in its own.
"""

MOST = 1_000_000_000
_FINEST = Decimal("0.00000001")
_DOLLARS = "usd"


@dataclass(frozen=True, slots=True)
class Cap:
    """`by` is where the cap was set: `story.yaml:3`, or `--max-cost`."""

    most: Money
    by: str


Caps: TypeAlias = Mapping[str, Cap]
"""Caps by currency. One says nothing of money of another currency."""

NO_CAPS: Caps = MappingProxyType({})


def tightest(*caps: Caps) -> Caps:
    """All of `caps` at once: of each currency the smallest, of equal ones the first."""
    found: dict[str, Cap] = {}
    for one in (one for some in caps for one in some.values()):
        currency = one.most.currency
        if currency not in found or one.most.amount < found[currency].most.amount:
            found[currency] = one
    return MappingProxyType(found)


def exact(text: str) -> Decimal | None:
    """The amount that `text` writes, None unless it is one from 0 to 1 000 000 000 with at most eight decimals:
    no bill has more.
    """
    try:
        written = Decimal(text)
        if not 0 <= written <= MOST or written != written.quantize(_FINEST):
            return None
    except ArithmeticError:
        return None
    return abs(written.normalize())


def spoken(text: str) -> Money | None:
    """The money that a person writes as `10`, `$2.50`, `2.50 usd` or `200 credits`; None for anything else."""
    number, _, name = text.strip().partition(" ")
    if number.startswith("$"):
        number, name = number[1:], name or _DOLLARS
        if name.casefold() != _DOLLARS:
            return None
    name = " ".join(name.split()).casefold() or _DOLLARS
    currency = CURRENCIES.get(name, name if name in CURRENCIES.values() else "")
    amount = exact(number)
    return Money(amount, currency) if currency and amount is not None else None
