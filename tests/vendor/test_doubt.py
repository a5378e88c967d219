"""Settling doubts against a real server: by the vendor's list, by the same request again, or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from seedance_pipe.errors import InDoubt, VendorFailed
from seedance_pipe.plan.history import Decision, State
from seedance_pipe.run.event import Noted
from seedance_pipe.spec.medium import Kind, LocalFile, Medium, Role
from seedance_pipe.spec.model import MediaLimits
from seedance_pipe.spec.story import Shot
from seedance_pipe.units import Digest
from seedance_pipe.vendor.adapter import Doubt
from seedance_pipe.vendor.registry import SEARCHES, VENDORS, settles
from tests import builders
from tests.vendor.acme import FACTS, HOME, Acme, Works
from tests.vendor.stage import Reply, Reset, Seen, Stage, refusal, reply
from tests.vendor.world import (
    ACME_MODEL,
    FRAME,
    NOW,
    TASK,
    TASKS,
    Diary,
    World,
    a_shot,
    an_acme_shot,
    play,
    step_of,
    task,
)

pytestmark = pytest.mark.anyio
LIST = f"{TASKS}?"
KEYED = Acme(replace(FACTS, doubt=Doubt.SAME_KEY, keys_kept=86_400.0))
DAY = 86_400.0


@pytest.fixture
def world(tmp_path: Path, stage: Stage) -> World:
    return World(tmp_path, stage)


@pytest.fixture
def works(stage: Stage) -> Works:
    return Works(stage)


def item(ident: str = TASK, **more: Any) -> dict[str, Any]:
    """A task on a list. The model of these tests writes no name into its requests."""
    told = {**task("running"), "id": ident, **more}
    del told["model"]
    return told


def page(*items: dict[str, Any], total: int | None = None) -> Reply:
    return reply(200, {"total": len(items) if total is None else total, "items": list(items)})


async def lose(world: World, shot: Shot | None = None, *, acme: Acme | None = None) -> None:
    """An earlier run of the same story sent the request, and got no answer."""
    path = TASKS if acme is None else f"{HOME}/tasks"
    world.stage.on("POST", path, [Reset()])
    with pytest.raises(InDoubt, match="nothing was sent again"):
        await world.shoot(shot, acme=acme)
    world.stage.rules.pop(0)
    world.reopen()
    world.clock.slept.clear()


def pictured(world: World) -> Shot:
    """A shot with a picture that the vendor keeps."""
    path = world.folder / "still.png"
    path.write_bytes(FRAME)
    picture = LocalFile(path, "still.png", Digest(hashlib.sha256(FRAME).hexdigest()), "image/png", len(FRAME))
    kept = MediaLimits(inline=False, assets=False, types=(), bytes=10**9, upload=True)
    return an_acme_shot(
        model=replace(ACME_MODEL, media={Kind.IMAGE: kept}),
        media=(Medium(Role.REFERENCE, Kind.IMAGE, picture, ("image",), builders.HERE),),
        image=None,
    )


def notes(world: World) -> list[str]:
    return [event.message for event in world.events if isinstance(event, Noted)]


def test_every_vendor_has_what_its_policy_needs() -> None:
    assert {name for name, one in VENDORS.items() if one.FACTS.doubt is Doubt.LIST} == set(SEARCHES)
    assert [name for name in VENDORS if not settles(name)] == ["runbase"]


# The list


async def test_a_task_on_the_list_is_adopted_at_once_and_its_clip_fetched(world: World) -> None:
    play(world.stage)
    await lose(world)
    world.stage.on("GET", LIST, page(), page(item(service_tier="flex")))
    await world.shoot()
    assert world.submission().state is State.STORED
    assert world.submission().task == TASK
    assert len(world.stage.asked("POST")) == 1
    assert [parse_qs(urlsplit(seen.target).query) for seen in world.stage.asked("GET", LIST)] == [
        {"page_num": ["1"], "page_size": ["500"], "filter.service_tier": [tier]} for tier in ("default", "flex")
    ]
    assert world.clock.slept[0] == pytest.approx(1.0), "the list is asked for at most once a second"
    (note,) = notes(world)
    assert f"lists it as task {TASK}, which is ours by its mark" in note


async def test_a_task_that_is_listed_late_is_found(world: World) -> None:
    play(world.stage)
    await lose(world)
    world.stage.on("GET", LIST, *[page()] * 7, page(item()))
    await world.shoot()
    assert world.submission().state is State.STORED


async def test_a_task_on_the_second_page_is_found(world: World) -> None:
    play(world.stage)
    await lose(world)
    others = [item(f"other-{number}", execution_expires_after=172_800) for number in range(500)]
    world.stage.on("GET", LIST, page(*others, total=501), page(item(), total=501), page())
    await world.shoot()
    assert world.submission().state is State.STORED
    assert len(world.stage.asked("GET", LIST)) == 3


async def test_what_is_not_found_after_the_stated_wait_stays_in_doubt(world: World) -> None:
    await lose(world)
    world.stage.on("GET", LIST, page(item("early", created_at=int(NOW) - 601), item("odd", created_at=None)))
    with pytest.raises(InDoubt, match=r"it shows no task of ours; nothing was sent again"):
        await world.shoot()
    assert world.submission().state is State.INTENT
    assert 120 <= world.clock.seconds <= 300
    looks = len(world.stage.asked("GET", LIST))
    assert looks % 2 == 0
    assert looks >= 8
    assert len(world.stage.asked("POST")) == 1
    assert notes(world) == []


async def test_of_two_tasks_that_could_be_ours_none_is_taken(world: World) -> None:
    await lose(world)
    world.stage.on("GET", LIST, page(item("b"), item("a")))
    with pytest.raises(InDoubt, match="more than one task could be ours: a, b"):
        await world.shoot()
    assert world.submission().state is State.INTENT


async def test_a_task_that_the_journal_knows_is_not_ours(world: World) -> None:
    play(world.stage)
    await world.shoot(a_shot(prompt="another"))
    await lose(world)
    world.stage.on("GET", LIST, page(item()))
    with pytest.raises(InDoubt, match="it shows no task of ours"):
        await world.shoot()


async def test_of_two_doubts_with_the_same_mark_neither_takes_a_task(world: World) -> None:
    """Both drew the same nonce (the clock of these tests always draws the middle), and one task came of them."""
    other = a_shot(prompt="another")
    await lose(world)
    await lose(world, other)
    world.stage.on("GET", LIST, page(item()))
    for shot in (None, other):
        with pytest.raises(InDoubt, match=f"in doubt bears the same mark, so task {TASK} may be its own"):
            await world.shoot(shot)
    assert world.submission(other).state is State.INTENT
    world.journal.abandoned([world.submission()], Decision.LOST)
    play(world.stage)
    world.stage.on("GET", LIST, page(item()))
    await world.shoot(other)
    assert world.submission(other).task == TASK, "once a person has told of the one, it is the other's"


async def test_a_task_of_the_list_that_another_run_takes_first_is_not_taken_twice(world: World) -> None:
    """Another story's run has the same list: the journal gives the task to one of them alone."""
    other = a_shot(prompt="another", execution_expires_after=216_000)
    await lose(world)
    await lose(world, other)

    def taken_meanwhile(seen: Seen) -> Reply:
        world.journal.submitted(world.submission(other).id, TASK)
        return page()

    known = world.journal.tasks
    world.stage.on("GET", LIST, page(item()), taken_meanwhile, page())
    world.journal.tasks = frozenset  # type: ignore[method-assign]  # as if it had been asked just before
    with pytest.raises(InDoubt, match=r"ModelArk may or may not .*: task .* is that of take 1 of shot 'stairs'"):
        await world.shoot()
    world.journal.tasks = known  # type: ignore[method-assign]
    assert world.submission().state is State.INTENT


