"""Programs to be killed, as a sweep asks for them: the client of a nursery."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

from tests.crash.nursery import Ended, Order

LONGEST_SECONDS = 60.0


class Nursery:
    """Programs, each in a process of its own that can be killed."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.crash.nursery"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, story: Path, environ: dict[str, str], *, kill_after: float | None) -> int:
        """The exit status. The run and all its children are killed after so many seconds (None: if it hangs)."""
        return self.end_of(Order(str(story), environ), kill_after=kill_after).status

    def end_of(self, order: Order, *, kill_after: float | None = None) -> Ended:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(asdict(order)), file=self._process.stdin, flush=True)
        pid = int(self._process.stdout.readline())
        timer = threading.Timer(LONGEST_SECONDS if kill_after is None else kill_after, _kill, [pid])
        timer.start()
        ended = Ended(**json.loads(self._process.stdout.readline()))
        timer.cancel()
        return ended

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=10)
        self._process.stdout.close()


def _kill(pid: int) -> None:
    # The group first, so that an ffmpeg of the run goes with it; the run leads a group once it has begun.
    for end in (os.killpg, os.kill):
        with suppress(ProcessLookupError):
            end(pid, signal.SIGKILL)


@contextmanager
def nursery() -> Iterator[Nursery]:
    started = Nursery()
    try:
        yield started
    finally:
        started.close()
