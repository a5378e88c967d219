"""Finals from the task of a draft: what is asked for, and what is not sent because the vendor has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from seedance_pipe.document import thaw
from seedance_pipe.errors import PipeError
from seedance_pipe.plan.fingerprint import document, fingerprint
from seedance_pipe.plan.follows import Follows, Way
from seedance_pipe.plan.graph import DRAFT
from seedance_pipe.plan.history import Drafted, State
from seedance_pipe.run.craft import Job
from seedance_pipe.spec.story import Final, Shot
from seedance_pipe.units import Digest
from tests.builders import frame_from
from tests.vendor.stage import Stage
from tests.vendor.world import TASK, World, a_shot, play

pytestmark = pytest.mark.anyio
CLIP = Digest("c" * 64)
BODY: Mapping[str, Any] = {
    "model": "one",
    "content": [{"type": "draft_task", "draft_task": {"id": None}}],
    "resolution": "1080p",
}


@pytest.fixture
def world(tmp_path: Path, stage: Stage) -> World:
    play(stage)
    return World(tmp_path, stage)


def final(world: World, scratch: Path, task: str) -> Job:
    """Take 2 of a shot that continues another, as it is made from the draft's `task`."""
    plain = a_shot(media=(frame_from("before"),), image=None)
    shot: Shot = replace(plain, final=Final(BODY, ("content", 0, "draft_task", "id")))
    job = world.job(shot, scratch, {}, 2)
    step = replace(
        job.step,
        given={DRAFT: CLIP},
        drafted=Drafted("order", 1, CLIP, 31, task, 0.0),
        follows=Follows(Way.TASK, until=1.0),
    )
    given = document(step, step.given)
    return replace(job, step=step, given=given, fingerprint=fingerprint(given), digests=step.given, inputs={})


async def shoot(world: World, task: str) -> Job:
    async with world.craft() as craft:
        with world.store.scratch() as scratch:
            job = final(world, scratch, task)
            await craft.perform(job, world.events.append)
    return job


async def test_a_final_asks_for_the_drafts_task_alone_and_the_journal_holds_it(world: World) -> None:
    job = await shoot(world, "cgt-draft")
    (sent,) = world.stage.asked("POST")
    assert sent.json["content"] == [{"type": "draft_task", "draft_task": {"id": "cgt-draft"}}]
    assert (sent.json["resolution"], "prompt" in sent.json) == ("1080p", False)
    submission = world.journal.submission(job.fingerprint)
    assert submission is not None
    assert (submission.state, submission.task) == (State.STORED, TASK)
    request: Any = thaw(submission.request)
    assert request["content"] == sent.json["content"]


async def test_without_a_known_task_nothing_is_bought_and_the_way_out_is_named(world: World) -> None:
    with pytest.raises(PipeError, match="from the task of its draft, which is not known here") as told:
        await shoot(world, "")
    assert "import-store" in told.value.next_step
    assert world.stage.asked("POST") == []