@pytest.mark.parametrize("bad", [[Reset()], refusal(500, "oops"), refusal(429, "RateLimit", Retry_After="99999")])
async def test_a_list_that_cannot_be_had_for_a_while_is_asked_for_again(world: World, bad: Reply) -> None:
    play(world.stage)
    await lose(world)
    world.stage.on("GET", LIST, bad, page(item()))
    await world.shoot()
    assert world.submission().state is State.STORED
    assert max(world.clock.slept) <= 120


async def test_a_list_that_can_never_be_had_leaves_the_doubt(world: World) -> None:
    await lose(world)
    world.stage.on("GET", LIST, refusal(500, "oops"))
    with pytest.raises(InDoubt, match=r"after 0 looks .* could not be had: it answered 500"):
        await world.shoot()
    assert 600 <= world.clock.seconds <= 800


async def test_a_key_that_may_not_list_leaves_the_doubt_and_says_what_to_do(world: World) -> None:
    await lose(world)
    world.stage.on("GET", LIST, refusal(401, "AuthenticationError"))
    with pytest.raises(InDoubt, match=r"cannot be listed: .*refused the key.*check the key in ARK_API_KEY"):
        await world.shoot()
    assert len(world.stage.asked("GET", LIST)) == 1


async def test_a_request_whose_expiry_the_story_set_has_no_mark(world: World) -> None:
    shot = a_shot(execution_expires_after=216_000)
    await lose(world, shot)
    with pytest.raises(InDoubt, match="nothing in the request would tell its task from others"):
        await world.shoot(shot)
    assert world.stage.asked("GET") == []


