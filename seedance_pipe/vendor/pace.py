"""Pace: how often one key may be used, and how long to wait before asking again."""

from __future__ import annotations

from collections.abc import Iterator

from seedance_pipe.effects import Effects

_GROWTH = 1.5
_GRAIN = 1_000_000


class Bucket:
    """Lets `rate` callers pass each second, up to `burst` of them at once; the others wait for their turn."""

    def __init__(self, rate: float, *, burst: int = 1, effects: Effects) -> None:
        self._interval = 1 / rate
        self._slack = (burst - 1) / rate
        self._effects = effects
        self._next = 0.0

    async def turn(self) -> None:
        """Returns when the caller may go. Callers go in the order in which they came."""
        now = self._effects.monotonic()
        due = max(self._next, now)
        self._next = due + self._interval
        wait = due - self._slack - now
        if wait > 0:
            await self._effects.sleep(wait)


def chance(effects: Effects) -> float:
    """A number from 0 up to, but not including, 1."""
    return effects.draw(_GRAIN) / _GRAIN


def growing(first: float, longest: float, effects: Effects) -> Iterator[float]:
    """Pauses in seconds that grow from `first` to `longest`, each up to a fifth shorter or longer by chance,
    so that takes which began together do not stay together.
    """
    pause = first
    while True:
        yield pause * (0.8 + 0.4 * chance(effects))
        pause = min(pause * _GROWTH, longest)


def jittered(attempt: int, *, first: float, longest: float, effects: Effects) -> float:
    """Full jitter: anything from 0 to `first` doubled `attempt` times, but never more than `longest` seconds."""
    return chance(effects) * min(first * 2.0 ** min(attempt, 30), longest)
