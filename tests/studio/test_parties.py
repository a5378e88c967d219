"""Takes that share a request, in whole runs at Runware's played API: what is there is never bought again."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from seedance_pipe.effects import Effects
from seedance_pipe.errors import GuardRefused
from seedance_pipe.plan.history import State, Submission
from seedance_pipe.report.standing import Result
from seedance_pipe.run.event import Event
from seedance_pipe.run.journal import Journal
from seedance_pipe.run.store import Store
from seedance_pipe.sandbox.app import serve
from seedance_pipe.sandbox.faults import Fault, What, Where
from seedance_pipe.sandbox.settings import Settings
from seedance_pipe.studio.home import home, read
from seedance_pipe.studio.rehearsal import hastened
from seedance_pipe.studio.run import run
from seedance_pipe.studio.work import Wishes
from seedance_pipe.units import Money
from tests.builders import capped
from tests.crash.nursery import FASTER, unseen
from tests.studio.vendor import Vendor

JOBS = [None, pytest.param(1, marks=pytest.mark.long)]
"""As many takes at once as the vendor allows, and one at a time."""

HEAD = """\
version: 1
model: runware/seedance-1-0-pro-fast
defaults: {duration: 2, resolution: 480p, ratio: "1:1"}
shots:
"""


@dataclass
class Reel:
    """A story at a vendor, run as the program runs it, but with shorter pauses between polls."""

    story: Path
    vendor: Vendor
    events: list[Event] = field(default_factory=list)

    def write(self, *shots: str) -> None:
        self.story.write_text(HEAD + "".join(f"  - {{{shot}}}\n" for shot in shots))

    def run(self, *, later: float = 0.0, faster: float = FASTER, **wishes: Any) -> Result:
        """Takes that the vendor has are that many seconds old, and time passes so much faster."""
        effects = hastened(Effects(environ={**os.environ, **self.vendor.environ}), faster)
        effects = replace(effects, now=lambda: time.time() + (later if self.bought() else 0.0))
        told = read(self.story, environ=effects.environ).story
        assert told is not None
        return run(home(told), Wishes(yes=True, **wishes), showing=unseen, effects=effects)

    def bought(self) -> int:
        return len(self.vendor.ledger())

    def submissions(self) -> list[Submission]:
        state = self.story.parent / ".seedance"
        with Journal.open(state / "journal.db", story=self.story.name, effects=Effects()) as journal:
            history = journal.history(Store(state / "store").has, {})
            return sorted(history.submissions.values(), key=lambda one: (one.shot, one.take))

    def clips(self) -> set[str]:
        return {one.outputs["clip"] for one in self.submissions() if one.state is State.STORED}


@pytest.fixture
def reel(tmp_path: Path) -> Iterator[Reel]:
    with serve(tmp_path / "vendor", settings=Settings(queued_seconds=0.02, running_seconds=0.05)) as server:
        yield Reel(tmp_path / "reel.yaml", Vendor(server.address))


@pytest.mark.parametrize("jobs", JOBS)
def test_takes_that_are_asked_for_later_leave_the_first_alone(reel: Reel, jobs: int | None) -> None:
    reel.write("id: wave, prompt: A wave, takes: 2")
    assert reel.run(jobs=jobs).exit_code == 0
    first = reel.clips()
    assert reel.bought() == 2
    reel.write("id: wave, prompt: A wave, takes: 4")
    assert reel.run(jobs=jobs).exit_code == 0
    assert reel.bought() == 4
    assert first < reel.clips()
    assert len(reel.clips()) == 4
    assert [task.rpartition("/")[2] for one in reel.submissions() if (task := one.task)] == ["2"] * 4


@pytest.mark.parametrize("jobs", JOBS)
def test_two_shots_that_order_the_same_buy_it_once(reel: Reel, jobs: int | None) -> None:
    reel.write("id: one, prompt: A wave", "id: two, prompt: A wave, takes: 3")
    assert reel.run(jobs=jobs).exit_code == 0
    assert reel.bought() == 3
    assert len(reel.clips()) == 3


def test_a_forced_take_is_bought_alone_and_the_others_stay(reel: Reel) -> None:
    reel.write("id: wave, prompt: A wave, takes: 2")
    assert reel.run().exit_code == 0
    assert reel.run(force=("wave",)).exit_code == 0
    assert reel.bought() == 3
    assert reel.run().exit_code == 0
    assert reel.bought() == 3


@pytest.mark.parametrize("jobs", JOBS)
def test_a_take_of_a_party_that_fails_is_bought_again_alone(reel: Reel, jobs: int | None) -> None:
    reel.vendor.set_faults([Fault(Where.FATE, What.FAIL, code="providerError")])
    reel.write("id: wave, prompt: A wave, takes: 3")
    assert reel.run(jobs=jobs).exit_code == 1
    assert len(reel.clips()) == 2, "the others are fetched, though one failed"
    assert reel.run(jobs=jobs).exit_code == 0
    assert reel.bought() == 4
    assert len(reel.clips()) == 3


def test_a_clip_of_a_party_that_the_store_lost_is_fetched_again(reel: Reel) -> None:
    reel.write("id: wave, prompt: A wave, takes: 3")
    assert reel.run().exit_code == 0
    before = reel.clips()
    lost = Store(reel.story.parent / ".seedance" / "store").path(reel.submissions()[1].outputs["clip"])
    lost.unlink()
    assert reel.run().exit_code == 0
    assert lost.is_file()
    assert reel.clips() == before
    assert reel.bought() == 3


@pytest.mark.parametrize("jobs", JOBS)
def test_a_lost_answer_is_settled_for_a_whole_party_and_nothing_is_paid_twice(
    reel: Reel, jobs: int | None
) -> None:
    reel.vendor.set_faults([Fault(Where.ACCEPTED, What.CLOSE, matching="wave")])
    reel.write("id: wave, prompt: A wave, takes: 2", "id: gull, prompt: A gull, takes: 2")
    for _ in range(2):
        assert reel.run(jobs=jobs).exit_code == 0
        assert reel.bought() == 4
    assert [one.state for one in reel.submissions()] == [State.STORED] * 4
    assert (reel.story.parent / "out" / "reel.mp4").is_file()


@pytest.mark.parametrize("jobs", JOBS)
def test_a_doubt_that_settling_leaves_is_that_of_each_take_until_the_next_run(
    reel: Reel, jobs: int | None
) -> None:
    """The request does not arrive at first; sent again it does, but its answer is lost."""
    reel.vendor.set_faults([Fault(Where.CREATE, What.CLOSE), Fault(Where.ACCEPTED, What.CLOSE)])
    reel.write("id: wave, prompt: A wave, takes: 2")
    result = reel.run(jobs=jobs)
    assert (result.exit_code, len(result.doubted)) == (4, 2)
    assert [one.state for one in reel.submissions()] == [State.INTENT] * 2
    assert reel.run(jobs=jobs).exit_code == 0
    assert reel.bought() == 2


def test_a_cap_that_fits_two_takes_of_three_buys_none_and_then_two(reel: Reel) -> None:
    reel.write("id: wave, prompt: A wave")
    assert reel.run().exit_code == 0
    (one,) = reel.submissions()
    assert one.charged is not None
    price = one.charged.amount
    reel.write("id: wave, prompt: A wave", "id: gull, prompt: A gull, takes: 3")
    cap = capped(Money(price * Decimal("3.5")))
    with pytest.raises(GuardRefused):
        reel.run(cap=cap)
    assert reel.bought() == 1
    reel.write("id: wave, prompt: A wave", "id: gull, prompt: A gull, takes: 2")
    assert reel.run(cap=cap).exit_code == 0
    assert reel.bought() == 3


@pytest.mark.parametrize("jobs", JOBS)
def test_a_clip_that_does_not_come_keeps_no_sibling_back(reel: Reel, jobs: int | None) -> None:
    reel.vendor.set_faults([Fault(Where.FILE, What.ANSWER, times=6, status=404)])
    reel.write("id: wave, prompt: A wave, takes: 3")
    reel.run(jobs=jobs)
    reel.vendor.set_faults([])
    assert reel.run(jobs=jobs).exit_code == 0
    assert len(reel.clips()) == 3
    assert reel.bought() == 3


@pytest.mark.parametrize("jobs", JOBS)
def test_a_task_that_never_ends_can_be_replaced_by_a_person(reel: Reel, jobs: int | None) -> None:
    reel.vendor.set_faults([Fault(Where.FATE, What.STUCK)])
    reel.write("id: wave, prompt: A wave")
    for how in ({"faster": 2000}, {"later": 7200}):
        assert reel.run(jobs=jobs, **how).exit_code == 1
        assert reel.bought() == 1
    ended = reel.run(jobs=jobs, later=7200, force=("wave",))
    assert (ended.exit_code, ended.failed) == (1, ("wave#1",)), "the first is still asked after"
    assert ended.film is not None
    assert reel.bought() == 2
