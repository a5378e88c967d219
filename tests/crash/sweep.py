"""The kill sweep: runs are killed with SIGKILL at random moments, then run on until done, and the vendor's own
ledger is held against the journal.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
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
from seedance_pipe.vendor.adapter import Doubt
from tests.studio.vendor import Vendor

STORY = """\
version: 1
model: MODEL
defaults: {duration: SECONDS, resolution: 480p, ratio: "1:1", takes: TAKES}
shots:
  - {id: one, prompt: "first NAME"}
  - {id: two, prompt: "second NAME", continues: one}
  - {id: three, prompt: "third NAME"}
"""
SHOTS = {"one": "first", "two": "second", "three": "third"}
LONGEST_RUN_SECONDS = 60.0


@dataclass(frozen=True)
class Play:
    """What of the story is told to one vendor. Shot two begins with a frame that the program hands over: inside
    the request, by an upload to the vendor, or by the upload target, as the vendor will have it.

    `longest` is the time by which a kill comes at the latest, in seconds. `policy` says which doubts may be
    left after a run that nobody killed.
    """

    model: str
    seconds: int = 2
    takes: int = 1
    longest: float = 0.7
    policy: Doubt = Doubt.PERSON

    def story(self, name: str) -> str:
        filled = STORY.replace("MODEL", self.model).replace("SECONDS", str(self.seconds))
        return filled.replace("TAKES", str(self.takes)).replace("NAME", name)


PLAYS = {
    "modelark": Play("modelark/seedance-1-0-pro-fast", policy=Doubt.LIST),
    "rivya": Play("rivya/seedance-1-0-lite", seconds=5, policy=Doubt.SAME_KEY),
    "runbase": Play("runbase/seedance-1.5-pro", seconds=4),
    "runware": Play("runware/seedance-1-0-pro-fast", takes=2, policy=Doubt.SAME_ID),
}
QUICK = Settings(queued_seconds=0.02, running_seconds=0.08)
LOST_ANSWER = Fault(Where.ACCEPTED, What.CLOSE)


@dataclass
class Tally:
    """What a sweep saw of one vendor. `problems` is what must be empty."""

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
        """The exit status. The run and all its children are killed after so many seconds (None: if it hangs)."""
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


def sweep(
    folder: Path,
    *,
    kills: int,
    seed: int,
    vendors: Sequence[str] = tuple(PLAYS),
    kills_a_film: int = 6,
    losing: float = 0.25,
) -> dict[str, Tally]:
    """Make films with each of `vendors` in turn, each killed `kills_a_film` times on its way and then run until
    done, until there were `kills` in all.

    For a part `losing` of the films the vendor loses one answer after it has accepted the request.
    """
    chance = random.Random(seed)
    tallies = {name: Tally() for name in vendors}
    with serve(folder / "vendor", settings=QUICK) as server, nursery() as runs:
        vendor = Vendor(server.address)
        for name in itertools.cycle(vendors):
            tally, film = tallies[name], f"{name}-{tallies[name].films}"
            story = folder / film / "story.yaml"
            story.parent.mkdir(parents=True)
            story.write_text(PLAYS[name].story(film))
            before = {task["id"] for task in vendor.ledger()}
            vendor.set_faults([LOST_ANSWER] if chance.random() < losing else [])
            moments = [chance.uniform(0.0, PLAYS[name].longest) for _ in range(kills_a_film)]
            _one_film(runs, story, vendor.environ, moments, tally)
            tally.films += 1
            _check(story, PLAYS[name], [task for task in vendor.ledger() if task["id"] not in before], tally)
            # Where all goes wrong, runs may end before they can be killed.
            if sum(one.kills for one in tallies.values()) >= kills or len(tally.problems) > 20:
                break
    return tallies


def _one_film(runs: Nursery, story: Path, environ: dict[str, str], moments: Sequence[float], tally: Tally) -> None:
    for moment in moments:
        tally.runs += 1
        status = runs.run(story, environ, kill_after=moment)
        if status != -signal.SIGKILL:
            _expect(status, story, tally)
            return
        tally.kills += 1
    tally.runs += 1
    _expect(runs.run(story, environ, kill_after=None), story, tally)


def _expect(status: int, story: Path, tally: Tally) -> None:
    if status not in (0, 4):
        tally.problems.append(f"{story}: a run that nobody killed ended with {status}")


def _check(story: Path, play: Play, charged: list[dict[str, Any]], tally: Tally) -> None:
    """The vendor's ledger against the journal, and the store and the film against both."""
    state = story.parent / ".seedance"
    store = Store(state / "store")
    with Journal.open(state / "journal.db", story=story.name, effects=Effects()) as journal:
        submissions = list(journal.history(store.has, {}).submissions.values())
    tally.charged += len(charged)
    doubts = [one for one in submissions if one.state is State.INTENT]
    tally.doubts += len(doubts)
    problems = [*_money(story.parent.name, play, charged, submissions), *_torn(submissions, store)]
    film = story.parent / "out" / "story.mp4"
    if film.exists() != (not doubts):
        problems.append(f"film {film.exists()} with {len(doubts)} in doubt")
    problems += _unsettled(play, charged, submissions)
    tally.problems += [f"{story}: {problem}" for problem in problems]


def _money(film: str, play: Play, charged: list[dict[str, Any]], submissions: list[Submission]) -> Iterator[str]:
    """Each take is charged once and known by its task, or in doubt and charged at most once."""
    whole = all(one.state is not State.INTENT for one in submissions)
    for shot, first in SHOTS.items():
        prompt = hashlib.sha256(f"{first} {film}".encode()).hexdigest()
        bought = sum(task["prompt"] == prompt for task in charged)
        known = [one for one in submissions if one.shot == shot and one.task]
        doubts = [one for one in submissions if one.shot == shot and one.state is State.INTENT]
        if bought > play.takes:
            yield f"shot {shot} was charged {bought} times"
        if not len(known) <= bought <= len(known) + len(doubts):
            yield f"shot {shot}: {bought} charged, {len(known)} known, {len(doubts)} in doubt"
        if whole and bought != play.takes:
            yield f"shot {shot} of a whole film was charged {bought} times"
    tasks = {one.task for one in submissions if one.task}
    if play.takes == 1 and not tasks <= {task["id"] for task in charged}:
        yield "a task is in the journal alone"


def _unsettled(play: Play, charged: list[dict[str, Any]], submissions: list[Submission]) -> Iterator[str]:
    """Doubts that the program should have settled. A list says nothing of a request that never arrived."""
    doubts = [one for one in submissions if one.state is State.INTENT]
    if doubts and play.policy in (Doubt.SAME_ID, Doubt.SAME_KEY):
        yield f"{len(doubts)} in doubt, though the same could be sent again"
    if doubts and play.policy is Doubt.LIST:
        for task in {task["id"] for task in charged} - {one.task for one in submissions}:
            yield f"task {task} is on the vendor's list and was not adopted"


def _torn(submissions: list[Submission], store: Store) -> Iterator[str]:
    for submission in submissions:
        if submission.state is State.STORED:
            for name, digest in submission.outputs.items():
                if not store.check(digest):
                    yield f"{name} of {submission.shot} is torn or gone"
