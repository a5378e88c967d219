"""The same story and store give the same plan, byte for byte, and a second run sends nothing (I5, I7)."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.gate import CONNECT, PROCESS, Counting, gated, guarding
from tests.faults.stage import PARTS, ROOMY, Stage, stage

ROOT = Path(__file__).resolve().parent.parent.parent

# In another order than the one on the disk, and than the one of the run before.
PLANNER = """
import os, pathlib, random, sys
from seedance_pipe.cli.main import main

names, entries, chance = os.listdir, os.scandir, random.Random(sys.argv[1])

class Shuffled:
    def __init__(self, path="."):
        with entries(path) as found:
            self._all = chance.sample(list(found), k=len(list(entries(path))))
    def __enter__(self): return iter(self._all)
    def __exit__(self, *error): pass
    def __iter__(self): return iter(self._all)
    def close(self): pass

os.listdir = lambda path=".": chance.sample(names(path), k=len(names(path)))
os.scandir = Shuffled
for arguments in (["plan", sys.argv[2], "--json"], ["plan", sys.argv[2]], ["graph", sys.argv[2]]):
    try:
        main(arguments)
    except SystemExit as ended:
        assert not ended.code, ended
"""
MANNERS = [
    {"PYTHONHASHSEED": "0"},
    {"PYTHONHASHSEED": "1", "TZ": "Asia/Kathmandu", "LANG": "C"},
    {"PYTHONHASHSEED": "2", "TZ": "America/St_Johns", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"},
    {"PYTHONHASHSEED": "31337", "TZ": "UTC", "PYTHONUTF8": "1"},
]


@pytest.fixture
def on(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path) as there:
        yield there


def test_a_plan_is_the_same_whatever_the_seed_the_zone_the_tongue_and_the_order_of_names(on: Stage) -> None:
    film = on.film("modelark", "planned")
    assert film.run().code == 0
    # Some of it is fresh, some stale, and some was never asked for.
    edited = film.story.read_text().replace("two of", "another two of")
    film.story.write_text(edited + '  - {id: four, prompt: "été, Ünï, 波"}\n', encoding="utf-8")
    told = set()
    for number, manners in enumerate(MANNERS):
        command = [sys.executable, "-c", PLANNER, str(number), str(film.story)]
        environ = {**os.environ, "PYTHONIOENCODING": "utf-8", **manners}
        told.add(subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, check=True).stdout)
    assert len(told) == 1
    assert b"four" in told.pop()


@pytest.mark.parametrize("vendor", sorted(PARTS))
def test_a_second_run_without_changes_sends_nothing_and_starts_nothing(on: Stage, vendor: str) -> None:
    film = on.film(vendor, f"again-{vendor}")
    assert film.run().code == 0
    before, made = len(on.vendor.ledger()), film.output.stat()
    gate = Counting()
    with guarding(gate):
        ending = film.run(gated(gate, ROOMY))
    assert ending.code == 0
    assert {CONNECT, PROCESS, "replace", "sql INSERT"}.isdisjoint(gate.passed)
    assert len(on.vendor.ledger()) == before
    assert film.output.stat() == made
