"""Two hundred takes in flight at a vendor whose documented limit is switched on: it never has to say "too many".

Runbase's is the tightest: 20 calls in 10 seconds, with creates and polls counted together (runbase.md section 5).
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from seedance_pipe.effects import Effects
from seedance_pipe.plan.make import Plan
from seedance_pipe.run.event import Emit
from seedance_pipe.sandbox.app import serve
from seedance_pipe.sandbox.settings import Limits, Settings
from seedance_pipe.studio import perform
from seedance_pipe.studio.run import run
from seedance_pipe.studio.work import Wishes
from seedance_pipe.vendor.answer import Answered, Call, Outcome
from seedance_pipe.vendor.transport import Api
from tests.conformance.performance import Production
from tests.conformance.vendors import RUNBASE
from tests.studio.vendor import Vendor as Server

TAKES = 200
NOON = 1_795_262_400.0
_TURNS = 50
"""Rounds of the event loop after which whoever can go on has done so."""


class Clock:
    """Time that stands still while anybody works or a call is on its way, and else jumps to the next waking."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.calls = 0
        self._number = itertools.count()
        self._sleepers: list[tuple[float, int, anyio.Event]] = []
        self._pump: asyncio.Task[None] | None = None

    async def sleep(self, seconds: float) -> None:
        wake = anyio.Event()
        heapq.heappush(self._sleepers, (self.seconds + seconds, next(self._number), wake))
        if self._pump is None:
            self._pump = asyncio.create_task(self._run())
        await wake.wait()

    async def _run(self) -> None:
        while True:
            for _ in range(_TURNS):
                await anyio.lowlevel.checkpoint()
            if self.calls or not self._sleepers:
                await anyio.sleep(0.001)
                continue
            due, _, wake = heapq.heappop(self._sleepers)
            self.seconds = max(self.seconds, due)
            wake.set()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> list[tuple[float, str, int]]:
    """When each call was answered, by what method and status."""
    heard: list[tuple[float, str, int]] = []
    send = Api.send

    async def sent(self: Api, call: Call, *, deadline: float) -> Outcome:
        clock.calls += 1
        try:
            outcome = await send(self, call, deadline=deadline)
        finally:
            clock.calls -= 1
        heard.append((clock.seconds, call.method, outcome.status if isinstance(outcome, Answered) else 0))
        return outcome

    monkeypatch.setattr(Api, "send", sent)
    return heard


@contextmanager
def unseen(plan: Plan) -> Iterator[Emit]:
    yield lambda event: None


def test_a_vendor_is_never_asked_more_often_than_it_allows(
    tmp_path: Path, clock: Clock, answers: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All tasks fail, so that nothing has to be painted and fetched."""
    # A run has fewer takes in flight; they pile up where runs are stopped and others begun.
    monkeypatch.setattr(perform, "_places", lambda vendor, jobs: TAKES)
    settings = Settings(queued_seconds=5, running_seconds=240, limits=Limits(runs_calls=20))
    effects = Effects(now=lambda: NOON + clock.seconds)
    with serve(None, settings=settings, effects=effects) as running:
        production = Production(tmp_path, Server(running.address))
        shots = [{"prompt": f"sandbox:fail {number}"} for number in range(TAKES)]
        production.write(*shots, model=RUNBASE.model, **RUNBASE.short)
        ours = Effects(
            now=effects.now, monotonic=lambda: clock.seconds, sleep=clock.sleep, environ=production.environ
        )
        ended = run(production.home, Wishes(yes=True, keep_going=True), showing=unseen, effects=ours)
        assert len(production.ledger()) == TAKES
    assert len(ended.failed) == TAKES
    told = Counter(status for _, _, status in answers)
    assert set(told) <= {200, 201}, told
