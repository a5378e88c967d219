"""Plans, statuses and models as plain text tables: stable, without escape bytes, made for eyes and for diffs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from seedance_pipe.plan.freshness import Fresh, InFlight
from seedance_pipe.plan.graph import StepKey, StepKind
from seedance_pipe.plan.history import State, Submission
from seedance_pipe.plan.make import Planned
from seedance_pipe.plan.unroll import FILM, take_key
from seedance_pipe.report.doubts import Calling, doubt_lines
from seedance_pipe.report.money import accounts_rows, budget_lines, difference
from seedance_pipe.report.standing import Adopted, GivenBack, Result, Standing
from seedance_pipe.report.words import plain, reasons, sums, takes, verdict_word
from seedance_pipe.run.submission import at_most
from seedance_pipe.spec.cap import Caps

_SHOWN = (StepKind.TAKE, StepKind.FILM)
_REHEARSED = " Rehearsed: nothing was paid."


def status_text(standing: Standing, *, rehearsal: bool = False, calling: Calling | None = None) -> str:
    """Where every take and the film stand, open submissions that the story moved away from, what is known of those
    in doubt, how the bills came out, and the sums. `calling` is how a person names the story and its state.
    """
    rows: list[Sequence[str]] = [
        (planned.step.key, _state(planned), _charged(planned, standing), _where(planned, standing))
        for planned in standing.plan.steps
        if planned.step.kind in _SHOWN
    ]
    rows += [_stray_row(submission) for submission in standing.strays]
    budget = budget_lines(standing.plan.story.budget, standing.total)
    closing = f"Spent so far: {sums(standing.total.spent)}."
    if standing.total.reserved:
        closing += f" Reserved for what is open: {sums(standing.total.reserved)}."
    if standing.total.unknown:
        closing += f" What {takes(standing.total.unknown)} cost is unknown."
    shots = (shot.id for shot in standing.plan.story.shots)
    accounts = _columns(accounts_rows(standing.accounts, shots))
    told = list(doubt_lines(standing, calling or Calling(standing.plan.story.path.name)))
    lines = [*_columns(rows), "", *told, *([""] if told else []), *accounts, *([""] if accounts else []), *budget]
    return "\n".join([*lines, closing + (_REHEARSED if rehearsal else "")]) + "\n"


def result_text(result: Result, *, rehearsal: bool = False) -> str:
    """How a run ended, in one or two lines."""
    if result.stopped:
        return _stopped(result) + "\n"
    made = [key for key in result.made if _is_take(key)]
    lines = [f"{takes(len(made))} made for {sums(result.charged)}." if made else _none_made(result)]
    if made and rehearsal:
        lines[0] += _REHEARSED
    blocked = [key for key in result.blocked if _is_take(key) or key == FILM]
    for word, keys in (("Failed", result.failed), ("In doubt", result.doubted), ("Not made", blocked)):
        if keys:
            lines.append(f"{word}: {', '.join(keys)}.")
    if result.film is not None:
        lines.append(f"The film: {plain(str(result.film))}")
    elif result.exit_code == 0:
        lines.append("The film was left alone.")
    return "\n".join(lines) + "\n"


def adopted_text(adopted: Adopted, budget: Caps) -> str:
    """What was taken in and what it costs, and what that leaves of the budget."""
    if adopted.submission is None:
        what = f"{plain(str(adopted.clip))}: taken in, it cost nothing; the next run makes the film with it"
    else:
        price = at_most(adopted.submission)
        what = f"task {plain(adopted.submission.task or '')}: taken in, {price}; the next run fetches it"
    return "\n".join([f"{adopted.step}  {what}", *budget_lines(budget, adopted.total)]) + "\n"


def given_back_text(every: Iterable[GivenBack]) -> str:
    """What came of cancelling, one line a submission."""
    rows = [_given_back_row(one) for one in every]
    return "\n".join(_columns(rows) or ["Nothing is open: there is nothing to cancel."]) + "\n"


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Rows of text under each other, as wide as they need to be."""
    return "\n".join(_columns(rows)) + "\n"


def _stopped(result: Result) -> str:
    """One line: what goes on without us, and how to go on."""
    told = "Stopped; no take is under way"
    if result.running:
        where = ", ".join(f"{count} at {vendor}" for vendor, count in sorted(result.running.items()))
        told = f"Stopped; still at the vendors: {takes(sum(result.running.values()))} ({where})"
    if result.unanswered:
        told += f"; without an answer: {takes(result.unanswered)}"
    told += ". Run again to go on: nothing is paid for twice"
    if result.running:
        told += "; `seedance-pipe cancel` cancels what a vendor still lets go"
    return f"{told}."


def _none_made(result: Result) -> str:
    return "No take was made." if result.failed or result.doubted else "No take had to be made."


def _is_take(key: StepKey) -> bool:
    """Steps that a person did not write are not told of: their names say nothing."""
    return "#" in key and "/" not in key


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    if not rows:
        return []
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _state(planned: Planned) -> str:
    match planned.verdict:
        case InFlight(submission, deleted) if submission.state is State.STORED:
            return "file lost" if deleted is None else "file deleted"
    word = verdict_word(planned)
    return {"fresh": "made", "fetch": "in flight", "make": "to make", "copy": "to copy"}.get(word, word)


def _charged(planned: Planned, standing: Standing) -> str:
    """What a take cost, beside what was expected where the vendor charged another amount."""
    submission = standing.submission_of(planned)
    if submission is None or submission.charged is None:
        return ""
    return difference(submission.expected, submission.charged)


def _where(planned: Planned, standing: Standing) -> str:
    if planned.step.key in standing.clips:
        return plain(str(standing.clips[planned.step.key]))
    if planned.step.kind is StepKind.FILM and isinstance(planned.verdict, Fresh):
        return plain(str(standing.plan.story.output))
    return "; ".join(reasons(planned))


def _given_back_row(one: GivenBack) -> tuple[str, str, str]:
    word = "cancelled" if one.cancelled else "ended" if one.ended else "not cancelled"
    task = f"task {one.submission.task} " if one.submission.task else ""
    return (take_key(one.submission.shot, one.submission.take), word, plain(f"{task}{one.why}; {one.next_step}"))


def _stray_row(submission: Submission) -> tuple[str, str, str, str]:
    word = "in doubt" if submission.state is State.INTENT else "in flight"
    known = f"{submission.vendor} task {submission.task}" if submission.task else submission.vendor
    name = f"{submission.shot}#{submission.take}"
    return (name, word, str(submission.reserved or ""), f"{known}; the story no longer asks for it")
