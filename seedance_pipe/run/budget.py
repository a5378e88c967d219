"""The budget: what a story has cost and may still cost, and whether one more take fits under the cap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType

from seedance_pipe.errors import GuardRefused
from seedance_pipe.plan.history import State, Submission
from seedance_pipe.run.submission import OPEN
from seedance_pipe.units import Money

_FREE = frozenset({State.REFUSED, State.UNSENT})


@dataclass(frozen=True, slots=True)
class Total:
    """What one story's submissions cost, by currency. `spent` counts those that ended, with what was reserved
    where the vendor never told the price; `reserved` those that are open. `unknown` is the number of takes
    for which neither is known.
    """

    spent: Mapping[str, Money] = field(default_factory=lambda: MappingProxyType({}))
    reserved: Mapping[str, Money] = field(default_factory=lambda: MappingProxyType({}))
    unknown: int = 0


class Tally:
    """A total that is kept up as submissions move, so that asking is cheap however many there are."""

    def __init__(self) -> None:
        self._spent: dict[str, Decimal] = {}
        self._reserved: dict[str, Decimal] = {}
        self._unknown = 0

    def add(self, submission: Submission) -> None:
        self._count(submission, 1)

    def drop(self, submission: Submission) -> None:
        self._count(submission, -1)

    def total(self) -> Total:
        return Total(_amounts(self._spent), _amounts(self._reserved), self._unknown)

    def _count(self, submission: Submission, sign: int) -> None:
        if submission.state in _FREE:
            return
        cost = submission.reserved if submission.charged is None else submission.charged
        if cost is None:
            self._unknown += sign
            return
        side = self._reserved if submission.state in OPEN else self._spent
        side[cost.currency] = side.get(cost.currency, Decimal(0)) + sign * cost.amount


def _amounts(side: Mapping[str, Decimal]) -> Mapping[str, Money]:
    return MappingProxyType(
        {currency: Money(side[currency], currency) for currency in sorted(side) if side[currency]}
    )


def guard(total: Total, asked: Money | None, *, cap: Money | None, what: str, allow_unknown: bool = False) -> None:
    """Raises GuardRefused unless `what`, which costs at most `asked`, fits under `cap` beside all else.

    Money that nobody knows, and money of another currency than the cap's, cannot be shown to fit; with
    `allow_unknown` it is let through and only what is known counts: once that has used the cap up, nothing of
    unknown price is let through either.
    """
    if cap is None:
        return
    if not allow_unknown:
        _all_known(total, asked, cap, what)
    if asked is not None and asked.currency != cap.currency:
        return
    spent = total.spent.get(cap.currency, Money.zero(cap.currency))
    reserved = total.reserved.get(cap.currency, Money.zero(cap.currency))
    left = cap.amount - (spent + reserved).amount
    if left <= 0 if asked is None else left < asked.amount:
        raise GuardRefused(
            f"{what} would pass the cap of {cap}: {spent} spent, {reserved} reserved for takes in flight, "
            f"{asked or 'an unknown price'} asked",
            next_step="raise the cap (--max-cost), or run without one",
        )


def _all_known(total: Total, asked: Money | None, cap: Money, what: str) -> None:
    unknown = ""
    if asked is None:
        unknown = f"the price of {what} is unknown"
    elif asked.currency != cap.currency:
        unknown = f"{what} costs {asked}"
    elif total.unknown:
        unknown = f"the price of {total.unknown} earlier submissions of this story is unknown"
    if unknown:
        raise GuardRefused(
            f"{unknown}, so a cap of {cap} cannot be kept",
            next_step="run with --allow-unknown-cost, or without a cap",
        )
