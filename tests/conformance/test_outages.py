"""Bad days: the network is down for an hour or for good, tasks and clips age away, and clocks jump. Nothing is
lost, nothing is bought again unasked, and nobody gives up too soon.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from seedance_pipe.effects import Effects
from seedance_pipe.plan.history import State
from seedance_pipe.run.event import Event
from seedance_pipe.sandbox.app import serve
from seedance_pipe.sandbox.faults import Fault, What, Where
from seedance_pipe.sandbox.settings import Settings
from tests.conformance.outcomes import NOON, Clock, Copies, Wire, carry_out, wired
from tests.conformance.performance import Ended, Production, fault
from tests.conformance.vendors import VENDORS, Vendor
from tests.studio.vendor import Vendor as Server

HOUR = 3600.0
DAY = 24 * HOUR
EVERY_VENDOR = pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.name)
KEEPING = [vendor for vendor in VENDORS if vendor.name == "modelark"]
"""Those that say for how long they keep tasks and clips."""

OUR_WORDS = {"started", "submitting", "submitted", "settling", "fetching"}
AT_WORK = "at work"
"""Whatever the vendor calls a task that it has and that is not done."""


@dataclass
class Scene:
    """A story of one shot, at a vendor whose clock goes on as ours does, but never jumps."""

    production: Production
    clock: Clock
    wire: Wire

    def tell(self, vendor: Vendor) -> None:
        self.production.write({"prompt": "A wave"}, model=vendor.model, **vendor.short)

    def run(self, when: str = "", then: Callable[[], None] = lambda: None) -> Ended:
        """One run, in which `then` happens the first time that the run says `when`."""
        happened: list[str] = []

        def tell(event: Event) -> None:
            word = self.wire.heard(event)
            said = word if word is None or word in OUR_WORDS else AT_WORK
            if said == when and not happened:
                happened.append(said)
                then()

        ended = carry_out(self.production, self.clock, tell)
        assert happened or not when, ended
        return ended

    def down_for(self, seconds: float) -> None:
        until = self.clock.seconds + seconds
        self.wire.down = lambda: self.clock.seconds < until

    def pass_by(self, seconds: float) -> None:
        self.clock.seconds += seconds

    def leap(self, seconds: float) -> None:
        self.clock.leap += seconds

    @property
    def state(self) -> State:
        return self.production.submissions()[-1].state

    @property
    def tasks(self) -> int:
        return len(self.production.ledger())


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    clock = Clock()
    monkeypatch.setattr("seedance_pipe.sandbox.easel.paint", Copies(tmp_path).paint)
    settings = Settings(queued_seconds=1, running_seconds=20)
    effects = Effects(now=lambda: NOON + clock.seconds)
    with serve(None, settings=settings, effects=effects) as running, wired(monkeypatch) as wire:
        yield Scene(Production(tmp_path, Server(running.address)), clock, wire)


@EVERY_VENDOR
def test_an_hour_without_a_network_is_told_once_and_then_the_run_goes_on(scene: Scene, vendor: Vendor) -> None:
    scene.tell(vendor)
    ended = scene.run("submitted", lambda: scene.down_for(HOUR))
    assert ended.code == 0, ended
    assert scene.clock.seconds > HOUR
    (note,) = [line for line in ended.notes.splitlines() if "could not be asked after" in line]
    assert "no connection" in note
    assert scene.tasks == 1
    assert scene.production.film.is_file()


@EVERY_VENDOR
def test_an_hour_without_a_network_before_the_clip_is_there_costs_one_more_run(
    scene: Scene, vendor: Vendor
) -> None:
    scene.tell(vendor)
    ended = scene.run("fetching", lambda: scene.down_for(HOUR))
    assert ended.code == 1, ended
    assert "fetched before anything is bought" in ended.failures
    assert scene.state is State.READY
    scene.pass_by(HOUR)
    assert scene.run().code == 0
    assert scene.tasks == 1


@EVERY_VENDOR
def test_an_hour_without_a_network_before_anything_is_sent_buys_nothing(scene: Scene, vendor: Vendor) -> None:
    scene.tell(vendor)
    ended = scene.run("submitting", lambda: scene.down_for(HOUR))
    assert ended.code == 1, ended
    assert "could not be reached: no connection" in ended.failures
    assert "nothing was bought" in ended.failures
    assert scene.state is State.UNSENT
    assert scene.tasks == 0
    scene.pass_by(HOUR)
    assert scene.run().code == 0
    assert scene.tasks == 1


@pytest.mark.parametrize("vendor", [one for one in VENDORS if one not in KEEPING], ids=lambda one: one.name)
def test_a_network_that_stays_away_ends_the_run_with_what_to_do_and_the_next_one_fetches(
    scene: Scene, vendor: Vendor
) -> None:
    scene.tell(vendor)
    ended = scene.run("submitted", lambda: scene.down_for(5 * HOUR))
    assert ended.code == 1, ended
    assert "run again to ask once more: nothing is bought before it is known" in ended.failures
    assert scene.state is State.SUBMITTED
    scene.pass_by(5 * HOUR)
    assert scene.run().code == 0
    assert scene.tasks == 1


@pytest.mark.parametrize("vendor", KEEPING, ids=lambda one: one.name)
def test_an_outage_that_outlasts_the_clip_is_told_as_a_paid_loss_and_buys_nothing_in_that_run(
    scene: Scene, vendor: Vendor
) -> None:
    def happens() -> None:
        scene.pass_by(29 * HOUR)
        scene.down_for(HOUR)

    scene.tell(vendor)
    ended = scene.run("submitted", happens)
    assert ended.code == 1, ended
    assert "a paid clip is lost" in ended.failures
    assert scene.state is State.FAILED
    assert scene.tasks == 1
    (spent,) = scene.production.status().total.spent.values()
    assert spent.amount > 0, "it was charged all the same"


@pytest.mark.parametrize("vendor", KEEPING, ids=lambda one: one.name)
def test_a_task_whose_record_has_aged_away_is_closed_and_only_the_next_run_buys(
    scene: Scene, vendor: Vendor
) -> None:
    scene.tell(vendor)
    assert scene.run("submitted", lambda: scene.production.fail(barring(vendor))).code == 1
    scene.production.fail()
    scene.pass_by(8 * DAY)
    ended = scene.run()
    assert ended.code == 1, ended
    assert "whether it made a clip, and charged for it, cannot be known any more" in ended.failures
    assert scene.state is State.FAILED
    assert scene.tasks == 1
    assert scene.run().code == 0
    assert scene.tasks == 2


@pytest.mark.parametrize("vendor", [one for one in VENDORS if one not in KEEPING], ids=lambda one: one.name)
def test_a_task_of_old_at_a_vendor_that_names_no_term_is_never_bought_again(scene: Scene, vendor: Vendor) -> None:
    scene.tell(vendor)
    assert scene.run("submitted", lambda: scene.production.fail(barring(vendor))).code == 1
    status, code = vendor.unknown
    scene.production.fail(fault(Where.GET, What.ANSWER, status=status, code=code, times=None))
    scene.pass_by(400 * DAY)
    ended = scene.run()
    assert ended.code == 1, ended
    assert "nothing is bought before it is known" in ended.failures
    assert scene.state is State.SUBMITTED
    assert scene.tasks == 1


@EVERY_VENDOR
def test_an_address_that_ages_in_the_middle_of_a_download_is_asked_for_anew(scene: Scene, vendor: Vendor) -> None:
    scene.tell(vendor)
    scene.production.fail(
        fault(Where.FILE, What.RESET, at=2000),
        fault(Where.FILE, What.ANSWER, status=403, code="AccessDenied"),
    )
    ended = scene.run()
    assert ended.code == 0, ended
    assert len(scene.wire.paths("s0", "/files/")) == 3
    assert scene.tasks == 1


@EVERY_VENDOR
def test_a_task_that_expired_at_the_vendor_is_free_says_so_and_is_bought_by_the_next_run(
    scene: Scene, vendor: Vendor
) -> None:
    scene.tell(vendor)
    scene.production.fail(fault(Where.FATE, What.EXPIRE))
    ended = scene.run(AT_WORK, lambda: scene.pass_by(4 * DAY))
    assert ended.code == 1, ended
    assert ended.failures
    assert scene.state is State.FAILED
    assert not [task for task in scene.production.ledger() if task["charged"]]
    assert scene.run().code == 0
    assert scene.tasks == 2


@pytest.mark.parametrize(
    ("vendor", "when", "seconds"),
    [
        pytest.param(
            vendor, when, seconds, marks=() if (first + second + third) % len(VENDORS) == 0 else pytest.mark.long
        )
        for first, vendor in enumerate(VENDORS)
        for second, when in enumerate(("submitting", "submitted", AT_WORK, "fetching"))
        for third, seconds in enumerate((DAY, -DAY, 400 * DAY, -400 * DAY))
    ],
)
def test_a_clock_on_the_wall_that_jumps_in_mid_run_changes_nothing(
    scene: Scene, vendor: Vendor, when: str, seconds: float
) -> None:
    scene.tell(vendor)
    ended = scene.run(when, lambda: scene.leap(seconds))
    assert ended.code == 0, ended
    assert scene.tasks == 1
    assert scene.clock.seconds < HOUR
    assert scene.run().code == 0
    assert scene.tasks == 1


@pytest.mark.parametrize("seconds", [DAY, -DAY])
@EVERY_VENDOR
def test_a_poll_that_fails_while_the_clock_jumps_gives_up_no_task(
    scene: Scene, vendor: Vendor, seconds: float
) -> None:
    def happens() -> None:
        scene.leap(seconds)
        scene.down_for(300)

    scene.tell(vendor)
    ended = scene.run(AT_WORK, happens)
    assert ended.code == 0, ended
    assert scene.tasks == 1


@EVERY_VENDOR
def test_a_machine_that_slept_for_the_night_hears_its_task_out_though_the_network_comes_late(
    scene: Scene, vendor: Vendor
) -> None:
    """Both clocks have moved on by more than most vendors' tasks take, and the first polls do not get through."""

    def happens() -> None:
        scene.pass_by(9 * HOUR)
        scene.down_for(120)

    scene.tell(vendor)
    ended = scene.run(AT_WORK, happens)
    assert ended.code == 0, ended
    assert scene.tasks == 1


