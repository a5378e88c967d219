"""Putting together the record of one shot from the story, the journal and the store."""

from __future__ import annotations

from seedance_pipe.effects import Effects
from seedance_pipe.plan.drafted import as_sent
from seedance_pipe.plan.freshness import Fresh
from seedance_pipe.plan.graph import StepKind
from seedance_pipe.plan.make import make
from seedance_pipe.plan.unroll import take_key
from seedance_pipe.report.record import Kept, Record, steps_of
from seedance_pipe.report.review import review
from seedance_pipe.run.store import Store
from seedance_pipe.studio.home import Home
from seedance_pipe.studio.look import METHODS, memory


def record(where: Home, shot: str, *, effects: Effects | None = None) -> Record:
    """All that is known of one shot of the story, which has it. Changes nothing and sends nothing."""
    with memory(where, effects or Effects()) as (_, history):
        told = review(make(where.story, history, METHODS), known=history.latest)
        sent = history.submissions.values()
    chosen = next(one for one in where.story.shots if one.id == shot)
    items = steps_of(told, chosen)
    takes = (as_sent(item.planned.step) for item in items if item.planned.step.kind is StepKind.TAKE)
    store = Store(where.store)
    made = {
        item.planned.step.key: item.planned.verdict.outputs
        for item in items
        if isinstance(item.planned.verdict, Fresh)
    }
    kept = tuple(
        Kept(key, name, store.path(digest))
        for key, outputs in made.items()
        for name, digest in outputs.items()
        if store.has(digest)
    )
    # A take that was bought under another name of the shot, or for another story, is its own all the same.
    own = [one for one in sent if (one.story, one.shot) == (where.name, shot) or one.outputs in made.values()]
    own.sort(key=lambda one: (one.at, one.take))
    before = tuple(
        Kept(f"{take_key(one.shot, one.take)} before", name, store.path(digest))
        for one in own
        if one.outputs not in made.values()
        for name, digest in one.outputs.items()
        if store.has(digest)
    )
    return Record(told, next(takes) or chosen, items, tuple(own), (*kept, *before))
