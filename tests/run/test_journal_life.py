"""The journal against a small model of it, over random acts, several stories and sudden ends."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from seedance_pipe.errors import GuardRefused, InDoubt, PipeError
from seedance_pipe.plan.history import Decision, State
from seedance_pipe.run.journal import Journal
from seedance_pipe.run.submission import OPEN, IllegalAct
from seedance_pipe.spec.cap import Caps
from seedance_pipe.units import Money
from tests.builders import capped

from .examples import STORY, Hands, clip_of, dollars, intent, mark, receipt

NAMES = ("stairs", "lamp", "door")
OTHER_STORY = "surf.yaml"
THEN = {
    State.INTENT: {State.SUBMITTED, State.REFUSED, State.UNSENT, State.ABANDONED},
    State.SUBMITTED: {State.READY, State.FAILED, State.ABANDONED},
    State.READY: {State.STORED, State.FAILED},
}
SAID_BEFORE = {(State.READY, State.READY), (State.STORED, State.READY), (State.STORED, State.STORED)}
money = st.one_of(
    st.none(),
    st.decimals("0", "3", places=4).map(Money),
    st.decimals("0", "3", places=1).map(lambda amount: Money(amount, "rivya credits")),
)
caps = st.lists(st.decimals("0", "6", places=2), max_size=2).map(
    lambda amounts: capped(*(Money(*one) for one in zip(amounts, ("USD", "rivya credits"), strict=False)))
)


@dataclass(frozen=True)
class Known:
    """What the model knows of a submission."""

    id: str
    name: str
    story: str
    state: State
    reserved: Money | None
    task: str | None = None
    charged: Money | None = None


class JournalLife(RuleBasedStateMachine):
    """`known` holds every submission in the order of the intents, `read` how many of them were stored when
    each story last read its history.
    """

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.hands = Hands()
        self.journals = {story: self.opened(story) for story in (STORY, OTHER_STORY)}
        self.known: list[Known] = []
        self.seen: dict[str, set[str]] = {story: set() for story in self.journals}
        self.latest: dict[str, dict[str, str]] = {story: {} for story in self.journals}
        self.picks: dict[str, int] = {}

    def opened(self, story: str) -> Journal:
        return Journal.open(self.folder / "state" / "journal.db", story=story, effects=self.hands.effects())

    def teardown(self) -> None:
        for journal in self.journals.values():
            journal.close()
        shutil.rmtree(self.folder)

    def newest(self, name: str) -> Known | None:
        return next((known for known in reversed(self.known) if known.name == name), None)

    def committed(self, story: str, currency: str) -> Decimal:
        return sum(
            (
                cost.amount
                for known in self.known
                if known.story == story and known.state not in (State.REFUSED, State.UNSENT)
                for cost in [known.charged or known.reserved]
                if cost is not None and cost.currency == currency
            ),
            Decimal(0),
        )

    @rule(
        story=st.sampled_from([STORY, OTHER_STORY]),
        name=st.sampled_from(NAMES),
        reserved=money,
        cap=st.one_of(st.none(), caps),
        allow_unknown=st.booleans(),
    )
    def intend(self, story: str, name: str, reserved: Money | None, cap: Caps | None, allow_unknown: bool) -> None:
        self.hands.time += 1
        newest = self.newest(name)
        wanted = intent(name, reserved=reserved)

        def attempt() -> Known:
            made = self.journals[story].intend(wanted, cap=cap, allow_unknown=allow_unknown)
            return Known(made.id, name, story, State.INTENT, reserved)

        if newest is not None and newest.state in OPEN:
            self.refused(InDoubt, attempt)
        elif newest is not None and newest.state is State.STORED and newest.id not in self.seen[story]:
            self.refused(PipeError, attempt)
        elif not self.fits(story, reserved, cap, allow_unknown):
            self.refused(GuardRefused, attempt)
        else:
            self.known.append(attempt())

    def fits(self, story: str, asked: Money | None, cap: Caps | None, allow_unknown: bool) -> bool:
        if not cap:
            return True
        unknown = any(
            known.story == story
            and known.state not in (State.REFUSED, State.UNSENT)
            and (known.charged or known.reserved) is None
            for known in self.known
        )
        if not allow_unknown and (unknown or asked is None or asked.currency not in cap):
            return False
        left = {name: one.most.amount - self.committed(story, name) for name, one in cap.items()}
        if asked is None:
            return all(amount > 0 for amount in left.values())
        return asked.currency not in left or asked.amount <= left[asked.currency]

    def refused(self, error: type[BaseException], attempt: Callable[[], object]) -> None:
        with pytest.raises(error):
            attempt()

    @precondition(lambda self: self.known)
    @rule(
        data=st.data(),
        story=st.sampled_from([STORY, OTHER_STORY]),
        act=st.sampled_from([state for state in State if state is not State.INTENT]),
        charged=money,
    )
    def go_on(self, data: st.DataObject, story: str, act: State, charged: Money | None) -> None:
        """Any act on any submission, by any of the runs: legal ones are taken, the others change nothing. What
        is `charged` in the end is what an acceptance tells.
        """
        self.hands.time += 1
        place = data.draw(st.integers(0, len(self.known) - 1))
        known = self.known[place]
        journal = self.journals[story]
        perform: dict[State, Callable[[], None]] = {
            State.SUBMITTED: lambda: journal.submitted(
                known.id, f"task {len(self.known)} {self.hands.time}", charged
            ),
            State.READY: lambda: journal.ready(known.id, receipt(charged)),
            State.STORED: lambda: journal.stored(known.id, clip_of(known.name)),
            State.REFUSED: lambda: journal.refused(known.id, code="no", reason=f"at {self.hands.time}"),
            State.FAILED: lambda: journal.failed(
                known.id, code="", reason=f"at {self.hands.time}", charged=charged
            ),
            State.UNSENT: lambda: journal.unsent(known.id, reason=f"at {self.hands.time}"),
            State.ABANDONED: lambda: self.given_up(journal, known, charged),
        }
        if act in THEN.get(known.state, set()):
            perform[act]()
            self.known[place] = self.moved(known, act, charged)
        elif (known.state, act) in SAID_BEFORE:
            perform[act]()
        elif act is State.READY and known.state is State.FAILED:
            return
        else:
            self.refused(IllegalAct, perform[act])

    def given_up(self, journal: Journal, known: Known, charged: Money | None) -> None:
        """Each decision in its turn; one that was taken already is another one now."""
        decision = Decision.LOST if charged is None else Decision.RESUBMIT
        one = journal.submission(mark(known.name))
        assert one is not None
        if known.state is State.ABANDONED:
            decision = Decision.LOST if known.charged is None else Decision.RESUBMIT
        journal.abandoned([replace(one, id=known.id, reserved=known.reserved)], decision)

    def moved(self, known: Known, act: State, charged: Money | None) -> Known:
        if act is State.READY:
            return replace(known, state=act, charged=charged)
        if act is State.FAILED:
            return replace(known, state=act, charged=charged or known.charged)
        if act is State.ABANDONED:
            nothing = Money.zero(known.reserved.currency) if known.reserved else dollars("0")
            return replace(known, state=act, charged=nothing if charged is None else None)
        if act in (State.REFUSED, State.UNSENT):
            return replace(known, state=act, charged=dollars("0"))
        if act is State.SUBMITTED:
            task = f"task {len(self.known)} {self.hands.time}"
            return replace(known, state=act, task=task, reserved=charged or known.reserved)
        return replace(known, state=act)

    @rule(story=st.sampled_from([STORY, OTHER_STORY]), step=st.sampled_from(NAMES), name=st.sampled_from(NAMES))
    def note(self, story: str, step: str, name: str) -> None:
        self.journals[story].latest(step, mark(name))
        self.latest[story][step] = mark(name)

    @rule(order=st.sampled_from(NAMES), take=st.integers(1, 16))
    def pick(self, order: str, take: int) -> None:
        self.journals[STORY].picked(order, take)
        self.picks[order] = take

    @rule(story=st.sampled_from([STORY, OTHER_STORY]))
    def end_and_begin_again(self, story: str) -> None:
        self.journals[story].close()
        self.journals[story] = self.opened(story)
        self.seen[story] = set()

    @rule(story=st.sampled_from([STORY, OTHER_STORY]))
    def history_equals_the_model(self, story: str) -> None:
        history = self.journals[story].history(lambda digest: False, {})
        newest = {mark(name): known for name in NAMES for known in [self.newest(name)] if known}
        assert {
            fingerprint: Known(now.id, now.shot, now.story, now.state, now.reserved, now.task, now.charged)
            for fingerprint, now in history.submissions.items()
        } == newest
        stored = {known.name for known in self.known if known.state is State.STORED}
        assert set(history.made) == {mark(name) for name in stored}
        assert history.lost == {digest for name in stored for digest in clip_of(name).values()}
        assert history.latest == self.latest[story]
        assert history.picks == self.picks
        self.seen[story] = {known.id for known in self.known if known.state is State.STORED}

    @invariant()
    def money_adds_up(self) -> None:
        for story, journal in self.journals.items():
            total = journal.total()
            for currency in ("USD", "rivya credits"):
                told = [side[currency].amount for side in (total.spent, total.reserved) if currency in side]
                assert sum(told, Decimal(0)) == self.committed(story, currency)


TestJournalLife = JournalLife.TestCase
TestJournalLife.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
