"""Housekeeping: stored files that nobody needs any more are told, and removed when a person says so.

What was paid for is never taken for rubbish, nor is a hand-off frame that a paid take was made from: made again,
it might come out as other bytes, and the take would be bought again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from seedance_pipe.effects import Effects
from seedance_pipe.errors import GuardRefused, PipeError
from seedance_pipe.plan.freshness import Fresh
from seedance_pipe.plan.graph import StepKind
from seedance_pipe.plan.history import History, Submission
from seedance_pipe.plan.make import Plan, make
from seedance_pipe.report.upkeep import Item, Upkeep, Why, paid_question
from seedance_pipe.report.words import day
from seedance_pipe.run import lockfile
from seedance_pipe.run.inventory import Inventory, inventory
from seedance_pipe.run.journal import Journal
from seedance_pipe.run.lock import hold
from seedance_pipe.run.store import Store
from seedance_pipe.studio.deliver import unfinished
from seedance_pipe.studio.home import Home
from seedance_pipe.studio.look import METHODS, history_of, in_place
from seedance_pipe.units import Digest
from seedance_pipe.vendor.registry import VENDORS

ORPHAN_SECONDS = 3600.0
"""A file that no entry names may be just about to be named: a run keeps it first. So it has to be older."""

ANSWER = "delete"
"""What a person types before paid takes are deleted."""

Asking = Callable[[str], str]


def collect(
    homes: Sequence[Home],
    *,
    paid: bool = False,
    yes: bool = False,
    ask: Asking | None = None,
    effects: Effects | None = None,
) -> Upkeep:
    """What of the state of a story nobody needs, and with `yes` its end. `homes` is the story as it was asked for,
    and in its other profiles: what any of them uses stays. With `paid` also takes that were paid for; `ask` puts a
    question to a person, None when nobody is there.

    Raises StoryHeld while a run of any story of the state is at work, and GuardRefused, with nothing removed, when
    a person does not say that paid takes are to go.
    """
    effects = effects or Effects()
    where = homes[0]
    with _tidying(where, effects, alone=yes) as room:
        if room is None:
            return Upkeep((), done=yes)
        found = _rubbish(room, [make(home.story, room.history, METHODS) for home in homes])
        items = [one for one in found.items if paid or not one.dear]
        if not yes:
            return Upkeep(items, done=False, withheld=len(found.items) - len(items), shared=found.shared)
        if any(one.dear for one in items) and ask is not None and not where.rehearsal:
            _confirm(items, ask)
        _remove(room, items)
        return Upkeep(items, done=True, withheld=len(found.items) - len(items), shared=found.shared)


def clean(homes: Sequence[Home], *, dry: bool = False, effects: Effects | None = None) -> Upkeep:
    """Removes all that this story had made without any vendor, and the film where it lies for people. With `dry`
    it only tells. `homes` are the films of the story. Raises StoryHeld while a run of any story of the state is at
    work.
    """
    effects = effects or Effects()
    with _tidying(homes[0], effects, alone=not dry) as room:
        if room is None:
            return Upkeep((), done=not dry)
        items = [*_derived(room), *(one for home in homes for one in _outside(home, room.journal))]
        items += [_left(path) for path in room.store.leftovers()]
        if not dry:
            _remove(room, items)
            room.store.sweep()
        return Upkeep(items, done=not dry)


@dataclass(frozen=True, slots=True)
class _Room:
    """A state that is being tidied for one story."""

    where: Home
    journal: Journal
    store: Store
    history: History
    known: Inventory
    effects: Effects


@contextmanager
def _tidying(where: Home, effects: Effects, *, alone: bool) -> Iterator[_Room | None]:
    """The state of the story; None where there is none. `alone` keeps every run of this state out meanwhile."""
    with ExitStack() as stack:
        if not os.path.lexists(where.journal):
            yield None
            return
        if alone:
            for lock in sorted({where.lock, *where.lock.parent.glob("*.lock")}):
                stack.enter_context(hold(lock, effects))
            journal = Journal.open(where.journal, story=where.name, effects=effects)
        else:
            looking = Journal.look(where.journal, story=where.name, effects=effects)
            if looking is None:
                yield None
                return
            journal = looking
        stack.enter_context(journal)
        store = Store(where.store, disk=effects.disk)
        stack.callback(store.close)
        known = inventory(journal.entries(), journal.document)
        yield _Room(where, journal, store, history_of(where, journal, store), known, effects)


@dataclass(frozen=True, slots=True)
class _Rubbish:
    items: Sequence[Item]
    shared: int


def _rubbish(room: _Room, plans: Sequence[Plan]) -> _Rubbish:
    needed, pinned = used(room.history, plans), lockfile.read(room.where.lockfile).files
    items: list[Item] = []
    shared = 0
    for digest in sorted(room.store.digests() - needed):
        stories = room.known.stories(digest)
        if digest not in room.known.names and digest in pinned:
            # Another machine paid for it: a store may be shared, and a journal is not.
            shared += 1
        elif digest not in room.known.names:
            orphan = _item(room, digest, Why.ORPHAN, f"file {digest[:12]}")
            if room.effects.now() - orphan.path.stat().st_mtime > ORPHAN_SECONDS:
                items.append(orphan)
        elif stories - {room.where.name}:
            shared += 1
        elif room.known.paid(digest):
            items.append(_paid(room, digest))
        elif not _held(room, digest):
            free = room.known.can_be_made(digest, room.store.has)
            items.append(_item(room, digest, Why.UNUSED if free else Why.LAST))
    return _Rubbish(sorted(items, key=lambda one: (one.dear, one.what, one.path)), shared)


def used(history: History, plans: Iterable[Plan]) -> frozenset[Digest]:
    """What the plans use, and every file that a step of the story came to when it was last asked for: a plan with
    variables of the command line is none that we could make here.
    """
    steps = [one for plan in plans for one in plan.steps]
    fresh = [one.verdict for one in steps if isinstance(one.verdict, Fresh)]
    planned = {digest for verdict in fresh for digest in verdict.outputs.values()}
    planned |= {digest for one in steps for digest in one.step.given.values()}
    marks = {history.latest.get(one.step.key) for one in steps}
    latest = (made for mark, made in history.made.items() if mark in marks)
    return frozenset(planned | {digest for made in latest for digest in made.outputs.values()})


def _held(room: _Room, digest: Digest) -> bool:
    """Whether a take that we have, or that is open, was made from this file."""
    begun = (room.history.made.get(mark) for mark in room.known.begun_with.get(digest, ()))
    return any(made is None or made.outputs.get("clip") not in room.history.deleted for made in begun)


def _derived(room: _Room) -> Iterator[Item]:
    """All that can be made again free of charge, and that is this story's alone."""
    for digest in sorted(room.store.digests() & room.known.names.keys()):
        own = room.known.stories(digest) == {room.where.name}
        free = not room.known.paid(digest) and room.known.can_be_made(digest, room.store.has)
        if own and free and not _held(room, digest):
            yield _item(room, digest, Why.UNUSED)