async def test_a_list_that_reaches_back_too_little_is_not_asked_for(world: World) -> None:
    await lose(world)
    world.clock.seconds += 7 * DAY
    with pytest.raises(InDoubt, match="it lists the tasks of 7 days only"):
        await world.shoot()
    assert world.stage.asked("GET") == []


async def test_what_a_run_of_another_story_has_in_doubt_is_left_to_it(world: World) -> None:
    await lose(world)
    path = world.folder / "state" / "journal.db"
    world.journal.close()
    world.journal = Diary.open(path, story="another.yaml", effects=world.effects)
    world.journal.log = world.log
    with pytest.raises(VendorFailed, match=r"a run of story 's\.yaml' has just asked ModelArk") as failure:
        await world.shoot()
    assert "nothing was bought here" in failure.value.next_step
    assert world.stage.asked("GET") == []


# The same again


async def test_the_same_request_is_sent_again_and_the_task_followed(world: World, works: Works) -> None:
    shot = an_acme_shot()
    await lose(world, shot, acme=KEYED)
    world.clock.seconds += DAY
    await world.shoot(shot, acme=KEYED)
    first, second = world.stage.asked("POST", f"{HOME}/tasks")
    assert first.json == second.json
    assert world.submission(shot).state is State.STORED
    assert world.log.count("intent") == 1
    (note,) = notes(world)
    assert "has it as task t1, which is paid for once" in note


async def test_all_takes_of_a_request_are_settled_by_sending_it_once(world: World, works: Works) -> None:
    shot = an_acme_shot(takes=4)
    steps = [step_of(shot, number) for number in (1, 2, 3, 4)]
    world.stage.on("POST", f"{HOME}/tasks", [Reset()], works.create)

    async def shoot(numbers: Sequence[int]) -> None:
        async with world.craft(takes=steps, acme=KEYED) as craft:
            for number in numbers:
                with world.store.scratch() as scratch:
                    await craft.perform(world.job(shot, scratch, {}, number), world.events.append)

    with pytest.raises(InDoubt):
        async with world.craft(takes=steps, acme=Acme()) as craft:
            with world.store.scratch() as scratch:
                await craft.perform(world.job(shot, scratch, {}, 2), world.events.append)
    world.reopen()
    world.journal.abandoned([world.submission(shot, take=3)], Decision.LOST)
    await shoot((2, 1, 4))
    assert len(world.stage.asked("POST", f"{HOME}/tasks")) == 2
    tasks = [world.submission(shot, take=number).task for number in (1, 2, 3, 4)]
    assert tasks == ["t1/1/4", "t1/2/4", None, "t1/4/4"], "a take keeps its seat"
    assert world.submission(shot, take=3).state is State.ABANDONED


