"""Two runs at once, a story that is edited under a run, and a reader that goes away."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from seedance_pipe.sandbox.faults import What, Where
from tests.bad_days.program import fault, started, status, until
from tests.conftest import Pipe
from tests.studio.vendor import Vendor

ROUNDS = 3
PROCESSES = 8


def test_of_eight_runs_at_once_one_works_and_a_killed_one_blocks_nobody(
    pipe: Pipe, short: Path, vendor: Vendor
) -> None:
    vendor.set_faults([fault(Where.FATE, What.QUEUE, times=None, seconds=600)])
    for _ in range(ROUNDS):
        with ExitStack() as stack:
            runs = [stack.enter_context(started(short)) for _ in range(PROCESSES)]
            turned_away = [run for run in runs if _ended(run, but_one=runs)]
            (holder,) = set(runs) - set(turned_away)
            for run in turned_away:
                assert run.returncode == 7
                assert run.stderr is not None
                told = run.stderr.read()
                assert f"process {holder.pid} on {os.uname().nodename}, since 20" in told, told
            until(holder, lambda event: event.get("status") in ("submitted", "queued"))
    tasks = vendor.ledger()
    assert len(tasks) == 1, "the first round bought the first shot, and the others followed it"
    assert "wave#1  in flight" in pipe("status", short).out


def _ended(run: subprocess.Popen[str], *, but_one: list[subprocess.Popen[str]]) -> bool:
    """Waits until this run has ended, or all others have."""
    while run.poll() is None:
        if all(other.poll() is not None for other in but_one if other is not run):
            return False
        try:
            run.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
    return True


def test_a_story_that_is_edited_under_a_run_is_made_as_it_was_and_the_next_run_makes_the_change_alone(
    pipe: Pipe, short: Path, vendor: Vendor
) -> None:
    before = short.read_text()
    with started(short) as running:
        until(running, status("submitted"))
        short.write_text(before.replace("The foam runs back", "The foam glitters") + "  - not: a shot\n")
        out, _ = running.communicate(timeout=60)
    assert running.returncode == 0
    assert json.loads(out.splitlines()[-1])["film"]
    short.write_text(before)
    assert pipe("plan", short).out.endswith("Nothing to do: the film is up to date.\n")
    short.write_text(before.replace("The foam runs back", "The foam glitters"))
    told = pipe("run", short)
    assert told.code == 0
    assert "wave#1: fresh" in told.err
    assert "foam#1: made" in told.err
    assert len(vendor.ledger()) == 3


def test_a_reader_that_leaves_after_one_line_stops_no_run(pipe: Pipe, short: Path, vendor: Vendor) -> None:
    ours = shlex.join([sys.executable, "-m", "seedance_pipe", "run", str(short), "--json"])
    ran = subprocess.run(
        ["bash", "-c", f"{ours} | head -1; exit ${{PIPESTATUS[0]}}"], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["event"] == "started"
    assert "Traceback" not in ran.stderr
    assert "Exception ignored" not in ran.stderr
    assert pipe("plan", short).out.endswith("Nothing to do: the film is up to date.\n")
    assert len(vendor.ledger()) == 2
