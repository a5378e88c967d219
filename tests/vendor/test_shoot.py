"""Shooting a take against a real server, a real journal and a real store; only time is not real."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import anyio
import pytest

from seedance_pipe.errors import GuardRefused, InDoubt, MediaFailed, VendorFailed
from seedance_pipe.plan.graph import StepKey
from seedance_pipe.plan.history import State
from seedance_pipe.run.event import Event, Moved, Noted
from seedance_pipe.units import Money
from seedance_pipe.vendor.buy import Budget
from tests.builders import capped
from tests.vendor.stage import Reply, Reset, Seen, Stage, refusal, reply
from tests.vendor.world import CLIP, FRAME, KEY, MODEL, NOW, TASK, TASKS, World, a_shot, done, play, task

pytestmark = pytest.mark.anyio


@pytest.fixture
def world(tmp_path: Path, stage: Stage) -> World:
    return World(tmp_path, stage)


async def test_the_intent_is_written_before_the_request_and_the_task_before_the_first_poll(world: World) -> None:
    play(world.stage)
    await world.shoot()
    poll = f"GET {TASKS}/{TASK}"
    clip = world.log[-2]
    assert world.log[:3] == ["intent", f"POST {TASKS}", "submitted"]
    assert world.log[3:] == [poll, poll, poll, "ready", clip, "stored"]
    assert clip.startswith("GET /files/clip.mp4?")


async def test_a_take_ends_in_the_store_with_its_receipt_in_the_journal(world: World) -> None:
    play(world.stage, frame=True)
    outputs = await world.shoot(frames=True)
    assert world.store.path(outputs["clip"]).read_bytes() == CLIP
    assert world.store.path(outputs["last_frame"]).read_bytes() == FRAME
    submission = world.submission()
    assert submission.state is State.STORED
    assert submission.outputs == outputs
    assert submission.task == TASK
    assert submission.receipt is not None
    assert submission.receipt.seed == 1276
    assert submission.receipt.charged == Money(Decimal("0.1225125"))
    assert submission.receipt.expires == NOW + 40 + 86_400


async def test_the_request_is_what_the_journal_froze(world: World) -> None:
    play(world.stage)
    await world.shoot(frames=True)
    (sent,) = world.stage.asked("POST")
    assert sent.json == {
        "prompt": "a wave",
        "execution_expires_after": 172_800 + 43_200,
        "return_last_frame": True,
    }
    assert world.submission().request == {**sent.json, "nonce": 172_800 + 43_200}
    assert sent.headers["authorization"] == f"Bearer {KEY}"
    assert "content-type" in sent.headers


async def test_the_vendors_own_words_are_shown_once_each(world: World) -> None:
    play(world.stage)
    await world.shoot()
    words = [event.status for event in world.events if isinstance(event, Moved)]
    assert words == ["submitting", "submitted", "queued", "running", "fetching"]


async def test_the_first_poll_comes_after_two_seconds_and_pauses_grow_to_the_vendors_pace(world: World) -> None:
    play(world.stage)
    running = [reply(200, task("running"))] * 8
    world.stage.on("GET", f"{TASKS}/", *running, reply(200, done(world.stage)))
    await world.shoot()
    assert world.clock.slept == pytest.approx([2.0, 2.0 * 1.5, 4.5, 6.75, 10, 10, 10, 10, 10], rel=0.01)


async def test_a_take_that_was_submitted_is_polled_and_nothing_is_bought(world: World) -> None:
    play(world.stage)
    world.stage.on("GET", f"{TASKS}/", refusal(401, "AuthenticationError", f"no such key {KEY}"))
    with pytest.raises(VendorFailed, match="refused the key"):
        await world.shoot()
    assert world.submission().state is State.SUBMITTED
    world.stage.on("GET", f"{TASKS}/", reply(200, done(world.stage)))
    world.reopen()
    world.clock.slept.clear()
    await world.shoot()
    assert world.submission().state is State.STORED
    assert len(world.stage.asked("POST")) == 1
    assert world.clock.slept == []


async def test_a_take_that_is_ready_is_fetched_at_fresh_addresses(world: World) -> None:
    play(world.stage)
    world.stage.on("GET", "/files/clip.mp4", reply(403))
    with pytest.raises(VendorFailed, match="no address at which the clip can be fetched"):
        await world.shoot()
    assert world.submission().state is State.READY
    fresh = done(world.stage)
    fresh["content"]["video_url"] = f"{world.stage.address}/files/fresh.mp4"
    world.stage.on("GET", f"{TASKS}/", reply(200, fresh))
    world.stage.on("GET", "/files/fresh.mp4", reply(200, CLIP))
    world.reopen()
    await world.shoot()
    assert world.submission().state is State.STORED
    assert len(world.stage.asked("POST")) == 1
    assert world.log.count("ready") == 1


async def test_a_lapsed_address_is_asked_for_anew_within_the_same_run(world: World) -> None:
    play(world.stage)
    world.stage.on("GET", "/files/clip.mp4", reply(404), reply(200, CLIP))
    await world.shoot()
    assert world.submission().state is State.STORED


async def test_a_stored_take_whose_file_is_lost_is_fetched_again_and_not_bought(world: World) -> None:
    play(world.stage)
    outputs = await world.shoot()
    world.store.path(outputs["clip"]).unlink()
    world.stage.on("GET", f"{TASKS}/", reply(200, done(world.stage)))
    world.reopen()
    assert await world.shoot() == outputs
    assert len(world.stage.asked("POST")) == 1
    assert world.log.count("stored") == 1


@pytest.mark.parametrize("what", ["gone", "failed", "lapsed"])
async def test_a_stored_take_stays_stored_when_its_lost_file_cannot_be_had_again(world: World, what: str) -> None:
    play(world.stage)
    outputs = await world.shoot()
    world.store.path(outputs["clip"]).unlink()
    answers = {"gone": refusal(404, "ResourceNotFound"), "failed": reply(200, task("failed"))}
    world.stage.on("GET", f"{TASKS}/", answers.get(what, reply(200, done(world.stage))))
    world.stage.on("GET", "/files/clip.mp4", reply(403))
    world.clock.seconds += 3 * 86_400
    world.reopen()
    with pytest.raises(VendorFailed) as failure:
        await world.shoot()
    if what != "failed":
        assert "run --force" in failure.value.next_step, "a plain run would never buy it again"
    assert world.submission().state is State.STORED
    assert len(world.stage.asked("POST")) == 1


LOST_ANSWERS: dict[str, Reply] = {
    "reset": [Reset()],
    "closed": [],
    "half an answer": [b'HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{"id": '],
    "html 502": reply(502, b"<html>Bad Gateway</html>", Content_Type="text/html"),
    "500": refusal(500, "InternalServiceError"),
    "503": refusal(503, "Whatever", Retry_After="1"),
    "504": reply(504),
    "no json": reply(200, b"<html>welcome</html>"),
    "no id": reply(200, {"ok": True}),
    "redirect": reply(307, Location="https://elsewhere.example/"),
    "html 403": reply(403, b"<html>Forbidden</html>"),
}


@pytest.mark.parametrize("answer", LOST_ANSWERS.values(), ids=LOST_ANSWERS.keys())
async def test_an_unclear_answer_leaves_the_take_in_doubt_and_is_never_resent(world: World, answer: Reply) -> None:
    play(world.stage)
    world.stage.on("POST", TASKS, answer)
    with pytest.raises(InDoubt) as caught:
        await world.shoot()
    for word in ("ModelArk", "modelark/one", "2026-11-18", "$0.1226", "nothing was sent again"):
        assert word in caught.value.message
    assert "resolve s.yaml stairs --resubmit" in caught.value.next_step
    world.reopen()
    world.stage.on("GET", f"{TASKS}?", reply(200, {"total": 0, "items": []}))
    with pytest.raises(InDoubt, match="nothing was sent again"):
        await world.shoot()
    assert world.submission().state is State.INTENT
    assert len(world.stage.asked("POST")) == 1


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (refusal(400, "InputTextSensitiveContentDetected.PolicyViolation"), "content check"),
        (refusal(401, "AuthenticationError"), "refused the key"),
        (refusal(403, "AccountOverdueError"), "no money left"),
        (refusal(403, "AccessDenied"), "no permission"),
        (refusal(404, "ModelNotOpen"), "not activated"),
        (refusal(429, "SetLimitExceeded"), "spending limit"),
        (refusal(400, "SomethingNew", "never seen"), "never seen"),
    ],
)
async def test_a_refusal_is_written_down_with_its_code_and_costs_nothing(
    world: World, answer: Reply, words: str
) -> None:
    world.stage.on("POST", TASKS, answer)
    with pytest.raises(VendorFailed, match=words) as caught:
        await world.shoot()
    submission = world.submission()
    assert submission.state is State.REFUSED
    assert submission.code == caught.value.code
    assert caught.value.next_step
    assert len(world.stage.asked("POST")) == 1


async def test_a_refused_take_may_be_bought_by_the_next_run(world: World) -> None:
    world.stage.on("POST", TASKS, refusal(404, "ModelNotOpen"))
    with pytest.raises(VendorFailed):
        await world.shoot()
    play(world.stage)
    world.reopen()
    await world.shoot()
    assert world.submission().state is State.STORED


async def test_a_busy_vendor_is_offered_the_same_intent_again(world: World) -> None:
    play(world.stage)
    busy = refusal(429, "RateLimitExceeded.EndpointRPMExceeded", Retry_After="37")
    world.stage.on("POST", TASKS, busy, busy, reply(200, {"id": TASK}))
    await world.shoot()
    assert world.log.count("intent") == 1
    assert world.clock.slept[:2] == [37.0, 37.0]
    first, *others = world.stage.asked("POST")
    assert all(other.body == first.body for other in others)
    assert len([event for event in world.events if isinstance(event, Noted)]) == 1


async def test_a_vendor_that_stays_busy_is_given_up_and_nothing_was_bought(world: World) -> None:
    world.stage.on("POST", TASKS, refusal(429, "QuotaExceeded", "queue is full", Retry_After="3600"))
    with pytest.raises(VendorFailed, match="too busy") as caught:
        await world.shoot()
    assert caught.value.code == "QuotaExceeded"
    assert world.submission().state is State.REFUSED
    assert world.submission().code == "busy"
    assert world.clock.slept == [600.0, 600.0, 600.0]


async def test_a_vendor_that_cannot_be_reached_leaves_the_take_unsent(world: World) -> None:
    world.stage.address = "http://127.0.0.1:9"
    with pytest.raises(VendorFailed, match="could not be reached: no connection"):
        await world.shoot()
    assert world.submission().state is State.UNSENT
    assert len(world.clock.slept) == 3
    assert world.stage.seen == []


@pytest.mark.parametrize("answer", ["busy", "unreachable"])
async def test_a_stop_while_waiting_to_send_again_closes_the_intent(world: World, answer: str) -> None:
    world.stage.on("POST", TASKS, refusal(429, "ServerOverloaded"))
    if answer == "unreachable":
        world.stage.address = "http://127.0.0.1:9"
    world.effects = world.clock.effects(sleep=anyio.sleep)
    with anyio.move_on_after(5) as scope:

        def stop(event: Event) -> None:
            if isinstance(event, Noted):
                scope.cancel()

        await world.shoot(emit=stop)
    assert scope.cancelled_caught
    assert world.submission().state is (State.REFUSED if answer == "busy" else State.UNSENT)


async def test_a_stop_while_the_request_is_out_waits_for_the_answer_and_its_entry(world: World) -> None:
    play(world.stage)
    with anyio.CancelScope() as scope:

        def accept(_: Seen) -> Reply:
            scope.cancel()
            return reply(200, {"id": TASK})

        world.stage.on("POST", TASKS, accept)
        await world.shoot()
    assert scope.cancelled_caught
    assert world.submission().state is State.SUBMITTED
    assert world.submission().task == TASK
    assert world.stage.asked("GET") == []


@pytest.mark.parametrize("when", ["submitting", "submitted", "queued", "running", "fetching"])
async def test_a_stop_anywhere_leaves_a_journal_from_which_the_next_run_goes_on(world: World, when: str) -> None:
    play(world.stage)
    with anyio.CancelScope() as scope:

        def stop(event: Event) -> None:
            if isinstance(event, Moved) and event.status == when:
                scope.cancel()

        await world.shoot(emit=stop)
    assert scope.cancelled_caught
    assert world.submission().state in (State.SUBMITTED, State.READY)
    world.stage.on("GET", f"{TASKS}/", reply(200, done(world.stage)))
    world.reopen()
    await world.shoot()
    assert world.submission().state is State.STORED
    assert len(world.stage.asked("POST")) == 1


async def test_a_journal_that_cannot_take_down_the_task_puts_its_name_into_the_message(world: World) -> None:
    play(world.stage)

    world.journal.full = True
    with pytest.raises(InDoubt, match=TASK) as caught:
        await world.shoot()
    assert "make room" in caught.value.next_step


async def test_the_cap_is_asked_before_anything_leaves(world: World) -> None:
    play(world.stage)
    with pytest.raises(GuardRefused):
        await world.shoot(budget=Budget(capped(Money(Decimal("0.12")))))
    assert world.stage.seen == []


async def test_a_failed_poll_is_not_a_failed_task(world: World) -> None:
    play(world.stage)
    world.stage.on(
        "GET",
        f"{TASKS}/",
        [Reset()],
        reply(502, b"<html>"),
        refusal(500, "InternalServiceError"),
        refusal(429, "RateLimitExceeded", Retry_After="99"),
        reply(404, b"<html>not here</html>"),
        reply(200, {**task("running"), "id": "somebody-elses"}),
        reply(200, {"id": TASK}),
        reply(200, task("dancing")),
        reply(200, task("succeeded")),
        reply(200, task("succeeded", content={"video_url": None}, error=None)),
        reply(200, done(world.stage)),
    )
    await world.shoot()
    assert world.submission().state is State.STORED
    assert 99.0 in world.clock.slept
    assert len([event for event in world.events if isinstance(event, Noted)]) == 1
    assert "dancing" in [event.status for event in world.events if isinstance(event, Moved)]


async def test_polls_that_fail_come_ever_less_often(world: World) -> None:
    play(world.stage)
    world.stage.on("GET", f"{TASKS}/", *[reply(502)] * 14, reply(200, done(world.stage)))
    await world.shoot()
    assert max(world.clock.slept) == pytest.approx(60, rel=0.01)
    assert sorted(world.clock.slept) == world.clock.slept


@pytest.mark.parametrize("status", ["failed", "cancelled", "expired"])
async def test_a_task_that_failed_is_free_and_may_be_bought_again(world: World, status: str) -> None:
    play(world.stage)
    error = {"code": "OutputVideoSensitiveContentDetected", "message": "no."} if status == "failed" else None
    world.stage.on("GET", f"{TASKS}/", reply(200, task(status, error=error)))
    with pytest.raises(VendorFailed) as caught:
        await world.shoot()
    submission = world.submission()
    assert submission.state is State.FAILED
    assert submission.charged == Money(Decimal(0))
    assert submission.code == caught.value.code == (error["code"] if error else status)
    play(world.stage)
    world.reopen()
    await world.shoot()
    assert world.submission().state is State.STORED


async def test_a_task_that_the_vendor_does_not_know_is_asked_for_three_times_before_it_is_given_up(
    world: World,
) -> None:
    play(world.stage)
    world.stage.on("GET", f"{TASKS}/", refusal(401, "AuthenticationError"))
    with pytest.raises(VendorFailed):
        await world.shoot()
    world.stage.on("GET", f"{TASKS}/", refusal(404, "ResourceNotFound"))
    world.clock.seconds += 8 * 86_400
    world.reopen()
    with pytest.raises(VendorFailed, match="cannot be known any more"):
        await world.shoot()
    assert world.submission().state is State.FAILED
    assert world.submission().charged is None
    assert len(world.stage.asked("GET")) == 1 + 3


async def test_a_task_that_a_vendor_must_know_is_not_given_up_because_it_is_asked_with_another_projects_key(
    world: World,
) -> None:
    play(world.stage)
    world.stage.on("GET", f"{TASKS}/", refusal(404, "ResourceNotFound"))
    with pytest.raises(VendorFailed, match="keeps tasks for 7 days") as failure:
        await world.shoot()
    assert "ARK_API_KEY" in failure.value.next_step
    assert world.submission().state is State.SUBMITTED
    world.stage.on("GET", f"{TASKS}/", reply(200, done(world.stage)))
    world.reopen()
    await world.shoot()
    assert len(world.stage.asked("POST")) == 1


async def test_one_answer_that_the_task_is_gone_is_not_believed(world: World) -> None:
    play(world.stage)
    missing = refusal(404, "ResourceNotFound")
    world.stage.on(
        "GET", f"{TASKS}/", missing, missing, reply(200, task("running")), missing, reply(200, done(world.stage))
    )
    await world.shoot()
    assert world.submission().state is State.STORED


async def test_a_clip_that_was_paid_for_and_deleted_is_called_lost(world: World) -> None:
    play(world.stage)
    world.stage.on("GET", "/files/clip.mp4", reply(404))
    with pytest.raises(VendorFailed):
        await world.shoot()
    world.stage.on("GET", f"{TASKS}/", refusal(404, "ResourceNotFound"))
    world.clock.seconds += 8 * 86_400
    world.reopen()
    with pytest.raises(VendorFailed, match="a paid clip is lost"):
        await world.shoot()
    assert world.submission().state is State.FAILED
    assert world.submission().charged == Money(Decimal("0.1225125"))


async def test_a_task_that_vanishes_while_its_clip_is_fetched_keeps_its_known_price(world: World) -> None:
    play(world.stage)

    def long_ago(_: Seen) -> Reply:
        world.clock.seconds += 8 * 86_400
        return refusal(404, "ResourceNotFound")

    world.stage.on("GET", f"{TASKS}/", reply(200, done(world.stage)), long_ago)
    world.stage.on("GET", "/files/clip.mp4", reply(404))
    with pytest.raises(VendorFailed, match="a paid clip is lost"):
        await world.shoot()
    assert world.submission().charged == Money(Decimal("0.1225125"))


async def test_a_clip_that_is_refused_after_its_day_is_called_lost(world: World) -> None:
    play(world.stage)
    world.stage.on("GET", "/files/clip.mp4", reply(403))
    with pytest.raises(VendorFailed, match="no address"):
        await world.shoot()
    assert world.submission().state is State.READY
    world.clock.seconds += 86_400 + 7200
    world.stage.on("GET", f"{TASKS}/", reply(200, done(world.stage)))
    world.reopen()
    with pytest.raises(VendorFailed, match="a paid clip is lost"):
        await world.shoot()
    assert world.submission().state is State.FAILED
    assert world.submission().code == "lapsed"


async def test_a_task_that_never_ends_is_left_for_the_next_run(world: World) -> None:
    play(world.stage)

    def later(_: Seen) -> Reply:
        world.clock.seconds += 1000 if world.clock.seconds < 7200 else 0
        return reply(200, task("running"))

    world.stage.on("GET", f"{TASKS}/", later)
    body = {"execution_expires_after": 3600}
    with pytest.raises(VendorFailed, match="should have ended"):
        await world.shoot(a_shot(**body))
    assert world.submission(a_shot(**body)).state is State.SUBMITTED
    assert 7200 < world.clock.seconds < 8400


async def test_a_thing_that_is_no_clip_is_fetched_again_and_never_stored(world: World) -> None:
    play(world.stage)
    world.stage.on("GET", "/files/clip.mp4", reply(200, b"#EXTM3U"))
    with pytest.raises(MediaFailed):
        await world.shoot()
    assert world.submission().state is State.READY
    assert len(world.stage.asked("GET", "/files/clip.mp4")) == 3
    world.stage.on("GET", "/files/clip.mp4", reply(200, b"#EXTM3U"), reply(200, CLIP))
    world.reopen()
    await world.shoot()
    assert world.submission().state is State.STORED


@pytest.mark.parametrize("answer", [reply(404), reply(200, b"no picture"), reply(400)])
async def test_a_last_frame_that_cannot_be_had_does_not_cost_the_clip(world: World, answer: Reply) -> None:
    play(world.stage, frame=True)
    world.stage.on("GET", "/files/frame.png", answer)
    assert set(await world.shoot(frames=True)) == {"clip"}
    assert "taken from the clip" in str([event for event in world.events if isinstance(event, Noted)])


async def test_a_fixed_seed_is_counted_up_by_takes(world: World) -> None:
    play(world.stage)
    shot = a_shot(seed=7)
    async with world.craft() as craft:
        with world.store.scratch() as scratch:
            job = world.job(shot, scratch, {})
            await craft.perform(replace(job, step=replace(job.step, take=3)), world.events.append)
    assert world.stage.asked("POST")[0].json["seed"] == 9


async def test_a_request_that_is_too_long_is_not_sent(world: World) -> None:
    play(world.stage)
    with pytest.raises(VendorFailed, match="MB long"):
        await world.shoot(a_shot(model=replace(MODEL, body_bytes=20)))
    assert world.log == []


def test_a_take_is_asked_for_its_frame_when_a_step_would_use_it() -> None:
    from seedance_pipe.plan.history import History
    from seedance_pipe.plan.unroll import unroll
    from seedance_pipe.vendor.shoot import frames_wanted
    from tests.builders import METHODS, shot, story

    graph = unroll(story(shot("a"), shot("b", after="a")), History(), METHODS)
    assert frames_wanted(graph) == {StepKey("a#1")}


async def test_a_task_that_the_vendor_forgot_long_ago_is_settled_and_can_be_bought_anew(world: World) -> None:
    play(world.stage)
    world.stage.on("GET", "/files/clip.mp4", reply(500))
    with pytest.raises(VendorFailed):
        await world.shoot()
    assert world.submission().state is State.READY
    world.stage.on("GET", f"{TASKS}/", refusal(404, "ResourceNotFound"))
    world.clock.seconds += 400 * 86_400
    world.reopen()
    with pytest.raises(VendorFailed, match="a paid clip is lost") as failure:
        await world.shoot()
    assert failure.value.next_step == "run again to buy a new one"
    assert world.submission().state is State.FAILED
