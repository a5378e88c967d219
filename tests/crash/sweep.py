"""The kill sweep: runs are killed with SIGKILL at random moments, then run on until done, and the vendor's own
ledger is held against the journal.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seedance_pipe.effects import Effects
from seedance_pipe.plan.history import State, Submission
from seedance_pipe.run.journal import Journal
from seedance_pipe.run.store import Store
from seedance_pipe.sandbox.app import serve
from seedance_pipe.sandbox.faults import Fault, What, Where
from seedance_pipe.sandbox.settings import Settings
from tests.studio.vendor import Vendor

STORY = """\
version: 1
model: modelark/seedance-1-0-pro-fast
defaults: {duration: 2, resolution: 480p, ratio: "1:1"}
shots:
  - {id: one, prompt: "First NAME"}
  - {id: two, prompt: "Second NAME", continues: one}
  - {id: three, prompt: "Third NAME"}
"""
TAKES = 3
LONGEST_RUN_SECONDS = 60.0
QUICK = Settings(queued_seconds=0.02, running_seconds=0.08)
LOST_ANSWER = Fault(Where.ACCEPTED, What.CLOSE)


@dataclass
class Tally:
    """What a sweep saw. `problems` is what must be empty."""

    films: int = 0
    runs: int = 0
    kills: int = 0
    charged: int = 0
    doubts: int = 0
    problems: list[str] = field(default_factory=list)


class Nursery:
    """Runs of the program, each in a process of its own that can be killed."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.crash.nursery"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, story: Path, environ: dict[str, str], *, kill_after: float | None) -> int:
        """The exit status; with `kill_after` the run and all its children are killed after so many seconds."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps({"story": str(story), "environ": environ}), file=self._process.stdin, flush=True)
        pid = int(self._process.stdout.readline())
        wait = LONGEST_RUN_SECONDS if kill_after is None else kill_after
        timer = threading.Timer(wait, _kill, [pid])
        timer.start()
        status = int(self._process.stdout.readline())
        timer.cancel()
        return status

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


def sweep(folder: Path, *, kills: int, seed: int, kills_a_film: int = 5, losing: float = 0.25) -> Tally:
    """Make films, each killed `kills_a_film` times on its way and then run until done, until there were `kills`.

    For a part `losing` of the films the vendor loses one answer after it has accepted the request.
    """
    chance = random.Random(seed)
    tally = Tally()
    with serve(folder / "vendor", settings=QUICK) as server, nursery() as runs:
        vendor = Vendor(server.address)
        while tally.kills < kills:
            name = f"film{tally.films}"
            story = folder / name / "story.yaml"
            story.parent.mkdir(parents=True)
            story.write_text(STORY.replace("NAME", name))
            lost = chance.random() < losing
            before = {task["id"] for task in vendor.ledger()}
            vendor.set_faults([LOST_ANSWER] if lost else [])
            _one_film(runs, story, vendor.environ, chance, kills_a_film, tally)
            tally.films += 1
            _check(story, [task for task in vendor.ledger() if task["id"] not in before], tally)
    return tally


def _one_film(
    runs: Nursery, story: Path, environ: dict[str, str], chance: random.Random, kills: int, tally: Tally
) -> None:
    for _ in range(kills):
        tally.runs += 1
        status = runs.run(story, environ, kill_after=chance.uniform(0.0, 0.7))
        if status != -signal.SIGKILL:
            _expect(status, story, tally)
            return
        tally.kills += 1
    began = time.monotonic()
    tally.runs += 1
    _expect(runs.run(story, environ, kill_after=None), story, tally)
    if time.monotonic() - began >= LONGEST_RUN_SECONDS:
        tally.problems.append(f"{story}: the run after the kills did not end")


def _expect(status: int, story: Path, tally: Tally) -> None:
    if status not in (0, 4):
        tally.problems.append(f"{story}: a run that nobody killed ended with {status}")


def _check(story: Path, charged: list[dict[str, Any]], tally: Tally) -> None:
    """The vendor's ledger against the journal, and the store and the film against both."""
    state = story.parent / ".seedance"
    store = Store(state / "store")
    with Journal.open(state / "journal.db", story=story.name, effects=Effects()) as journal:
        submissions = list(journal.history(store.has, {}).submissions.values())
    by_prompt = Counter(task["prompt"] for task in charged)
    tally.charged += len(charged)
    for prompt, times in by_prompt.items():
        if times > 1:
            tally.problems.append(f"{story}: one prompt ({prompt[:8]}) was charged {times} times")
    doubts = [one for one in submissions if one.state is State.INTENT]
    tally.doubts += len(doubts)
    known = {one.task for one in submissions if one.task}
    forgotten = [task for task in charged if task["id"] not in known]
    if len(forgotten) > len(doubts):
        tally.problems.append(f"{story}: {len(forgotten)} charged tasks are unknown, {len(doubts)} in doubt")
    tally.problems += [f"{story}: {problem}" for problem in _torn(submissions, store)]
    film = story.parent / "out" / "story.mp4"
    if film.exists() != (not doubts):
        tally.problems.append(f"{story}: film {film.exists()} with {len(doubts)} in doubt")
    if not doubts and len(by_prompt) != TAKES:
        tally.problems.append(f"{story}: a film of {len(by_prompt)} charged takes")


def _torn(submissions: list[Submission], store: Store) -> Iterator[str]:
    for submission in submissions:
        if submission.state is State.STORED:
            for name, digest in submission.outputs.items():
                if not store.check(digest):
                    yield f"{name} of {submission.shot} is torn or gone"
