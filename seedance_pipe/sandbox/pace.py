"""Rate limits: at most so many calls in a sliding window of the sandbox's clock."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable


class Pace:
    """`most` calls in `seconds`; None is no limit."""

    def __init__(self, most: int | None, *, seconds: float, now: Callable[[], float]) -> None:
        self._most = most
        self._seconds = seconds
        self._now = now
        self._calls: deque[float] = deque()

    def allows(self) -> bool:
        """Whether one more call is within the limit; if so it is counted."""
        if self._most is None:
            return True
        now = self._now()
        while self._calls and self._calls[0] <= now - self._seconds:
            self._calls.popleft()
        if len(self._calls) >= self._most:
            return False
        self._calls.append(now)
        return True
