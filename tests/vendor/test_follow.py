"""A vendor that does not say how long it keeps tasks and clips: nothing is concluded from time."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import anyio
import pytest

from seedance_pipe.errors import GuardRefused, VendorFailed
from seedance_pipe.plan.history import State
from seedance_pipe.run.event import Noted
from seedance_pipe.units import Money
from seedance_pipe.vendor.buy import Budget
from tests.builders import capped
from tests.vendor.acme import HOME, Works
from tests.vendor.stage import Stage, refusal, reply
from tests.vendor.world import World, an_acme_shot

pytestmark = pytest.mark.anyio
SHOT = an_acme_shot()
TASKS = f"{HOME}/tasks"
YEAR = 365 * 86_400.0


@pytest.fixture
def world(tmp_path: Path, stage: Stage) -> World:
    return World(tmp_path, stage)


@pytest.fixture
def works(stage: Stage) -> Works:
    return Works(stage)


async def test_a_task_that_such_a_vendor_does_not_know_is_never_bought_again(world: World, works: Works) -> None:
    world.stage.on("GET", TASKS, refusal(404, "run_not_found"))
    for _ in range(2):
        with pytest.raises(VendorFailed, match="Acme does not tell what became of task t1") as failure:
            await world.shoot(SHOT)
        assert "nothing is bought before it is known" in failure.value.next_step
        assert "seedance-pipe resolve s.yaml stairs --lost` if it cost nothing" in failure.value.next_step
        assert world.submission(SHOT).state is State.SUBMITTED
        world.clock.seconds += YEAR
        world.reopen()
    assert works.tasks == {"t1": 1}
    works.polled.append(["t1"])
    world.stage.on("GET", TASKS, works.tell)
    await world.shoot(SHOT)
    assert world.submission(SHOT).state is State.STORED


async def test_it_is_asked_after_until_the_task_must_have_ended(world: World, works: Works) -> None:
    world.stage.on("GET", TASKS, refusal(404, "run_not_found"))
    with pytest.raises(VendorFailed):
        await world.shoot(SHOT)
    assert 3900 < world.clock.seconds < 4000, "and five minutes more, for no answer came through"
    assert len([event for event in world.events if isinstance(event, Noted)]) == 1


async def test_one_answer_that_does_not_come_through_ends_no_late_task(world: World, works: Works) -> None:
    world.stage.on("GET", "/clips/", reply(500))
    with pytest.raises(VendorFailed):
        await world.shoot(SHOT)
    world.clock.seconds += YEAR
    world.stage.on("GET", "/clips/", reply(200, b"\x00\x00\x00\x18ftypisom"))
    world.stage.on("GET", TASKS, reply(503), reply(429, b"", Retry_After="60"), works.tell)
    world.reopen()
    await world.shoot(SHOT)
    assert world.submission(SHOT).state is State.STORED


async def test_a_clip_of_unknown_life_is_asked_for_again_and_never_lost_by_time(
    world: World, works: Works
) -> None:
    world.stage.on("GET", "/clips/", reply(403))
    for _ in range(2):
        with pytest.raises(VendorFailed, match="gives no address at which the clip can be fetched"):
            await world.shoot(SHOT)
        assert world.submission(SHOT).state is State.READY
        world.clock.seconds += YEAR
        world.reopen()
    assert len(world.stage.asked("GET", "/clips/")) == 6
    world.stage.on("GET", "/clips/", reply(200, b"\x00\x00\x00\x18ftypisom"))
    await world.shoot(SHOT)
    assert works.tasks == {"t1": 1}


@pytest.mark.parametrize(
    ("content", "suffix"),
    [(b"\x00\x00\x00\x18ftypisom", ".mp4"), (b"\x00\x00\x00\x14ftypqt  ", ".mp4"), (b"\x1a\x45\xdf\xa3", ".webm")],
)
async def test_a_clip_is_called_what_its_bytes_say(
    world: World, works: Works, content: bytes, suffix: str
) -> None:
    seen: list[str] = []

    def looks(path: Path) -> None:
        seen.append(path.name)

    world.looks = looks
    world.stage.on("GET", "/clips/", reply(200, content + b"clip"))
    outputs = await world.shoot(SHOT)
    assert world.store.path(outputs["clip"]).suffix == suffix
    assert seen == ["clip"], "a name that claims no type"


async def test_the_price_that_the_vendor_tells_is_what_is_reserved_and_spent(world: World, stage: Stage) -> None:
    Works(stage, price="0.04")
    await world.shoot(SHOT)
    assert world.submission(SHOT).reserved == Money(Decimal("0.04"))
    assert world.journal.total().spent == {"USD": Money(Decimal("0.04"))}
    with pytest.raises(GuardRefused, match=r"\$0.0400 spent"):
        await world.shoot(an_acme_shot(prompt="another"), budget=Budget(capped(Money(Decimal("0.16")))))
    await world.shoot(an_acme_shot(prompt="another"), budget=Budget(capped(Money(Decimal("0.1626")))))


async def test_a_task_that_is_at_work_for_ever_can_be_replaced_by_a_person(world: World, works: Works) -> None:
    """So a vendor answers that plays every id that it does not know as one that is at work."""
    world.stage.on("GET", TASKS, reply(200, {"t1": {"status": "running"}}))
    with pytest.raises(VendorFailed, match="should have ended task t1 by now") as failure:
        await world.shoot(SHOT)
    assert "nothing is bought before it is known; or look for it in the console" in failure.value.next_step
    assert world.submission(SHOT).state is State.SUBMITTED


async def test_a_clip_that_was_made_and_is_not_given_out_for_ever_can_only_be_bought_beside(
    world: World, works: Works
) -> None:
    """It is paid for, so nobody can say that it cost nothing."""
    world.stage.on("GET", "/clips/", reply(404))
    with pytest.raises(VendorFailed):
        await world.shoot(SHOT)
    assert world.submission(SHOT).state is State.READY
    world.reopen()
    world.clock.seconds += YEAR
    world.stage.on("GET", TASKS, reply(200, {"t1": {"status": "running"}}))
    with pytest.raises(VendorFailed, match="should have ended task t1 by now") as failure:
        await world.shoot(SHOT)
    assert "or `run --force stairs` asks for a new take and may pay twice" in failure.value.next_step
    assert world.submission(SHOT).state is State.READY


async def test_a_price_of_nothing_that_is_told_at_first_frees_no_part_of_a_cap(world: World, works: Works) -> None:
    works.price = "0"
    world.stage.on("GET", TASKS, refusal(401, "key"))
    for prompt in ("one", "two"):
        with pytest.raises((VendorFailed, GuardRefused)) as failure:
            await world.shoot(an_acme_shot(prompt=prompt), budget=Budget(capped(Money(Decimal("0.2")))))
    assert isinstance(failure.value, GuardRefused)
    assert len(works.tasks) == 1


async def test_prices_that_are_told_on_buying_stop_takes_that_are_bought_at_once(
    world: World, works: Works
) -> None:
    """Of six takes of unknown price, $0.60 each, a cap of $1 sees the second begin and no other."""
    works.price = "0.60"
    shots = [an_acme_shot(name, prompt=name) for name in "abcdef"]
    refused: list[str] = []

    async def one(place: int) -> None:
        folder = world.folder / f"job-{place}"
        folder.mkdir()
        job = world.job(shots[place], folder, {})
        try:
            await craft.perform(replace(job, step=replace(job.step, estimate=None)), world.events.append)
        except GuardRefused as error:
            refused.append(error.message)

    budget = Budget(capped(Money(Decimal(1))), allow_unknown=True)
    async with world.craft(budget=budget) as craft, anyio.create_task_group() as group:
        for place in range(6):
            group.start_soon(one, place)
    assert len(works.tasks) == 2
    assert len(refused) == 4
    assert "would pass the cap of $1.00" in refused[0]
