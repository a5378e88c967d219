"""Cancelling over HTTP, step by step: what is asked, in which order, and what each answer comes to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from seedance_pipe.units import Money
from seedance_pipe.vendor.adapter import Doubt
from seedance_pipe.vendor.cancel import Cancelled, Ended, GoesOn, cancel
from seedance_pipe.vendor.line import line
from seedance_pipe.vendor.redact import Redactor
from seedance_pipe.vendor.registry import CANCELS, VENDORS
from seedance_pipe.vendor.transport import Api, trust
from tests.vendor.stage import Reply, Reset, Stage, refusal, reply
from tests.vendor.world import KEY, TASK, TASKS, World, a_shot, done, task

pytestmark = pytest.mark.anyio
ONE = f"{TASKS}/"
BUSY = refusal(409, "InvalidAction.RunningTaskDeletion", "is running")
UNKNOWN = refusal(404, "ResourceNotFound", "not found")


@pytest.fixture
def world(tmp_path: Path, stage: Stage) -> World:
    return World(tmp_path, stage)


def shown(status: str, **more: Any) -> Reply:
    return reply(200, task(status, **more))


async def cancelled(world: World) -> Cancelled:
    ark = VENDORS["modelark"]
    async with Api(world.account, effects=world.effects, context=trust({})) as api:
        one = line(ark, world.account, api, Redactor([KEY]), effects=world.effects, cancelling=CANCELS["modelark"])
        return await cancel(one, TASK, a_shot(), effects=world.effects)


def asked(world: World) -> list[str]:
    return [seen.method for seen in world.stage.seen]


def test_only_a_vendor_that_documents_it_cancels() -> None:
    assert list(CANCELS) == ["modelark"]
    assert VENDORS["modelark"].FACTS.doubt is Doubt.LIST


async def test_a_queued_task_is_deleted_and_asked_after(world: World) -> None:
    world.stage.on("GET", ONE, shown("queued"), shown("cancelled"))
    world.stage.on("DELETE", ONE, reply(200, {}))
    ended = await cancelled(world)
    assert isinstance(ended, Ended)
    assert ended.ours
    assert ended.failed.charged == Money.zero()
    assert asked(world) == ["GET", "DELETE", "GET"]


@pytest.mark.parametrize("status", ["running", "a new word"])
async def test_what_is_not_seen_waiting_is_never_deleted(world: World, status: str) -> None:
    world.stage.on("GET", ONE, shown(status))
    assert await cancelled(world) == GoesOn("is at work already, and cannot be stopped")
    assert asked(world) == ["GET"]


async def test_a_finished_clip_is_never_deleted(world: World) -> None:
    world.stage.on("GET", ONE, reply(200, done(world.stage)))
    assert await cancelled(world) == GoesOn("is made already, and paid for")
    assert asked(world) == ["GET"]


async def test_a_task_that_begins_in_between_goes_on(world: World) -> None:
    world.stage.on("GET", ONE, shown("queued"), shown("running"))
    world.stage.on("DELETE", ONE, BUSY)
    assert await cancelled(world) == GoesOn("is at work already, and cannot be stopped")
    assert asked(world) == ["GET", "DELETE", "GET"]


async def test_a_task_that_failed_by_itself_was_not_cancelled_by_us(world: World) -> None:
    world.stage.on("GET", ONE, shown("expired"))
    ended = await cancelled(world)
    assert isinstance(ended, Ended)
    assert not ended.ours


@pytest.mark.parametrize("answer", [[Reset()], refusal(500, "oops"), refusal(429, "RequestBurstTooFast")])
async def test_a_cancellation_that_is_not_answered_is_tried_once_more_while_the_task_waits(
    world: World, answer: Reply
) -> None:
    world.stage.on("GET", ONE, shown("queued"), shown("queued"), shown("cancelled"))
    world.stage.on("DELETE", ONE, answer, reply(200, {}))
    assert isinstance(await cancelled(world), Ended)
    assert asked(world) == ["GET", "DELETE", "GET", "DELETE", "GET"]


async def test_a_task_that_waits_on_is_told_of_with_the_reason(world: World) -> None:
    world.stage.on("GET", ONE, shown("queued"))
    world.stage.on("DELETE", ONE, refusal(500, "oops"))
    told = await cancelled(world)
    assert isinstance(told, GoesOn)
    assert told.why == "still waits, though it was asked to be cancelled (it answered 500 oops)"
    assert asked(world).count("DELETE") == 2


async def test_a_task_that_is_gone_after_a_yes_is_for_a_person_to_find_out(world: World) -> None:
    """It had ended when the cancellation came, so its record was deleted: it may have been charged."""
    world.stage.on("GET", ONE, shown("queued"), UNKNOWN)
    world.stage.on("DELETE", ONE, reply(200, {}))
    told = await cancelled(world)
    assert isinstance(told, GoesOn)
    assert told.why.startswith("is not known any more since it was asked to be cancelled")
    assert "whether it was charged" in told.next_step


async def test_a_task_that_nobody_knows_is_not_deleted(world: World) -> None:
    world.stage.on("GET", ONE, UNKNOWN)
    told = await cancelled(world)
    assert isinstance(told, GoesOn)
    assert told.why == "could not be cancelled: the vendor does not know the task any more"
    assert asked(world) == ["GET"]


async def test_a_vendor_that_does_not_answer_afterwards_leaves_it_open(world: World) -> None:
    world.stage.on("GET", ONE, shown("queued"), [Reset()])
    world.stage.on("DELETE", ONE, reply(200, {}))
    told = await cancelled(world)
    assert isinstance(told, GoesOn)
    assert told.why.startswith("was asked to be cancelled, but does not tell what came of that (")
    assert asked(world) == ["GET", "DELETE", "GET", "GET", "GET", "GET"]


async def test_an_answer_that_took_long_tells_of_a_past_that_is_not_acted_on(world: World) -> None:
    def slow(seen: object) -> Reply:
        world.clock.seconds += 11
        return shown("queued")

    world.stage.on("GET", ONE, slow)
    told = await cancelled(world)
    assert isinstance(told, GoesOn)
    assert told.why == "could not be asked after (its answers take too long)"
    assert "DELETE" not in asked(world)


async def test_a_key_that_is_refused_says_what_to_do(world: World) -> None:
    world.stage.on("GET", ONE, refusal(401, "AuthenticationError"))
    told = await cancelled(world)
    assert isinstance(told, GoesOn)
    assert told.why.startswith("could not be cancelled: the vendor refused the key")
    assert "ARK_API_KEY" in told.next_step
