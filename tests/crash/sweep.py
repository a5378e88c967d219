"""The kill sweep: runs are killed with SIGKILL at random moments, then run on until done, and the vendor's own
ledger is held against the journal.
"""

from __future__ import annotations

import itertools
import random
import signal
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seedance_pipe.sandbox.app import serve
from seedance_pipe.sandbox.faults import Fault, What, Where
from seedance_pipe.sandbox.settings import Settings
from tests.crash import checks
from tests.crash.checks import Film
from tests.crash.plays import PLAYS
from tests.crash.programs import Nursery, nursery
from tests.studio.vendor import Vendor

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
            tally, mark = tallies[name], f"{name}-{tallies[name].films}"
            film = Film(folder / mark / "story.yaml", mark, PLAYS[name], vendor.environ)
            film.story.parent.mkdir(parents=True)
            film.story.write_text(film.play.story(mark))
            before = {task["id"] for task in vendor.ledger()}
            vendor.set_faults([LOST_ANSWER] if chance.random() < losing else [])
            moments = [chance.uniform(0.0, film.play.longest) for _ in range(kills_a_film)]
            _one_film(runs, film, moments, tally)
            tally.films += 1
            _check(film, [task for task in vendor.ledger() if task["id"] not in before], tally)
            # Where all goes wrong, runs may end before they can be killed.
            if sum(one.kills for one in tallies.values()) >= kills or len(tally.problems) > 20:
                break
    return tallies


def _one_film(runs: Nursery, film: Film, moments: Sequence[float], tally: Tally) -> None:
    for moment in (*moments, None):
        tally.runs += 1
        status = runs.run(film.story, film.environ, kill_after=moment)
        if moment is None or status != -signal.SIGKILL:
            problems = checks.at_the_end_of_a_run(film, status, checks.recall(film))
            tally.problems += [f"{film.story}: {problem}" for problem in problems]
            return
        tally.kills += 1


def _check(film: Film, tasks: Sequence[dict[str, Any]], tally: Tally) -> None:
    """The vendor's ledger against the journal, and the store and the film against both."""
    memory = checks.recall(film)
    tally.charged += len(tasks)
    tally.doubts += len(memory.doubts)
    problems = [
        *checks.at_any_moment(film, tasks, memory),
        *checks.unsettled(film, tasks, memory),
        *checks.lost(film, memory),
        *(() if memory.doubts else checks.finished(film, tasks, memory)),
    ]
    tally.problems += [f"{film.story}: {problem}" for problem in problems]
