"""Takes: what was tried for each shot, what it came to, and what a pick would change, as values, text and JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, assert_never

from seedance_pipe.plan.freshness import Blocked, Ended, Fresh, InDoubt, InFlight, Stale
from seedance_pipe.plan.graph import StepKind
from seedance_pipe.plan.history import State, Submission
from seedance_pipe.plan.make import Bill, Planned
from seedance_pipe.plan.unroll import take_key
from seedance_pipe.report.data import money_data, sums_data
from seedance_pipe.report.table import columns
from seedance_pipe.report.words import amount, bill, plain, reasons
from seedance_pipe.units import Digest, Money

SHORT = 12
"""Letters of a digest that tell it from the others of a film."""

_STATES: Mapping[State, str] = {
    State.INTENT: "in doubt",
    State.SUBMITTED: "in flight",
    State.READY: "in flight",
    State.STORED: "made",
    State.REFUSED: "refused",
    State.FAILED: "failed",
    State.UNSENT: "not sent",
    State.ABANDONED: "given up",
}


@dataclass(frozen=True, slots=True)
class Tried:
    """One take of a shot. `seed` is the one that the vendor told, else the one that was asked for, None where
    the vendor drew it and keeps it; `charged` is None while nobody knows, and for a clip that was brought.
    `clip` lies in the store, and has the digest; both are None as long as it is not there. `former` says what
    was otherwise then; it is empty for a take of the present order.
    """

    shot: str
    number: int
    state: str
    picked: bool = False
    seed: int | None = None
    charged: Money | None = None
    digest: Digest | None = None
    clip: Path | None = None
    former: str = ""

    @property
    def made(self) -> bool:
        return self.clip is not None


@dataclass(frozen=True, slots=True)
class Picking:
    """A pick of take `new` of a shot: `hanging` are the steps that become stale with it, and `bill` is what a run
    would buy then, all in all. `old` is what was picked before, the same number when nothing changes. Of a draft,
    `finals` are the steps of the film that follows it that become stale, too, and `finals_bill` is what a run of
    that would buy.
    """

    shot: str
    old: int
    new: int
    hanging: tuple[Planned, ...]
    bill: Bill
    finals: tuple[Planned, ...] = ()
    finals_bill: Bill = field(default_factory=Bill)


def state_of(planned: Planned) -> str:
    match planned.verdict:
        case Fresh():
            return "made"
        case InFlight(submission):
            return "file lost" if submission.state is State.STORED else "in flight"
        case InDoubt():
            return "in doubt"
        case Blocked():
            return "blocked"
        case Stale(why):
            ended = [_STATES[reason.state] for reason in why if isinstance(reason, Ended)]
            return ended[0] if ended else "to make"
        case _ as never:
            assert_never(never)


def state_word(submission: Submission, *, there: bool) -> str:
    """How a submission ended that no step stands for any more; `there` says whether its clip is in the store."""
    return "file lost" if submission.state is State.STORED and not there else _STATES[submission.state]


def takes_text(every: Sequence[Tried]) -> str:
    """One line a take; those of former orders below a line."""
    present = [one for one in every if not one.former]
    former = [one for one in every if one.former]
    lines = columns(_filled([_row(one) for one in (*present, *former)])).splitlines()
    divider = ["---- asked for when the story said something else"] if former else []
    return "\n".join([*lines[: len(present)], *divider, *lines[len(present) :]]) + "\n"


def takes_data(every: Sequence[Tried]) -> list[dict[str, Any]]:
    return [
        {
            "step": take_key(one.shot, one.number),
            "shot": one.shot,
            "take": one.number,
            "picked": one.picked,
            "state": one.state,
            "seed": one.seed,
            "charged": money_data(one.charged),
            "digest": one.digest,
            "clip": None if one.clip is None else str(one.clip),
            "former": one.former or None,
        }
        for one in every
    ]


def picking_text(picking: Picking) -> str:
    """What hangs on a pick, before it is done."""
    if picking.old == picking.new:
        return f"take {picking.new} of shot '{picking.shot}' is picked already: nothing changes\n"
    return "".join(f"{line}\n" for line in _picking_lines(picking))


def picking_data(picking: Picking) -> dict[str, Any]:
    return {
        "shot": picking.shot,
        "old": picking.old,
        "new": picking.new,
        "stale": _stale_data(picking.hanging),
        "bill": _bill_data(picking.bill),
        "finals": {"stale": _stale_data(picking.finals), "bill": _bill_data(picking.finals_bill)},
    }


def _stale_data(hanging: Sequence[Planned]) -> list[dict[str, Any]]:
    return [
        {
            "step": planned.step.key,
            "reasons": reasons(planned),
            "most": money_data(planned.step.estimate.most) if planned.step.estimate else None,
        }
        for planned in hanging
    ]


def _bill_data(total: Bill) -> dict[str, Any]:
    return {"most": sums_data(total.most), "unknown": len(total.unknown)}


def label(one: Tried) -> tuple[str, str]:
    """The two lines that a contact sheet says of a take."""
    seed = "seed unknown" if one.seed is None else f"seed {one.seed}"
    cost = "" if one.charged is None else f"  {one.charged}"
    return f"{take_key(one.shot, one.number)}{'  picked' if one.picked else ''}", f"{seed}{cost}"


def _row(one: Tried) -> tuple[str, ...]:
    return (
        take_key(one.shot, one.number),
        "picked" if one.picked else "",
        one.state,
        "" if one.seed is None else f"seed {one.seed}",
        "" if one.charged is None else str(one.charged),
        (one.digest or "")[:SHORT],
        one.former,
        "" if one.clip is None else plain(str(one.clip)),
    )


def _filled(rows: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The rows without the columns that are empty in all of them."""
    kept = [place for place in range(len(rows[0])) if any(row[place] for row in rows)]
    return [tuple(row[place] for place in kept) for row in rows]


def _price(planned: Planned) -> str:
    return amount(planned.step.estimate) if planned.step.estimate else ""


def _picking_lines(picking: Picking) -> Iterator[str]:
    rows = _hanging_rows(picking.hanging)
    yield from rows
    then = f"The next run would buy: {bill(picking.bill)}" if rows else "Nothing that was made hangs on it"
    yield f"{then}. Nothing is bought by this."
    if picking.finals:
        yield "In the film that follows these drafts:"
        yield from _hanging_rows(picking.finals)
        yield f"The next run of that would buy: {bill(picking.finals_bill)}."


def _hanging_rows(hanging: Sequence[Planned]) -> list[str]:
    shown = [planned for planned in hanging if planned.step.kind in (StepKind.TAKE, StepKind.FILM)]
    rows = [(planned.step.key, "becomes stale", _price(planned), "; ".join(reasons(planned))) for planned in shown]
    return columns(_filled(rows)).splitlines() if rows else []
