"""The life of a submission: polls, results one by one, UUIDs, failures, the account, pictures, bills, limits."""

from __future__ import annotations

import base64
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from seedance_pipe.sandbox import Limits, Settings
from seedance_pipe.sandbox.settings import RunwareManners
from seedance_pipe.sandbox.vendors.runware.facts import MODELS, frames_of
from seedance_pipe.units import Size
from tests.sandbox.runware import FAST, ONE_5, PRO, Desk, desk, new_uuid, plain, video
from tests.sandbox.stage import CONTRACTS, SLOW, Stage, data_uri, examples, fetched, picture, stage

DAY = 86_400


@pytest.fixture
def shop(sandbox: Stage) -> Desk:
    return Desk(sandbox)


AFTER = {"submitted": 0, "queued": 0, "running": 6, "finished": 40, "failed": 40}


@pytest.mark.parametrize("example", examples("runware", "answers"))
def test_each_state_shows_exactly_the_documented_fields(shop: Desk, example: dict[str, Any]) -> None:
    task, state = shop.with_uploads(example["request"]), example["state"]
    answer = shop.post(task).json()
    shop.stage.clock.pass_by(AFTER[state])
    told = answer if state == "submitted" else shop.poll(task["taskUUID"])
    ((items),) = told.values()
    (item,) = items
    assert list(told) == ["errors" if state == "failed" else "data"]
    assert sorted(item) == example["keys"]
    assert item["taskUUID"] == task["taskUUID"]


def test_a_task_is_first_a_get_response_then_shows_progress_then_its_clip(shop: Desk) -> None:
    task = shop.submit(seed=7, includeCost=True)
    seen = []
    for seconds in (0, 4.9, 0.2, 15, 14.8):
        shop.stage.clock.pass_by(seconds)
        (item,) = shop.poll(task)["data"]
        seen.append((item["taskType"], item["status"], item.get("progress")))
    shop.stage.clock.pass_by(0.2)
    (item,) = shop.poll(task)["data"]
    assert seen == [
        ("getResponse", "processing", None),
        ("getResponse", "processing", None),
        ("videoInference", "processing", 0),
        ("videoInference", "processing", 50),
        ("videoInference", "processing", 99),
    ]
    assert (item["status"], item["seed"], item["cost"]) == ("success", 7, 0.0076225)
    assert fetched(item["videoURL"]).content[4:8] == b"ftyp"


def test_a_clip_that_is_still_being_painted_is_processing() -> None:
    with desk(settings=Settings(queued_seconds=0, running_seconds=0, paint_patience=0)) as shop:
        task = shop.submit(duration=3)
        (item,) = shop.poll(task)["data"]
        assert (item["status"], item["progress"]) == ("processing", 99)


def test_results_come_singly_each_with_its_own_seed_cost_and_clip(shop: Desk) -> None:
    task = shop.submit(numberResults=3, seed=41, includeCost=True)
    counts = []
    for seconds in (36, 15, 15):
        shop.stage.clock.pass_by(seconds)
        data = shop.poll(task)["data"]
        counts.append(sum(item["status"] == "success" for item in data))
        assert len(data) == 3
    assert counts == [1, 2, 3]
    assert [item["seed"] for item in data] == [41, 42, 43]
    assert {item["cost"] for item in data} == {0.0076225}
    clips = {fetched(item["videoURL"]).content for item in data}
    assert len(clips) == 3
    ledger = shop.stage.ledger()
    assert [entry["id"] for entry in ledger] == [item["videoUUID"] for item in data]
    assert [(entry["vendor"], entry["cost"], entry["currency"], entry["charged"]) for entry in ledger] == [
        ("runware", "0.00762250", "USD", True)
    ] * 3


def test_a_seed_that_was_not_given_is_drawn_from_32_bits(shop: Desk) -> None:
    seeds = {item["seed"] for item in shop.finished(shop.submit(numberResults=4))}
    assert len(seeds) == 4
    assert max(seeds) < 1 << 32


def test_several_tasks_are_polled_at_once_in_any_order(shop: Desk) -> None:
    first, second = shop.submit(), shop.submit(numberResults=2)
    told = shop.poll(second, first, second)["data"]
    assert [item["taskUUID"] for item in told] == [second, second, first, second, second]


