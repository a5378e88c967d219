"""Adopting: a take whose task or clip was made elsewhere is taken in as if it had been made here."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from types import MappingProxyType

import anyio

from seedance_pipe.disk import open_to_read, pieces, write_new
from seedance_pipe.document import Json
from seedance_pipe.effects import Effects
from seedance_pipe.errors import MediaFailed, Missing, PipeError, VendorFailed
from seedance_pipe.media.container import CLIP_BYTES
from seedance_pipe.media.craft import craft as cutting_room
from seedance_pipe.media.probe import check_clip
from seedance_pipe.plan.fingerprint import document, fingerprint
from seedance_pipe.plan.freshness import Blocked, Fresh, InDoubt, InFlight, Reason, Stale, Upstream
from seedance_pipe.plan.graph import Step, StepKey, StepKind
from seedance_pipe.plan.history import History, Made, State, Submission
from seedance_pipe.plan.known import next_take
from seedance_pipe.plan.make import Plan, make, picking
from seedance_pipe.plan.recipe import order_digest
from seedance_pipe.plan.unroll import needed_for, take_key
from seedance_pipe.report.standing import Adopted
from seedance_pipe.report.words import plain
from seedance_pipe.run import scheduler
from seedance_pipe.run.craft import Job
from seedance_pipe.run.intent import Intent
from seedance_pipe.run.journal import Journal
from seedance_pipe.run.store import Store
from seedance_pipe.run.submission import resolving
from seedance_pipe.spec.story import Shot
from seedance_pipe.studio.decide import deciding
from seedance_pipe.studio.enquiry import checked_name, enquire, nobody_has
from seedance_pipe.studio.home import Home
from seedance_pipe.studio.look import METHODS, as_made, history_of
from seedance_pipe.studio.pinning import pin
from seedance_pipe.studio.tool import ffmpeg
from seedance_pipe.units import Digest
from seedance_pipe.vendor.adapter import Failed
from seedance_pipe.vendor.buy import frozen
from seedance_pipe.vendor.registry import VENDORS
from seedance_pipe.vendor.shoot import frames_wanted

_CPU = "cpu"


def adopt_task(
    where: Home, shot: str, task: str, *, take: int | None = None, effects: Effects | None = None
) -> Adopted:
    """Take in a task that the vendor of `shot` has, for its `take` (the one of the film, unless it is named). The
    vendor is asked first; what it charges counts as if it had been asked for here, and no cap stops it.

    Raises PipeError with what is true when the take is not to be had so, StoryHeld, Missing without a key, and
    VendorFailed when the vendor does not know the task, or says that it came to nothing.
    """
    effects = effects or Effects()
    with _opening(where, shot, take, effects) as opening:
        vendor = opening.shot.model.vendor
        opening.must_be_open(by_task=True)
        name = checked_name(vendor, task)
        nobody_has(opening.journal, vendor, name)
        told = enquire(where, opening.shot, name, effects=effects)
        if isinstance(told, Failed):
            raise VendorFailed(
                f"task {name} came to nothing: {told.reason}",
                next_step="there is nothing to take in",
                code=told.code,
            )
        submission = opening.journal.adopted(opening.intent(effects), name, picks=opening.picks)
        return Adopted(opening.step.key, opening.journal.total(), submission, unpinned=opening.pinned(effects))


def adopt_file(
    where: Home, shot: str, path: Path, *, take: int | None = None, effects: Effects | None = None
) -> Adopted:
    """Take in a copy of the clip at `path` for the `take` of `shot` (the one of the film, unless it is named). It
    costs nothing, and the file is left as it is.

    Raises PipeError with what is true when the take is not to be had so, or the file cannot be read, MediaFailed
    when it is no clip, and StoryHeld.
    """
    effects = effects or Effects()
    with _opening(where, shot, take, effects) as opening:
        opening.must_be_open(by_task=False)
        with opening.store.scratch() as scratch:
            copy = scratch / "clip"
            _copy(path, copy, effects)
            try:
                check_clip(copy)
            except MediaFailed as problem:
                raise MediaFailed(
                    f"{plain(str(path))} is no clip that a film can be made of: {problem.message}",
                    next_step="nothing was taken in",
                ) from problem
            clip = opening.store.keep(copy)
        opening.take_in(clip)
        path = opening.store.path(clip)
        return Adopted(opening.step.key, opening.journal.total(), clip=path, unpinned=opening.pinned(effects))


@dataclass(frozen=True, slots=True)
class _Opening:
    """The place of one take in the plan of its story. `picks` makes the film use it, where it would not."""

    where: Home
    shot: Shot
    step: Step
    plan: Plan
    picks: Mapping[str, int]
    another: int
    journal: Journal
    store: Store

    def must_be_open(self, *, by_task: bool) -> None:
        """Raises PipeError unless the take may be taken in: by a task, or by a file."""
        verdict = next(one.verdict for one in self.plan.steps if one.step.key == self.step.key)
        match verdict:
            case Fresh():
                raise PipeError(f"{self._name} is made already", next_step=self._beside)
            case InDoubt(submission):
                raise PipeError(
                    f"{self._name} is in doubt: it may have been asked for already", next_step=_decide(submission)
                )
            case InFlight(submission) if by_task or submission.state is not State.STORED:
                state = "was made" if submission.state is State.STORED else "is at the vendor"
                told = f"{self._name} {state} as task {submission.task}, and a run fetches it"
                raise PipeError(told, next_step=self._beside)
            case Blocked(by):
                raise PipeError(
                    f"{self._name} hangs on {by}, which is in doubt",
                    next_step="settle that first; `seedance-pipe status` tells how",
                )
            case Stale(reasons):
                self._must_have_inputs(reasons)

    def _must_have_inputs(self, reasons: Sequence[Reason]) -> None:
        for reason in reasons:
            if isinstance(reason, Upstream):
                before = reason.step.partition("/")[0]
                run = f"seedance-pipe run {quote(self.where.name)} {before.partition('#')[0]} --only"
                raise PipeError(
                    f"{self._name} hangs on {before}, which is not made yet",
                    next_step=f"have that made first, or adopt it: `{run}`",
                )

    def intent(self, effects: Effects) -> Intent:
        """The request as it would have been sent for the take."""
        given, digests = self._given
        vendor, estimate = self.shot.model.vendor, self.step.estimate
        job = Job(
            self.step,
            fingerprint(given),
            given,
            {slot: self.store.path(digest) for slot, digest in digests.items()},
            digests,
            self.store.folder,
            scheduler.keeping(self.store),
        )
        frame = self.step.key in frames_wanted(self.plan.graph)
        return Intent(
            fingerprint=job.fingerprint,
            shot=self.shot.id,
            take=self.step.take,
            vendor=vendor,
            model=self.shot.model.wire,
            request=frozen(VENDORS[vendor], job, effects=effects, last_frame=frame),
            inputs=given,
            reserved=estimate.most if estimate else None,
        )

    def take_in(self, clip: Digest) -> None:
        """Write down that the take is made, and is this clip."""
        given, _ = self._given
        made = Made(fingerprint(given), self.step.key, given, MappingProxyType({"clip": clip}))
        self.journal.made(made, picks=self.picks)

    def pinned(self, effects: Effects) -> str:
        """Bring the lock file up to date, after the journal: a take that the lock file alone called picked would
        be bought by the next run. Why that could not be done, "" when it is.
        """
        return pin(self.where, self.journal, self.store, effects, picks=self.picks)

    @property
    def _name(self) -> str:
        return f"take {self.step.take} of shot '{self.shot.id}'"

    @property
    def _beside(self) -> str:
        return f"nothing was changed; `--take {self.another}` takes it in beside, and the film then uses that"

    @property
    def _given(self) -> tuple[Json, Mapping[str, Digest]]:
        verdicts = {one.step.key: one.verdict for one in self.plan.steps}
        digests = dict(self.step.given)
        for need in self.step.needs:
            verdict = verdicts[need.step]
            assert isinstance(verdict, Fresh)
            digests[need.slot] = verdict.outputs[need.output]
        return document(self.step, digests), digests


def _decide(submission: Submission) -> str:
    command = resolving(submission)
    return (
        f"`{command} --adopt TASK` if the vendor has it; `seedance-pipe status` tells what else may be said of it"
    )


@contextmanager
def _opening(where: Home, shot: str, take: int | None, effects: Effects) -> Iterator[_Opening]:
    with ExitStack() as stack:
        journal = stack.enter_context(deciding(where, effects))
        store = Store(where.store, disk=effects.disk)
        stack.callback(store.close)
        history = history_of(where, journal, store)
        where = as_made(where, history)
        meant = next(one for one in where.story.shots if one.id == shot)
        used, another = history.picks.get(order_digest(meant), 1), next_take(meant, history)
        number = used if take is None else take
        if number > another:
            raise PipeError(
                f"shot '{shot}' has no take {number - 1} before it", next_step=f"the next one is --take {another}"
            )
        picks = {order_digest(meant): number} if number > meant.takes and number != used else {}
        history = picking(history, picks)
        _take_frames(where, take_key(shot, number), history, journal, store, effects)
        plan = make(where.story, picking(history_of(where, journal, store), picks), METHODS)
        step = next(one.step for one in plan.steps if one.step.key == take_key(shot, number))
        yield _Opening(where, meant, step, plan, picks, another, journal, store)


def _take_frames(
    where: Home, take: StepKey, history: History, journal: Journal, store: Store, effects: Effects
) -> None:
    """Take the hand-off frames that `take` begins with from clips that are here. That costs nothing, and without
    them nobody could say what the take was made from.
    """
    plan = make(where.story, history, METHODS)
    verdicts = {one.step.key: one.verdict for one in plan.steps}
    step = next(one.step for one in plan.steps if one.step.key == take)
    frames = [need.step for need in step.needs if isinstance(verdicts[need.step], Stale)]
    graph = needed_for(plan.graph, frames)
    clips_are_here = all(isinstance(verdicts[one.key], Fresh) for one in graph.steps if one.kind is StepKind.TAKE)
    if not frames or not clips_are_here:
        return
    room = cutting_room(lambda: ffmpeg(effects.environ))

    async def cut() -> None:
        ended = await scheduler.perform(
            graph,
            history,
            crafts={kind: room for kind in StepKind if kind is not StepKind.TAKE},
            journal=journal,
            store=store,
            lane=lambda step: _CPU,
            lanes={_CPU: 1},
            emit=lambda event: None,
        )
        for problem in ended.failed.values():
            raise problem

    anyio.run(cut)


def _copy(path: Path, target: Path, effects: Effects) -> None:
    """A copy of the file that a person names, which may lie anywhere; a link is not followed."""
    try:
        source = open_to_read(path)
    except FileNotFoundError:
        raise Missing(f"there is no file {plain(str(path))}", next_step="check its name") from None
    except OSError as error:
        link = path.is_symlink()
        raise PipeError(
            f"{plain(str(path))} {'is a link' if link else f'cannot be read: {error.strerror}'}",
            next_step="name the file itself" if link else "give yourself the right to read it",
        ) from None
    try:
        if os.fstat(source).st_size > CLIP_BYTES:
            raise MediaFailed(
                f"{plain(str(path))} is too large for a clip: at most {CLIP_BYTES >> 20} MiB are taken"
            )
        write_new(target, pieces(source), effects.disk)
    except OSError as error:
        raise PipeError(
            f"{plain(str(path))} cannot be copied: {error.strerror}", next_step="check the disk and its free space"
        ) from error
    finally:
        os.close(source)
