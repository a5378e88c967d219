"""Stopping: the first signal asks a run to end what it has begun; a second one, or five seconds, end the process.

That is safe at any moment: the journal was written before everything that costs money. So nothing that hangs (a
paid request without an answer, a picture that is being decoded, a disk, a resolver) can hold a person up.
"""

from __future__ import annotations

import os
import select
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from types import FrameType

import anyio

STOP_SECONDS = 5.0
"""So long a run has to end what it has begun (security.md 4.5)."""

_FAREWELL_SECONDS = 0.5
_ENDINGS = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
_OVER = b"\0"


class Stop:
    """Hears the signals that ask this process to end, while a block of `heard` runs. `number` is the first that
    came, None as long as there was none.
    """

    def __init__(self) -> None:
        self.number: int | None = None
        self._wish, self._wished = -1, -1

    @contextmanager
    def heard(self, farewell: Callable[[int], None]) -> Iterator[None]:
        """While the block runs, a signal is a wish that `asked` tells of. When the process has to end before the
        block does, `farewell` is called with the signal's number, in another thread and for half a second at most.

        A signal that the process was started to ignore stays ignored: nohup means it. For the main thread only.
        """
        with ExitStack() as stack:
            came, bell = _pipe(stack)
            self._wish, self._wished = _pipe(stack)
            watch = threading.Thread(target=self._watch, args=(came, farewell), name="stop", daemon=True)
            watch.start()
            # Callbacks run in the reverse order: the watch ends before its pipe is closed.
            stack.callback(watch.join)
            stack.callback(os.write, bell, _OVER)
            # The handler in C writes the number, so it comes through even where Python itself is held up.
            stack.callback(signal.set_wakeup_fd, signal.set_wakeup_fd(bell, warn_on_full_buffer=False))
            for number in _ENDINGS:
                handler = signal.getsignal(number)
                if handler not in (signal.SIG_IGN, None):
                    stack.callback(signal.signal, number, handler)
                    signal.signal(number, _heard)
            yield

    async def asked(self) -> None:
        """Returns when the first signal has come."""
        await anyio.wait_readable(self._wish)

    def _watch(self, came: int, farewell: Callable[[int], None]) -> None:
        number = _next(came, None)
        if number is None:
            return
        self.number = number
        os.write(self._wished, _OVER)
        again = _next(came, STOP_SECONDS)
        if again is not None:
            _leave(again or number, farewell)


def _pipe(stack: ExitStack) -> tuple[int, int]:
    reads, writes = os.pipe()
    os.set_blocking(writes, False)
    stack.callback(os.close, reads)
    stack.callback(os.close, writes)
    return reads, writes


def _next(came: int, seconds: float | None) -> int | None:
    """The next signal that asks us to end; None when the run is over first, and 0 when the seconds are."""
    while True:
        ready, _, _ = select.select([came], [], [], seconds)
        if not ready:
            return 0
        told = os.read(came, 1)
        if told == _OVER:
            return None
        if told[0] in _ENDINGS:
            return told[0]


def _leave(number: int, farewell: Callable[[int], None]) -> None:
    def speak() -> None:
        # The run may be closing its files at this moment. Nobody is helped by the trace of a farewell that failed.
        with suppress(Exception):
            farewell(number)

    # It may hang on what the run hangs on: a disk, or a terminal that nobody reads.
    last_words = threading.Thread(target=speak, name="farewell", daemon=True)
    last_words.start()
    last_words.join(_FAREWELL_SECONDS)
    os._exit(128 + number)


def _heard(number: int, frame: FrameType | None) -> None:
    """All is done by the wakeup descriptor; without a handler the signal would not come to it."""
