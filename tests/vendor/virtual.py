"""Time that passes by itself: an event loop that never waits, but jumps to the moment of what comes next.

Unlike a clock that moves when somebody sleeps, it is right for any number of sleepers at once.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import anyio

from seedance_pipe.effects import Effects


class _Impatient(selectors.DefaultSelector):
    """Adds what it was to wait to `passed`, and does not wait."""

    passed = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready and timeout is not None:
            self.passed += max(timeout, 0.0)
        return ready


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.impatient = _Impatient()
        super().__init__(self.impatient)

    def time(self) -> float:
        return self.impatient.passed


def play(what: Callable[[Effects], Awaitable[None]], *, draw: Callable[[int], int] = lambda n: n // 2) -> None:
    """Run `what` with effects whose seconds take no time."""

    async def main() -> None:
        clock = asyncio.get_running_loop().time
        await what(Effects(now=clock, monotonic=clock, sleep=anyio.sleep, draw=draw, environ={}))

    anyio.run(main, backend_options={"loop_factory": _Loop})


def busiest(times: Sequence[float], seconds: float) -> int:
    """The most of `times` that lie in any stretch of so many seconds."""
    return max((sum(start <= time < start + seconds for time in times) for start in times), default=0)