def test_a_known_uuid_is_a_conflict_for_ever(tmp_path: Path) -> None:
    with desk(tmp_path, settings=Settings(queued_seconds=0, running_seconds=0, paint_patience=30)) as shop:
        task = video(numberResults=2)
        assert shop.post(task).status_code == 200
        assert shop.refusal(task) == (400, "conflictTaskUUID", "taskUUID")
        (first, second) = shop.finished(task["taskUUID"])
    with desk(tmp_path) as shop:
        assert shop.refusal({**task, "positivePrompt": "Another"})[:2] == (400, "conflictTaskUUID")
        shop.stage.clock.pass_by(300)
        again = shop.poll(task["taskUUID"])["data"]
        assert [item["videoUUID"] for item in again] == [first["videoUUID"], second["videoUUID"]]
        assert len(shop.stage.ledger()) == 2


def test_a_result_never_takes_the_uuid_of_an_older_one(tmp_path: Path) -> None:
    """Both sandboxes draw the same numbers."""
    for made in (1, 2):
        with desk(tmp_path) as shop:
            shop.submit()
            assert len({entry["id"] for entry in shop.stage.ledger()}) == made


def test_a_uuid_whose_results_are_too_old_is_still_taken_but_polls_as_unknown(shop: Desk) -> None:
    task = video()
    shop.post(task)
    shop.stage.clock.pass_by(7 * DAY)
    assert shop.poll(task["taskUUID"])["data"][0]["status"] == "processing"
    assert shop.refusal(task)[1] == "conflictTaskUUID"


def test_a_refused_task_does_not_take_its_uuid(shop: Desk) -> None:
    task = video()
    assert shop.refusal({**task, "duration": 99})[1] == "invalidDuration"
    assert shop.post(task).status_code == 200


def test_an_unknown_uuid_is_answered_as_one_that_just_began(shop: Desk) -> None:
    name = new_uuid()
    assert shop.poll(name) == {"data": [{"taskType": "getResponse", "taskUUID": name, "status": "processing"}]}


@pytest.mark.parametrize("name", ["5", "6ba7b822-9dad-11d1-80b4-00c04fd430c8", None, 5])
def test_a_poll_needs_a_uuid(shop: Desk, name: Any) -> None:
    assert shop.refusal({"taskType": "getResponse", "taskUUID": name}) == (400, "invalidTaskUUID", "taskUUID")
    assert shop.refusal({"taskType": "getResponse"}) == (400, "missingTaskUUID", "taskUUID")
    assert shop.refusal(plain("getResponse", limit=5))[1] == "unsupportedParameter"


# Manners that differ from one witness to another


def quick(**manners: Any) -> Settings:
    return Settings(queued_seconds=0, running_seconds=0, paint_patience=30, runware=RunwareManners(**manners))


def test_finished_items_can_lack_their_status() -> None:
    with desk(settings=quick(finished_status=False)) as shop:
        (item,) = shop.finished(shop.submit())
        assert sorted(item) == ["seed", "taskType", "taskUUID", "videoURL", "videoUUID"]


def test_failures_can_be_items_of_data() -> None:
    with desk(settings=quick(failures_in_data=True)) as shop:
        task = shop.submit(positivePrompt="Waves sandbox:fail")
        told = shop.poll(task)
        (item,) = told["data"]
        assert (list(told), item["status"]) == (["data"], "error")
        assert item["error"]["code"] == "providerContentPolicyViolation"


def test_an_unknown_uuid_can_be_an_error() -> None:
    with desk(settings=quick(unknown_is_an_error=True)) as shop:
        known = shop.submit()
        assert shop.refusal(plain("getResponse")) == (404, "taskNotFound", "taskUUID")
        both = shop.post(plain("getResponse"), {"taskType": "getResponse", "taskUUID": known})
        assert (both.status_code, list(both.json())) == (200, ["data", "errors"])


# Markers, failures


