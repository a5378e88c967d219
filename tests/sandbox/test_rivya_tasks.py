"""The life of a Rivya task: states, credits, retries with a key, accounts, faults, restarts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from seedance_pipe.sandbox import Settings
from seedance_pipe.sandbox.settings import RivyaManners
from seedance_pipe.sandbox.vendors.rivya.facts import MODELS
from seedance_pipe.units import Size
from tests.sandbox.reading import frames
from tests.sandbox.rivya import LITE, ONE_5, PRO, TWO, Desk, body, desk
from tests.sandbox.stage import Stage, data_uri, examples, fetched, picture


@pytest.fixture
def shop(sandbox: Stage) -> Iterator[Desk]:
    yield Desk(sandbox)


AFTER = {"queued": 0, "processing": 6, "failed": 40, "succeeded": 40}


@pytest.mark.parametrize("example", examples("rivya", "answers"))
def test_each_state_shows_exactly_the_documented_fields(shop: Desk, example: dict[str, Any]) -> None:
    if example["status"] == "failed":
        shop.stage.fail({"where": "fate", "what": "fail", "code": "generation_failed"})
    task = shop.post(example["request"]).json()["id"]
    shop.stage.clock.pass_by(AFTER[example["status"]])
    shown = shop.get(task)
    assert (shown["status"], sorted(shown)) == (example["status"], example["keys"])
    for name in ("result", "error"):
        assert sorted(shown[name] or []) == example.get(name, [])


def test_a_task_waits_runs_and_succeeds_on_the_clock() -> None:
    with desk() as shop:
        task, seen = shop.create(), []
        for seconds in (4.9, 0.1, 29.9, 0.1):
            shop.stage.clock.pass_by(seconds)
            shown = shop.get(task)
            assert shown["created_at"] == "2026-11-21T12:00:00.000Z"
            seen.append((shown["status"], shown["updated_at"][17:], shown["final_credits"]))
    assert seen == [
        ("queued", "00.000Z", 0),
        ("processing", "05.000Z", 0),
        ("processing", "05.000Z", 0),
        ("succeeded", "35.000Z", 16),
    ]


def test_the_result_is_a_clip_of_24_frames_a_second_and_one(shop: Desk) -> None:
    result = shop.finished(shop.create(PRO, duration="5", seed=7, camera_fixed="true"))["result"]
    assert result["urls"] == [result["primary_url"]]
    assert fetched(result["primary_url"]).content[4:8] == b"ftyp"


def test_the_last_frame_is_the_second_address(shop: Desk) -> None:
    urls = shop.finished(shop.create(TWO, return_last_frame="true", duration=4))["result"]["urls"]
    assert [fetched(url).headers["content-type"] for url in urls] == ["video/mp4", "image/png"]


@pytest.mark.parametrize(
    ("model", "params", "size"),
    [
        (PRO, {}, Size(1248, 704)),
        (LITE, {"aspect_ratio": "9:21", "resolution": "480p"}, Size(416, 960)),
        (ONE_5, {}, Size(960, 960)),
        (TWO, {"aspect_ratio": "adaptive"}, Size(1280, 720)),
    ],
)
def test_sizes_are_those_of_the_model_upstream(shop: Desk, model: str, params: dict[str, Any], size: Size) -> None:
    ratio = params.get("aspect_ratio", "1:1" if model == ONE_5 else "16:9").replace("adaptive", "16:9")
    assert MODELS[model].size(params.get("resolution", "720p"), ratio) == size
    assert shop.post({"model": model, "prompt": "A wave", "params": params}).status_code == 200


def test_adaptive_takes_the_ratio_nearest_to_the_picture() -> None:
    with desk() as shop:
        link = shop.upload(picture(400, 620)).json()["url"]
        items = [{"url": link, "kind": "image"}]
        task = shop.finished(
            shop.create(
                TWO, seedance_scene="frames", aspect_ratio="adaptive", duration=4, referenceMediaItems=items
            )
        )
        clip = shop.stage.http.get(task["result"]["primary_url"])
    assert frames(clip.content)[0].shape == (864, 496, 3)


def test_the_balance_goes_down_when_a_task_starts_and_up_when_it_fails(shop: Desk) -> None:
    before = shop.credits()
    shop.create(LITE)
    assert shop.credits() == before - 16
    shop.create(ONE_5, prompt="Waves sandbox:fail")
    assert shop.credits() == before - 16 - 28
    shop.stage.clock.pass_by(40)
    assert shop.credits() == before - 16
    costs = [(entry["cost"], entry["currency"], entry["charged"]) for entry in shop.stage.ledger()]
    assert costs == [("16", "rivya credits", True), ("28", "rivya credits", False)]
    assert shop.stage.ledger()[0]["vendor"] == "rivya"


def test_a_task_that_the_account_cannot_pay_is_refused() -> None:
    with desk(settings=Settings(rivya=RivyaManners(credits=40))) as shop:
        shop.create(PRO)
        assert shop.refusal(body(LITE)) == (
            402,
            "insufficient_credits",
            "The account does not have enough credits.",
        )
        assert shop.credits() == 15


def test_the_same_key_and_request_is_one_task_and_one_charge(shop: Desk) -> None:
    before, request = shop.credits(), body(PRO)
    first = shop.post(request, idempotency_key="k-1").json()
    shop.stage.clock.pass_by(6)
    again = shop.post(request, idempotency_key="k-1").json()
    assert (again["id"], again["status"]) == (first["id"], "processing")
    assert shop.credits() == before - 25
    assert shop.post(request, idempotency_key="k-2").json()["id"] != first["id"]
    assert len({shop.post(request).json()["id"] for _ in range(2)}) == 2
    assert len(shop.stage.ledger()) == 4


def test_the_same_key_with_another_request_is_a_conflict(shop: Desk) -> None:
    shop.post(body(PRO), idempotency_key="k-3")
    for other in (body(LITE), {"model": "none"}, []):
        assert shop.refusal(other, idempotency_key="k-3")[:2] == (409, "idempotency_conflict")


def test_a_key_whose_request_was_refused_is_free(shop: Desk) -> None:
    assert shop.refusal(body("none"), idempotency_key="k-4")[0] == 400
    assert shop.post(body(PRO), idempotency_key="k-4").status_code == 200


def test_a_lost_answer_is_had_again_with_its_key(shop: Desk) -> None:
    shop.stage.fail({"where": "accepted", "what": "close"})
    with pytest.raises(httpx.RemoteProtocolError):
        shop.post(body(PRO), idempotency_key="k-5")
    assert shop.post(body(PRO), idempotency_key="k-5").json()["id"] == shop.stage.ledger()[0]["id"]
    assert len(shop.stage.ledger()) == 1


def test_each_key_has_an_account_of_its_own(shop: Desk) -> None:
    task = shop.post(body(PRO), idempotency_key="k-6").json()["id"]
    file = shop.upload().json()["id"]
    stranger = {"Authorization": "Bearer another"}
    http = shop.stage.http
    for path in (f"generations/{task}", f"files/{file}", "generations/task_none", "files/file_none"):
        answer = http.get(f"{shop.url}/{path}", headers=stranger)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    assert http.get(f"{shop.url}/credits", headers=stranger).json() == {"current_credits": 100_000}
    other = http.post(f"{shop.url}/generations", json=body(LITE), headers={**stranger, "Idempotency-Key": "k-6"})
    assert other.status_code == 200


def test_a_task_of_another_vendor_is_not_found(shop: Desk) -> None:
    answer = shop.stage.http.get(f"{shop.url}/generations/{shop.stage.create()}")
    assert answer.status_code == 404


@pytest.mark.parametrize("authorization", ["", "a key", "Basic a key", "Bearer"])
def test_a_call_without_a_key_is_refused_but_the_catalogue_is_open(shop: Desk, authorization: str) -> None:
    http, headers = shop.stage.http, {"Authorization": authorization}
    calls = (("POST", "generations"), ("GET", "generations/x"), ("POST", "files"), ("GET", "credits"))
    for method, path in calls:
        answer = http.request(method, f"{shop.url}/{path}", headers=headers)
        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (401, "api_key_missing")
        assert error["requestId"].startswith("req_")
    entries = http.get(f"{shop.url}/models", headers=headers).json()["data"]
    assert [entry["id"] for entry in entries] == list(MODELS)


def test_webhooks_are_not_played(shop: Desk) -> None:
    assert shop.stage.http.post(f"{shop.url}/webhooks", json={}).status_code == 404


def test_a_model_can_be_gone() -> None:
    with desk(settings=Settings(retired=frozenset({ONE_5}))) as shop:
        assert shop.refusal(body(ONE_5)) == (400, "validation_failed", "model")
        assert ONE_5 not in shop.stage.http.get(f"{shop.url}/models").text


def test_a_marked_prompt_is_refused_or_fails(shop: Desk) -> None:
    assert shop.refusal(body(prompt="Waves sandbox:refuse")) == (400, "validation_failed", "prompt")
    task = shop.create(prompt="Waves sandbox:fail")
    shop.stage.clock.pass_by(60)
    shown = shop.get(task)
    assert (shown["status"], shown["error"]["code"]) == ("failed", "generation_failed")
    assert (shown["reserved_credits"], shown["final_credits"], shown["result"]) == (16, 0, None)


@pytest.mark.parametrize(
    ("where", "status", "code", "tasks"),
    [
        ("create", 500, "internal_error", 0),
        ("create", 503, "public_api_disabled", 0),
        ("create", 429, "rate_limited", 0),
        ("create", 403, "api_scope_denied", 0),
        ("accepted", 500, "internal_error", 1),
    ],
)
def test_a_create_can_fail_in_the_vendors_words(
    shop: Desk, where: str, status: int, code: str, tasks: int
) -> None:
    shop.stage.fail({"where": where, "what": "answer", "status": status, "code": code})
    assert shop.refusal(body())[:2] == (status, code)
    assert len(shop.stage.ledger()) == tasks


def test_polls_and_uploads_can_fail_too(shop: Desk) -> None:
    task = shop.create()
    shop.stage.fail(
        {"where": "get", "what": "answer", "status": 429, "code": "rate_limited"},
        {"where": "upload", "what": "answer", "status": 503, "code": "public_api_disabled"},
        {"where": "create", "what": "late", "seconds": 0.01},
        {"where": "create", "what": "html", "status": 502},
    )
    assert shop.stage.http.get(f"{shop.url}/generations/{task}").json()["error"]["code"] == "rate_limited"
    assert shop.upload().json()["error"]["code"] == "public_api_disabled"
    assert shop.post(body()).status_code == 200
    assert shop.post(body()).text.startswith("<!doctype html>")
    assert shop.get(task)["status"] == "queued"


def test_a_status_can_go_backwards_once(shop: Desk) -> None:
    task = shop.create()
    shop.finished(task)
    shop.stage.fail({"where": "get", "what": "backwards"})
    back = shop.get(task)
    assert (back["status"], back["result"], back["updated_at"]) == ("queued", None, back["created_at"])
    assert shop.get(task)["status"] == "succeeded"


def test_fates_of_tasks(shop: Desk) -> None:
    shop.stage.fail(
        {"where": "fate", "what": "queue", "seconds": 1000},
        {"where": "fate", "what": "stuck"},
        {"where": "fate", "what": "expire"},
    )
    tasks = [shop.create() for _ in range(3)]
    shop.stage.clock.pass_by(900)
    assert [shop.get(task)["status"] for task in tasks] == ["queued", "processing", "failed"]
    shop.stage.clock.pass_by(172_800)
    shown = [shop.get(task) for task in tasks]
    assert [(task["status"], task["error"] and task["error"]["code"]) for task in shown] == [
        ("succeeded", None),
        ("failed", "generation_failed"),
        ("failed", "generation_failed"),
    ]


def test_a_link_dies_with_time(shop: Desk) -> None:
    url = shop.finished(shop.create())["result"]["primary_url"]
    shop.stage.clock.pass_by(86_400)
    assert fetched(url).status_code == 403


def test_a_reopened_folder_knows_tasks_keys_credits_and_files(tmp_path: Path) -> None:
    settings = Settings(queued_seconds=5, running_seconds=30, paint_patience=30, rivya=RivyaManners(credits=100))
    with desk(tmp_path, settings=settings) as shop:
        file = shop.upload().json()
        request = body(PRO, referenceMediaItems=[{"url": file["url"], "kind": "image"}])
        task = shop.post(request, idempotency_key="k").json()["id"]
        clock = shop.stage.clock
    with desk(tmp_path, settings=settings, clock=clock) as shop:
        assert shop.post(request, idempotency_key="k").json()["id"] == task
        assert shop.refusal(body(LITE), idempotency_key="k")[0] == 409
        assert shop.credits() == 75
        assert shop.stage.http.get(f"{shop.url}/files/{file['id']}").json() == file
        assert shop.post(request).status_code == 200
        assert shop.finished(task)["final_credits"] == 25


def test_a_picture_sent_as_data_is_no_upload(shop: Desk) -> None:
    item = {"url": data_uri(picture()), "kind": "image"}
    assert shop.refusal(body(PRO, referenceMediaItems=[item]))[2] == "params.referenceMediaItems[0].url"


def test_a_poll_says_processing_while_the_clip_is_being_painted() -> None:
    quick = Settings(queued_seconds=0, running_seconds=0, paint_patience=0)
    with desk(settings=quick) as shop:
        assert shop.get(shop.create(ONE_5, resolution="1080p", duration="4"))["status"] == "processing"
