"""Finals and their drafts in words and as JSON: what a final is made from, until when, and why it is not alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, assert_never

from seedance_pipe.plan.follows import Follows, Way, Why
from seedance_pipe.plan.freshness import Stale
from seedance_pipe.plan.graph import Step, StepKey
from seedance_pipe.plan.make import Plan, Planned
from seedance_pipe.report.words import plain

_FIRST = 5


def follows_text(step: Step) -> str:
    """How a take follows its draft, as a clause; "" where it has none, or none is made."""
    follows, drafted = step.follows, step.drafted
    if follows is None or drafted is None:
        return ""
    which = f"take {drafted.take} of its draft"
    if follows.way is Way.TASK:
        until = "" if follows.until is None else f", which can be used until {moment(follows.until)}"
        return f"from the task of {which}{until}"
    return f"{_unlike(follows.way, which)}: {_because(step, follows)}"


def pending_finals(plan: Plan) -> Iterator[tuple[Planned, Follows]]:
    """The takes to be made that have a draft to follow."""
    for one in plan.steps:
        if one.step.follows is not None and isinstance(one.verdict, Stale):
            yield one, one.step.follows


def without_draft(plan: Plan) -> Iterator[str]:
    """A line each for the takes that would be made although no draft of them is, or none has come yet."""
    finals = list(pending_finals(plan))
    unmade = [one.step.key for one, follows in finals if follows.why is Why.UNMADE]
    underway = [one.step.key for one, follows in finals if follows.why is Why.UNDERWAY]
    command = f"`run --profile {plain(plan.story.drafts)}`"
    if unmade:
        yield f"No draft is made yet of {_listed(unmade)}; {command} makes drafts"
    if underway:
        yield f"At the vendor is the draft of {_listed(underway)}; {command} fetches it first"


def unlike_draft(plan: Plan) -> Iterator[tuple[StepKey, str]]:
    """What a run says of finals that will not be what their drafts are: each reason once, with its first take."""
    alike: dict[str, list[StepKey]] = {}
    for one, follows in pending_finals(plan):
        if follows.way is not Way.TASK:
            told = f"{_unlike(follows.way, 'its draft')}: {_because(one.step, follows)}"
            alike.setdefault(told, []).append(one.step.key)
    for told, keys in alike.items():
        more = f" (and so {len(keys) - 1} more)" if len(keys) > 1 else ""
        yield keys[0], told + more


def follows_data(step: Step) -> dict[str, Any] | None:
    """`identical` says that the vendor makes it from the draft's own task."""
    follows, drafted = step.follows, step.drafted
    if follows is None:
        return None
    return {
        "take": drafted.take if drafted else None,
        "clip": drafted.clip if drafted else None,
        "seed": drafted.seed if drafted else None,
        "task": (drafted.task or None) if drafted else None,
        "way": follows.way.value,
        "identical": follows.way is Way.TASK,
        "why": follows.why.value if follows.why else None,
        "until": None if follows.until is None else _iso(follows.until),
    }


def moment(at: float) -> str:
    """Unix seconds in UTC, to the minute: `2026-11-28 13:40 UTC`."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def _unlike(way: Way, which: str) -> str:
    return f"with the seed of {which}, not identical to it" if way is Way.SEED else f"without {which}"


def _because(step: Step, follows: Follows) -> str:
    assert step.shot is not None and step.shot.draft is not None
    model, draft = step.shot.model.familiar, step.shot.draft.model.familiar
    match follows.why:
        case Why.OTHER_MODEL:
            return f"that is made by {draft}"
        case Why.NO_FINALS:
            return f"{model} makes no finals from drafts"
        case Why.NOT_ASKED:
            asks = ".".join(map(str, step.shot.model.drafting.asks)) if step.shot.model.drafting else ""
            return f"its request does not say params.{asks}: true"
        case Why.BRIDGE:
            return "it ends with another picture now"
        case Why.NO_TASK:
            return "its task is not known here"
        case Why.EXPIRED:
            return f"its task could be used until {moment(follows.until or 0.0)}"
        case Why.NO_SEED:
            return "nobody knows its seed"
        case Why.UNFIT_SEED:
            return f"{model} takes no {'such ' if step.shot.seed_path else ''}seed"
        case Why.UNDERWAY:
            return "that is still at its vendor"
        case Why.UNMADE | None:
            return "none is made yet"
        case _ as never:
            assert_never(never)


def _listed(keys: Sequence[str]) -> str:
    more = f" and {len(keys) - _FIRST} more" if len(keys) > _FIRST else ""
    return f"{', '.join(keys[:_FIRST])}{more}"