def test_a_marked_prompt_is_refused_or_fails(shop: Desk) -> None:
    refused = shop.refusal(video(positivePrompt="Waves sandbox:refuse"))
    assert refused == (400, "contentPolicyViolation", "positivePrompt")
    task = shop.submit(positivePrompt="Waves sandbox:fail", numberResults=2)
    shop.stage.clock.pass_by(60)
    told = shop.poll(task)
    assert list(told) == ["errors"]
    assert [(item["code"], item["status"], item["taskUUID"]) for item in told["errors"]] == [
        ("providerContentPolicyViolation", "error", task)
    ] * 2
    assert [entry["charged"] for entry in shop.stage.ledger()] == [False, False]


def test_one_result_can_fail_beside_another(shop: Desk) -> None:
    shop.stage.fail({"where": "fate", "what": "fail", "code": "providerError"})
    task = shop.submit(numberResults=2)
    shop.stage.clock.pass_by(60)
    told = shop.poll(task)
    assert [item["status"] for item in told["data"]] == ["success"]
    assert [item["code"] for item in told["errors"]] == ["providerError"]


# Details


def test_details_show_the_task_as_it_was_sent_and_what_became_of_it(shop: Desk) -> None:
    task = video(includeCost=True)
    shop.post(task)
    shop.finished(task["taskUUID"])
    (details,) = shop.post({"taskType": "getTaskDetails", "taskUUID": task["taskUUID"]}).json()["data"]
    assert details["request"] == [task]
    assert details["response"] == shop.poll(task["taskUUID"])
    assert shop.refusal(plain("getTaskDetails")) == (404, "taskNotFound", "taskUUID")


def test_details_of_a_uuid_that_was_sent_again_show_the_refusal(shop: Desk) -> None:
    task = video()
    shop.post(task)
    shop.post({**task, "seed": 5})
    shop.post({**task, "seed": 6}, headers={"X-Runware-Dry-Run": "1"})
    (details,) = shop.post({"taskType": "getTaskDetails", "taskUUID": task["taskUUID"]}).json()["data"]
    assert details["request"] == [{**task, "seed": 5}]
    assert details["response"]["errors"][0]["code"] == "conflictTaskUUID"


# The account


def account(shop: Desk) -> dict[str, Any]:
    (item,) = shop.post(plain("accountManagement", operation="getDetails")).json()["data"]
    return dict(item)


def test_the_balance_goes_down_by_what_succeeded_and_runs_out() -> None:
    one = MODELS[FAST].cost(Size(864, 480), 29, sound=False)
    with desk(settings=Settings(runware=RunwareManners(balance=one * 3), paint_patience=30)) as shop:
        failing = shop.submit(positivePrompt="Waves sandbox:fail")
        shop.submit(numberResults=2)
        assert account(shop)["balance"] == {"amount": float(one * 3), "freeBalance": 0, "currency": "USD"}
        assert shop.refusal(video()) == (402, "insufficientCredits", None)
        shop.stage.clock.pass_by(60)
        assert "errors" in shop.poll(failing)
        assert account(shop)["balance"]["amount"] == float(one)
        shop.submit()
        shop.stage.clock.pass_by(2 * DAY)
        usage = account(shop)["usage"]
        assert (usage["today"]["requests"], usage["last7Days"]["requests"]) == (0, 3)
        assert usage["total"] == {"credits": float(one * 3), "requests": 3}
        assert shop.refusal(video())[0] == 402


def test_the_account_has_one_operation(shop: Desk) -> None:
    assert shop.refusal(plain("accountManagement"))[1:] == ("missingOperation", "operation")
    assert shop.refusal(plain("accountManagement", operation="getBalance"))[1:] == (
        "invalidOperation",
        "operation",
    )


def test_a_ping_needs_no_uuid(shop: Desk) -> None:
    assert shop.post({"taskType": "ping", "ping": True}).json() == {"data": [{"taskType": "ping", "pong": True}]}
    task = plain("ping")
    assert shop.post(task).json() == {"data": [{**task, "pong": True}]}


# Pictures

FORMS = ("PNG", "JPEG", "WEBP", "BMP", "GIF")


