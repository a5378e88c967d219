"""Importing: what another machine exported is taken in, each file checked, and nothing that is known here lost.

Files go into the store first and the journal speaks of them in one transaction, so a cut leaves nothing half said.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from seedance_pipe.disk import open_to_read, pieces, write_new
from seedance_pipe.effects import Effects
from seedance_pipe.errors import GuardRefused, Missing, PipeError
from seedance_pipe.plan.fingerprint import document, fingerprint
from seedance_pipe.plan.freshness import Fresh, Stale, Undelivered
from seedance_pipe.plan.make import make
from seedance_pipe.plan.recipe import order_digest
from seedance_pipe.report.parcel import Unpacked
from seedance_pipe.run.entry import Entry, Note
from seedance_pipe.run.facts import Facts, facts_from
from seedance_pipe.run.journal import Journal
from seedance_pipe.run.store import Store
from seedance_pipe.studio.decide import deciding
from seedance_pipe.studio.deliver import deliver
from seedance_pipe.studio.home import Home
from seedance_pipe.studio.look import METHODS, as_made, history_of
from seedance_pipe.studio.pinning import pin
from seedance_pipe.studio.sums import FACTS, digest_of, read_sums, read_text
from seedance_pipe.units import Digest

_SHOWN = 5


def import_store(
    homes: Sequence[Home], folder: Path, *, go_on_here: bool = False, effects: Effects | None = None
) -> Unpacked:
    """Take in what `folder` holds for the story, and put its films in their places where nothing lies there.
    `homes` are the films of the story.

    Raises Missing for a folder without an export, PipeError with the names of files that are torn or changed, and
    StoryHeld while a run is at work. Requests that are open and not known here are taken in with `go_on_here`
    alone, for two machines must not go on with them: else GuardRefused, with nothing taken in.
    """
    effects, where = effects or Effects(), homes[0]
    sums = read_sums(folder)
    _must_be_whole(folder, sums)
    facts = _facts(folder)
    files = {Digest(digest): name for name, digest in sums.items() if "/" in name}
    with deciding(where, effects) as journal:
        store = Store(where.store, disk=effects.disk)
        try:
            there = {*store.digests(), *files}
            news = journal.merged(facts, there.__contains__)
            if news.opened and not go_on_here:
                raise _open(news.opened)
            fresh = [one for one in files if one in facts.outputs and not store.has(one)]
            for digest in fresh:
                _take_in(folder / files[digest], digest, store, effects)
            own = [_own_picks(home, journal, store) for home in homes]
            taken = journal.take_in(facts, store.has)
            picked = _picked(taken.entries)
            told = [
                pin(home, journal, store, effects, picks={one: picked[one] for one in picked.keys() & ours})
                for home, ours in zip(homes, own, strict=True)
            ]
            films = [film for home in homes if (film := _delivered(home, journal, store, effects))]
        finally:
            store.close()
        unpinned = next(filter(None, told), "")
        return Unpacked(len(fresh), len(taken.entries), _steps(taken.opened), taken.kept, films, unpinned)


def _own_picks(where: Home, journal: Journal, store: Store) -> frozenset[str]:
    """The orders of which the lock file says what this journal says, so that a newer word of another holds. A pick
    that came by git is none of them: nobody knows whether the parcel is newer.
    """
    history = history_of(where, journal, store)
    known, told = journal.history(store.has, {}).picks, history.picks
    every = (where, as_made(where, history))
    orders = (order_digest(shot) for home in every for shot in home.story.shots)
    return frozenset(order for order in orders if known.get(order, 1) == told.get(order, 1))


def _picked(entries: Sequence[Entry]) -> Mapping[str, int]:
    told = (json.loads(one.text) for one in entries if one.act == Note.PICKED.value)
    return {str(one["order"]): int(one["take"]) for one in told}


def _must_be_whole(folder: Path, sums: Mapping[str, str]) -> None:
    wrong = [name for name, digest in sums.items() if not _is_whole(folder / name, digest)]
    if FACTS not in sums:
        wrong.append(FACTS)
    if wrong:
        more = f" and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        raise PipeError(
            f"{folder} is not whole: {', '.join(wrong[:_SHOWN])}{more} missing, torn or changed",
            next_step="nothing was taken in; copy them again, or export again",
        )


def _is_whole(path: Path, digest: str) -> bool:
    try:
        return digest_of(path) == digest
    except (OSError, PipeError):
        return False


def _facts(folder: Path) -> Facts:
    from seedance_pipe.vendor.registry import VENDORS

    path = folder / FACTS
    try:
        facts = facts_from(read_text(path), name=str(path))
    except FileNotFoundError:
        raise Missing(f"{path} is gone", next_step="export again") from None
    strange = {vendor for life in facts.lives if (vendor := _vendor(life[0])) not in VENDORS}
    if strange:
        raise PipeError(
            f"{path} speaks of a vendor that this program does not know: {', '.join(sorted(strange))}",
            next_step="install a newer seedance-pipe",
        )
    return facts


def _vendor(intent: Entry) -> str:
    return str(json.loads(intent.text)["vendor"])


def _open(opened: Sequence[Entry]) -> GuardRefused:
    return GuardRefused(
        f"open at a vendor or in doubt, and only one machine may go on with them: {', '.join(_steps(opened))}",
        next_step="let the other machine run to the end and export again; if it will not run this story any more, "
        "say --go-on-here. Nothing was taken in",
    )


def _steps(entries: Sequence[Entry]) -> list[str]:
    return sorted(one.step for one in entries)


def _take_in(path: Path, digest: Digest, store: Store, effects: Effects) -> None:
    with store.scratch() as scratch:
        copy = scratch / "file"
        try:
            source = open_to_read(path)
            try:
                write_new(copy, pieces(source), effects.disk)
            finally:
                os.close(source)
        except OSError as error:
            raise PipeError(
                f"{path} cannot be copied: {error.strerror}", next_step="make room, and import again"
            ) from error
        if store.keep(copy) != digest:
            raise PipeError(f"{path} was changed just now", next_step="import again")


def _delivered(where: Home, journal: Journal, store: Store, effects: Effects) -> Path | None:
    """Where the film was put; None where it is not made, or something lies there already."""
    path = where.story.output
    history = history_of(where, journal, store)
    plan = make(where.story, history, METHODS)
    film = plan.steps[-1]
    if film.verdict != Stale((Undelivered(where.output),)) or os.path.lexists(path):
        return None
    if not path.parent.resolve().is_relative_to(where.story.root.resolve()):
        return None
    outputs = {one.step.key: one.verdict.outputs for one in plan.steps if isinstance(one.verdict, Fresh)}
    given = {need.slot: outputs[need.step][need.output] for need in film.step.needs}
    made = history.made[fingerprint(document(film.step, given))]
    return deliver(where, journal, store, made.outputs["film"], effects)