@pytest.mark.parametrize(
    ("answer", "why"), [(refusal(400, "no", "too wild"), "too wild"), (refusal(500, "oops"), "it answered 500")]
)
async def test_another_answer_than_yes_settles_nothing(world: World, answer: Reply, why: str) -> None:
    shot = an_acme_shot()
    await lose(world, shot, acme=KEYED)
    world.stage.on("POST", f"{HOME}/tasks", answer)
    with pytest.raises(InDoubt, match=f"sent again under the same name, and that settled nothing: {why}") as doubt:
        await world.shoot(shot, acme=KEYED)
    assert "nothing was sent again" not in doubt.value.message
    assert world.submission(shot).state is State.INTENT
    assert len(world.stage.asked("POST")) == 2


async def test_a_busy_vendor_is_asked_again_as_when_buying(world: World, works: Works) -> None:
    shot = an_acme_shot()
    await lose(world, shot, acme=KEYED)
    world.stage.on("POST", f"{HOME}/tasks", *[refusal(429, "full")] * 3, works.create)
    await world.shoot(shot, acme=KEYED)
    assert world.submission(shot).state is State.STORED
    assert len(works.tasks) == 1


async def test_a_vendor_that_stays_busy_or_cannot_be_reached_leaves_the_doubt(world: World) -> None:
    shot = an_acme_shot()
    await lose(world, shot, acme=KEYED)
    world.stage.on("POST", f"{HOME}/tasks", refusal(429, "full", "no room"))
    with pytest.raises(InDoubt, match="settled nothing: no room"):
        await world.shoot(shot, acme=KEYED)
    world.stage.address = "http://127.0.0.1:9"
    with pytest.raises(InDoubt, match="settled nothing: "):
        await world.shoot(shot, acme=KEYED)
    assert world.submission(shot).state is State.INTENT


async def test_a_clock_that_was_set_back_does_not_tell_how_old_a_key_is(world: World) -> None:
    shot = an_acme_shot()
    await lose(world, shot, acme=KEYED)
    world.clock.seconds -= DAY
    with pytest.raises(InDoubt, match="by the clock of this machine it was asked in the future; nothing was sent"):
        await world.shoot(shot, acme=KEYED)
    assert len(world.stage.asked("POST")) == 1


async def test_a_key_that_the_vendor_may_have_forgotten_is_not_sent_again(world: World) -> None:
    shot = an_acme_shot()
    await lose(world, shot, acme=KEYED)
    world.clock.seconds += DAY + 1
    with pytest.raises(InDoubt, match="after 24 hours it may not know our key any more; nothing was sent again"):
        await world.shoot(shot, acme=KEYED)
    assert len(world.stage.asked("POST")) == 1


async def test_files_go_into_the_same_request_again(world: World, works: Works) -> None:
    shot = pictured(world)
    await lose(world, shot, acme=KEYED)
    await world.shoot(shot, acme=KEYED)
    first, second = world.stage.asked("POST", f"{HOME}/tasks")
    assert first.json == second.json
    assert first.json["image"].startswith("https://files.acme.example/")
    assert len(works.files) == 1


async def test_without_its_files_a_request_stays_in_doubt(world: World, works: Works) -> None:
    shot = pictured(world)
    await lose(world, shot, acme=KEYED)
    elsewhere = replace(shot, media=tuple(replace(medium, hole=()) for medium in shot.media))
    with pytest.raises(InDoubt, match="the story has moved on"):
        await world.shoot(elsewhere, acme=KEYED)
    (world.folder / "still.png").write_bytes(b"another")
    with pytest.raises(InDoubt, match=r"cannot be had: .*changed during the run"):
        await world.shoot(shot, acme=KEYED)
    assert len(world.stage.asked("POST", f"{HOME}/tasks")) == 1


async def test_where_a_person_decides_nothing_is_sent(world: World) -> None:
    shot = an_acme_shot()
    await lose(world, shot, acme=Acme())
    with pytest.raises(InDoubt, match=r"it gives no way to find out; nothing was sent again"):
        await world.shoot(shot, acme=Acme())
    assert len(world.stage.seen) == 1
