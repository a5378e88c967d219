"""A difference: what a story asks for beyond what it asked for at a revision, as text and as data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from seedance_pipe.plan.graph import Step, StepKind
from seedance_pipe.report.departure import departure_data
from seedance_pipe.report.review import Item, Review
from seedance_pipe.report.review_data import item_data, sum_data
from seedance_pipe.report.review_text import HEAD, departure_line, price_dates, rows, unknowns
from seedance_pipe.report.table import columns
from seedance_pipe.report.words import amount, bill, plain, takes

_LONGEST_NAME = 12


@dataclass(frozen=True, slots=True)
class Difference:
    """`told` is the plan as it would be, had all been made that was asked for at `commit`, which a person named
    `revision`. `removed` are the takes that are asked for no more. `absent` says that there was no such story.
    """

    revision: str
    commit: str
    told: Review
    removed: tuple[Step, ...] = ()
    absent: bool = True

    @property
    def items(self) -> tuple[Item, ...]:
        """The takes that are to be bought."""
        return tuple(item for item in self.told.items if item.total is not None)

    @property
    def name(self) -> str:
        return f"{self.revision} ({self.commit[:_LONGEST_NAME]})"


def word(difference: Difference, item: Item) -> str:
    """What became of a take."""
    return "changed" if item.planned.step.key in difference.told.known else "added"


def closing(difference: Difference) -> Iterator[str]:
    told = difference.told
    words = [word(difference, item) for item in difference.items]
    same = len(told.takes) - len(words)
    numbers = {
        "added": words.count("added"),
        "changed": words.count("changed"),
        "removed": len(difference.removed),
    }
    counts = ", ".join(f"{count} {what}" for what, count in numbers.items() if count)
    if difference.absent:
        yield f"There is no such story at {plain(difference.name)}: everything in it is new."
    if not counts:
        yield f"Nothing to buy beyond {plain(difference.name)}: {takes(same)} as before."
        return
    dates = price_dates(told.bought)
    yield f"Beyond {plain(difference.name)}: {counts}, {same} as before; to buy: {bill(told.bill)}{dates}."


def removed_row(step: Step) -> tuple[str, str, str, str, str]:
    cost = f"asked for no more; it was {amount(step.estimate)}" if step.estimate else "asked for no more"
    return (step.key, "removed", "", "", cost)


def difference_text(difference: Difference) -> str:
    """A line for each take that was added, changed or removed; then what the new ones come to."""
    told = difference.told
    body = [row for item in difference.items for row in rows(item, word(difference, item))]
    body += [removed_row(step) for step in difference.removed]
    lines = [*closing(difference)]
    lines += [f"Leaves this machine: {departure_line(one)}" for one in told.departures]
    lines += unknowns(told)
    table = columns([HEAD, *body]) + "\n" if body else ""
    return table + "\n".join(lines) + "\n"


def difference_data(difference: Difference) -> dict[str, Any]:
    told = difference.told
    return {
        "story": told.plan.story.path.name,
        "title": told.plan.story.title,
        "against": {"revision": difference.revision, "commit": difference.commit, "absent": difference.absent},
        "steps": [
            {**item_data(item), "difference": word(difference, item) if item.total else "same"}
            for item in told.items
            if item.planned.step.kind is StepKind.TAKE
        ],
        "removed": [step.key for step in difference.removed],
        "bill": sum_data(told.bill),
        "leaves": [departure_data(one) for one in told.departures if not one.handed],
        "hands_over": [departure_data(one) for one in told.departures if one.handed],
    }
