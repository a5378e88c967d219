"""What the commands cost against a bare interpreter, in turn (figures.md T1 to T3).

    python -m tests.benchmarks.commands [SHOTS [ROUNDS]]

A story of SHOTS shots, a quarter of them on their own and each other one continuing the one before it, is "made"
by crafts that make nothing, so that the journal and the store are as after a real run. Prints the median of
processor seconds and of their ratio to `python -c pass` in the same round.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import anyio

from seedance_pipe.effects import Effects
from seedance_pipe.plan.graph import StepKind
from seedance_pipe.plan.history import History
from seedance_pipe.plan.make import make
from seedance_pipe.run.craft import Job
from seedance_pipe.run.event import Emit
from seedance_pipe.run.journal import Journal
from seedance_pipe.run.scheduler import perform
from seedance_pipe.run.store import Store
from seedance_pipe.studio.deliver import deliver
from seedance_pipe.studio.home import Home, home, read
from seedance_pipe.studio.look import METHODS
from seedance_pipe.units import Digest

HEAD = """\
version: 1
model: modelark/seedance-1-0-pro
vars: {keeper: an old keeper}
defaults: {duration: 5, resolution: 480p, ratio: "16:9"}
shots:
"""


@dataclass(frozen=True, slots=True)
class Nothing:
    """A craft whose outputs are a few bytes that follow from the step."""

    async def perform(self, job: Job, emit: Emit) -> Mapping[str, Digest]:
        name = {StepKind.TAKE: "clip"}.get(job.step.kind, job.step.kind.value)
        (job.scratch / name).write_text(job.fingerprint)
        return {name: await job.keep(job.scratch / name)}


def a_story(folder: Path, shots: int) -> Path:
    rows = [
        f"  - id: s{number}\n    prompt: '{{{{ keeper }}}} does thing {number}'\n"
        + (f"    continues: s{number - 1}\n" if number % 4 else "")
        for number in range(shots)
    ]
    path = folder / "story.yaml"
    path.write_text(HEAD + "".join(rows), encoding="utf-8")
    return path


async def made(where: Home) -> None:
    plan = make(where.story, History(), METHODS)
    store = Store(where.store)
    with Journal.open(where.journal, story=where.name, effects=Effects()) as journal:
        outcome = await perform(
            plan.graph,
            History(),
            crafts=dict.fromkeys(StepKind, Nothing()),
            journal=journal,
            store=store,
            lane=lambda step: "all",
            lanes={"all": 8},
            emit=lambda event: None,
        )
        deliver(where, journal, store, outcome.outputs[plan.graph.steps[-1].key]["film"], Effects())
    store.close()


def processor_seconds(command: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.commands")
    parser.add_argument("shots", type=int, nargs="?", default=1000)
    parser.add_argument("rounds", type=int, nargs="?", default=5)
    shots, rounds = vars(parser.parse_args()).values()
    with tempfile.TemporaryDirectory() as folder:
        path = a_story(Path(folder), shots)
        story = read(path).story
        assert story is not None
        anyio.run(made, home(story))
        ours = [sys.executable, "-m", "seedance_pipe"]
        commands = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "--version": [*ours, "--version"],
            "--help": [*ours, "--help"],
            f"validate, {shots} shots": [*ours, "validate", str(path)],
            f"plan, nothing to do, {shots} shots": [*ours, "plan", str(path)],
            f"run, nothing to do, {shots} shots": [*ours, "run", str(path)],
        }
        taken: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(rounds):
            for name, command in commands.items():
                taken[name].append(processor_seconds(command))
    bare = taken["python -c pass"]
    for name, seconds in taken.items():
        ratio = statistics.median(one / base for one, base in zip(seconds, bare, strict=True))
        print(f"{name:40} {statistics.median(seconds) * 1000:8.1f} ms  {ratio:6.1f}x")


if __name__ == "__main__":
    main()
