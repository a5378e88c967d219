"""Decisions by a person about a paid request whose end no machine can find out (design section 6)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from seedance_pipe.effects import Effects
from seedance_pipe.errors import GuardRefused, Missing, PipeError
from seedance_pipe.plan.history import Decision, State, Submission
from seedance_pipe.report.words import first_words, plain, short_names, sums, takes
from seedance_pipe.run.journal import Journal
from seedance_pipe.run.lock import hold
from seedance_pipe.run.submission import when
from seedance_pipe.studio.enquiry import checked_name, enquire, nobody_has
from seedance_pipe.studio.home import Home
from seedance_pipe.studio.models import catalogue
from seedance_pipe.studio.stray import recalled
from seedance_pipe.units import Money
from seedance_pipe.vendor.adapter import seat
from seedance_pipe.vendor.registry import VENDORS

Ask = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Which:
    """The request that a person means: a shot as the journal names it, the `take` where it has several, and how
    the `id` of its submission begins where that does not tell it, either: an edited shot keeps its name.
    """

    shot: str
    take: int | None = None
    id: str = ""

    def __str__(self) -> str:
        return f"shot '{self.shot}'" if self.take is None else f"take {self.take} of shot '{self.shot}'"


def known_shots(where: Home) -> frozenset[str]:
    """The shots of the story, and those that the journal remembers of it under another name."""
    known = {shot.id for shot in where.story.shots}
    looking = Journal.look(where.journal, story=where.name, effects=Effects())
    if looking is not None:
        with looking as journal:
            known |= {one.shot for one in of_story(where, journal)}
    return frozenset(known)


def give_up(
    where: Home, which: Which, decision: Decision, *, yes: bool, ask: Ask | None, effects: Effects | None = None
) -> Sequence[Submission]:
    """Close a request that is in doubt, or whose task never ends; gives the takes that went out in it.

    Raises PipeError with what is true when there is no such request, StoryHeld, and GuardRefused when it may be
    paid for twice and nobody confirms that: it is to be bought anew, or the vendor surely has it.
    """
    with deciding(where, effects or Effects()) as journal:
        meant = _meant(where, journal, which, (State.INTENT, State.SUBMITTED))
        if not (yes or where.rehearsal):
            _confirm(meant, decision, ask)
        journal.abandoned(meant, decision)
        return _now(journal, meant)


def adopt(where: Home, which: Which, task: str, *, effects: Effects | None = None) -> Sequence[Submission]:
    """Take `task` for what became of a request in doubt; the next run fetches it. The vendor is asked first.

    Raises PipeError as `give_up`, Missing without a key, and VendorFailed when the vendor does not know the
    task or cannot be asked.
    """
    effects = effects or Effects()
    with deciding(where, effects) as journal:
        meant = _meant(where, journal, which, (State.INTENT,))
        first = meant[0]
        shared = checked_name(first.vendor, task)
        nobody_has(journal, first.vendor, shared)
        model = catalogue().find(f"{first.vendor}/{first.model}")
        if model is None:
            raise Missing(
                f"the model {first.model} is no longer known", next_step="decide with --lost or --resubmit"
            )
        enquire(where, recalled(first, model), shared, takes=len(meant), effects=effects)
        names = {one.id: seat(shared, place + 1, len(meant)) for place, one in enumerate(meant)}
        journal.submitted_together(names, found=True)
        return _now(journal, meant)


@contextmanager
def deciding(where: Home, effects: Effects) -> Iterator[Journal]:
    """The story's journal, while no run is at work on it. Raises StoryHeld."""
    with ExitStack() as stack:
        stack.enter_context(hold(where.lock, effects))
        yield stack.enter_context(Journal.open(where.journal, story=where.name, effects=effects))


def of_story(where: Home, journal: Journal) -> Sequence[Submission]:
    """The newest submission of each take that this story has ever asked for."""
    every = journal.history(lambda digest: True, {}).submissions.values()
    return [one for one in every if one.story == where.name]


