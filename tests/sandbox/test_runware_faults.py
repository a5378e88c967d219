"""Faults in Runware's conversations, each in the vendor's own shapes."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.sandbox.runware import Desk, plain, video
from tests.sandbox.stage import Stage, data_uri, fetched, picture

LOST = (httpx.RemoteProtocolError, httpx.ReadError)


@pytest.fixture
def shop(sandbox: Stage) -> Desk:
    return Desk(sandbox)


@pytest.mark.parametrize("what", ["close", "reset"])
def test_a_lost_answer_leaves_a_task_that_can_be_polled_and_not_be_sent_again(shop: Desk, what: str) -> None:
    task = video()
    shop.stage.fail({"where": "accepted", "what": what})
    with pytest.raises(LOST):
        shop.post(task)
    assert len(shop.stage.ledger()) == 1
    assert shop.refusal(task) == (400, "conflictTaskUUID", "taskUUID")
    assert len(shop.finished(task["taskUUID"])) == 1


@pytest.mark.parametrize("what", ["close", "reset"])
def test_a_connection_lost_before_acceptance_leaves_none(shop: Desk, what: str) -> None:
    task = video()
    shop.stage.fail({"where": "create", "what": what})
    with pytest.raises(LOST):
        shop.post(task)
    assert shop.stage.ledger() == []
    assert shop.post(task).status_code == 200


@pytest.mark.parametrize(
    ("where", "status", "code", "tasks"),
    [
        ("create", 500, "internalServerError", 0),
        ("create", 503, "noAvailableServer", 0),
        ("create", 504, "timeoutProvider", 0),
        ("create", 429, "rateLimitExceeded", 0),
        ("create", 402, "insufficientCredits", 0),
        ("accepted", 500, "internalServerError", 1),
        ("accepted", 504, "providerTimeout", 1),
    ],
)
def test_an_error_answer_before_or_after_acceptance(
    shop: Desk, where: str, status: int, code: str, tasks: int
) -> None:
    shop.stage.fail({"where": where, "what": "answer", "status": status, "code": code})
    task = video()
    answer = shop.post(task)
    assert list(answer.json()) == ["errors"]
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["code"], error["taskUUID"]) == (status, code, task["taskUUID"])
    assert len(shop.stage.ledger()) == tasks


def test_an_answer_can_be_a_page_a_redirect_or_nonsense(shop: Desk) -> None:
    kinds: list[dict[str, Any]] = [{"what": "html", "status": 502}, {"what": "redirect"}, {"what": "nonsense"}]
    shop.stage.fail(*({"where": "accepted", **kind} for kind in kinds))
    page, redirect, nonsense = (shop.post(video()) for _ in kinds)
    assert (page.status_code, page.text[:9], redirect.is_redirect) == (502, "<!doctype", True)
    with pytest.raises(ValueError, match="Expecting value"):
        nonsense.json()
    assert len(shop.stage.ledger()) == 3


@pytest.mark.parametrize("where", ["create", "accepted", "get"])
def test_a_late_answer_is_the_right_one(shop: Desk, where: str) -> None:
    shop.stage.fail({"where": where, "what": "late", "seconds": 0.01})
    assert shop.poll(shop.submit())["data"][0]["status"] == "processing"


def test_a_poll_can_fail_and_the_next_one_tells(shop: Desk) -> None:
    task = shop.submit(positivePrompt="A storm")
    shop.stage.fail(
        {"where": "get", "what": "answer", "status": 503, "code": "serviceUnavailable", "matching": "storm"},
        {"where": "get", "what": "close"},
    )
    assert shop.refusal({"taskType": "getResponse", "taskUUID": task}) == (503, "serviceUnavailable", None)
    with pytest.raises(LOST):
        shop.poll(task)
    assert len(shop.finished(task)) == 1


def test_a_status_can_go_backwards_once(shop: Desk) -> None:
    task = shop.submit(numberResults=2)
    shop.finished(task)
    shop.stage.fail({"where": "get", "what": "backwards"})
    back = shop.poll(task)["data"]
    assert back == [{"taskType": "getResponse", "taskUUID": task, "status": "processing"}] * 2
    assert [item["status"] for item in shop.poll(task)["data"]] == ["success"] * 2


def test_results_can_be_told_twice(shop: Desk) -> None:
    task = shop.submit(numberResults=2)
    shop.finished(task)
    shop.stage.fail({"where": "get", "what": "twice"})
    told = shop.poll(task)["data"]
    assert len(told) == 4
    assert len({item["videoUUID"] for item in told}) == 2


def test_fates_of_results(shop: Desk) -> None:
    shop.stage.fail(
        {"where": "fate", "what": "queue", "seconds": 1000},
        {"where": "fate", "what": "stuck"},
        {"where": "fate", "what": "fail", "code": "providerError"},
        {"where": "fate", "what": "expire"},
    )
    task = shop.submit(numberResults=4)
    shop.stage.clock.pass_by(900)
    told = shop.poll(task)
    assert [(item["taskType"], item.get("progress")) for item in told["data"]] == [
        ("getResponse", None),
        ("videoInference", 99),
    ]
    assert [item["code"] for item in told["errors"]] == ["providerError", "timeoutProvider"]
    assert [entry["charged"] for entry in shop.stage.ledger()] == [False] * 4


def test_an_upload_can_fail_after_it_was_kept(shop: Desk) -> None:
    shop.stage.fail({"where": "upload", "what": "answer", "status": 500, "code": "uploadFailed"})
    task = plain("imageUpload", image=data_uri(picture()))
    assert shop.refusal(task) == (500, "uploadFailed", None)
    assert shop.post(task).status_code == 200


def test_a_download_can_break_off(shop: Desk) -> None:
    (item,) = shop.finished(shop.submit(outputFormat="WEBM"))
    shop.stage.fail(
        {"where": "file", "what": "close", "at": 100}, {"where": "file", "what": "answer", "status": 404}
    )
    with pytest.raises(LOST):
        fetched(item["videoURL"])
    assert [fetched(item["videoURL"]).status_code for _ in range(2)] == [404, 200]


def test_a_dry_run_is_no_acceptance(shop: Desk) -> None:
    shop.stage.fail({"where": "accepted", "what": "answer"})
    assert shop.post(video(), headers={"X-Runware-Dry-Run": "1"}).status_code == 200
    assert shop.post(video()).status_code == 500
