"""Money in lines: what a budget leaves, and what was expected beside what the vendors charged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from seedance_pipe.plan.make import Bill
from seedance_pipe.report.words import plain, takes
from seedance_pipe.run.budget import Total, in_full
from seedance_pipe.run.settled import Accounts, Settled, in_all
from seedance_pipe.spec.cap import Cap, Caps
from seedance_pipe.units import Money

_OTHER = "<- not as expected"


def budget_lines(budget: Caps, total: Total) -> Iterator[str]:
    """A line for each currency of the budget: what is used of it, and what is left."""
    for cap in budget.values():
        left = total.left(cap.most)
        yield f"{_used(cap, total)}: {_left(left)}."


def budget_after(budget: Caps, total: Total, bill: Bill) -> Iterator[str]:
    """A line for each currency of the budget: what would be left of it once all of the bill was bought."""
    for cap in budget.values():
        asked = bill.most.get(cap.most.currency, Money.zero(cap.most.currency))
        after = Money(total.left(cap.most).amount - asked.amount, asked.currency)
        unknown = f", less what {takes(len(bill.unknown))} of unknown price cost" if bill.unknown else ""
        if after.amount < 0:
            over = in_full(_positive(after))
            yield f"{_used(cap, total)}, {asked} to buy: {over} too much, so `run` will refuse."
        else:
            yield f"{_used(cap, total)}, {asked} to buy: {after} would be left{unknown}."


def accounts_rows(accounts: Accounts, shots: Iterable[str]) -> list[Sequence[str]]:
    """What was expected and charged for each shot, in the order of `shots` and then of those that the story no
    longer has, and for all together. Where bills came out otherwise, the line says so.
    """
    if not accounts:
        return []
    names = [shot for shot in dict.fromkeys((*shots, *accounts)) if shot in accounts]
    rows = [_row(plain(name), one) for name in names for one in accounts[name].values()]
    return rows + [_row("in all", one) for one in in_all(accounts).values()]


def budget_data(budget: Caps, total: Total) -> list[dict[str, Any]]:
    return [
        {
            "currency": cap.most.currency,
            "cap": f"{cap.most.amount:f}",
            "by": cap.by,
            "spent": f"{total.spent_in(cap.most.currency).amount:f}",
            "reserved": f"{total.reserved_in(cap.most.currency).amount:f}",
            "left": f"{total.left(cap.most).amount:f}",
        }
        for cap in budget.values()
    ]


def accounts_data(accounts: Accounts) -> dict[str, Any]:
    shots = [{"shot": shot, **one} for shot, bills in accounts.items() for one in _settled_data(bills)]
    return {"shots": shots, "all": _settled_data(in_all(accounts))}


def difference(expected: Money | None, charged: Money) -> str:
    """What a take cost, beside what was expected where that was another amount."""
    if expected is None or expected == charged:
        return str(charged)
    return f"{charged} ({expected} expected)"


def _settled_data(bills: Mapping[str, Settled]) -> list[dict[str, Any]]:
    return [
        {
            "currency": currency,
            "expected": f"{one.expected.amount:f}",
            "charged": f"{one.charged.amount:f}",
            "difference": None if one.difference is None else f"{one.difference.amount:f}",
            "unforeseen": one.unforeseen,
        }
        for currency, one in bills.items()
    ]


def _row(name: str, one: Settled) -> Sequence[str]:
    return (name, f"{one.expected} expected", f"{one.charged} charged", _mark(one))


def _mark(one: Settled) -> str:
    if one.difference is None:
        return f"<- {takes(one.unforeseen)} had no known price"
    if not one.difference.amount:
        return ""
    return f"{_OTHER}: {in_full(_positive(one.difference))} {'more' if one.difference.amount > 0 else 'less'}"


def _used(cap: Cap, total: Total) -> str:
    currency = cap.most.currency
    used = f"Budget {in_full(cap.most)} ({plain(cap.by)}): {total.spent_in(currency)} spent"
    reserved = total.reserved_in(currency)
    return f"{used}, {reserved} reserved" if reserved.amount else used


def _left(left: Money) -> str:
    return f"{in_full(_positive(left))} over it" if left.amount < 0 else f"{left} left"


def _positive(money: Money) -> Money:
    return Money(abs(money.amount), money.currency)
