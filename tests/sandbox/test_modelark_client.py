"""A witness from outside: the vendor's own client library, talking to the sandbox over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from volcenginesdkarkruntime import Ark
from volcenginesdkarkruntime._exceptions import (
    ArkAPIStatusError,
    ArkBadRequestError,
    ArkNotFoundError,
    ArkRateLimitError,
)

from seedance_pipe.sandbox import Limits, Settings
from tests.sandbox.stage import PRO, PRO_FAST, TWO, WAVE, Stage, data_uri, fetched, image, picture, stage


@pytest.fixture
def client(sandbox: Stage) -> Iterator[Ark]:
    yield from ark(sandbox)


def ark(sandbox: Stage) -> Iterator[Ark]:
    with httpx.Client(trust_env=False, verify=False) as http:
        yield Ark(base_url=f"{sandbox.address}/api/v3", api_key="a key", http_client=http, max_retries=0)


def test_the_client_creates_polls_and_finds_its_clip(sandbox: Stage, client: Ark) -> None:
    tasks = client.content_generation.tasks
    task = tasks.create(model=PRO_FAST, content=[WAVE], resolution="480p", duration=2, return_last_frame=True)
    assert tasks.get(task_id=task.id).status == "queued"
    sandbox.clock.pass_by(40)
    done = tasks.get(task_id=task.id)
    assert (done.status, done.duration, done.ratio, done.framespersecond) == ("succeeded", 2, "16:9", 24)
    assert done.usage.completion_tokens == 864 * 480 * 49 // 1024
    assert fetched(done.content.video_url).content[4:8] == b"ftyp"
    assert fetched(done.content.last_frame_url).content.startswith(b"\x89PNG")


def test_the_client_sends_pictures(sandbox: Stage, client: Ark) -> None:
    content = [WAVE, image(data_uri(picture())), image(data_uri(picture()), "last_frame")]
    task = client.content_generation.tasks.create(model=PRO, content=content, resolution="480p", frames=29)
    done = sandbox.finished(task.id)
    assert (done["frames"], done["ratio"]) == (29, "16:9")


def test_the_client_lists_and_filters(sandbox: Stage, client: Ark) -> None:
    tasks = client.content_generation.tasks
    ids = [tasks.create(model=model, content=[WAVE]).id for model in (PRO, TWO, PRO)]
    flex = tasks.create(model=PRO, content=[WAVE], service_tier="flex").id
    assert [item.id for item in tasks.list(page_num=1, page_size=2).items] == ids[:0:-1]
    assert [item.id for item in tasks.list(model=TWO, status="queued").items] == [ids[1]]
    assert [item.id for item in tasks.list(task_ids=ids[:2]).items] == ids[1::-1]
    assert [item.id for item in tasks.list(service_tier="flex").items] == [flex]


def test_the_client_deletes(sandbox: Stage, client: Ark) -> None:
    tasks = client.content_generation.tasks
    task = tasks.create(model=PRO, content=[WAVE])
    tasks.delete(task_id=task.id)
    assert tasks.get(task_id=task.id).status == "cancelled"
    running = tasks.create(model=PRO, content=[WAVE])
    sandbox.clock.pass_by(6)
    with pytest.raises(ArkAPIStatusError) as caught:
        tasks.delete(task_id=running.id)
    assert caught.value.status_code == 409


def test_the_client_understands_every_refusal(client: Ark) -> None:
    tasks = client.content_generation.tasks
    with pytest.raises(ArkBadRequestError) as wrong:
        tasks.create(model=PRO, content=[WAVE], duration=99)
    assert wrong.value.body["code"] == "InvalidParameter"
    assert wrong.value.body["param"] == "duration"
    with pytest.raises(ArkNotFoundError) as unknown:
        tasks.get(task_id="cgt-20260101000000-abcde")
    assert unknown.value.body["code"] == "ResourceNotFound"


def test_the_client_understands_a_limit() -> None:
    with stage(settings=Settings(limits=Limits(creates_a_minute=1))) as sandbox:
        for client in ark(sandbox):
            client.content_generation.tasks.create(model=PRO, content=[WAVE])
            with pytest.raises(ArkRateLimitError):
                client.content_generation.tasks.create(model=PRO, content=[WAVE])


def test_the_clients_own_retries_buy_twice_when_an_answer_is_lost(sandbox: Stage) -> None:
    """Why our own client must not retry a create: the vendor's does, and the ledger shows two tasks."""
    sandbox.fail({"where": "accepted", "what": "close"})
    with httpx.Client(trust_env=False, verify=False) as http:
        client = Ark(base_url=f"{sandbox.address}/api/v3", api_key="a key", http_client=http, max_retries=1)
        client.content_generation.tasks.create(model=PRO, content=[WAVE])
    assert len(sandbox.ledger()) == 2
