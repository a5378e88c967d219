"""Verdicts, reasons and amounts in words, safe for a terminal."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import assert_never

from seedance_pipe.document import Json, canonical, leaves
from seedance_pipe.plan.cost import Estimate
from seedance_pipe.plan.freshness import (
    Blocked,
    Changed,
    Ended,
    Fresh,
    InDoubt,
    InFlight,
    Lost,
    New,
    Reason,
    Redrafted,
    Repicked,
    Stale,
    Undelivered,
    Upstream,
    Verdict,
)
from seedance_pipe.plan.graph import StepKey, StepKind
from seedance_pipe.plan.history import Decision, State, Submission
from seedance_pipe.plan.make import Bill, Planned
from seedance_pipe.plan.unroll import FORMAT
from seedance_pipe.spec.cut import LOCK_FILE
from seedance_pipe.units import Money

_LONGEST = 60
_MANY = 3
_AROUND = 2
_SHORTEST = (8, 13, 18)
# What the vendors call the text of a request, and the story's own word for it.
_PROMPTS = frozenset({"prompt", "text", "positivePrompt"})
_GIVEN_UP = {
    Decision.LOST: "the vendor had nothing of it",
    Decision.RESUBMIT: "it is bought anew, whatever became of it",
}
_MEDIA_KEYS = {"first_frame", "last_frame", "reference"}


def plain(text: str) -> str:
    """`text` without anything that could drive a terminal: control characters are shown escaped."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def verdict_word(planned: Planned) -> str:
    match planned.verdict:
        case Fresh():
            return "fresh"
        case Stale((Undelivered(),)):
            return "copy"
        case Stale():
            return "make"
        case InFlight():
            return "fetch"
        case InDoubt():
            return "in doubt"
        case Blocked():
            return "blocked"
        case _ as never:
            assert_never(never)


def reasons(planned: Planned) -> list[str]:
    """Why the verdict is what it is, a clause each; nothing for a fresh step."""
    verdict: Verdict = planned.verdict
    match verdict:
        case Fresh():
            return []
        case Stale(every):
            why = _told(every)
            before = [reason for reason in why if isinstance(reason, Upstream)]
            if len(before) < _MANY:
                return [_reason(reason, planned.step.kind) for reason in why]
            own = [reason for reason in why if not isinstance(reason, Upstream)]
            others = [_reason(reason, planned.step.kind) for reason in own]
            return [*others, f"after {len(before)} other steps"]
        case InFlight(submission, deleted):
            state = submission.state.value
            if submission.state is State.STORED:
                state = _gone("file", deleted, "is lost here")
            return [f"{state}: {submission.vendor} task {submission.task}; it is fetched, not bought again"]
        case InDoubt(submission):
            return [f"{submission.vendor} may have accepted it and never answered; it is not sent again"]
        case Blocked(by):
            return [f"{by} is in doubt"]
        case _ as never:
            assert_never(never)


def amount(estimate: Estimate) -> str:
    if estimate.most is None:
        return "unknown"
    return f"{estimate.most}" if estimate.exact else f"<= {estimate.most}"


def bill(total: Bill) -> str:
    """`$1.04`, `at most $1.04`, `$1.04 and 25 rivya credits, and 2 takes of unknown price`, or `nothing`. What is
    unknown has no bound, so it is never part of an `at most`.
    """
    known = _amounts(total.most)
    if known and not total.exact:
        known = f"at most {known}"
    unknown = f"{takes(len(total.unknown))} of unknown price" if total.unknown else ""
    return ", and ".join(part for part in (known, unknown) if part) or "nothing"


def first_words(submission: Submission) -> str:
    """How the prompt of a request begins, in quotes; nothing where it has none."""
    for path, leaf in leaves(submission.inputs):
        if isinstance(leaf, str) and path[-1] in _PROMPTS:
            words = " ".join(leaf.split())
            return f'"{plain(words)}"' if len(words) <= _LONGEST else f'"{plain(words[:_LONGEST])}…"'
    return ""


def short_names(ids: Iterable[str]) -> Mapping[str, str]:
    """How each of these ids begins, as far as it takes to tell it from the others."""
    every = tuple(ids)
    for length in _SHORTEST:
        if len({ident[:length] for ident in every}) == len(set(every)):
            return {ident: ident[:length] for ident in every}
    return {ident: ident for ident in every}


def takes(count: int) -> str:
    return "1 take" if count == 1 else f"{count} takes"


def sums(amounts: Mapping[str, Money]) -> str:
    return _amounts(amounts) or str(Money.zero())


