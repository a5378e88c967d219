"""From draft to final: which draft a final follows, and the step that makes it from that draft.

Where the vendor makes finals from a draft's task, the final needs nothing else; elsewhere, and once the task is
gone, it is the same shot with the draft's seed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from seedance_pipe.document import Json, at, digest, fill
from seedance_pipe.plan.fingerprint import document, fingerprint
from seedance_pipe.plan.follows import Follows, Way, Why
from seedance_pipe.plan.graph import DRAFT, Step, StepKey
from seedance_pipe.plan.history import Drafted, History, Made, State
from seedance_pipe.plan.recipe import order_digest, recipe, seeded
from seedance_pipe.spec.story import Shot

_DAY = 24 * 3600.0
_MARGIN = 600.0
"""A task of which so little time is left may be gone before the request arrives."""

_OPEN = (State.INTENT, State.SUBMITTED, State.READY)


class Drafts:
    """The drafts that a history knows of. One for a plan: looking through the history takes a while."""

    def __init__(self, history: History) -> None:
        self._history = history

    def picked(self, draft: Shot) -> Drafted | None:
        """The take of `draft` that its final follows, whatever frame it began with; None when it is not made."""
        order = order_digest(draft)
        take = self._history.picks.get(order)
        found = self.take(draft, take or 1)
        told = self._history.drafts.get(order)
        if told is None or told.take != (take or told.take):
            return found
        # Of a draft that was made elsewhere a lock file may tell the seed, too.
        unknown = found is None or (found.seed is None and not found.task and found.clip == told.clip)
        return told if unknown else found

    def take(self, draft: Shot, number: int) -> Drafted | None:
        made = self._takes.get(digest(recipe(draft, number)))
        if made is None:
            return None
        submission = self._history.submissions.get(made.fingerprint)
        asked = None if draft.seed is None else draft.seed + number - 1
        return Drafted(
            order=order_digest(draft),
            take=number,
            clip=made.outputs["clip"],
            seed=submission.seed if submission else asked,
            task=(submission.task or "") if submission else "",
            at=submission.at if submission else 0.0,
        )

    def underway(self, draft: Shot) -> bool:
        """Whether the picked take of `draft` was asked for, and may still come."""
        take = self._history.picks.get(order_digest(draft), 1)
        return digest(recipe(draft, take)) in self._open

    def takes(self, draft: Shot) -> Iterator[Drafted]:
        """Every take of `draft` that is made."""
        return filter(None, (self.take(draft, number) for number in self._numbers))

    def usable(self, until: float) -> bool:
        return self._history.now < until

    def asked(self, step: Step) -> bool:
        """Whether the step is made, or asked for."""
        mark = fingerprint(document(step, step.given))
        submission = self._history.submissions.get(mark)
        return mark in self._history.made or (
            submission is not None and submission.state in (*_OPEN, State.STORED)
        )

    def made(self, key: StepKey) -> Sequence[Made]:
        """The takes that were made under this name, from the oldest on."""
        return self._by_name.get(key, ())

    @cached_property
    def _every(self) -> Sequence[Made]:
        every = (made for made in self._history.made.values() if "clip" in made.outputs and "#" in made.step)
        return sorted(every, key=self._age)

    @cached_property
    def _by_name(self) -> Mapping[str, Sequence[Made]]:
        found: dict[str, list[Made]] = {}
        for made in self._every:
            found.setdefault(made.step, []).append(made)
        return found

    @cached_property
    def _takes(self) -> Mapping[str, Made]:
        """The newest of the takes with the same recipe, by its digest."""
        recipes = ((at(made.inputs, ("recipe",)), made) for made in self._every)
        return {digest(known): made for known, made in recipes if known is not None}

    @cached_property
    def _open(self) -> frozenset[str]:
        """The digest of the recipe of each take that its vendor has, or may have."""
        every = (one for one in self._history.submissions.values() if one.state in _OPEN)
        return frozenset(digest(at(one.inputs, ("recipe",))) for one in every)

    @cached_property
    def _numbers(self) -> list[int]:
        return sorted({number for one in self._takes.values() if (number := _take_of(one))})

    def _age(self, made: Made) -> float:
        submission = self._history.submissions.get(made.fingerprint)
        return submission.at if submission else 0.0


def following(step: Step, drafts: Drafts) -> Step:
    """`step`, a take, as it is made from the draft of its shot. One that was made from a draft's task, or asked
    for, stays what it is, however long that is ago.
    """
    shot = step.shot
    if shot is None or shot.draft is None:
        return step
    drafted = drafts.picked(shot.draft)
    if drafted is None:
        why = Why.UNDERWAY if drafts.underway(shot.draft) else Why.UNMADE
        return replace(step, follows=Follows(Way.ALONE, why))
    until = _until(shot, drafted)
    if shot.final is not None:
        given = {DRAFT: drafted.clip}
        final = replace(step, needs=(), given=given, drafted=drafted, follows=Follows(Way.TASK, until=until))
        if (until is not None and drafts.usable(until)) or drafts.asked(final):
            return final
    lent = lent_seed(shot, drafted)
    if lent is None:
        why = Why.NO_SEED if shot.seed_path and drafted.seed is None else Why.UNFIT_SEED
        return replace(step, drafted=drafted, follows=Follows(Way.ALONE, why, until))
    follows = Follows(Way.SEED, _no_task(shot, shot.draft, drafted), until)
    return replace(step, shot=lent, recipe=recipe(lent, step.take), drafted=drafted, follows=follows)


def lent_seed(shot: Shot, drafted: Drafted) -> Shot | None:
    """The shot with the seed of its draft; None when nobody knows it, or the model does not take it."""
    seed, most = drafted.seed, shot.model.most_seed
    if seed is None or not shot.seed_path or (most is not None and seed + shot.takes - 1 > most):
        return None
    return replace(shot, seed=seed)


def as_ordered(shot: Shot, drafts: Drafts) -> tuple[Shot, ...]:
    """The shot in each way in which takes of its order may have been asked for: as written, and with a seed of its
    draft.
    """
    lent = [] if shot.draft is None else [lent_seed(shot, one) for one in drafts.takes(shot.draft)]
    return (shot, *{one.seed: one for one in lent if one is not None}.values())


def as_sent(step: Step) -> Shot | None:
    """The shot of a take as its request says it: with the draft's task in place of all that the vendor has from
    there, or with the seed that its draft lent.
    """
    shot = step.shot
    if shot is None or step.follows is None:
        return shot
    if not step.from_draft or shot.final is None:
        body, order = (seeded(one, shot, step.take) for one in (shot.body, shot.order))
        return replace(shot, body=_mapping(body), order=_mapping(order))
    hole = shot.final.hole
    task = step.drafted.task if step.drafted else ""
    body = fill(shot.final.body, {hole: task})
    origins = {path: origin for path, origin in shot.origins.items() if path[:1] != hole[:1]}
    return replace(shot, body=_mapping(body), order=_mapping(body), media=(), origins=origins)


def _mapping(document: Json) -> Mapping[str, Json]:
    assert isinstance(document, Mapping)
    return document


def _until(shot: Shot, drafted: Drafted) -> float | None:
    """When the draft's task can be used at the latest: counted from our request, so it is younger."""
    if shot.final is None or not drafted.task or shot.model.drafting is None:
        return None
    return drafted.at + shot.model.drafting.days * _DAY - _MARGIN


def _no_task(shot: Shot, draft: Shot, drafted: Drafted) -> Why:
    if shot.final is not None:
        return Why.EXPIRED if drafted.task else Why.NO_TASK
    if shot.model.name != draft.model.name:
        return Why.OTHER_MODEL
    if shot.model.drafting is None:
        return Why.NO_FINALS
    # A draft that has a task, and a shot that is made as a bridge: it has to end as no draft of it does.
    return Why.BRIDGE if at(draft.order, shot.model.drafting.asks) is True else Why.NOT_ASKED


def _take_of(made: Made) -> int:
    number = at(made.inputs, ("recipe", "take"))
    return number if isinstance(number, int) else 0
