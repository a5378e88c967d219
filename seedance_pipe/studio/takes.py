"""What was tried for each shot, and picking among it. Nothing here asks a vendor or buys anything."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

from seedance_pipe.document import digest
from seedance_pipe.effects import Effects
from seedance_pipe.errors import GuardRefused, PipeError
from seedance_pipe.plan.freshness import Fresh
from seedance_pipe.plan.graph import StepKey, StepKind
from seedance_pipe.plan.history import History, Submission, seed_in
from seedance_pipe.plan.known import known_takes
from seedance_pipe.plan.make import Bill, Planned, asking, make, picking
from seedance_pipe.plan.recipe import order_digest, recipe
from seedance_pipe.report.takes import Picking, Tried, label, state_of, state_word
from seedance_pipe.report.words import plain
from seedance_pipe.run.journal import Journal
from seedance_pipe.run.store import Store
from seedance_pipe.spec.story import Shot
from seedance_pipe.studio.decide import deciding
from seedance_pipe.studio.home import Home
from seedance_pipe.studio.look import METHODS, as_made, history_of
from seedance_pipe.studio.pinning import choose
from seedance_pipe.units import Fingerprint

SUFFIXES = (".png", ".jpg", ".jpeg")


def takes(where: Home, shots: Sequence[str] = (), *, effects: Effects | None = None) -> tuple[Tried, ...]:
    """What was tried for the named `shots` (or for all), shot by shot in film order: the takes of its present
    order by number, then what it ordered before, from the oldest on. Changes nothing and sends nothing.

    A clip that was brought for a former order is not among them: the journal does not tell whose it was.
    """
    journal = Journal.look(where.journal, story=where.name, effects=effects or Effects())
    with nullcontext() if journal is None else journal:
        return _tried(where, history_of(where, journal, Store(where.store)), shots)


def pick(
    where: Home,
    shot: str,
    number: int,
    *,
    tell: Callable[[Picking], None],
    finals: Home | None = None,
    effects: Effects | None = None,
) -> Picking:
    """Let the film use take `number` of `shot` from now on. `tell` hears what hangs on it before it is done, in
    `finals`, too: the film that follows this one where this is a film of drafts.

    Raises PipeError, and changes nothing, when there is no such take or it is not finished, and StoryHeld.
    """
    effects = effects or Effects()
    _must_be_made(takes(where, [shot], effects=effects), shot, number)
    with deciding(where, effects) as journal:
        with closing(Store(where.store, disk=effects.disk)) as store:
            history = history_of(where, journal, store)
            followed = (finals, history_of(finals, journal, store)) if finals is not None else None
        _must_be_made(_tried(where, history, [shot]), shot, number)
        made = as_made(where, history)
        meant = next(one for one in made.story.shots if one.id == shot)
        order = order_digest(meant)
        hanging, bill = _hanging(where, history, {order: number})
        others = _hanging(*followed, {order: number}) if followed else ((), Bill())
        picked = Picking(shot, history.picks.get(order, 1), number, hanging, bill, *others)
        tell(picked)
        if picked.new != picked.old:
            # The lock file decides where it speaks of the order, so a pick that is cut short here is done, or not.
            choose(made, effects, picks={order: number})
            journal.picked(order, number)
        return picked


def sheet(every: Sequence[Tried], path: Path, *, effects: Effects | None = None) -> None:
    """Write a contact sheet of the made takes of the present orders to `path`, whole or not at all.

    Raises PipeError when none is made or the file cannot be written, GuardRefused where another file lies
    there, and MediaFailed for a clip that cannot be read.
    """
    from seedance_pipe.media.contact import Strip, contact_sheet, is_contact_sheet

    shown = [one for one in every if one.clip is not None and not one.former]
    if not shown:
        raise PipeError("no take is made: there is nothing to show", next_step="run the story first")
    if os.path.lexists(path) and (path.is_symlink() or not is_contact_sheet(path)):
        raise GuardRefused(
            f"{plain(str(path))} is not a contact sheet that this program wrote",
            next_step="give another name, or move it away",
        )
    strips = [
        [Strip(one.clip, label(one), one.picked) for one in shown if one.shot == shot and one.clip is not None]
        for shot in dict.fromkeys(one.shot for one in shown)
    ]
    _write(path, contact_sheet(strips, path.suffix.lower()), effects or Effects())


def _hanging(where: Home, history: History, picks: Mapping[str, int]) -> tuple[tuple[Planned, ...], Bill]:
    """What becomes stale with `picks`, and what a run of the film would buy then."""
    pending = {one.step.key for one in make(where.story, history, METHODS).pending}
    after = make(where.story, picking(history, picks), METHODS)
    return tuple(one for one in after.pending if one.step.key not in pending), after.bill


def _must_be_made(every: Sequence[Tried], shot: str, number: int) -> None:
    made = [one.number for one in every if one.made and not one.former]
    if number in made:
        return
    there = ", ".join(map(str, made)) or "none"
    next_step = (
        f"takes that are made: {there}; `seedance-pipe takes` shows them, `run --more {shot}=1` makes another"
    )
    present = next((one for one in every if one.number == number and not one.former), None)
    former = next((one for one in every if one.number == number and one.former), None)
    if present is not None and (former is None or present.state != "to make"):
        raise PipeError(f"take {number} of shot '{shot}' is not finished: {present.state}", next_step=next_step)
    if former is not None:
        raise PipeError(
            f"take {number} of shot '{shot}' was made for {former.former} than the present one",
            next_step=next_step,
        )
    raise PipeError(f"shot '{shot}' has no take {number}", next_step=next_step)


def _tried(where: Home, history: History, shots: Sequence[str]) -> tuple[Tried, ...]:
    wanted = [shot for shot in as_made(where, history).story.shots if not shots or shot.id in shots]
    known = known_takes(wanted, history)
    plan = make(where.story, asking(history, known), METHODS)
    looking = _Looking(where, history, plan.marks, Store(where.store))
    present: dict[str, list[Tried]] = {shot.id: [] for shot in wanted}
    for planned in plan.steps:
        shot = planned.step.shot
        if planned.step.kind is StepKind.TAKE and shot is not None and shot.id in present:
            present[shot.id].append(looking.present(planned, shot))
    recipes = {digest(recipe(shot, take)): shot.id for shot in wanted for take in known[order_digest(shot)]}
    former: dict[str, list[Tried]] = {shot.id: [] for shot in wanted}
    for submission in looking.others():
        made_of = digest(submission.inputs.get("recipe")) if isinstance(submission.inputs, Mapping) else ""
        own = submission.shot if submission.story == where.name else ""
        shot_id = own if own in former else recipes.get(made_of)
        if shot_id is not None:
            former[shot_id].append(looking.former(submission, shot_id, alike=made_of in recipes))
    return tuple(one for shot in wanted for one in (*present[shot.id], *former[shot.id]))


@dataclass(frozen=True, slots=True)
class _Looking:
    """`marks` are the fingerprints that the takes of the present orders have."""

    where: Home
    history: History
    marks: Mapping[StepKey, Fingerprint]
    store: Store

    def present(self, planned: Planned, shot: Shot) -> Tried:
        """A take of the present order, whether it is made or not."""
        step, mark = planned.step, self.marks.get(planned.step.key)
        submission = None if mark is None else self.history.submissions.get(mark)
        clip = planned.verdict.outputs["clip"] if isinstance(planned.verdict, Fresh) else None
        return Tried(
            shot.id,
            step.take,
            state_of(planned),
            picked=step.take == self.history.picks.get(order_digest(shot), 1),
            seed=seed_in(step.recipe) if submission is None else submission.seed,
            charged=None if submission is None else submission.charged,
            digest=clip,
            clip=None if clip is None else self.store.path(clip),
        )

    def others(self) -> list[Submission]:
        """The submissions that no take of a present order stands for, from the oldest on."""
        present = set(self.marks.values())
        return sorted(
            (one for mark, one in self.history.submissions.items() if mark not in present), key=lambda one: one.at
        )

    def former(self, submission: Submission, shot: str, *, alike: bool) -> Tried:
        """A take that was made when the story said something else of the shot, or with another hand-off."""
        clip = submission.outputs.get("clip")
        there = clip is not None and clip not in self.history.lost
        return Tried(
            shot,
            submission.take,
            state_word(submission, there=there),
            seed=submission.seed,
            charged=submission.charged,
            digest=clip if there else None,
            clip=self.store.path(clip) if clip is not None and there else None,
            former="another hand-off" if alike else "another order",
        )


def _write(path: Path, data: bytes, effects: Effects) -> None:
    disk = effects.disk
    aside = path.with_name(f".{path.name}.{effects.draw(1 << 64):016x}.part")
    try:
        try:
            descriptor = disk.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
            try:
                disk.write(descriptor, data)
                disk.mode(descriptor, 0o644)
            finally:
                os.close(descriptor)
            disk.replace(aside, path)
        except BaseException:
            with suppress(OSError):
                disk.remove(aside)
            raise
    except OSError as error:
        raise PipeError(
            f"the contact sheet cannot be written to {plain(str(path))}: {error.strerror}",
            next_step="make room, or give another name",
        ) from error
