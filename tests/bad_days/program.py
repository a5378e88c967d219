"""The program as a process: started on pipes or on a terminal, read until something happens, and looked for after
its end.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from seedance_pipe.media.ffmpeg import find
from seedance_pipe.sandbox.faults import Fault, What, Where

PATIENCE = 60.0
_ON_A_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.executable, sys.argv[1:])"
)


def fault(where: Where, what: What, **fields: Any) -> Fault:
    return Fault.parse({"where": where.value, "what": what.value, **fields})


def command(story: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "seedance_pipe", "run", str(story), *options]


@contextmanager
def started(
    story: Path, *options: str, environ: Mapping[str, str] | None = None, before: Sequence[str] = ()
) -> Iterator[subprocess.Popen[str]]:
    """A run that tells what happens as JSON lines."""
    process = subprocess.Popen(
        [*before, *command(story, "--json", *options)],
        env={**os.environ, **(environ or {})},
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def until(process: subprocess.Popen[str], happened: Callable[[dict[str, Any]], bool]) -> None:
    """Read the events of a run until one of them is it."""
    assert process.stdout is not None
    timer = threading.Timer(PATIENCE, process.kill)
    timer.start()
    try:
        for line in process.stdout:
            if happened(json.loads(line)):
                return
    finally:
        timer.cancel()
    assert process.stderr is not None
    raise AssertionError(f"that never happened; {process.stderr.read()}")


def status(word: str) -> Callable[[dict[str, Any]], bool]:
    return lambda event: event.get("status") == word


class Terminal:
    """A run on a terminal of its own. `seen` is all that it has drawn so far."""

    def __init__(self, story: Path, *options: str, environ: Mapping[str, str] | None = None) -> None:
        self.seen = ""
        self._ours, theirs = os.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", _ON_A_TERMINAL, *command(story, *options)],
            env={**os.environ, "TERM": "xterm", "COLUMNS": "200", **(environ or {})},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)

    def until(self, told: str) -> None:
        end = time.monotonic() + PATIENCE
        while told not in self.seen:
            if not self._read(end - time.monotonic()):
                raise AssertionError(f"the terminal never showed '{told}': {self.seen}")

    def press(self, key: bytes) -> None:
        os.write(self._ours, key)

    def hang_up(self) -> None:
        os.close(self._ours)
        self._ours = -1

    def end(self, seconds: float) -> int:
        """The exit code, with all that was drawn read; what nobody reads holds a terminal up."""
        end = time.monotonic() + seconds
        while self._ours >= 0 and self._read(end - time.monotonic()):
            pass
        return self.process.wait(max(0.1, end - time.monotonic()))

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        if self._ours >= 0:
            os.close(self._ours)

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._ours], [], [], max(0.0, seconds))
        if not ready:
            return False
        try:
            piece = os.read(self._ours, 4096)
        except OSError:
            return False
        self.seen += piece.decode("utf-8", "replace")
        return bool(piece)


@contextmanager
def on_a_terminal(story: Path, *options: str, environ: Mapping[str, str] | None = None) -> Iterator[Terminal]:
    terminal = Terminal(story, *options, environ=environ)
    try:
        yield terminal
    finally:
        terminal.close()


def slow_ffmpeg(folder: Path) -> dict[str, str]:
    """What makes a run use a real ffmpeg that takes twenty times as long as the clip is."""
    real = find(os.environ).path
    path = folder / "ffmpeg"
    path.write_text(
        f'#!/bin/sh\ncase "$*" in\n*" -i "*) exec "{real}" -readrate 0.05 "$@";;\nesac\nexec "{real}" "$@"\n'
    )
    path.chmod(0o755)
    return {"SEEDANCE_FFMPEG": str(path)}


def left_over(folder: Path) -> list[str]:
    """The command lines of processes that still work in `folder`, once those that are dying had a moment."""
    for _ in range(300):
        found = list(_working_in(folder))
        if not found:
            break
        time.sleep(0.01)
    return found


def _working_in(folder: Path) -> Iterator[str]:
    for process in Path("/proc").glob("[0-9]*"):
        try:
            line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if str(folder) in line and int(process.name) != os.getpid():
            yield line
