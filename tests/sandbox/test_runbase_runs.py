"""The life of a run: states, money, the shared limit, accounts, faults, restarts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from seedance_pipe.sandbox import DOCUMENTED_LIMITS, Limits, Settings
from seedance_pipe.sandbox.settings import RunbaseManners
from seedance_pipe.sandbox.vendors.runbase.facts import MODELS
from seedance_pipe.units import Size
from tests.sandbox.runbase import LITE, ONE_5, PRO, Desk, body, desk
from tests.sandbox.stage import SLOW, Stage, examples, fetched


@pytest.fixture
def shop(sandbox: Stage) -> Iterator[Desk]:
    yield Desk(sandbox)


AFTER = {"pending": 0, "processing": 6, "failed": 40, "succeeded": 40}


@pytest.mark.parametrize("example", examples("runbase", "answers"))
def test_each_state_shows_exactly_the_documented_fields(shop: Desk, example: dict[str, Any]) -> None:
    if example["status"] == "failed":
        shop.stage.fail({"where": "fate", "what": "fail", "code": "provider_error"})
    shown = shop.post(example["request"]).json()
    if example["status"] != "created":
        shop.stage.clock.pass_by(AFTER[example["status"]])
        shown = shop.get(shown["id"])
        assert shown["status"] == example["status"]
    assert sorted(shown) == example["keys"]


def test_a_run_waits_runs_and_succeeds_on_the_clock() -> None:
    with desk() as shop:
        run, seen = shop.create(), []
        for seconds in (4.9, 0.1, 29.9, 0.1):
            shop.stage.clock.pass_by(seconds)
            seen.append(shop.get(run)["status"])
        shown = shop.get(run)
    assert run.startswith("run_")
    assert seen == ["pending", "processing", "processing", "succeeded"]
    assert (shown["createdAt"], shown["completedAt"]) == ("2026-11-21T12:00:00.000Z", "2026-11-21T12:00:35.000Z")


def test_the_output_is_a_clip(shop: Desk) -> None:
    (url,) = shop.finished(shop.create(ONE_5, generate_audio=False))["output"]["urls"]
    assert fetched(url).content[4:8] == b"ftyp"


def test_sizes_are_those_of_the_model_upstream() -> None:
    assert MODELS[PRO].size("720p", "16:9") == Size(1248, 704)
    assert MODELS[LITE].size("480p", "9:16") == Size(480, 864)
    assert MODELS[ONE_5].size("1080p", "21:9") == Size(2206, 946)


def test_the_cost_is_a_whole_number_of_micro_dollars_and_stands_on_the_ledger(shop: Desk) -> None:
    made = shop.post(body(LITE)).json()
    assert isinstance(made["costUsd"], int)
    assert shop.get(made["id"])["costUsd"] == made["costUsd"]
    (entry,) = shop.stage.ledger()
    assert (entry["vendor"], entry["currency"]) == ("runbase", "USD")
    assert Decimal(entry["cost"]) * 1_000_000 == made["costUsd"]
    silent, loud = (shop.post(body(ONE_5, generate_audio=sound)).json()["costUsd"] for sound in (False, True))
    assert loud == 2 * silent


def test_a_run_is_paid_when_created_and_given_back_when_it_fails() -> None:
    price = Decimal(MODELS[LITE].cost("480p", 5, sound=False)) / 1_000_000
    with desk(settings=replace(SLOW, runbase=RunbaseManners(balance=price))) as shop:
        failing = shop.create(prompt="Waves sandbox:fail")
        assert shop.refusal(body())[:2] == (402, "insufficient_balance")
        shop.stage.clock.pass_by(40)
        assert shop.get(failing)["status"] == "failed"
        shop.create()
        shop.stage.clock.pass_by(40)
        assert shop.refusal(body())[:2] == (402, "insufficient_balance")
        assert shop.post(body(), key="another").status_code == 200
        assert [entry["charged"] for entry in shop.stage.ledger()] == [False, True, False]


def test_twenty_calls_in_ten_seconds_are_all_that_a_key_has() -> None:
    with desk(settings=replace(SLOW, limits=DOCUMENTED_LIMITS)) as shop:
        runs = [shop.create() for _ in range(5)]
        assert [shop.ask(runs[0]).status_code for _ in range(15)] == [200] * 15
        for answer in (shop.ask(runs[0]), shop.post(body()), shop.ask("run_none")):
            assert answer.status_code == 429
            assert answer.json()["error"]["code"] == "RATE_LIMITED"
            assert "retry-after" not in answer.headers
        assert shop.post(body(), key="another").status_code == 200
        shop.stage.clock.pass_by(9.9)
        assert shop.ask(runs[0]).status_code == 429
        shop.stage.clock.pass_by(0.1)
        assert shop.ask(runs[0]).status_code == 200


def test_the_limit_is_off_unless_it_is_asked_for(shop: Desk) -> None:
    assert Limits().runs_calls is None
    run = shop.create()
    assert {shop.ask(run).status_code for _ in range(30)} == {200}


def test_a_keys_quota_can_be_used_up() -> None:
    with desk(settings=Settings(runbase=RunbaseManners(runs=1))) as shop:
        run = shop.create()
        assert shop.refusal(body())[:2] == (429, "USAGE_EXCEEDED")
        assert shop.ask(run).status_code == 200


def test_a_run_of_another_key_is_not_found(shop: Desk) -> None:
    for run, key in ((shop.create(), "another"), ("run_none", "a key"), (shop.stage.create(), "a key")):
        answer = shop.ask(run, key=key)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "run_not_found")


def test_no_key_is_kept(tmp_path: Path) -> None:
    with desk(tmp_path) as shop:
        shop.post(body(), key="canary-key-1")
    for path in tmp_path.iterdir():
        assert path.is_dir() or b"canary-key-1" not in path.read_bytes()


@pytest.mark.parametrize("authorization", ["", "a key", "Basic a key", "Bearer"])
def test_a_call_without_a_key_is_refused(shop: Desk, authorization: str) -> None:
    for method, url in (("POST", shop.url), ("GET", f"{shop.url}/run_1")):
        answer = shop.stage.http.request(method, url, headers={"Authorization": authorization})
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "missing_api_key")


def test_a_model_can_be_gone() -> None:
    with desk(settings=Settings(retired=frozenset({PRO}))) as shop:
        assert shop.refusal(body(PRO))[:2] == (400, "model_not_found")


def test_a_marked_prompt_is_refused_or_fails_with_a_text(shop: Desk) -> None:
    assert shop.refusal(body(prompt="Waves sandbox:refuse")) == (400, "invalid_input", "input.prompt")
    run = shop.create(prompt="Waves sandbox:fail")
    shop.stage.clock.pass_by(60)
    shown = shop.get(run)
    assert (shown["status"], shown["error"]) == ("failed", "The generation failed: content_policy")


def test_a_failed_run_can_tell_its_error_as_an_object() -> None:
    settings = replace(SLOW, runbase=RunbaseManners(errors_are_objects=True))
    with desk(settings=settings) as shop:
        run = shop.create(prompt="Waves sandbox:fail")
        shop.stage.clock.pass_by(60)
        assert shop.get(run)["error"] == {"message": "The generation failed", "code": "content_policy"}


@pytest.mark.parametrize(
    ("where", "status", "code", "runs"),
    [
        ("create", 500, "internal_error", 0),
        ("create", 429, "RATE_LIMITED", 0),
        ("create", 403, "ip_not_allowed", 0),
        ("create", 403, "api_key_spend_limit_exceeded", 0),
        ("create", 401, "invalid_api_key", 0),
        ("accepted", 500, "internal_error", 1),
    ],
)
def test_a_create_can_fail_in_the_vendors_words(shop: Desk, where: str, status: int, code: str, runs: int) -> None:
    shop.stage.fail({"where": where, "what": "answer", "status": status, "code": code})
    assert shop.refusal(body())[:2] == (status, code)
    assert len(shop.stage.ledger()) == runs


def test_a_lost_answer_leaves_a_run_on_the_ledger(shop: Desk) -> None:
    shop.stage.fail({"where": "accepted", "what": "close"})
    with pytest.raises(httpx.RemoteProtocolError):
        shop.post(body())
    assert len(shop.stage.ledger()) == 1


def test_other_faults_of_creating_and_polling(shop: Desk) -> None:
    run = shop.create()
    shop.finished(run)
    shop.stage.fail(
        {"where": "create", "what": "late", "seconds": 0.01},
        {"where": "create", "what": "html", "status": 500},
        {"where": "get", "what": "backwards"},
        {"where": "get", "what": "answer", "status": 429, "code": "RATE_LIMITED"},
        {"where": "get", "what": "nonsense"},
    )
    assert shop.post(body()).status_code == 200
    assert shop.post(body()).text.startswith("<!doctype html>")
    back = shop.get(run)
    assert (back["status"], "output" in back, "completedAt" in back) == ("pending", False, False)
    assert shop.ask(run).json()["error"]["code"] == "RATE_LIMITED"
    assert shop.ask(run).text == '{"id": '
    assert shop.get(run)["status"] == "succeeded"


def test_fates_of_runs(shop: Desk) -> None:
    shop.stage.fail({"where": "fate", "what": "stuck"}, {"where": "fate", "what": "expire"})
    runs = [shop.create() for _ in range(2)]
    shop.stage.clock.pass_by(900)
    assert [shop.get(run)["status"] for run in runs] == ["processing", "failed"]
    shop.stage.clock.pass_by(172_800)
    assert [shop.get(run)["error"] for run in runs] == ["The generation failed: generation_failed"] * 2


def test_a_reopened_folder_knows_runs_money_and_keys(tmp_path: Path) -> None:
    settings = replace(SLOW, runbase=RunbaseManners(balance=Decimal("0.05")))
    with desk(tmp_path, settings=settings) as shop:
        run, clock = shop.create(), shop.stage.clock
        shop.create()
    with desk(tmp_path, settings=settings, clock=clock) as shop:
        assert shop.refusal(body())[:2] == (402, "insufficient_balance")
        assert shop.ask(run, key="another").status_code == 404
        assert shop.finished(run)["output"]["urls"]