@pytest.mark.parametrize("form", FORMS)
def test_a_picture_can_be_uploaded_in_each_format(shop: Desk, form: str) -> None:
    task = plain("imageUpload", image=base64.b64encode(picture(form=form)).decode())
    (item,) = shop.post(task).json()["data"]
    assert (item["taskType"], item["taskUUID"]) == ("imageUpload", task["taskUUID"])
    assert fetched(item["imageURL"]).content == picture(form=form)
    assert shop.post(video(inputs={"frameImages": [item["imageUUID"].upper()]})).status_code == 200
    assert shop.post(video(inputs={"frameImages": [item["imageURL"]]})).status_code == 200


def test_a_large_upload_is_stored_with_2048_pixels_at_most(shop: Desk) -> None:
    (item,) = shop.post(plain("imageUpload", image=data_uri(picture(3000, 1500)))).json()["data"]
    stored = Image.open(io.BytesIO(fetched(item["imageURL"]).content))
    assert (stored.size, stored.format) == ((2048, 1024), "PNG")


@pytest.mark.parametrize(
    "image",
    [
        "not base64!",
        "data:image/png;base64,%%",
        "data:video/mp4;base64,AAAA",
        data_uri(picture(form="TIFF"), "image/tiff"),
        base64.b64encode(picture()[:500]).decode(),
        "https://[",
        "gopher://example.com/a.png",
        "http://127.0.0.1/uploads/never.png",
        "é",
    ],
)
def test_what_is_no_picture_is_refused(shop: Desk, image: str) -> None:
    assert shop.refusal(plain("imageUpload", image=image)) == (400, "invalidImage", "image")
    task = video(inputs={"frameImages": [{"image": image}]})
    assert shop.refusal(task) == (400, "invalidImage", "inputs.frameImages.0.image")


@pytest.mark.parametrize("image", [None, 5, ""])
def test_an_upload_needs_a_text(shop: Desk, image: Any) -> None:
    assert shop.refusal(plain("imageUpload", image=image)) == (400, "invalidImage", "image")
    assert shop.refusal(plain("imageUpload")) == (400, "missingImage", "image")


def test_an_upload_is_deleted_thirty_days_after_its_last_use(shop: Desk) -> None:
    name = shop.upload()
    inputs = {"frameImages": [name]}
    for _ in range(2):
        shop.stage.clock.pass_by(29 * DAY)
        shop.submit(inputs=inputs)
    shop.stage.clock.pass_by(30 * DAY)
    assert shop.refusal(video(inputs=inputs)) == (404, "mediaNotFound", "inputs.frameImages.0")


@pytest.mark.parametrize(
    ("size", "code"),
    [
        ((300, 300), None),
        ((299, 300), "invalidFrameImageWidth"),
        ((300, 299), "invalidFrameImageHeight"),
        ((6000, 300), None),
        ((6001, 300), "invalidFrameImageWidth"),
    ],
)
def test_a_frame_has_300_to_6000_pixels_a_side(shop: Desk, size: tuple[int, int], code: str | None) -> None:
    answer = shop.post(video(inputs={"frameImages": [data_uri(picture(*size))]}))
    assert (answer.status_code == 200) is (code is None)
    if code:
        assert answer.json()["errors"][0]["code"] == code


def test_a_frame_over_ten_megabytes_is_refused(shop: Desk) -> None:
    heavy = picture() + bytes(10 << 20)
    assert shop.refusal(video(inputs={"frameImages": [data_uri(heavy)]}))[1] == "invalidFrameImages"
    assert shop.post(plain("imageUpload", image=data_uri(heavy))).status_code == 200


def test_foreign_pictures_can_be_out_of_reach() -> None:
    task = video(inputs={"frameImages": ["https://example.com/a.png"]})
    with desk(settings=Settings(foreign_media=False)) as shop:
        assert shop.refusal(task) == (400, "invalidFrameImages", "inputs.frameImages.0")
        assert shop.refusal(plain("imageUpload", image="https://example.com/a.png"))[1] == "invalidImage"
    with desk() as shop:
        assert shop.post(task).status_code == 200
        assert shop.upload("https://example.com/a.png")


