"""The journal under several processes, and under processes that are killed at any moment."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path

from seedance_pipe.effects import Effects
from seedance_pipe.plan.history import State
from seedance_pipe.run.journal import Journal

from .examples import dollars, mark

ROOT = Path(__file__).resolve().parent.parent.parent

BUYER = """
import sys
from pathlib import Path
from seedance_pipe.effects import Effects
from seedance_pipe.errors import GuardRefused, InDoubt
from seedance_pipe.run.journal import Journal
from tests.builders import capped
from tests.run.examples import dollars, intent

with Journal.open(Path(sys.argv[1]), story=sys.argv[2], effects=Effects()) as journal:
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(int(sys.argv[3])):
        try:
            journal.intend(intent(f"shot{number}", reserved=dollars("0.07")), cap=capped(dollars(sys.argv[4])))
            print("bought", number, flush=True)
        except (InDoubt, GuardRefused) as refusal:
            print(type(refusal).__name__, number, flush=True)
"""

WRITER = """
import itertools, sys
from pathlib import Path
from seedance_pipe.effects import Effects
from seedance_pipe.run.journal import Journal
from tests.run.examples import clip_of, intent, receipt

run = sys.argv[2]
with Journal.open(Path(sys.argv[1]), story="lighthouse.yaml", effects=Effects()) as journal:
    print("ready", flush=True)
    for number in itertools.count():
        name = f"{run}-{number}"
        submission = journal.intend(intent(name), cap=None)
        print("intent", name, flush=True)
        journal.submitted(submission.id, f"task of {name}")
        print("submitted", name, flush=True)
        journal.ready(submission.id, receipt())
        print("ready", name, flush=True)
        journal.stored(submission.id, clip_of(name))
        print("stored", name, flush=True)
"""


def start(program: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def race(path: Path, stories: list[str], shots: int, cap: str) -> list[str]:
    """What processes print that all begin to buy the same shots at once."""
    processes = [start(BUYER, path, story, shots, cap) for story in stories]
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        return [line for process in processes for line in process.communicate(timeout=60)[0].splitlines()]
    finally:
        for process in processes:
            process.kill()
            process.wait()


def test_of_two_processes_with_one_intent_only_one_may_buy(tmp_path: Path) -> None:
    printed = race(tmp_path / "journal.db", ["lighthouse.yaml", "surf.yaml"], 60, "1000")
    for number in range(60):
        assert sorted(line for line in printed if line.endswith(f" {number}")) == [
            f"InDoubt {number}",
            f"bought {number}",
        ]


def test_two_processes_of_one_story_together_stay_under_the_cap(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    printed = race(path, ["lighthouse.yaml", "lighthouse.yaml"], 40, "1")
    assert sum(line.startswith("bought") for line in printed) == 14
    with Journal.open(path, story="lighthouse.yaml", effects=Effects()) as journal:
        assert journal.total().reserved == {"USD": dollars("0.98")}


def test_a_writer_killed_at_any_moment_has_lost_nothing_that_it_was_told_is_written(tmp_path: Path) -> None:
    path = tmp_path / "state" / "journal.db"
    chance = random.Random(7)
    told: dict[str, str] = {}
    for run in range(30):
        process = start(WRITER, path, run)
        assert process.stdout is not None
        if run % 6:
            process.stdout.readline()
        time.sleep(chance.random() * 0.03 + (0.0 if run % 6 else 0.12))
        process.kill()
        for line in process.stdout.read().splitlines():
            act, _, name = line.partition(" ")
            if name:
                told[name] = act
        process.stdout.close()
        assert process.stdin is not None
        process.stdin.close()
        process.wait()
        with Journal.open(path, story="lighthouse.yaml", effects=Effects()) as journal:
            now = journal.history(lambda digest: True, {}).submissions
            assert [name for name, act in told.items() if not _at_least(now[mark(name)].state, act)] == []
            assert sum(one.state is not State.STORED for one in now.values()) <= run + 1
            assert all(json.dumps(dict(one.inputs["recipe"]["order"])) for one in now.values())
    assert len(told) > 30


def _at_least(state: State, act: str) -> bool:
    order = [State.INTENT, State.SUBMITTED, State.READY, State.STORED]
    return order.index(state) >= order.index(State(act))