def _amounts(amounts: Mapping[str, Money]) -> str:
    """Dollars before credits, in whatever order they came."""
    return " and ".join(str(amounts[currency]) for currency in sorted(amounts))


def _told(why: Sequence[Reason]) -> Sequence[Reason]:
    """The reasons that say something to a person: beside a pick, the cutting room's own steps do not."""
    if not any(isinstance(reason, Repicked) for reason in why):
        return why
    return [reason for reason in why if not (isinstance(reason, Upstream) and _is_hidden(reason.step))]


def _is_hidden(step: StepKey) -> bool:
    """Whether a person did not write the step: the frame or the clip of a take, or what clips have in common."""
    return "/" in step or step == FORMAT


def _reason(reason: Reason, kind: StepKind) -> str:
    match reason:
        case New():
            return "new"
        case Changed():
            return _changed(reason, kind)
        case Upstream(step):
            return f"after {step}"
        case Repicked(shot, old, new):
            return f"take {new} of shot '{shot}' is picked instead of take {old}"
        case Lost(output, _, pinned=True):
            return f"made before ({LOCK_FILE}), but its {output} is not in this store"
        case Redrafted(old, new):
            return _redrafted(old, new)
        case Lost(output, deleted):
            return _gone(output, deleted, "is missing from the store")
        case Ended(State.ABANDONED, code, _):
            return f"given up by a person: {_GIVEN_UP[Decision(code)]}"
        case Ended(state, code, why):
            told = {State.REFUSED: "refused", State.FAILED: "failed", State.UNSENT: "not sent"}[state]
            # Most reasons end with the vendor's code and message already.
            named = f" ({code})" if code and code not in why else ""
            return plain(f"last time {told}{named}: {why}")
        case Undelivered(path):
            return f"{plain(path)} is not there"
        case _ as never:
            assert_never(never)


def _redrafted(old: int | None, new: int | None) -> str:
    if new is None:
        return "it was made from a draft before, and is not now"
    if old is None:
        return f"it follows take {new} of its draft now"
    if old == new:
        return f"it follows take {new} of its draft anew"
    return f"take {new} of its draft is picked instead of take {old}"


def _gone(what: str, deleted: float | None, otherwise: str) -> str:
    return f"its {what} {otherwise}" if deleted is None else f"its {what} was deleted by you on {day(deleted)}"


def day(at: float) -> str:
    """The day of a moment in Unix seconds, as all our dates in UTC: `2026-11-21`."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")


def _changed(change: Changed, kind: StepKind) -> str:
    where = f"  ({change.place})" if change.place else ""
    if kind is not StepKind.TAKE:
        return f"other {change.key.split('/')[0]}"
    if change.key in _MEDIA_KEYS:
        return f"{change.key}: {_other_picture(change)}{where}"
    if isinstance(change.old, str) and isinstance(change.new, str):
        old, new = _narrowed(change.old, change.new)
        return f"{change.key}: {old} -> {new}{where}"
    return f"{change.key}: {_value(change.old)} -> {_value(change.new)}{where}"


def _other_picture(change: Changed) -> str:
    if change.old is None:
        return "added"
    return "removed" if change.new is None else "another file"


def _value(value: Json) -> str:
    return "not set" if value is None else plain(canonical(value))


def _narrowed(old: str, new: str) -> tuple[str, str]:
    """Two texts cut down to the stretches in which they differ, so that one word in a long prompt is seen."""
    old_words, new_words = old.split(" "), new.split(" ")
    matcher = difflib.SequenceMatcher(None, old_words, new_words, autojunk=False)
    groups = [(group[0], group[-1]) for group in matcher.get_grouped_opcodes(_AROUND)]
    if len(old) + len(new) <= _LONGEST or not groups:
        return f'"{plain(old)}"', f'"{plain(new)}"'
    return (
        _excerpts(old_words, [(first[1], last[2]) for first, last in groups]),
        _excerpts(new_words, [(first[3], last[4]) for first, last in groups]),
    )


def _excerpts(words: list[str], stretches: list[tuple[int, int]]) -> str:
    """The words of each stretch, from the first that is one to the one before the last."""
    before = "… " if stretches[0][0] else ""
    after = " …" if stretches[-1][1] < len(words) else ""
    texts = [" ".join(words[start:stop]) for start, stop in stretches[:_MANY]]
    shown = " … ".join(text if len(text) <= 2 * _LONGEST else f"{text[: 2 * _LONGEST]}…" for text in texts)
    more = len(stretches) - _MANY
    return f'"{before}{plain(shown)}{after}"' + (f" and {more} more changes" if more > 0 else "")
