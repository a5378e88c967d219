"""Soundness: the stored files that a run is going to use are looked at before it spends anything.

What is damaged is set aside, and is then to the plan what is lost: fetched or made again, and never bought again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from seedance_pipe.errors import GuardRefused
from seedance_pipe.plan.fingerprint import document, fingerprint
from seedance_pipe.plan.freshness import Fresh, Lost, Stale, Undelivered, Verdict
from seedance_pipe.plan.graph import DRAFT, StepKey, StepKind
from seedance_pipe.plan.history import History
from seedance_pipe.plan.make import Plan, Planned
from seedance_pipe.report.words import day
from seedance_pipe.run.event import Noted
from seedance_pipe.run.store import Store
from seedance_pipe.studio.look import Present
from seedance_pipe.units import Digest


@dataclass(frozen=True, slots=True)
class Sound:
    """A plan whose files are sound, and what is to be said of those that were not."""

    history: History
    plan: Plan
    notes: tuple[Noted, ...]


@dataclass(frozen=True, slots=True)
class _Used:
    """A stored file that a step of the plan is going to read: output `name` of the step `maker`."""

    maker: StepKey
    name: str
    digest: Digest


def sound(store: Store, remember: Callable[[Present], History], planned: Callable[[History], Plan]) -> Sound:
    """Plans until all files that the plan uses have the content that they had. Raises PipeError for a disk that
    refuses, and GuardRefused when a clip is lost that somebody brought: nobody else has it.
    """
    notes: list[Noted] = []
    gone: set[Digest] = set()

    def present(digest: Digest) -> bool:
        return digest not in gone and store.has(digest)

    while True:
        history = remember(present)
        plan = planned(history)
        damaged = [one for one in _used(plan, history) if store.has(one.digest) and not _is_sound(one, store)]
        notes += [Noted(one.maker, _set_aside(one, store)) for one in damaged]
        with_frames = _to_fetch_with_their_frames(plan, store) - gone
        if not damaged and not with_frames:
            _guard_brought(plan, history)
            return Sound(history, plan, tuple(notes))
        gone |= with_frames


def _used(plan: Plan, history: History) -> Iterator[_Used]:
    """Each once: what the steps to be carried out need and is there, and the film that is only to be copied."""
    verdicts = {one.step.key: one.verdict for one in plan.steps}
    seen: set[_Used] = set()
    for one in plan.steps:
        if isinstance(one.verdict, Stale):
            seen |= set(_needed(one, plan, verdicts, history))
    yield from sorted(seen, key=lambda used: (used.maker, used.name))


def _needed(one: Planned, plan: Plan, verdicts: Mapping[StepKey, Verdict], history: History) -> Iterator[_Used]:
    digests: dict[str, Digest] = {}
    for need in one.step.needs:
        verdict = verdicts[need.step]
        if isinstance(verdict, Fresh) and need.output in verdict.outputs:
            digests[need.slot] = verdict.outputs[need.output]
            yield _Used(need.step, need.output, digests[need.slot])
    for slot, given in one.step.given.items():
        digests[slot] = given
        yield _Used(one.step.key, "draft" if slot == DRAFT else "kept picture", given)
    if isinstance(one.verdict, Stale) and isinstance(one.verdict.reasons[0], Undelivered):
        made = history.made[fingerprint(document(one.step, digests))]
        yield from (_Used(one.step.key, name, digest) for name, digest in made.outputs.items())


def _is_sound(one: _Used, store: Store) -> bool:
    return store.trusted(one.digest) or store.check(one.digest)


def _set_aside(one: _Used, store: Store) -> str:
    aside = store.folder / "damaged"
    return f"its {one.name} was damaged on the disk: it is set aside in {aside}, and is fetched or made again"


def _to_fetch_with_their_frames(plan: Plan, store: Store) -> set[Digest]:
    """The clips of takes whose own last frame has to be read and is lost. A frame that is taken from the clip
    instead would be another, and what was bought with the first would be bought again: so both are fetched.
    """
    outputs = {one.step.key: one.verdict.outputs for one in plan.steps if isinstance(one.verdict, Fresh)}
    return {
        outputs[need.step]["clip"]
        for one in plan.pending
        if one.step.kind is StepKind.FRAME
        for need in one.step.needs
        if need.output == "last_frame" and need.step in outputs
        if (frame := outputs[need.step].get("last_frame")) is not None and not store.has(frame)
    }


def _guard_brought(plan: Plan, history: History) -> None:
    lost = [
        (one.step.key, one.verdict.reasons[0])
        for one in plan.steps
        if one.step.kind is StepKind.TAKE
        and isinstance(one.verdict, Stale)
        and isinstance(one.verdict.reasons[0], Lost)
        and not one.verdict.reasons[0].pinned
    ]
    if lost:
        names = ", ".join(key for key, _ in lost)
        days = {f"was deleted by you on {day(why.deleted)}" for _, why in lost if why.deleted is not None}
        gone = days.pop() if len(days) == 1 and all(why.deleted for _, why in lost) else "is damaged or gone"
        raise GuardRefused(
            f"{names}: the clip was taken in from a file, and {gone}; it is not bought unasked",
            next_step="take it in again with `seedance-pipe adopt`, or change the shot to have it made anew",
        )