@EVERY_VENDOR
def test_a_machine_that_slept_does_not_take_a_task_at_work_for_one_that_never_ends(
    scene: Scene, vendor: Vendor
) -> None:
    scene.tell(vendor)
    scene.production.fail(fault(Where.FATE, What.QUEUE, seconds=9 * HOUR))
    ended = scene.run(AT_WORK, lambda: scene.pass_by(9 * HOUR - 10))
    assert ended.code == 0, ended
    assert scene.tasks == 1


@pytest.mark.parametrize("seconds", [25 * HOUR, -25 * HOUR])
@EVERY_VENDOR
def test_a_doubt_that_a_jump_of_the_clock_falls_into_is_never_paid_twice(
    scene: Scene, vendor: Vendor, seconds: float
) -> None:
    """Of a vendor that remembers keys for a day a clock that may be wrong says nothing: it stays a doubt until the
    clock is right again.
    """

    def happens() -> None:
        scene.leap(seconds)
        scene.production.fail(fault(Where.ACCEPTED, What.CLOSE))

    scene.tell(vendor)
    ended = scene.run("submitting", happens)
    assert ended.code in (0, 4), ended
    assert scene.tasks == 1
    scene.leap(-seconds)
    assert scene.run().code == (0 if vendor.finds else 4)
    assert scene.tasks == 1


def barring(vendor: Vendor) -> Fault:
    status, code = vendor.barring
    return fault(Where.GET, What.ANSWER, status=status, code=code, times=None)
