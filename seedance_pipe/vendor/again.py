"""Sending again: how long to wait before a request that surely made no task is sent once more."""

from __future__ import annotations

from dataclasses import dataclass

from seedance_pipe.effects import Effects
from seedance_pipe.vendor.adapter import Busy
from seedance_pipe.vendor.answer import NotSent
from seedance_pipe.vendor.pace import growing, jittered

_UNSENT_ATTEMPTS = 4
_BUSY_SECONDS = 1800.0
_RETRY_AFTER_SECONDS = 600.0


@dataclass(slots=True)
class Again:
    """What was tried so far with one request."""

    effects: Effects
    waited: float = 0.0
    busy: int = 0
    unsent: int = 0

    def pause(self, answer: Busy | NotSent) -> float | None:
        """Seconds to wait before sending the same again; None when it was tried for long enough."""
        if isinstance(answer, NotSent):
            self.unsent += 1
            pauses = growing(2.0 ** (self.unsent - 1), 10.0, self.effects)
            return next(pauses) if self.unsent < _UNSENT_ATTEMPTS else None
        pause = jittered(self.busy + 1, first=2.0, longest=60.0, effects=self.effects)
        pause = max(pause, min(answer.retry_after or 1.0, _RETRY_AFTER_SECONDS))
        self.busy += 1
        self.waited += pause
        return pause if self.waited <= _BUSY_SECONDS else None
