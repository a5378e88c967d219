"""The ways of repairing a chain, in words and as JSON: what a plan leaves to a person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, assert_never

from seedance_pipe.plan.ways import By, Choice, Way
from seedance_pipe.report.data import sums_data
from seedance_pipe.report.table import columns
from seedance_pipe.report.words import bill
from seedance_pipe.spec.repair import Repair

_NAMED = 5
_MOST = 20
"""So many choices are told one by one."""


def choices_text(choices: Sequence[Choice]) -> Iterator[str]:
    """For each changed shot of a chain a line that says who goes on from it, and one for each way."""
    for choice in choices[:_MOST]:
        verb = "goes" if len(choice.followers) == 1 else "go"
        way = f"{choice.chosen.value} ({_by(choice)}; --repair {choice.shot}=WAY chooses another)"
        yield f"{_listed(choice.followers)} {verb} on from {choice.shot}; way of repair: {way}"
        rows = [_row(one, chosen=one.repair is choice.chosen) for one in choice.ways]
        yield from (f"  {line}" for line in columns(rows).splitlines())
    if len(choices) > _MOST:
        yield f"{len(choices) - _MOST} more changed shots have made shots behind them; --json tells of all."


def choice_data(choice: Choice) -> dict[str, Any]:
    return {
        "shot": choice.shot,
        "followers": list(choice.followers),
        "way": choice.chosen.value,
        "by": choice.by.value,
        "place": str(choice.place) if choice.place else None,
        "ways": [
            {
                "way": way.repair.value,
                "possible": not way.refusal,
                "why_not": way.refusal,
                "takes": list(way.takes),
                "most": sums_data(way.bill.most),
                "exact": way.bill.exact,
                "unknown": list(way.bill.unknown),
            }
            for way in choice.ways
        ],
    }


def _by(choice: Choice) -> str:
    match choice.by:
        case By.OPTION:
            return "by --repair"
        case By.BEFORE:
            return "chosen before"
        case By.STORY:
            return f"by {choice.place}"
        case By.DEFAULT:
            return "by default"
        case _ as never:
            assert_never(never)


def _row(way: Way, *, chosen: bool) -> Sequence[str]:
    mark = "->" if chosen else ""
    if way.refusal:
        return (mark, way.repair.value, "-", f"cannot be: {way.refusal}")
    return (mark, way.repair.value, bill(way.bill), f"{_told(way)}; makes {_listed(way.takes) or 'nothing'}")


def _told(way: Way) -> str:
    match way.repair:
        case Repair.RIPPLE:
            return "all that hangs on it is made anew"
        case Repair.BRIDGE:
            return "it ends with the picture with which the next shot begins already"
        case Repair.ACCEPT:
            return "what follows stays, and the seam is a cut"
        case _ as never:
            assert_never(never)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"
