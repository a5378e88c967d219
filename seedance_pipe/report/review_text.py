"""A review as plain text: stable, without escape bytes, made for eyes and for diffs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest

from seedance_pipe.plan.freshness import Stale
from seedance_pipe.plan.make import Bill, Planned
from seedance_pipe.report.departure import Departure, destination, size
from seedance_pipe.report.following import follows_text, without_draft
from seedance_pipe.report.money import budget_after
from seedance_pipe.report.repairs import choices_text
from seedance_pipe.report.review import WRITTEN, Item, Pending, Review
from seedance_pipe.report.seams import seams_text
from seedance_pipe.report.table import columns
from seedance_pipe.report.words import amount, bill, plain, reasons, sums, takes, verdict_word
from seedance_pipe.spec.model import Price

NOTHING = "Nothing to do: the film is up to date."
REHEARSAL = "A rehearsal: nothing is paid, and nothing leaves this machine."
HEAD = ("step", "verdict", "price", "total", "why")
_NAMED = 5
_MOST_DRAGGED = 50


def review_text(told: Review, *, every_step: bool = False, rehearsal: bool = False) -> str:
    """A line for each take and one for the film (or for `every_step`), with the sum so far; then the bill, what it
    leaves of the budget, what would leave this machine, and what nobody knows yet. A `rehearsal` pays nothing and
    sends nothing away, and says so.
    """
    body = [row for item in shown(told, every_step=every_step) for row in rows(item, verdict_word(item.planned))]
    lines = [*closing(told), *choices_text(told.choices), *seams_text(told.plan.story)]
    if told.plan.pending:
        lines += [
            f"{'With a key, leaves' if rehearsal else 'Leaves'} this machine: {departure_line(one)}"
            for one in told.departures
        ]
        lines += [REHEARSAL] if rehearsal else []
        lines += [*without_draft(told.plan), *unknowns(told)]
    return columns([HEAD, *body]) + "\n" + "\n".join(lines) + "\n"


def shown(told: Review, *, every_step: bool) -> list[Item]:
    return [item for item in told.items if every_step or item.planned.step.kind in WRITTEN]


def price(item: Item) -> str:
    estimate = item.planned.step.estimate
    if item.again:
        return "nothing"
    return amount(estimate) if estimate and isinstance(item.planned.verdict, Stale) else ""


def so_far(item: Item) -> str:
    """The sum with this step in it; what is unknown is not part of a sum."""
    return "" if item.total is None else sum_of(item.total)


def sum_of(total: Bill) -> str:
    known = sums(total.most)
    return known if total.exact else f"<= {known}"


def why(item: Item) -> Iterator[str]:
    """Clauses: the reasons, what the step drags along, and why it costs nothing beside its twin."""
    yield from reasons(item.planned)
    if isinstance(item.planned.verdict, Stale) and (followed := follows_text(item.planned.step)):
        yield followed
    if item.again:
        yield f"the same as {item.again}, bought once"
    if item.drags:
        yield f"drags along {_listed([_dragged(one) for one in item.drags], _MOST_DRAGGED)}"


def closing(told: Review) -> Iterator[str]:
    """The bill, and what it leaves of the budget."""
    if not told.plan.pending:
        yield NOTHING
        return
    bought = told.bought
    if bought:
        yield f"{len(bought)} of {takes(len(told.takes))} to make: {bill(told.bill)}{price_dates(bought)}."
    else:
        yield "No take to make: nothing to pay."
    yield from budget_after(told.plan.story.budget, told.total, told.bill)


def unknowns(told: Review) -> Iterator[str]:
    """Prices that are not exact or not known, takes with one reason in one line; then what is not there yet."""
    alike: dict[str, list[str]] = {}
    for planned in told.bought:
        if planned.step.estimate and planned.step.estimate.why:
            alike.setdefault(planned.step.estimate.why, []).append(planned.step.key)
    yield from (f"{_listed(keys)}: {plain(reason)}" for reason, keys in alike.items())
    yield from (_not_there(one) for one in told.pending)
    if told.waiting:
        names = _listed([_dragged(one) for one in told.waiting])
        yield f"Not in the sum, for something before it is in doubt: {names}"


def departure_line(one: Departure) -> str:
    return f"{plain(one.name)} ({size(one.bytes)}) -> {destination(one)}"


def rows(item: Item, word: str) -> Iterator[Sequence[str]]:
    """The first clause stands beside the step and its verdict in a `word`, the others below it."""
    first = (item.planned.step.key, word, price(item), so_far(item))
    for cells, clause in zip_longest([first], why(item)):
        yield (*(cells or ("",) * len(first)), clause or "")


def _not_there(one: Pending) -> str:
    told = f"{one.what[0].upper()}{one.what[1:]} of {one.of} is not there yet; made from it: {_listed(one.steps)}"
    return f"{told}; not bought if it comes out as before: {_listed(one.made)}" if one.made else told


def _dragged(planned: Planned) -> str:
    estimate = planned.step.estimate
    return f"{planned.step.key} ({amount(estimate)})" if estimate else planned.step.key


def _listed(names: Sequence[str], most: int = _NAMED) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"


def price_dates(bought: Iterable[Planned]) -> str:
    prices = {
        planned.step.shot.model.price.seen.isoformat()
        for planned in bought
        if planned.step.shot and isinstance(planned.step.shot.model.price, Price)
    }
    return f" (prices as of {', '.join(sorted(prices))})" if prices else ""
