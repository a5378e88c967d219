"""Pace: how often one key may be used, whose turn it is, and how long to wait before asking again."""

from __future__ import annotations

import enum
import itertools
from bisect import insort
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import anyio

from seedance_pipe.effects import Effects

_GROWTH = 1.5
_GRAIN = 1_000_000
_INSTANT = 1e-9


class Rank(enum.IntEnum):
    """Who goes before whom, where calls wait for their turn."""

    FIRST = 0
    """What is paid for, and what brings home a clip that is made."""
    USUAL = 1


@dataclass(slots=True, order=True)
class _Ticket:
    rank: Rank
    number: int
    called: anyio.Event = field(default_factory=anyio.Event, compare=False)


class Bucket:
    """Lets `rate` callers pass each second, up to `burst` of them at once; the others wait for their turn.

    In any stretch of `seconds` at most `burst + rate * seconds` pass.
    """

    def __init__(self, rate: float, *, burst: int = 1, effects: Effects) -> None:
        self._interval = 1 / rate
        self._slack = (burst - 1) / rate
        self._effects = effects
        self._next = effects.monotonic()
        self._held = self._next
        self._queue: list[_Ticket] = []
        self._numbers = itertools.count()

    async def turn(self, rank: Rank = Rank.USUAL) -> None:
        """Returns when the caller may go. Of those that wait the first rank goes first, and among equals who came
        first.
        """
        ticket = _Ticket(rank, next(self._numbers))
        insort(self._queue, ticket)
        try:
            while self._queue[0] is not ticket or self._wait() > _INSTANT:
                if self._queue[0] is ticket:
                    # Somebody of a higher rank may come in the meantime, so the turn is taken only after the wait.
                    await self._effects.sleep(max(0.0, self._wait()))
                else:
                    await ticket.called.wait()
                    ticket.called = anyio.Event()
            self._next = max(self._next, self._effects.monotonic()) + self._interval
        finally:
            self._queue.remove(ticket)
            if self._queue:
                self._queue[0].called.set()

    def hold(self, seconds: float) -> None:
        """Let nobody pass for so long: the vendor asked for it."""
        self._held = max(self._held, self._effects.monotonic() + seconds)

    def _wait(self) -> float:
        return max(self._next - self._slack, self._held) - self._effects.monotonic()


def chance(effects: Effects) -> float:
    """A number from 0 up to, but not including, 1."""
    return effects.draw(_GRAIN) / _GRAIN


def growing(
    first: float, longest: float, effects: Effects, *, least: Callable[[], float] = lambda: 0.0
) -> Iterator[float]:
    """Pauses in seconds that grow from `first` to `longest` and are never below what `least` asks for at the time,
    each up to a fifth shorter or longer by chance, so that takes which began together do not stay together.
    """
    pause = first
    while True:
        yield max(pause, least()) * (0.8 + 0.4 * chance(effects))
        pause = min(pause * _GROWTH, longest)


def jittered(attempt: int, *, first: float, longest: float, effects: Effects) -> float:
    """Full jitter: anything from 0 to `first` doubled `attempt` times, but never more than `longest` seconds."""
    return chance(effects) * min(first * 2.0 ** min(attempt, 30), longest)
