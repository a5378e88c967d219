"""Pinning: writing down in the lock file what a person chose, and what a film came to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from seedance_pipe.effects import Effects
from seedance_pipe.errors import GuardRefused, PipeError, StoryInvalid
from seedance_pipe.plan.freshness import Lost, Stale
from seedance_pipe.plan.graph import StepKind
from seedance_pipe.plan.history import History
from seedance_pipe.plan.lock import Lock, choosing, lock_of
from seedance_pipe.plan.make import Plan, Planned, make
from seedance_pipe.plan.recipe import order_digest
from seedance_pipe.report.words import bill, takes
from seedance_pipe.run import lockfile
from seedance_pipe.run.journal import Journal
from seedance_pipe.run.store import Store
from seedance_pipe.spec.cut import LOCK_FILE
from seedance_pipe.spec.repair import Repair
from seedance_pipe.studio.home import Home
from seedance_pipe.studio.look import METHODS, as_made, history_of

_NO_PICKS: Mapping[str, int] = MappingProxyType({})
_NO_REPAIRS: Mapping[str, Repair] = MappingProxyType({})

_SHOWN = 5


def choose(
    where: Home,
    effects: Effects,
    *,
    picks: Mapping[str, int] = _NO_PICKS,
    repairs: Mapping[str, Repair] = _NO_REPAIRS,
) -> None:
    """Write down the takes and the ways that a person chose, by the digests of the orders of the story's shots:
    durable when this returns. Raises StoryInvalid for a lock file that is none, and PipeError when it cannot be
    written.
    """
    if not picks and not repairs:
        return
    orders = {shot.id: order_digest(shot) for shot in where.story.shots}

    def with_choices(lock: Lock) -> Lock:
        return Lock(
            choosing(lock.picks, where.output, orders, picks, usual=1),
            choosing(lock.repairs, where.output, orders, repairs),
            lock.films,
        )

    _change(where, with_choices, effects)


def pin(
    where: Home, journal: Journal, store: Store, effects: Effects, *, picks: Mapping[str, int] = _NO_PICKS
) -> str:
    """Bring the film's part of the lock file up to date with what is made, and with these `picks`. Gives in words
    why that could not be done, "" when it is done. Nothing is lost then: the journal knows what the file does not.
    """
    try:
        if picks:
            choose(as_made(where, history_of(where, journal, store)), effects, picks=picks)
        history = history_of(where, journal, store)
        plan = make(where.story, history, METHODS)
    except PipeError as error:
        return _outdated(error)
    return pinned(where, plan, history, effects)


def pinned(where: Home, plan: Plan, history: History, effects: Effects) -> str:
    """As `pin`, with the `plan` of the whole film, and the history that it was made with."""
    try:
        _change(where, lambda lock: lock_of(plan, history, lock, where.output), effects)
    except PipeError as error:
        return _outdated(error)
    return ""


def _outdated(error: PipeError) -> str:
    place = f"{error.place}: " if isinstance(error, StoryInvalid) and error.place else ""
    return f"{LOCK_FILE} is not up to date: {place}{error.message}"


def guard_elsewhere(plan: Plan, ask: Callable[[str], bool] | None) -> None:
    """Takes that were made, as the lock file tells, but whose files are not in this store are not bought again
    unasked. Raises GuardRefused when nobody says that they are to be.
    """
    lost = [one.step.key for one in plan.steps if _is_elsewhere(one)]
    if not lost:
        return
    names = ", ".join(lost) if len(lost) <= _SHOWN else f"{takes(len(lost))}, {lost[0]} among them"
    told = f"{names}: made before ({LOCK_FILE}), but not in this store; the price of this run: {bill(plan.bill)}"
    fetch = "bring the files with `seedance-pipe import-store`"
    if ask is None:
        raise GuardRefused(told, next_step=f"{fetch}, or buy anew with --yes")
    if not ask(f"{told}. Buy anew?"):
        raise GuardRefused("the run was not confirmed", next_step=f"nothing was sent; {fetch}")


def _is_elsewhere(one: Planned) -> bool:
    if one.step.kind is not StepKind.TAKE or not isinstance(one.verdict, Stale):
        return False
    return any(isinstance(reason, Lost) and reason.pinned for reason in one.verdict.reasons)


def _change(where: Home, change: Callable[[Lock], Lock], effects: Effects) -> None:
    lockfile.change(where.lockfile, change, guard=where.lockfile_guard, effects=effects)
