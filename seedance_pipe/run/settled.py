"""How bills came out: what was expected beside what the vendors charged, for each shot and currency."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from seedance_pipe.plan.history import State, Submission
from seedance_pipe.units import Money

_BROUGHT = frozenset({State.SUBMITTED, State.READY, State.STORED})


@dataclass(frozen=True, slots=True)
class Settled:
    """Takes whose bill is known. `unforeseen` is the number of those that nobody had a price for."""

    expected: Money
    charged: Money
    unforeseen: int = 0

    def __add__(self, other: Settled) -> Settled:
        """Raises ValueError when the currencies differ."""
        unforeseen = self.unforeseen + other.unforeseen
        return Settled(self.expected + other.expected, self.charged + other.charged, unforeseen)

    @property
    def difference(self) -> Money | None:
        """What was charged beyond what was expected; None when they cannot be compared."""
        if self.unforeseen:
            return None
        return Money(self.charged.amount - self.expected.amount, self.charged.currency)


Accounts: TypeAlias = Mapping[str, Mapping[str, Settled]]
"""By shot, and then by currency."""


def accounts(submissions: Iterable[Submission]) -> Accounts:
    """The bills that are known of `submissions`, but for takes that came to nothing and cost nothing."""
    found: dict[str, dict[str, Settled]] = {}
    for submission in submissions:
        for one in _bill(submission):
            _add(found.setdefault(submission.shot, {}), one)
    return found


def in_all(shots: Accounts) -> Mapping[str, Settled]:
    """The sums over all shots, by currency."""
    found: dict[str, Settled] = {}
    for one in (one for shot in shots.values() for one in shot.values()):
        _add(found, one)
    return {currency: found[currency] for currency in sorted(found)}


def _add(sums: dict[str, Settled], one: Settled) -> None:
    currency = one.charged.currency
    sums[currency] = sums[currency] + one if currency in sums else one


def _bill(submission: Submission) -> Iterable[Settled]:
    """One submission's bill; in both currencies where it was charged in another than was expected."""
    expected, charged = submission.expected, submission.charged
    if charged is None or not (charged.amount or submission.state in _BROUGHT):
        return ()
    if expected is None:
        return (Settled(Money.zero(charged.currency), charged, 1),)
    if expected.currency == charged.currency:
        return (Settled(expected, charged),)
    nothing = Decimal(0)
    return (
        Settled(expected, Money(nothing, expected.currency)),
        Settled(Money(nothing, charged.currency), charged),
    )
