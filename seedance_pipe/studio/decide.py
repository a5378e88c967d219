"""Decisions by a person about a paid request whose end no machine can find out (design section 6)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import anyio

from seedance_pipe.effects import Effects
from seedance_pipe.errors import GuardRefused, Missing, PipeError, VendorFailed
from seedance_pipe.plan.history import Decision, State, Submission
from seedance_pipe.report.words import plain, sums, takes
from seedance_pipe.run.journal import Journal
from seedance_pipe.run.lock import hold
from seedance_pipe.run.store import Store
from seedance_pipe.studio.home import Home
from seedance_pipe.studio.look import history_of
from seedance_pipe.studio.models import catalogue
from seedance_pipe.studio.rehearsal import serving
from seedance_pipe.studio.stray import recalled
from seedance_pipe.units import Money
from seedance_pipe.vendor.account import accounts
from seedance_pipe.vendor.adapter import Barred, Gone, Missed, Progress, seat, seated
from seedance_pipe.vendor.line import line
from seedance_pipe.vendor.redact import Redactor
from seedance_pipe.vendor.registry import VENDORS
from seedance_pipe.vendor.transport import Api, trust

Ask = Callable[[str], bool]

_ASKS = 4
_LONGEST = 256


@dataclass(frozen=True, slots=True)
class Which:
    """The request that a person means: a shot as the journal names it, and the `take` where it has several."""

    shot: str
    take: int | None = None

    def __str__(self) -> str:
        return f"shot '{self.shot}'" if self.take is None else f"take {self.take} of shot '{self.shot}'"


def known_shots(where: Home) -> frozenset[str]:
    """The shots of the story, and those that the journal remembers of it under another name."""
    known = {shot.id for shot in where.story.shots}
    looking = Journal.look(where.journal, story=where.name, effects=Effects())
    if looking is not None:
        with looking as journal:
            known |= {one.shot for one in _of_story(where, journal)}
    return frozenset(known)


def give_up(
    where: Home, which: Which, decision: Decision, *, yes: bool, ask: Ask | None, effects: Effects | None = None
) -> Sequence[Submission]:
    """Close a request that is in doubt, or whose task never ends; gives the takes that went out in it.

    Raises PipeError with what is true when there is no such request, StoryHeld, and GuardRefused when it is to
    be bought anew and nobody confirms that.
    """
    with _deciding(where, effects or Effects()) as journal:
        meant = _meant(where, journal, which, (State.INTENT, State.SUBMITTED))
        if decision is Decision.RESUBMIT and not (yes or where.rehearsal):
            _confirm(meant, ask)
        journal.abandoned(meant, decision)
        return _now(journal, meant)


def adopt(where: Home, which: Which, task: str, *, effects: Effects | None = None) -> Sequence[Submission]:
    """Take `task` for what became of a request in doubt; the next run fetches it. The vendor is asked first.

    Raises PipeError as `give_up`, Missing without a key, and VendorFailed when the vendor does not know the
    task or cannot be asked.
    """
    effects = effects or Effects()
    with _deciding(where, effects) as journal:
        meant = _meant(where, journal, which, (State.INTENT,))
        facts = VENDORS[meant[0].vendor].FACTS
        if not (0 < len(task) <= _LONGEST and task.isascii() and task.isprintable() and " " not in task):
            raise PipeError(f"'{plain(task)}' is not the name of a task of {facts.title}")
        shared = seated(task)[0] if facts.most_takes > 1 else task
        _of_nobody_else(journal, where, meant[0].vendor, shared)
        _known_to_vendor(where, meant, shared, effects)
        names = {one.id: seat(shared, place + 1, len(meant)) for place, one in enumerate(meant)}
        journal.submitted_together(names)
        return _now(journal, meant)


@contextmanager
def _deciding(where: Home, effects: Effects) -> Iterator[Journal]:
    with ExitStack() as stack:
        stack.enter_context(hold(where.lock, effects))
        yield stack.enter_context(Journal.open(where.journal, story=where.name, effects=effects))


def _of_story(where: Home, journal: Journal) -> Sequence[Submission]:
    every = history_of(where, journal, Store(where.store)).submissions.values()
    return [one for one in every if one.story == where.name]


def _meant(where: Home, journal: Journal, which: Which, states: Sequence[State]) -> tuple[Submission, ...]:
    """All takes of the one request that `which` names. Those in doubt come before those that the vendor has."""
    named = [one for one in _of_story(where, journal) if one.shot == which.shot and which.take in (None, one.take)]
    for state in states:
        groups = (_together(journal, one) for one in named if one.state is state)
        requests = {group[0].id: group for group in groups}
        if len(requests) > 1:
            raise PipeError(
                f"{len(requests)} requests of {which} are {_STANDING[state]}: {_told(requests.values())}",
                next_step="say which with --take, the others later" if which.take is None else _AT_THE_STORY,
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


_AT_THE_STORY = "they are of an edited shot; give one of the versions a name of its own, or wait for its end"

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
    numbers = sorted(", ".join(str(one.take) for one in request) for request in requests)
    return "; ".join(f"take {number}" for number in numbers)


def _confirm(meant: Sequence[Submission], ask: Ask | None) -> None:
    price = _price(meant)
    if ask is None:
        raise GuardRefused(
            f"nobody is there to confirm that {takes(len(meant))} may be paid for twice: {price} more",
            next_step="say so with --yes",
        )
    if not ask(f"What was asked for may be charged all the same. Buy {takes(len(meant))} anew for {price}?"):
        raise GuardRefused("it was not confirmed", next_step="nothing was changed")


def _price(meant: Sequence[Submission]) -> str:
    total: dict[str, Money] = {}
    for one in meant:
        if one.reserved is None:
            return "a price that nobody knows"
        before = total.get(one.reserved.currency, Money.zero(one.reserved.currency))
        total[one.reserved.currency] = before + one.reserved
    return f"at most {sums(total)}"


def _of_nobody_else(journal: Journal, where: Home, vendor: str, task: str) -> None:
    for one in history_of(where, journal, Store(where.store)).submissions.values():
        if one.vendor == vendor and one.task is not None and task in (one.task, seated(one.task)[0]):
            raise PipeError(
                f"task {task} is that of take {one.take} of shot '{one.shot}' already",
                next_step="look for another task in the vendor's console",
            )


def _known_to_vendor(where: Home, meant: Sequence[Submission], task: str, effects: Effects) -> None:
    with ExitStack() as stack:
        environ = effects.environ
        if where.rehearsal:
            environ = {**environ, **stack.enter_context(serving(where.state / "vendors"))}
        told = anyio.run(_asked, meant, task, environ, effects)
    title = VENDORS[meant[0].vendor].FACTS.title
    match told:
        case Gone(code, reason):
            raise VendorFailed(
                f"{title} knows no task {task} ({code}: {reason})", next_step="check the task's name", code=code
            )
        case Barred(code, reason, next_step):
            raise VendorFailed(f"{title} does not tell of task {task}: {reason}", next_step=next_step, code=code)
        case Missed(reason):
            raise VendorFailed(f"{title} could not be asked after task {task}: {reason}", next_step="try again")


async def _asked(meant: Sequence[Submission], task: str, environ: Mapping[str, str], effects: Effects) -> Progress:
    one = meant[0]
    model = catalogue().find(f"{one.vendor}/{one.model}")
    if model is None:
        raise Missing(f"the model {one.model} is no longer known", next_step="decide with --lost or --resubmit")
    account = accounts(environ, [one.vendor])[one.vendor]
    async with Api(account, effects=effects, context=trust(environ)) as api:
        vendor = line(VENDORS[one.vendor], account, api, Redactor([account.key]), effects=effects)
        told: Progress = Missed("")
        for attempt in range(_ASKS):
            told = await vendor.ask(seat(task, 1, len(meant)), recalled(one, model), alone=True)
            if not isinstance(told, Missed) or attempt == _ASKS - 1:
                break
            await effects.sleep(2.0**attempt)
        return told


def _now(journal: Journal, meant: Sequence[Submission]) -> Sequence[Submission]:
    return [now for one in meant if (now := journal.submission(one.fingerprint)) is not None]
