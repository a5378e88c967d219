"""A key and a signed query that must never be seen again: not in an error, an event, a log or a file."""

from __future__ import annotations

import base64
import logging
import traceback
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from seedance_pipe.errors import InDoubt, PipeError
from tests.vendor.stage import Reply, Reset, Stage, refusal, reply
from tests.vendor.world import FRAME, KEY, QUERY, TASKS, World, done, play, task

pytestmark = pytest.mark.anyio
CODED = base64.b64encode(KEY.encode()).decode()
LEAK = f"Bearer {KEY} / {quote(KEY, safe='')} / {CODED} at https://tos.example/clip.mp4?{QUERY} \x1b[2J"
SECRETS = (KEY, quote(KEY, safe=""), CODED[:-4], "canary%2Fsigned", "X-Tos-Signature")


def leaking(stage: Stage) -> dict[str, tuple[str, str, Reply]]:
    """What a vendor, or something before it, could echo; as rules for the stage."""
    content = {"video_url": f"https://{quote(KEY, safe='')}@tos.example/clip?{QUERY}"}
    inside = {"video_url": f"https://127.0.0.1/clip?{QUERY}"}
    return {
        "refused": ("POST", TASKS, refusal(400, LEAK, LEAK)),
        "busy": ("POST", TASKS, refusal(429, LEAK, LEAK, Retry_After="999")),
        "in doubt": ("POST", TASKS, refusal(500, LEAK, LEAK)),
        "reset": ("POST", TASKS, [Reset()]),
        "html": ("POST", TASKS, reply(502, LEAK.encode())),
        "barred": ("GET", TASKS, refusal(401, f"AuthenticationError {LEAK}", LEAK)),
        "gone": ("GET", TASKS, refusal(404, f"ResourceNotFound {LEAK}", LEAK)),
        "failed": ("GET", TASKS, reply(200, task("failed", error={"code": LEAK, "message": LEAK}))),
        "a user in the address": ("GET", TASKS, reply(200, task("succeeded", content=content))),
        "an address inside": ("GET", TASKS, reply(200, task("succeeded", content=inside))),
        "lapsed": ("GET", "/files", reply(403, LEAK.encode())),
        "server of results": ("GET", "/files", reply(500, LEAK.encode())),
        "redirect": ("GET", "/files", reply(302, Location=f"http://tos.example/?{QUERY}")),
    }


NAMES = list(leaking(Stage()))


def written(folder: Path) -> Iterator[bytes]:
    for path in folder.rglob("*"):
        if path.is_file():
            yield path.read_bytes()


@pytest.mark.parametrize("name", NAMES)
async def test_nothing_that_a_vendor_echoes_comes_through(
    tmp_path: Path, stage: Stage, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    play(stage)
    stage.on(*leaking(stage)[name])
    world = World(tmp_path, stage)
    with pytest.raises(PipeError) as caught:
        await world.shoot()
    error = caught.value
    assert "\x1b" not in error.message + error.next_step
    assert r"\x1b" not in repr(world.events)
    said = "".join(traceback.format_exception(error)) + error.next_step + str(getattr(error, "code", ""))
    texts = [said, repr(world.events), caplog.text, *(data.decode("latin-1") for data in written(tmp_path))]
    for secret in SECRETS:
        assert not [text for text in texts if secret in text]


@pytest.mark.parametrize("name", [KEY, f"cgt {KEY}", quote(KEY, safe=""), CODED])
async def test_a_task_whose_name_has_the_key_in_it_is_never_written_down(
    tmp_path: Path, stage: Stage, name: str
) -> None:
    """Nor one that a list names so, though it bears the mark of our request."""
    play(stage)
    stage.on("POST", TASKS, reply(200, {"id": name}))
    world = World(tmp_path, stage)
    with pytest.raises(InDoubt, match="has a secret of ours in it"):
        await world.shoot()

    sent = stage.asked("POST", TASKS)[0].json
    marked = {"execution_expires_after": sent["execution_expires_after"]}
    listed = {**marked, "id": name, "created_at": int(world.effects.now())}
    stage.on("GET", f"{TASKS}?", reply(200, {"total": 1, "items": [listed]}))
    world.reopen()
    with pytest.raises(InDoubt, match="shows no task of ours"):
        await world.shoot()
    texts = [repr(world.events), *(data.decode("latin-1") for data in written(tmp_path))]
    for secret in SECRETS[:3]:
        assert not [text for text in texts if secret in text]


async def test_a_vendors_words_on_the_way_come_through_clean(tmp_path: Path, stage: Stage) -> None:
    play(stage, frame=True)
    stage.on("GET", TASKS, refusal(503, LEAK), reply(200, task(LEAK)), reply(200, done(stage, frame=True)))
    stage.on("GET", "/files/frame.png", reply(302, Location=f"http://tos.example/?{QUERY}"), reply(200, FRAME))
    world = World(tmp_path, stage)
    await world.shoot(frames=True)
    assert "[2J" in repr(world.events)
    assert r"\x1b" not in repr(world.events)
    texts = [repr(world.events), *(data.decode("latin-1") for data in written(tmp_path))]
    for secret in SECRETS:
        assert not [text for text in texts if secret in text]
