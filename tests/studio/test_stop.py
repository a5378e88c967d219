"""Signals while a run is at work. What they do to a whole program is in tests/bad_days/test_stop.py."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import anyio
import pytest

from seedance_pipe.studio.stop import Stop

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def never(number: int) -> None:
    raise AssertionError("the run ended by itself")


@pytest.mark.parametrize("number", ENDINGS)
def test_a_signal_is_a_wish_while_the_block_runs_and_no_error(number: signal.Signals) -> None:
    before = [signal.getsignal(one) for one in ENDINGS]
    stop = Stop()

    async def work() -> None:
        with anyio.fail_after(10):
            os.kill(os.getpid(), number)
            await stop.asked()
            await stop.asked()

    with stop.heard(never):
        assert stop.number is None
        anyio.run(work)
    assert stop.number == number
    assert [signal.getsignal(one) for one in ENDINGS] == before
    assert signal.set_wakeup_fd(-1) == -1


def test_a_signal_that_was_ignored_stays_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        stop = Stop()
        with stop.heard(never):
            os.kill(os.getpid(), signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        assert stop.number is None
    finally:
        signal.signal(signal.SIGHUP, before)


def test_other_signals_are_no_wish_to_stop() -> None:
    before = signal.signal(signal.SIGUSR1, lambda number, frame: None)
    try:
        stop = Stop()
        with stop.heard(never):
            os.kill(os.getpid(), signal.SIGUSR1)
        assert stop.number is None
    finally:
        signal.signal(signal.SIGUSR1, before)


STUCK = """
import os, signal, sys, time
from seedance_pipe.studio.stop import Stop

def farewell(number):
    os.write(1, b"farewell %d\\n" % number)
    {farewell}

with Stop().heard(farewell):
    os.kill(os.getpid(), signal.SIGTERM)
    {again}
    os.write(1, b"at work\\n")
    time.sleep(60)
"""
AGAIN = "time.sleep(0.2); os.kill(os.getpid(), signal.SIGINT)"


@pytest.mark.parametrize(
    ("again", "farewell", "code"),
    [
        ("", "pass", 143),
        (AGAIN, "pass", 130),
        (AGAIN, "time.sleep(60)", 130),
        (AGAIN, "raise ValueError('the journal is being closed')", 130),
    ],
    ids=["in five seconds", "at once", "a farewell that hangs", "a farewell that fails"],
)
def test_what_hangs_is_left(again: str, farewell: str, code: int) -> None:
    program = STUCK.format(again=again, farewell=farewell)
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=False)
    assert ran.returncode == code
    assert f"farewell {code - 128}" in ran.stdout
    assert ran.stderr == ""
