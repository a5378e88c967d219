"""A run: the plan of a story, its guards, the crafts that carry it out, and the film in its place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from seedance_pipe.effects import Effects
from seedance_pipe.errors import GuardRefused, Missing, PipeError
from seedance_pipe.plan.freshness import Fresh, InDoubt, InFlight
from seedance_pipe.plan.graph import StepKey, StepKind
from seedance_pipe.plan.history import History, State
from seedance_pipe.plan.make import Plan, asking, make, picking, with_more_takes, with_new_takes
from seedance_pipe.plan.repair import repairing
from seedance_pipe.plan.unroll import FILM, needed_for
from seedance_pipe.report.following import unlike_draft
from seedance_pipe.report.standing import Result, strays
from seedance_pipe.report.words import bill
from seedance_pipe.run.budget import guard
from seedance_pipe.run.event import Emit, Event, Noted
from seedance_pipe.run.journal import Journal
from seedance_pipe.run.lock import hold
from seedance_pipe.run.outcome import Outcome
from seedance_pipe.run.store import Store
from seedance_pipe.spec.cap import tightest
from seedance_pipe.studio.deliver import deliver, guard_output
from seedance_pipe.studio.home import Home
from seedance_pipe.studio.look import METHODS, Present, as_made, history_of
from seedance_pipe.studio.pinning import guard_elsewhere, pin, pinned
from seedance_pipe.studio.room import guard_ground, guard_room
from seedance_pipe.studio.seams import guard_seams, seam_notes
from seedance_pipe.studio.sound import sound
from seedance_pipe.studio.stop import Stop
from seedance_pipe.studio.work import Wishes, Work
from seedance_pipe.units import Digest, Money
from seedance_pipe.vendor.registry import VENDORS

ASK_ABOVE = Money(Decimal(10))
"""A run that may spend more than this is confirmed by a person first."""

_STATE = StepKey("state")
"""What is said of the state's folder is said under this name: a shot's step has a `#` or a `/` in its own."""

Showing = Callable[[Plan], AbstractContextManager[Emit]]
Ask = Callable[[str], bool]
Farewell = Callable[[Result], None]


def _unsaid(result: Result) -> None:
    pass


def run(
    where: Home,
    wishes: Wishes,
    *,
    showing: Showing,
    ask: Ask | None = None,
    farewell: Farewell = _unsaid,
    effects: Effects | None = None,
) -> Result:
    """Make what is stale, then the film. `ask` puts a question to a person, None when nobody is there. When a
    stop has to end the process before this returns, `farewell` is told how it ended, from another thread.

    Raises StoryHeld when another run has the story, and GuardRefused and Missing before anything is sent.
    """
    effects = effects or Effects()
    wishes = replace(wishes, cap=tightest(where.story.budget, wishes.cap))
    ground = guard_ground(where, effects.disk)
    with ExitStack() as stack:
        stack.enter_context(hold(where.lock, effects))
        journal = stack.enter_context(Journal.open(where.journal, story=where.name, effects=effects))
        store = Store(where.store, disk=effects.disk)
        stack.callback(store.close)
        known = repairing(where.story, history_of(where, journal, store), wishes.repairs)
        made = as_made(where, known) if wishes.force or wishes.more else where
        picks = with_new_takes(made.story, known, wishes.force)
        asks = with_more_takes(made.story, picking(known, picks), wishes.more)

        def remember(present: Present) -> History:
            past = repairing(where.story, history_of(where, journal, store, present), wishes.repairs)
            return asking(picking(past, picks), asks)

        checked = sound(store, remember, lambda history: _planned(where, history, wishes))
        history, plan = checked.history, checked.plan
        guard_output(where, journal, store, force=wishes.force_output)
        guard_room(where, plan, effects.disk)
        guard_seams(plan, store)
        if not (wishes.yes or where.rehearsal):
            guard_elsewhere(plan, ask)
        _guard_cost(where, wishes, plan, journal, ask)
        left = strays(plan, history)
        ways = repairing(where.story, History(), wishes.repairs).repairs
        work = Work(where, wishes, plan, history, picks, left, journal, store, effects, asks, ways, made)
        if not plan.pending and not left:
            work.choose()
            partly = bool(wishes.shots)
            told = pin(where, journal, store, effects) if partly else pinned(where, plan, history, effects)
            return replace(_nothing_to_do(work), unpinned=told)
        unlike = [Noted(key, told) for key, told in unlike_draft(plan)]
        notes = [*([Noted(_STATE, ground)] if ground else []), *checked.notes, *unlike, *seam_notes(plan)]
        try:
            result = _shown(work, showing, farewell, notes)
        except PipeError:
            pin(where, journal, store, effects)
            raise
        return replace(result, unpinned=pin(where, journal, store, effects))


def _planned(where: Home, history: History, wishes: Wishes) -> Plan:
    """The plan of the whole story, or of the named and asked-for shots and what they need, and of the film if it
    is complete without making any other. Takes that are open belong to every plan.
    """
    whole = make(where.story, history, METHODS)
    if not wishes.shots:
        return whole
    takes = [one for one in whole.steps if one.step.kind is StepKind.TAKE]
    shots = {*wishes.shots, *wishes.force, *wishes.more}
    named = [
        one.step.key
        for one in takes
        if (one.step.shot and one.step.shot.id in shots) or isinstance(one.verdict, InFlight | InDoubt)
    ]
    included = {step.key for step in needed_for(whole.graph, named).steps}
    complete = all(isinstance(one.verdict, Fresh) or one.step.key in included for one in takes)
    film = [] if wishes.only or not complete else [FILM]
    return make(where.story, history, METHODS, only=[*named, *film])


def _guard_cost(where: Home, wishes: Wishes, plan: Plan, journal: Journal, ask: Ask | None) -> None:
    """The whole estimate is held against the cap, and confirmed where it is large, before anything is sent."""
    total = plan.bill
    for most in total.most.values():
        guard(journal.total(), most, cap=wishes.cap, what="this run", allow_unknown=wishes.allow_unknown_cost)
    if total.unknown:
        guard(journal.total(), None, cap=wishes.cap, what="this run", allow_unknown=wishes.allow_unknown_cost)
    large = bool(total.unknown) or any(
        most.currency != ASK_ABOVE.currency or most.amount > ASK_ABOVE.amount for most in total.most.values()
    )
    if not large or wishes.yes or where.rehearsal:
        return
    if ask is None:
        raise GuardRefused(
            f"nobody is there to confirm the price of this run: {bill(total)}",
            next_step="look at `seedance-pipe plan`, then run with --yes",
        )
    if not ask(f"The price of this run: {bill(total)}. Go on?"):
        raise GuardRefused("the run was not confirmed", next_step="nothing was sent and nothing was bought")


def _shown(work: Work, showing: Showing, farewell: Farewell, notes: Sequence[Noted]) -> Result:
    """Carried out under the eyes of a person. When that has to be cut off, what is drawn is put in order first."""
    stop = Stop()
    with ExitStack() as drawn:

        def cut_off(number: int) -> None:
            with suppress(OSError):
                drawn.close()
            farewell(_stopped(work, number))

        with stop.heard(cut_off):
            emit = _heard_or_not(drawn.enter_context(showing(work.plan)))
            for note in notes:
                emit(note)
            try:
                return _carried_out(work, emit, stop)
            finally:
                # A terminal that has gone ends no run either.
                with suppress(OSError):
                    drawn.close()


def _heard_or_not(emit: Emit) -> Emit:
    """`emit`, but a reader that has gone stops no run: the money is spent, and the journal hears everything."""

    def tell(event: Event) -> None:
        with suppress(OSError):
            emit(event)

    return tell


def _nothing_to_do(work: Work) -> Result:
    fresh = tuple(one.step.key for one in work.plan.steps)
    return Result(0, work.where.story.output if FILM in fresh else None, fresh=fresh)


def _carried_out(work: Work, emit: Emit, stop: Stop) -> Result:
    from seedance_pipe.studio.perform import perform

    ended = perform(work, emit, stop)
    if ended is None:
        assert stop.number is not None
        return _stopped(work, stop.number)
    ended = replace(
        ended, failed={key: error for key, error in ended.failed.items() if key not in _replaced(work)}
    )
    film = ended.outputs.get(FILM)
    return Result(
        _exit_code(ended),
        None if film is None else _in_place(work, film["film"]),
        made=ended.made,
        fresh=ended.fresh,
        failed=tuple(ended.failed),
        doubted=ended.doubted,
        blocked=tuple(ended.blocked),
        charged=ended.charged,
    )


def _replaced(work: Work) -> set[StepKey]:
    """Takes that were ours, whose file is lost, and that no step needs, because another was asked for since. If
    even their vendors do not have them any more, a person has done what there was to do, and no run fails for it.
    """
    needed = {need.step for one in work.plan.steps for need in one.step.needs}
    return {
        one.step.key
        for one in work.plan.steps
        if isinstance(one.verdict, InFlight)
        and one.verdict.submission.state is State.STORED
        and one.step.key not in needed
    }


def _stopped(work: Work, number: int) -> Result:
    """What of this story is now with its vendors, and what of it went without an answer."""
    submissions = history_of(work.where, work.journal, work.store).submissions.values()
    own = [one for one in submissions if one.story == work.where.name]
    titles = [VENDORS[one.vendor].FACTS.title for one in own if one.state in (State.SUBMITTED, State.READY)]
    doubts = sum(one.state is State.INTENT for one in own)
    return Result(128 + number, None, stopped=True, running=Counter(titles), unanswered=doubts)


def _exit_code(ended: Outcome) -> int:
    if ended.doubted:
        return 4
    if not ended.failed:
        return 0
    lacking = all(isinstance(error, Missing) for error in ended.failed.values())
    return 6 if lacking else 1


def _in_place(work: Work, film: Digest) -> Path:
    if work.history.delivered.get(work.where.output) == film:
        return work.where.story.output
    return deliver(work.where, work.journal, work.store, film, work.effects)
