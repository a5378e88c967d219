"""Upkeep: what of a state may go, and what went, as values, as text and as JSON."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seedance_pipe.plan.history import Submission
from seedance_pipe.report.data import money_data, submission_data
from seedance_pipe.report.words import day, plain, sums
from seedance_pipe.spec.cut import LOCK_FILE
from seedance_pipe.units import Digest, Money

_UNITS = ("bytes", "kB", "MB", "GB", "TB")


class Why(enum.Enum):
    """Why a file may go. What is an ORPHAN no journal entry names; what is UNUSED can be made again free of
    charge; a PAID take would have to be bought; what is LAST was made of takes that are gone; LEFT are half-made
    files of a run that died.
    """

    ORPHAN = "orphan"
    UNUSED = "unused"
    PAID = "paid"
    LAST = "last"
    LEFT = "left"


_WHY = {
    Why.ORPHAN: "no story names it; it may be a clip of a journal that is gone",
    Why.UNUSED: "can be made again free of charge",
    Why.LAST: "its takes are gone: nobody can make it again",
    Why.LEFT: "left by a run that was cut off",
}


@dataclass(frozen=True, slots=True)
class Item:
    """A file, or a folder of leftovers, that may go. `what` names it for people, `digest` is its name in the
    store. Of a paid take `submission` tells what it cost (None for a clip that somebody brought), and `vendor` is
    a clause on whether the vendor could still give it.
    """

    what: str
    path: Path
    size: int
    why: Why
    digest: Digest | None = None
    submission: Submission | None = None
    vendor: str = ""

    @property
    def dear(self) -> bool:
        """Whether nothing but money could bring it back, if anything; of an orphan nobody knows."""
        return self.why in (Why.PAID, Why.LAST, Why.ORPHAN)


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What may go, or with `done` what went. `withheld` is how many paid files were not asked for, `shared` how
    many stay because another story of the state, or the lock file, names them.
    """

    items: Sequence[Item]
    done: bool
    withheld: int = 0
    shared: int = 0


def size(count: int) -> str:
    """A length in bytes for people: `1.4 MB`."""
    amount, unit = float(count), 0
    while amount >= 1000 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1000, unit + 1
    return f"{count} bytes" if unit == 0 else f"{amount:.1f} {_UNITS[unit]}"


def files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"


def gc_text(upkeep: Upkeep) -> str:
    return "\n".join([*_lines(upkeep, "may go"), *_asides(upkeep)]) + "\n"


def clean_text(upkeep: Upkeep) -> str:
    then = ["The next run makes them again, free of charge."] if upkeep.items else []
    return "\n".join([*_lines(upkeep, "would be removed"), *then]) + "\n"


def upkeep_data(upkeep: Upkeep) -> dict[str, Any]:
    return {
        "done": upkeep.done,
        "bytes": _sum(upkeep.items),
        "withheld": upkeep.withheld,
        "shared": upkeep.shared,
        "files": [
            {
                "what": one.what,
                "path": str(one.path),
                "bytes": one.size,
                "why": one.why.value,
                "digest": one.digest,
                "cost": money_data(cost(one)),
                "vendor": one.vendor,
                "submission": submission_data(one.submission),
            }
            for one in upkeep.items
        ],
    }


def paid_question(items: Sequence[Item]) -> str:
    """What a person reads before what was paid for is deleted: the list, and what it comes to."""
    dear = [one for one in items if one.dear]
    gone = f"{files(len(dear))} that cost {_costs(dear)} would be gone for good."
    return "\n".join([*_lines(Upkeep(items, done=False), "may go"), gone])


def cost(item: Item) -> Money | None:
    """What a paid take cost: as charged, else as expected; None where nobody knows, or nobody was paid."""
    if item.submission is None:
        return None
    return item.submission.charged or item.submission.expected


def _lines(upkeep: Upkeep, may: str) -> Iterator[str]:
    if not upkeep.items:
        yield "Nothing to remove."
        return
    for one in upkeep.items:
        yield plain(f"{size(one.size):>10}  {one.what}: {_because(one)}")
    dear = [one for one in upkeep.items if one.dear]
    paid = f", of which {files(len(dear))} that cost {_costs(dear)}" if dear else ""
    verb = "removed" if upkeep.done else may
    yield f"{files(len(upkeep.items))}, {size(_sum(upkeep.items))}{paid}: {verb}."


def _because(one: Item) -> str:
    if one.why is not Why.PAID:
        return _WHY[one.why]
    if one.submission is None:
        return f"taken in from a file; {one.vendor}"
    price = cost(one)
    return f"paid{f' {price}' if price else ', at an unknown price'} on {day(one.submission.at)}; {one.vendor}"


def _asides(upkeep: Upkeep) -> Iterator[str]:
    if upkeep.withheld:
        yield f"{files(upkeep.withheld)} that were paid for, or may be, and are not used stay; --paid shows them."
    if upkeep.shared:
        yield f"{files(upkeep.shared)} that other stories of this state, or {LOCK_FILE}, name stay."
    if upkeep.items and not upkeep.done:
        yield "Nothing was removed yet: --yes removes what is listed."


def _sum(items: Iterable[Item]) -> int:
    return sum(one.size for one in items)


def _costs(items: Iterable[Item]) -> str:
    total: dict[str, Money] = {}
    unknown = False
    for one in {(one.submission.id if one.submission else str(one.path)): one for one in items}.values():
        price = cost(one)
        if price is None:
            unknown = unknown or one.submission is not None or one.why is Why.ORPHAN
            continue
        total[price.currency] = total.get(price.currency, Money.zero(price.currency)) + price
    return sums(total) + (" and an unknown amount" if unknown else "")
