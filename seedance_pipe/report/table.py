"""Plans, statuses and models as plain text tables: stable, without escape bytes, made for eyes and for diffs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from seedance_pipe.plan.freshness import Fresh, Stale
from seedance_pipe.plan.graph import StepKind
from seedance_pipe.plan.history import State, Submission
from seedance_pipe.plan.make import Plan, Planned
from seedance_pipe.report.standing import Result, Standing
from seedance_pipe.report.words import amount, bill, plain, reasons, sums, verdict_word
from seedance_pipe.spec.medium import LocalFile
from seedance_pipe.spec.story import Story

_SHOWN = (StepKind.TAKE, StepKind.FILM)


def plan_text(plan: Plan, *, every_step: bool = False) -> str:
    """One line a take and one for the film (or one for `every_step`), then the bill."""
    shown = [planned for planned in plan.steps if every_step or planned.step.kind in _SHOWN]
    rows = [_plan_row(planned) for planned in shown]
    return "\n".join([*_columns(rows), "", *_closing(plan)]) + "\n"


def status_text(standing: Standing) -> str:
    """Where every take and the film stand, open submissions that the story moved away from, and the sums."""
    rows: list[Sequence[str]] = [
        (planned.step.key, _state(planned), _charged(planned, standing), _where(planned, standing))
        for planned in standing.plan.steps
        if planned.step.kind in _SHOWN
    ]
    rows += [_stray_row(submission) for submission in standing.strays]
    closing = f"Spent so far: {sums(standing.total.spent)}."
    if standing.total.reserved:
        closing += f" Reserved for what is open: {sums(standing.total.reserved)}."
    return "\n".join([*_columns(rows), "", closing]) + "\n"


def result_text(result: Result) -> str:
    """How a run ended, in one or two lines."""
    if result.stopped:
        still = f"still at the vendors: {_count(result.running)}" if result.running else "no take is under way"
        return f"Stopped; {still}. Run again to go on: nothing is paid for twice.\n"
    takes = [key for key in result.made if "#" in key and "/" not in key]
    paid = f" for {sums(result.charged)}" if takes else ""
    lines = [f"{_count(len(takes))} made{paid}." if takes else _none_made(result)]
    for word, keys in (("Failed", result.failed), ("In doubt", result.doubted), ("Not made", result.blocked)):
        if keys:
            lines.append(f"{word}: {', '.join(keys)}.")
    if result.film is not None:
        lines.append(f"The film: {plain(str(result.film))}")
    elif result.exit_code == 0:
        lines.append("The film was left alone.")
    return "\n".join(lines) + "\n"


def leaving(story: Story, steps: Iterable[Planned]) -> list[tuple[str, str]]:
    """Each local file that the pending takes would send away, with the vendor that gets it, sorted."""
    return sorted(
        {
            (medium.source.name, planned.step.shot.model.vendor)
            for planned in steps
            if planned.step.kind is StepKind.TAKE
            and planned.step.shot is not None
            and not isinstance(planned.verdict, Fresh)
            for medium in planned.step.shot.media
            if isinstance(medium.source, LocalFile)
        }
    )


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Rows of text under each other, as wide as they need to be."""
    return "\n".join(_columns(rows)) + "\n"


def _none_made(result: Result) -> str:
    return "No take was made." if result.failed or result.doubted else "No take had to be made."


def _count(takes: int) -> str:
    return "1 take" if takes == 1 else f"{takes} takes"


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    if not rows:
        return []
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _plan_row(planned: Planned) -> tuple[str, str, str, str]:
    estimate = planned.step.estimate
    price = amount(estimate) if estimate and isinstance(planned.verdict, Stale) else ""
    return (planned.step.key, verdict_word(planned), price, "; ".join(reasons(planned)))


def _closing(plan: Plan) -> Iterator[str]:
    takes = [planned for planned in plan.steps if planned.step.kind is StepKind.TAKE]
    bought = [planned for planned in takes if isinstance(planned.verdict, Stale)]
    if not plan.pending:
        yield "Nothing to do: the film is up to date."
        return
    if bought:
        yield f"{len(bought)} of {_count(len(takes))} to make: {bill(plan.bill)}{_price_dates(bought)}."
    else:
        yield "No take to make: nothing to pay."
    for name, vendor in leaving(plan.story, plan.steps):
        yield f"Leaves this machine: {plain(name)} -> {vendor}"
    for planned in bought:
        estimate = planned.step.estimate
        if estimate and estimate.why:
            yield f"{planned.step.key}: {estimate.why}"


def _price_dates(bought: Iterable[Planned]) -> str:
    prices = {
        planned.step.shot.model.price.seen.isoformat()
        for planned in bought
        if planned.step.shot and planned.step.shot.model.price
    }
    return f" (prices as of {', '.join(sorted(prices))})" if prices else ""


def _state(planned: Planned) -> str:
    word = verdict_word(planned)
    return {"fresh": "made", "fetch": "in flight", "make": "to make", "copy": "to copy"}.get(word, word)


def _charged(planned: Planned, standing: Standing) -> str:
    """What a take cost, beside the reservation where the vendor charged another amount."""
    submission = standing.submission_of(planned)
    if submission is None or submission.charged is None:
        return ""
    if submission.reserved is None or submission.reserved == submission.charged:
        return str(submission.charged)
    return f"{submission.charged} ({submission.reserved} expected)"


def _where(planned: Planned, standing: Standing) -> str:
    if planned.step.key in standing.clips:
        return plain(str(standing.clips[planned.step.key]))
    if planned.step.kind is StepKind.FILM and isinstance(planned.verdict, Fresh):
        return plain(str(standing.plan.story.output))
    return "; ".join(reasons(planned))


def _stray_row(submission: Submission) -> tuple[str, str, str, str]:
    word = "in doubt" if submission.state is State.INTENT else "in flight"
    known = f"{submission.vendor} task {submission.task}" if submission.task else submission.vendor
    name = f"{submission.shot}#{submission.take}"
    return (name, word, str(submission.reserved or ""), f"{known}; the story no longer asks for it")
