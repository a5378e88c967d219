"""Takes of one shot that go out as one submission: bought once, whatever happens, and each its own after that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

import anyio
import pytest

from seedance_pipe.errors import GuardRefused, InDoubt, PipeError, VendorFailed
from seedance_pipe.plan.fingerprint import document, fingerprint
from seedance_pipe.plan.graph import Step
from seedance_pipe.plan.history import State
from seedance_pipe.run.event import Noted
from seedance_pipe.run.ledger import Ledger
from seedance_pipe.run.pages import Pages
from seedance_pipe.spec.story import Shot
from seedance_pipe.units import Digest, Money
from seedance_pipe.vendor.adapter import Lodged, Progress, Ready, seat, seated
from seedance_pipe.vendor.answer import Answered
from seedance_pipe.vendor.buy import Budget
from tests.builders import capped
from tests.vendor.acme import FACTS, HOME, Acme, Works
from tests.vendor.stage import Reply, Reset, Stage, refusal
from tests.vendor.world import World, an_acme_shot, step_of

pytestmark = pytest.mark.anyio
FOUR = an_acme_shot(takes=4)
PRICE = Decimal("0.1226")


@pytest.fixture
def world(tmp_path: Path, stage: Stage) -> World:
    return World(tmp_path, stage)


@pytest.fixture
def works(stage: Stage) -> Works:
    return Works(stage)


@dataclass
class Outcome:
    clips: dict[str, Digest] = field(default_factory=dict)
    errors: dict[str, PipeError] = field(default_factory=dict)


async def run(
    world: World,
    steps: Sequence[Step],
    *,
    jobs: int = 16,
    budget: Budget | None = None,
    acme: Acme | None = None,
    every: Sequence[Step] = (),
    held: float = 0.0,
) -> Outcome:
    """All of `steps`, so many at once, as a run that has to make just these, or `every` one of some more. No call
    leaves for the first `held` seconds.
    """
    outcome = Outcome()
    lane = anyio.Semaphore(jobs)

    async def one(step: Step) -> None:
        async with lane:
            with world.store.scratch() as scratch:
                job = world.job(step.shot, scratch, {}, step.take)
                try:
                    outcome.clips[step.key] = (await craft.perform(job, world.events.append))["clip"]
                except PipeError as error:
                    outcome.errors[step.key] = error

    async with world.craft(takes=every or steps, budget=budget, acme=acme) as craft:
        craft.lines["acme"].calls.hold(held)
        async with anyio.create_task_group() as group:
            for step in steps:
                group.start_soon(one, step)
    return outcome


def takes(shot: Shot, numbers: Sequence[int] = (1, 2, 3, 4)) -> list[Step]:
    return [step_of(shot, number) for number in numbers]


def states(world: World, shot: Shot, count: int = 4) -> Iterator[State]:
    return (world.submission(shot, take=number).state for number in range(1, count + 1))


@pytest.mark.parametrize("jobs", [1, 2, 4])
async def test_the_takes_of_a_shot_go_out_as_one_submission(world: World, works: Works, jobs: int) -> None:
    outcome = await run(world, takes(FOUR), jobs=jobs)
    assert len(set(outcome.clips.values())) == 4
    (sent,) = world.stage.asked("POST")
    assert sent.json["takes"] == 4
    assert world.log[:9] == [*["intent"] * 4, f"POST {HOME}/tasks", *["submitted"] * 4]
    tasks = [world.submission(FOUR, take=number).task for number in (1, 2, 3, 4)]
    assert tasks == ["t1/1/4", "t1/2/4", "t1/3/4", "t1/4/4"]
    requests = {str(world.submission(FOUR, take=number).request) for number in (1, 2, 3, 4)}
    assert len(requests) == 1
    assert all(names == ["t1"] for names in works.polled)


async def test_takes_that_wait_for_one_task_ask_after_it_together(world: World, works: Works) -> None:
    await run(world, takes(FOUR))
    assert len(works.polled) <= 4


async def test_more_takes_than_fit_into_a_submission_make_several(world: World, works: Works) -> None:
    shot = an_acme_shot(takes=6)
    outcome = await run(world, takes(shot, range(1, 7)))
    assert len(outcome.clips) == 6
    assert sorted(works.tasks.values()) == [2, 4]


async def test_takes_with_a_fixed_seed_go_out_one_by_one(world: World, works: Works) -> None:
    shot = an_acme_shot(takes=3, seed=7)
    await run(world, takes(shot, (1, 2, 3)))
    assert sorted(seen.json["seed"] for seen in world.stage.asked("POST")) == [7, 8, 9]
    assert list(works.tasks.values()) == [1, 1, 1]


async def test_a_vendor_of_single_takes_is_asked_for_each(world: World, works: Works) -> None:
    await run(world, takes(FOUR), acme=Acme(replace(FACTS, most_takes=1)))
    assert list(works.tasks.values()) == [1, 1, 1, 1]


async def test_only_what_is_missing_is_asked_for(world: World, works: Works) -> None:
    await run(world, takes(FOUR, (2,)))
    assert world.submission(FOUR, take=2).task == "t1"
    world.reopen()
    outcome = await run(world, takes(FOUR, (1, 3, 4)))
    assert len(outcome.clips) == 3
    assert works.tasks == {"t1": 1, "t2": 3}
    assert world.submission(FOUR, take=4).task == "t2/3/3"


async def test_a_take_that_somebody_has_is_not_asked_for_with_its_siblings(world: World, works: Works) -> None:
    await run(world, takes(FOUR, (2,)))
    outcome = await run(world, takes(FOUR))
    assert len(outcome.clips) == 4
    assert works.tasks == {"t1": 1, "t2": 3}


async def test_a_run_for_one_take_buys_one(world: World, works: Works) -> None:
    await run(world, takes(FOUR, (3,)))
    assert works.tasks == {"t1": 1}
    assert "takes" not in world.stage.asked("POST")[0].json


@pytest.mark.parametrize("jobs", [1, 16])
async def test_shots_that_order_the_same_share_their_takes(world: World, works: Works, jobs: int) -> None:
    """The scheduler performs a fingerprint once, so the second shot brings only what the first has not."""
    two, four = an_acme_shot(takes=2), an_acme_shot("lamp", takes=4)
    asked = [*takes(two, (1, 2)), *takes(four, (3, 4))]
    outcome = await run(world, asked, jobs=jobs, every=[*takes(two, (1, 2)), *takes(four)])
    assert len(set(outcome.clips.values())) == 4
    assert sum(works.tasks.values()) == 4


@pytest.mark.parametrize("first", ["the lone take", "the party"])
async def test_a_lone_take_and_the_same_take_in_a_party_of_another_shot_do_not_meet(
    world: World, works: Works, first: str
) -> None:
    """The lone take stands for the first of the other shot as well; no request has left when that one asks."""
    lone, others = takes(an_acme_shot(), (1,)), takes(an_acme_shot("lamp", takes=3), (2, 3))
    asked = [*lone, *others] if first == "the lone take" else [*others, *lone]
    every = [*lone, *takes(an_acme_shot("lamp", takes=3), (1, 2, 3))]
    outcome = await run(world, asked, every=every, held=5.0)
    assert outcome.errors == {}
    assert len(set(outcome.clips.values())) == 3
    assert sum(works.tasks.values()) == 3


@pytest.mark.parametrize("jobs", [1, 4])
async def test_a_refusal_is_the_refusal_of_each(world: World, works: Works, jobs: int) -> None:
    world.stage.on("POST", f"{HOME}/tasks", refusal(400, "no", "too wild"))
    outcome = await run(world, takes(FOUR), jobs=jobs)
    assert set(states(world, FOUR)) == {State.REFUSED}
    assert [str(outcome.errors[f"stairs#{number}"]) for number in (1, 2, 3, 4)] == [
        f"take {number} of shot 'stairs': too wild; nothing was bought" for number in (1, 2, 3, 4)
    ]
    assert all(isinstance(error, VendorFailed) and error.code == "no" for error in outcome.errors.values())
    assert len(world.stage.asked("POST")) == 1
    world.stage.on("POST", f"{HOME}/tasks", works.create)
    world.reopen()
    assert len((await run(world, takes(FOUR), jobs=jobs)).clips) == 4


@pytest.mark.parametrize("jobs", [1, 4])
@pytest.mark.parametrize("answer", [[Reset()], refusal(500, "oops")])
async def test_a_doubt_is_the_doubt_of_each(world: World, works: Works, jobs: int, answer: Reply) -> None:
    world.stage.on("POST", f"{HOME}/tasks", answer)
    outcome = await run(world, takes(FOUR), jobs=jobs)
    assert set(states(world, FOUR)) == {State.INTENT}
    for number in (1, 2, 3, 4):
        error = outcome.errors[f"stairs#{number}"]
        assert isinstance(error, InDoubt)
        assert error.message.startswith(f"take {number} of shot 'stairs': Acme may or may not")
    assert len(world.stage.asked("POST")) == 1


@pytest.mark.parametrize("answer", ["busy", "unreachable"])
async def test_a_vendor_that_does_not_take_it_closes_all(world: World, works: Works, answer: str) -> None:
    world.stage.on("POST", f"{HOME}/tasks", refusal(429, "full", Retry_After="600"))
    if answer == "unreachable":
        world.stage.address = "http://127.0.0.1:9"
    outcome = await run(world, takes(FOUR))
    assert set(states(world, FOUR)) == {State.REFUSED if answer == "busy" else State.UNSENT}
    assert len(outcome.errors) == 4
    assert world.log.count("intent") == 4


@pytest.mark.parametrize("jobs", [1, 4])
async def test_a_party_that_does_not_fit_under_the_cap_is_refused_whole(
    world: World, works: Works, jobs: int
) -> None:
    outcome = await run(world, takes(FOUR), jobs=jobs, budget=Budget(capped(Money(4 * PRICE - Decimal("0.0001")))))
    for error in outcome.errors.values():
        assert isinstance(error, GuardRefused)
        assert "a request for 4 takes of shot 'stairs' would pass the cap of $0.4903" in error.message
    assert len(outcome.errors) == 4
    assert world.log == []
    assert world.journal.total().reserved == {}
    outcome = await run(world, takes(FOUR), jobs=jobs, budget=Budget(capped(Money(4 * PRICE))))
    assert len(outcome.clips) == 4


async def test_a_party_of_unknown_price_needs_to_be_allowed(world: World, works: Works) -> None:
    steps = [replace(step, estimate=None) for step in takes(FOUR)]
    outcome = await run(world, steps, budget=Budget(capped(Money(Decimal(9)))))
    assert {type(error) for error in outcome.errors.values()} == {GuardRefused}
    assert len((await run(world, steps, budget=Budget(capped(Money(Decimal(9))), allow_unknown=True))).clips) == 4


class Killed(BaseException):
    """As kill -9: nothing of ours runs any more."""


@pytest.mark.parametrize("when", ["intent", "accepted", "submitted"])
async def test_a_party_is_never_bought_twice_wherever_the_run_dies(
    world: World, works: Works, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    journal = world.journal
    intend, submitted = journal.intend_together, journal.submitted_together

    def dies_after_intent(*given: object, **named: object) -> None:
        intend(*given, **named)  # type: ignore[arg-type]
        raise Killed

    def dies_before_the_entry(*_: object, **__: object) -> None:
        raise Killed

    def dies_after_the_entry(*given: object, **named: object) -> None:
        submitted(*given, **named)  # type: ignore[arg-type]
        raise Killed

    place, death = {
        "intent": ("intend_together", dies_after_intent),
        "accepted": ("submitted_together", dies_before_the_entry),
        "submitted": ("submitted_together", dies_after_the_entry),
    }[when]
    monkeypatch.setattr(journal, place, death)
    async with world.craft(takes=takes(FOUR)) as craft:
        with pytest.raises(Killed), world.store.scratch() as scratch:
            await craft.perform(world.job(FOUR, scratch, {}, 2), world.events.append)
    world.reopen()
    outcome = await run(world, takes(FOUR))
    assert len(world.stage.asked("POST")) == (when != "intent")
    if when == "submitted":
        assert len(outcome.clips) == 4
        assert set(states(world, FOUR)) == {State.STORED}
    else:
        assert set(states(world, FOUR)) == {State.INTENT}
        assert len(outcome.errors) == 4


@dataclass
class Mortal:
    """Kills the run before or after the `left`-th transaction that writes; nothing is written from then on."""

    pages: Pages
    left: int
    after: bool

    def __post_init__(self) -> None:
        self._writing = self.pages.writing

    @contextmanager
    def writing(self, *, durable: bool = False) -> Iterator[Ledger]:
        self.left -= 1
        if self.left < 0 or (self.left == 0 and not self.after):
            raise Killed
        with self._writing(durable=durable) as ledger:
            yield ledger
        if self.left == 0:
            raise Killed


@pytest.mark.parametrize("jobs", [1, 4])
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("write", range(1, 11))
async def test_a_party_whose_run_dies_at_any_write_is_bought_once_and_loses_no_clip(
    world: World, works: Works, monkeypatch: pytest.MonkeyPatch, write: int, after: bool, jobs: int
) -> None:
    """One intent, one answer, and for each of four takes that it is made and that it is stored."""
    mortal = Mortal(world.journal._pages, write, after)
    monkeypatch.setattr(world.journal._pages, "writing", mortal.writing)
    with pytest.raises(BaseExceptionGroup) as death:
        await run(world, takes(FOUR), jobs=jobs)
    assert death.group_contains(Killed)
    assert not death.group_contains(Exception)
    world.reopen()
    outcome = await run(world, takes(FOUR), jobs=jobs)
    in_doubt = (write, after) in ((1, True), (2, False))
    assert set(states(world, FOUR)) == {State.INTENT if in_doubt else State.STORED}
    assert len(outcome.errors) == (4 if in_doubt else 0)
    assert sum(works.tasks.values()) == (0 if in_doubt and after else 4)
    if not in_doubt:
        assert len(set(outcome.clips.values())) == 4


@pytest.mark.parametrize("nap", range(1, 9))
async def test_a_party_that_is_stopped_at_any_wait_is_bought_once(world: World, works: Works, nap: int) -> None:
    """As Ctrl-C: while the first waits for its turn and its siblings for it, and while all wait for clips."""
    naps = 0

    async def sleep(seconds: float) -> None:
        nonlocal naps
        naps += 1
        if naps == nap:
            scope.cancel()
        await world.clock.sleep(seconds)

    world.effects = world.clock.effects(sleep=sleep)
    with anyio.CancelScope() as scope:
        await run(world, takes(FOUR), held=2.0)
    assert scope.cancelled_caught
    asked = [world.journal.submission(fingerprint(document(step, {}))) for step in takes(FOUR)]
    assert len([one for one in asked if one]) == sum(works.tasks.values())
    world.effects = world.clock.effects()
    world.reopen()
    outcome = await run(world, takes(FOUR))
    assert len(outcome.clips) == 4
    assert sum(works.tasks.values()) == 4


async def test_a_take_of_a_party_that_fails_does_not_take_the_others_along(world: World, works: Works) -> None:
    world.stage.on("GET", "/clips/t1/2", refusal(410, "gone"))
    outcome = await run(world, takes(FOUR))
    assert set(outcome.clips) == {"stairs#1", "stairs#3", "stairs#4"}
    assert world.submission(FOUR, take=2).state is State.READY


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("t", ("t", 1, 1)),
        ("t/2/4", ("t", 2, 4)),
        ("a/b/1/16", ("a/b", 1, 16)),
        ("t/0/4", ("t/0/4", 1, 1)),
        ("t/x/4", ("t/x/4", 1, 1)),
        ("1/2", ("1/2", 1, 1)),
    ],
)
def test_a_seat_is_read_from_the_name_of_its_task(name: str, parts: tuple[str, int, int]) -> None:
    assert seated(name) == parts
    if parts[2] > 1:
        assert seat(*parts) == name


def test_where_a_file_lies_is_not_shown() -> None:
    assert "acme" not in repr(Lodged("https://files.acme.example/1"))


def test_a_take_of_its_own_goes_by_the_vendors_name() -> None:
    assert seat("t", 1, 1) == "t"


class Remarking(Acme):
    def progress(self, answer: Answered, task: str, *, shot: Shot) -> Progress:
        told = super().progress(answer, task, shot=shot)
        return replace(told, remark="it shows what not everybody should see") if isinstance(told, Ready) else told


async def test_what_the_vendor_remarks_of_a_clip_is_passed_on(world: World, works: Works) -> None:
    await run(world, takes(an_acme_shot(), (1,)), acme=Remarking())
    assert "not everybody" in str([event for event in world.events if isinstance(event, Noted)])
