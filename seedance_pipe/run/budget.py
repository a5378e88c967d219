"""The budget: what a story has cost and may still cost, and whether one more take fits under its caps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType

from seedance_pipe.errors import GuardRefused
from seedance_pipe.plan.history import State, Submission
from seedance_pipe.run.submission import OPEN
from seedance_pipe.spec.cap import CURRENCIES, Cap, Caps
from seedance_pipe.units import Money

_FREE = frozenset({State.REFUSED, State.UNSENT})
_SHORT = {currency: name for name, currency in CURRENCIES.items()}


@dataclass(frozen=True, slots=True)
class Total:
    """What one story's submissions cost, by currency. `spent` counts those that ended, with what was reserved
    where the vendor never told the price; `reserved` those that are open. `unknown` is the number of takes
    for which neither is known.
    """

    spent: Mapping[str, Money] = field(default_factory=lambda: MappingProxyType({}))
    reserved: Mapping[str, Money] = field(default_factory=lambda: MappingProxyType({}))
    unknown: int = 0

    def spent_in(self, currency: str) -> Money:
        return self.spent.get(currency, Money.zero(currency))

    def reserved_in(self, currency: str) -> Money:
        return self.reserved.get(currency, Money.zero(currency))

    def left(self, cap: Money) -> Money:
        """What is left of `cap`; less than nothing where bills came out higher than anybody knew before."""
        used = self.spent_in(cap.currency) + self.reserved_in(cap.currency)
        return Money(cap.amount - used.amount, cap.currency)


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


def guard(total: Total, asked: Money | None, *, cap: Caps | None, what: str, allow_unknown: bool = False) -> None:
    """Raises GuardRefused unless `what`, which costs at most `asked`, fits under the caps beside all else.

    Where there is any cap, money that nobody knows, and money of a currency without one, cannot be shown to fit;
    with `allow_unknown` it is let through and only what is known counts: once that has used a cap up, nothing of
    unknown price is let through either.
    """
    if not cap:
        return
    if not allow_unknown:
        _all_known(total, asked, cap, what)
    for one in cap.values():
        if asked is None or asked.currency == one.most.currency:
            _fits(total, asked, one, what)


def _fits(total: Total, asked: Money | None, cap: Cap, what: str) -> None:
    left = total.left(cap.most).amount
    if left > 0 if asked is None else left >= asked.amount:
        return
    currency = cap.most.currency
    raise GuardRefused(
        f"{what} would pass the cap of {in_full(cap.most)} ({cap.by}): {in_full(total.spent_in(currency))} spent, "
        f"{in_full(total.reserved_in(currency))} reserved for takes in flight, "
        f"{'an unknown price' if asked is None else in_full(asked)} asked",
        next_step=f"raise the cap ({cap.by}), or name fewer shots (`run STORY SHOT`); "
        "`seedance-pipe status` shows what was spent",
    )


def _all_known(total: Total, asked: Money | None, cap: Caps, what: str) -> None:
    unknown, next_step = "", "run with --allow-unknown-cost, or without a cap"
    if asked is None:
        unknown = f"the price of {what} is unknown"
    elif asked.currency not in cap:
        unknown = f"{what} costs {in_full(asked)}, which have no cap"
        own = f"{asked.amount.normalize():f} {_SHORT.get(asked.currency, asked.currency)}"
        next_step = f'give them one, too (--max-cost "{own}" or more), or run with --allow-unknown-cost'
    elif total.unknown:
        unknown = f"the price of {total.unknown} earlier submissions of this story is unknown"
    if unknown:
        named = " and ".join(f"{in_full(one.most)} ({one.by})" for one in cap.values())
        raise GuardRefused(f"{unknown}, so a cap of {named} cannot be kept", next_step=next_step)


def in_full(money: Money) -> str:
    """The amount with all its decimals: one that was rounded could seem to fit under a cap."""
    short = str(money)
    if money.currency != "USD" or Decimal(short.removeprefix("$")) == money.amount:
        return short
    return f"${money.amount.normalize():f}"
