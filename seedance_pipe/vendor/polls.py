"""Polls: what many takes want to know, asked in as few calls as the vendor allows and never in too many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice

import anyio

from seedance_pipe.effects import Effects
from seedance_pipe.vendor.adapter import Adapter, seated
from seedance_pipe.vendor.answer import Answered, Outcome
from seedance_pipe.vendor.pace import Bucket, Rank, jittered
from seedance_pipe.vendor.transport import Api

_SECONDS = 30.0
_SHARE = 2 / 3
_RETRY_AFTER_SECONDS = 600.0


@dataclass(slots=True, eq=False)
class _Question:
    """One task that somebody asks after. `called` while a call with it is out; `waiting` are the askers that wait
    for a turn to make one. One that is `alone` shares no call.
    """

    name: str
    alone: bool = False
    askers: int = 0
    called: bool = False
    answer: Outcome | None = None
    waiting: set[anyio.CancelScope] = field(default_factory=set)
    news: anyio.Event = field(default_factory=anyio.Event)

    def call(self) -> None:
        self.called = True
        for scope in self.waiting:
            scope.cancel()

    def settle(self, answer: Outcome | None) -> None:
        """Without an answer it has to be asked again: who made the call was stopped."""
        self.called, self.answer = False, answer
        self.news.set()
        self.news = anyio.Event()


class Polls:
    """The polls of one line. Asks that wait for their turn at the same time go out together."""

    def __init__(self, adapter: Adapter, api: Api, calls: Bucket, *, effects: Effects) -> None:
        self._adapter = adapter
        self._api = api
        self._calls = calls
        pace = adapter.FACTS.pace
        # Those that ask find each other while they wait for the share of the polls, so the rest is never crowded.
        self._share = Bucket(pace.calls * _SHARE, burst=max(1, int(pace.burst * _SHARE)), effects=effects)
        self._effects = effects
        self._open: dict[str, _Question] = {}
        self._followed: Counter[str] = Counter()
        self._strikes = 0

    @contextmanager
    def following(self, task: str) -> Iterator[None]:
        """While it lasts, `task` is one of those in flight, among which the polls are divided."""
        key = self._key(task)
        self._followed[key] += 1
        try:
            yield
        finally:
            self._followed[key] -= 1
            if not self._followed[key]:
                del self._followed[key]

    def pause(self) -> float:
        """The least seconds between two polls of one task, at which full calls are the polls' share of all."""
        facts = self._adapter.FACTS
        return len(self._followed) / (facts.batch * facts.pace.calls * _SHARE)

    async def ask(self, task: str, rank: Rank = Rank.USUAL, *, alone: bool = False) -> Outcome:
        """What came of a call that asked after `task`, and unless `alone` maybe after others. A task that several
        takes share is asked once for all of them.
        """
        key = self._key(task)
        question = self._open.setdefault(key, _Question(task))
        question.alone = question.alone or alone
        question.askers += 1
        try:
            while question.answer is None:
                if question.called:
                    await question.news.wait()
                elif await self._turn(question, rank):
                    await self._call(question)
            return question.answer
        finally:
            question.askers -= 1
            if question.answer is not None or not question.askers:
                self._drop(key, question)

    async def _turn(self, question: _Question, rank: Rank) -> bool:
        """Whether the turn came before another's call took the question along."""
        with anyio.CancelScope() as scope:
            question.waiting.add(scope)
            try:
                await self._share.turn(rank)
                await self._calls.turn(rank)
            finally:
                question.waiting.discard(scope)
        return not question.called and question.answer is None

    async def _call(self, question: _Question) -> None:
        batch = [question, *islice(self._others(question), self._adapter.FACTS.batch - 1)]
        for one in batch:
            one.call()
        answer: Outcome | None = None
        try:
            answer = await self._api.send(self._adapter.poll([one.name for one in batch]), deadline=_SECONDS)
            self._mind(answer)
        finally:
            for one in batch:
                one.settle(answer)

    def _others(self, question: _Question) -> Iterator[_Question]:
        """Those that can share a call with `question`."""
        for other in self._open.values() if not question.alone else ():
            if other is not question and not (other.alone or other.called or other.answer):
                yield other

    def _mind(self, answer: Outcome) -> None:
        """A vendor that has too much to do is left alone for a while, by all calls of the line."""
        if not isinstance(answer, Answered):
            return
        if not self._adapter.crowded(answer):
            self._strikes = 0
            return
        self._strikes += 1
        pause = jittered(self._strikes, first=1.0, longest=60.0, effects=self._effects)
        self._calls.hold(max(pause, min(answer.retry_after or 0.0, _RETRY_AFTER_SECONDS)))

    def _drop(self, key: str, question: _Question) -> None:
        if self._open.get(key) is question:
            del self._open[key]

    def _key(self, task: str) -> str:
        return seated(task)[0] if self._adapter.FACTS.most_takes > 1 else task