@pytest.mark.parametrize(
    ("model", "fields", "shape", "size"),
    [
        (PRO, {"resolution": "480p"}, (700, 400), Size(864, 480)),
        (PRO, {"resolution": "480p"}, (400, 920), Size(416, 960)),
        (PRO, {"resolution": "1080p"}, (500, 500), Size(1440, 1440)),
        (PRO, {"resolution": None}, (400, 300), Size(1664, 1248)),
        (PRO, {"width": 640, "height": 640}, (700, 400), Size(640, 640)),
        (FAST, {"resolution": "720p"}, (400, 920), Size(704, 1248)),
        (ONE_5, {"resolution": None}, (900, 400), Size(1470, 630)),
        (ONE_5, {"resolution": "480p"}, (300, 400), Size(560, 752)),
    ],
)
def test_a_picture_picks_the_nearest_size_unless_pixels_are_named(
    shop: Desk, model: str, fields: dict[str, Any], shape: tuple[int, int], size: Size
) -> None:
    shop.submit(model, inputs={"frameImages": [data_uri(picture(*shape))]}, **fields)
    frames = 97 if model == ONE_5 else 29
    cost = MODELS[model].cost(size, frames, sound=model == ONE_5)
    assert Decimal(shop.stage.ledger()[-1]["cost"]) == cost


# Bills

BILLS = json.loads((CONTRACTS / "runware" / "bills" / "receipts.json").read_text())["rows"]


@pytest.mark.parametrize("bill", BILLS, ids=lambda bill: f"{bill['model']}-{bill['width']}-{bill['cost']}")
def test_a_result_costs_what_was_seen(shop: Desk, bill: dict[str, Any]) -> None:
    fields = {key: bill[key] for key in ("width", "height", "duration")}
    if "sound" in bill:
        fields["providerSettings"] = {"bytedance": {"audio": bill["sound"]}}
    shop.submit(bill["model"], **fields)
    assert abs(float(shop.stage.ledger()[-1]["cost"]) - bill["cost"]) <= bill["tolerance"]


@pytest.mark.parametrize(
    ("seconds", "frames"),
    [(1.2, 29), (1.3, 33), (1.4, 33), (2.4, 57), (5, 121), (5.1, 125), (6.3, 153), (11.9, 285), (12, 289)],
)
def test_a_length_becomes_the_nearest_rung_of_frames(seconds: float, frames: int) -> None:
    assert frames_of(seconds) == frames


def test_every_length_becomes_a_legal_count_of_frames() -> None:
    counts = [frames_of(tenths / 10) for tenths in range(12, 121)]
    assert counts == sorted(counts)
    assert set(counts) == set(range(29, 290, 4))
    assert all(abs(count - (2.4 * tenths + 1)) <= 2 for tenths, count in zip(range(12, 121), counts, strict=True))


# Limits, links, neighbours


def test_a_full_queue_and_too_many_calls_are_refused() -> None:
    limits = Limits(concurrent=1, queued=2, creates_a_minute=3, gets_a_second=1)
    with desk(settings=Settings(queued_seconds=5, limits=limits)) as shop:
        assert shop.refusal(video(numberResults=3)) == (429, "inferenceRateLimitExceeded", None)
        task = shop.submit(numberResults=2)
        assert shop.refusal(video())[1] == "inferenceRateLimitExceeded"
        assert shop.refusal(video()) == (429, "rateLimitExceeded", None)
        told = shop.post(*[{"taskType": "getResponse", "taskUUID": task}] * 2)
        assert (told.status_code, len(told.json()["data"]), len(told.json()["errors"])) == (200, 2, 1)


def test_a_link_lives_as_long_as_the_ttl_says(shop: Desk) -> None:
    (item,) = shop.finished(shop.submit(ttl=60))
    # Done after 35 s of the 100 s that passed.
    assert fetched(item["videoURL"]).status_code == 403
    (item,) = shop.finished(shop.submit(ttl=120))
    assert fetched(item["videoURL"]).status_code == 200
    shop.stage.clock.pass_by(60)
    assert fetched(item["videoURL"]).status_code == 403


def test_other_vendors_know_nothing_of_these_tasks() -> None:
    with stage(settings=SLOW) as sandbox:
        shop = Desk(sandbox)
        shop.submit()
        ours = sandbox.ledger()[0]["id"]
        theirs = sandbox.create()
        assert sandbox.listed() == [theirs]
        assert sandbox.http.get(f"{sandbox.tasks}/{ours}").status_code == 404
        assert account(shop)["usage"]["total"]["requests"] == 0