def _outside(where: Home, journal: Journal) -> Iterator[Item]:
    """The film where it lies for people, if it is ours and untouched, and what dead runs have left beside it."""
    output = where.story.output
    if in_place(where, journal):
        yield Item(where.output, output, output.stat().st_size, Why.UNUSED)
    yield from (_left(path) for path in unfinished(output))


def _left(path: Path) -> Item:
    parts = [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file()]
    return Item(path.name, path, sum(one.stat().st_size for one in parts), Why.LEFT)


def _item(room: _Room, digest: Digest, why: Why, what: str = "") -> Item:
    path = room.store.path(digest)
    namings = room.known.names.get(digest, ())
    takes = [one for one in namings if one.kind is StepKind.TAKE]
    names = sorted({_name(one.step, one.kind, one.output) for one in takes or namings})
    return Item(what or ", ".join(names), path, path.stat().st_size, why, digest)


def _name(step: str, kind: StepKind, output: str) -> str:
    return f"{output.replace('_', ' ')} of {step}" if kind is StepKind.TAKE else step


def _paid(room: _Room, digest: Digest) -> Item:
    every = room.history.submissions.values()
    bought = next((one for one in every if digest in one.outputs.values()), None)
    item = _item(room, digest, Why.PAID)
    vendor = "nobody else has it" if bought is None else _still_there(bought, room.effects.now())
    return Item(item.what, item.path, item.size, item.why, digest, bought, vendor)


def _still_there(bought: Submission, now: float) -> str:
    """Whether the vendor could still give a clip, as far as it is documented."""
    facts = VENDORS[bought.vendor].FACTS
    expires = bought.receipt.expires if bought.receipt else None
    if facts.results_kept is None:
        return f"{facts.title} does not say how long it keeps it"
    if expires is None:
        expires = bought.at + facts.results_kept
    if now > expires:
        return f"{facts.title} has it no more"
    return f"{facts.title} has it until {day(expires)}"


def _confirm(items: Sequence[Item], ask: Asking) -> None:
    answer = ask(f"{paid_question(items)} Type '{ANSWER}' to delete what is listed")
    if answer.strip() != ANSWER:
        raise GuardRefused("it was not confirmed", next_step="nothing was removed")


def _remove(room: _Room, items: Sequence[Item]) -> None:
    """The journal first: a file that goes without a word would be taken for lost."""
    named = [one.digest for one in items if one.digest is not None and one.why is not Why.ORPHAN]
    if named:
        room.journal.deleted(named)
    for one in items:
        if one.digest is not None:
            room.store.delete(one.digest)
        elif one.path.is_file():
            _unlink(one.path, room.effects)


def _unlink(path: Path, effects: Effects) -> None:
    try:
        with suppress(FileNotFoundError):
            effects.disk.remove(path)
        effects.disk.sync_folder(path.parent)
    except OSError as error:
        raise PipeError(
            f"{path} cannot be removed: {error.strerror}", next_step="give yourself the right to remove it"
        ) from error
