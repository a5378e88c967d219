"""Redrafting: telling that a final is stale because it follows another draft, and which it was before.

A final and its draft are steps of the same name in one story, so what was made last under that name may be the
draft: a final is compared with the final before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from seedance_pipe.document import Json, JsonPath, at, freeze, leaves
from seedance_pipe.plan.drafted import Drafts
from seedance_pipe.plan.follows import Way
from seedance_pipe.plan.freshness import Changed, Ended, Lost, New, Redrafted, Stale, changes, last_inputs
from seedance_pipe.plan.graph import DRAFT, Step
from seedance_pipe.plan.history import Drafted, History
from seedance_pipe.plan.recipe import recipe
from seedance_pipe.spec.story import Shot


def told_of_draft(step: Step, verdict: Stale, history: History, drafts: Drafts) -> Stale:
    """`verdict` with the other draft that led to it, in place of the inputs that are other ones because of it."""
    shot = step.shot
    if shot is None or shot.draft is None or any(isinstance(one, Ended | Lost) for one in verdict.reasons):
        return verdict
    past = _finals_alone(step, shot, history, drafts)
    before = last_inputs(step, past)
    waits = tuple(one for one in verdict.reasons if not isinstance(one, Changed | New))
    if before is None:
        return Stale((New(), *waits))
    seed_at = ("recipe", "order", *shot.seed_path)
    own: Json = freeze({"kind": step.kind.value, "recipe": step.recipe})
    was, now = at(before, ("inputs", DRAFT)), step.given.get(DRAFT)
    seeds = at(before, seed_at), at(own, seed_at)
    # A seed that is the same in both was not lent by another draft: the story gives it.
    lent = seeds[0] if seeds[0] != seeds[1] else None
    old = _take(tuple(drafts.takes(shot.draft)), was, lent, step.take)
    new = step.drafted.take if step.drafted and step.follows and step.follows.way is not Way.ALONE else None
    if (was == now and lent is None) or (was is None and old is None and new is None):
        return verdict
    changed = [one for one in changes(step, own, past) if (one.old, one.new) != seeds]
    return Stale((Redrafted(old, new), *changed, *waits))


def _finals_alone(step: Step, shot: Shot, history: History, drafts: Drafts) -> History:
    """The history in which the latest of the step is the final that was made last, whatever was made since."""
    mark = history.latest.get(step.key)
    if mark is None:
        return history
    draft = _of_the_draft(shot)
    if not _agrees(last_inputs(step, history), draft):
        return history
    finals = [one for one in drafts.made(step.key) if not _agrees(one.inputs, draft)]
    return replace(history, latest={step.key: finals[-1].fingerprint} if finals else {})


def _of_the_draft(shot: Shot) -> Mapping[JsonPath, Json]:
    """What the recipe of a draft of the shot has otherwise than that of a final, by path."""
    assert shot.draft is not None
    own, draft = (dict(leaves(recipe(replace(one, seed=None), 1))) for one in (shot, shot.draft))
    return {path: draft.get(path) for path in {**own, **draft} if own.get(path) != draft.get(path)}


def _agrees(inputs: Json, draft: Mapping[JsonPath, Json]) -> bool:
    """Whether these are the inputs of a draft, perhaps one from before the shot was changed."""
    known = dict(leaves(at(inputs, ("recipe",))))
    return all(known.get(path) == value for path, value in draft.items())


def _take(takes: tuple[Drafted, ...], clip: Json, seed: Json, number: int) -> int | None:
    """The take of a draft that gave `clip`, or whose seed was lent to take `number` of a final that had `seed`."""
    for one in takes:
        lent = None if one.seed is None else one.seed + number - 1
        if clip == one.clip or (clip is None and lent is not None and lent == seed):
            return one.take
    return None