def _meant(where: Home, journal: Journal, which: Which, states: Sequence[State]) -> tuple[Submission, ...]:
    """All takes of the one request that `which` names. Those in doubt come before those that the vendor has."""
    every = of_story(where, journal)
    named = [one for one in every if one.shot == which.shot and which.take in (None, one.take)]
    if which.id and not any(one.id.startswith(which.id) for one in named):
        raise PipeError(
            f"no request of {which} has an id that begins with '{plain(which.id)}'",
            next_step="`seedance-pipe status` shows those in doubt",
        )
    named = [one for one in named if one.id.startswith(which.id)]
    for state in states:
        groups = (_together(journal, one) for one in named if one.state is state)
        requests = {group[0].id: group for group in groups}
        if len(requests) > 1:
            raise PipeError(
                f"{len(requests)} requests of {which} are {_STANDING[state]}: {_told(requests.values())}",
                next_step="say which with --id, the others later",
            )
        for request in requests.values():
            return request
    if not named:
        raise PipeError(f"{which} was never asked for", next_step="`seedance-pipe status` tells what is in doubt")
    newest = max(named, key=lambda one: one.at)
    task = f" (task {newest.task})" if newest.task else ""
    raise PipeError(
        f"take {newest.take} of shot '{newest.shot}' is not in doubt: it is {_STANDING[newest.state]}{task}",
        next_step="nothing was changed; `seedance-pipe status` tells what is in doubt",
    )


_STANDING: Mapping[State, str] = {
    State.INTENT: "in doubt",
    State.SUBMITTED: "at the vendor, and a run fetches it",
    State.READY: "made, and a run fetches it",
    State.STORED: "made and here",
    State.REFUSED: "refused, and a run asks anew",
    State.FAILED: "failed, and a run asks anew",
    State.UNSENT: "not sent, and a run asks anew",
    State.ABANDONED: "given up already, and a run asks anew",
}


def _together(journal: Journal, one: Submission) -> tuple[Submission, ...]:
    if VENDORS[one.vendor].FACTS.most_takes == 1:
        return (one,)
    return tuple(other for other in journal.companions(one) if other.state is one.state)


def _told(requests: Iterable[Sequence[Submission]]) -> str:
    firsts = sorted((request[0] for request in requests), key=lambda one: (one.take, one.at))
    names = short_names(one.id for one in firsts)
    return "; ".join(
        " ".join((f"--id {names[one.id]} is take {one.take}, asked for {when(one)}", first_words(one))).rstrip()
        for one in firsts
    )


def _confirm(meant: Sequence[Submission], decision: Decision, ask: Ask | None) -> None:
    """Raises GuardRefused unless a person says yes to what may be paid for twice."""
    price, what = _price(meant), takes(len(meant))
    if meant[0].state is State.SUBMITTED:
        risk = f"The vendor has {what} as task {meant[0].task}, and may still make and charge it."
    elif decision is Decision.RESUBMIT:
        risk = "What was asked for may be charged all the same."
    else:
        return
    if ask is None:
        raise GuardRefused(
            f"nobody is there to confirm that {what} may be paid for twice: {price} more",
            next_step="say so with --yes",
        )
    then = (
        f"Buy {what} anew for {price}"
        if decision is Decision.RESUBMIT
        else f"Give it up, to be bought anew for {price}"
    )
    if not ask(f"{risk} {then}?"):
        raise GuardRefused("it was not confirmed", next_step="nothing was changed")


def _price(meant: Sequence[Submission]) -> str:
    total: dict[str, Money] = {}
    for one in meant:
        if one.reserved is None:
            return "a price that nobody knows"
        before = total.get(one.reserved.currency, Money.zero(one.reserved.currency))
        total[one.reserved.currency] = before + one.reserved
    return f"at most {sums(total)}"


def _now(journal: Journal, meant: Sequence[Submission]) -> Sequence[Submission]:
    return [now for one in meant if (now := journal.submission(one.fingerprint)) is not None]
