"""The life of a task: states on a clock, what each shows, lists, deletion, retention, drafts, sizes and bills."""

from __future__ import annotations

import json
from typing import Any

import pytest

from seedance_pipe.sandbox import Limits, Settings
from seedance_pipe.sandbox.vendors.modelark.facts import MODELS, nearest_ratio, tokens_with_video
from seedance_pipe.units import Size
from tests.sandbox.stage import (
    CONTRACTS,
    ONE_5,
    PRO,
    PRO_FAST,
    TWO,
    TWO_5,
    WAVE,
    Stage,
    data_uri,
    examples,
    image,
    picture,
    stage,
)

DAY = 86_400


def test_a_task_waits_runs_and_succeeds_on_the_clock(sandbox: Stage) -> None:
    task = sandbox.create()
    seen = [(sandbox.get(task)["status"], sandbox.get(task)["updated_at"] - sandbox.began)]
    for seconds in (4.9, 0.1, 29.9, 0.1):
        sandbox.clock.pass_by(seconds)
        shown = sandbox.get(task)
        seen.append((shown["status"], shown["updated_at"] - sandbox.began))
    assert seen == [("queued", 0), ("queued", 0), ("running", 5), ("running", 5), ("succeeded", 35)]


AFTER = {"queued": 0, "running": 6, "failed": 40, "succeeded": 40}


@pytest.mark.parametrize("example", examples("modelark", "answers"))
def test_each_state_shows_exactly_the_documented_fields(sandbox: Stage, example: dict[str, Any]) -> None:
    if example["status"] == "failed":
        sandbox.fail({"where": "fate", "what": "fail", "code": "OutputVideoSensitiveContentDetected"})
    task = sandbox.post(example["request"]).json()["id"]
    sandbox.clock.pass_by(AFTER[example["status"]])
    shown = sandbox.get(task)
    assert shown["status"] == example["status"]
    assert sorted(shown) == example["keys"]


BILLS = json.loads((CONTRACTS / "modelark" / "bills" / "live.json").read_text())["rows"]


@pytest.mark.parametrize("bill", BILLS, ids=lambda bill: "-".join(str(value) for value in bill.values()))
def test_a_task_is_recorded_with_the_bill_that_was_seen_live(shared: Stage, bill: dict[str, Any]) -> None:
    fields = {name: value for name, value in bill.items() if name not in ("model", "tokens")}
    task = shared.create(bill["model"], **fields)
    assert next(entry["tokens"] for entry in shared.ledger() if entry["id"] == task) == bill["tokens"]


def test_a_task_with_frames_is_billed_by_frames(shared: Stage) -> None:
    shared.create(PRO, frames=57)
    assert shared.ledger()[-1]["tokens"] == 864 * 480 * 57 // 1024


def test_a_draft_costs_a_part_of_a_normal_run(shared: Stage) -> None:
    shared.create(ONE_5, draft=True, generate_audio=True)
    shared.create(ONE_5, draft=True, generate_audio=False)
    assert [entry["tokens"] for entry in shared.ledger()[-2:]] == [int(40594 * 0.6), int(40594 * 0.7)]


@pytest.mark.parametrize(
    ("seconds_in", "out", "resolution", "billed"),
    [(2, 5, "720p", 9), (5, 5, "720p", 10), (2, 10, "1080p", 18), (3, 5, "4k", 8)],
)
def test_video_input_is_billed_with_its_length_but_no_less_than_the_floor(
    seconds_in: float, out: int, resolution: str, billed: int
) -> None:
    size = Size(1280, 720)
    assert tokens_with_video(size, seconds_in, out, resolution) == 1280 * 720 * 24 * billed // 1024


@pytest.mark.parametrize("model", MODELS.values(), ids=lambda model: model.id)
def test_every_size_is_even_and_has_about_the_ratio_of_its_name(model: Any) -> None:
    for resolution in model.resolutions:
        for ratio in ("16:9", "4:3", "1:1", "3:4", "9:16", "21:9"):
            size = model.size(resolution, ratio)
            assert (size.width % 2, size.height % 2) == (0, 0)
            assert nearest_ratio(size.aspect) == ratio


def test_adaptive_takes_the_ratio_nearest_to_the_picture(sandbox: Stage) -> None:
    task = sandbox.create(PRO_FAST, image(data_uri(picture(400, 620))), ratio="adaptive", duration=2)
    assert sandbox.finished(task)["ratio"] == "9:16"


def test_a_picture_makes_adaptive_the_default(sandbox: Stage) -> None:
    task = sandbox.create(PRO_FAST, image(data_uri(picture(400, 400))), duration=2)
    assert sandbox.finished(task)["ratio"] == "1:1"


def test_the_model_picks_a_length_within_its_range(shared: Stage) -> None:
    picked = {shared.get(shared.create(ONE_5, duration=-1))["id"]: None for _ in range(20)}
    tokens = {entry["tokens"] for entry in shared.ledger() if entry["id"] in picked}
    assert tokens <= {864 * 496 * (24 * seconds + 1) // 1024 for seconds in range(4, 13)}
    assert len(tokens) > 1


def test_a_seed_that_was_not_given_is_drawn_and_shown_on_success(sandbox: Stage) -> None:
    drawn, given = sandbox.create(duration=2), sandbox.create(duration=2, seed=41)
    assert 1 <= sandbox.finished(drawn)["seed"] <= 99_999
    assert sandbox.finished(given)["seed"] == 41


def test_ids_carry_the_time_in_china_and_flex_ones_say_batch() -> None:
    with stage() as sandbox:
        assert sandbox.create().startswith("cgt-20261121200000-")
        assert sandbox.create(service_tier="flex").startswith("cgt-batch-20261121200000-")


def test_a_list_is_newest_first_and_hides_flex_tasks(sandbox: Stage) -> None:
    first, second = sandbox.create(), sandbox.create(PRO)
    flex = sandbox.create(service_tier="flex")
    assert sandbox.listed() == [second, first]
    assert sandbox.listed("filter.service_tier=flex") == [flex]
    assert sandbox.listed(f"filter.model={PRO}") == [second]
    assert sandbox.listed(f"filter.task_ids={first}&filter.task_ids={flex}") == [first]
    assert sandbox.listed("filter.status=running") == []


def test_a_list_comes_in_pages_and_counts_all(sandbox: Stage) -> None:
    tasks = [sandbox.create() for _ in range(5)][::-1]
    answer = sandbox.http.get(f"{sandbox.tasks}?page_num=2&page_size=2").json()
    assert (answer["total"], [task["id"] for task in answer["items"]]) == (5, tasks[2:4])


@pytest.mark.parametrize(
    "query",
    ["page_num=0", "page_size=501", "page_num=x", "page_num=²", "filter.status=done", "filter.service_tier=x"],
)
def test_a_list_with_a_wrong_query_is_refused(shared: Stage, query: str) -> None:
    answer = shared.http.get(f"{shared.tasks}?{query}")
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, query.partition("=")[0])


def test_a_list_shows_a_task_as_retrieve_does(sandbox: Stage) -> None:
    shown = sandbox.finished(sandbox.create(duration=2))
    assert sandbox.http.get(sandbox.tasks).json()["items"] == [shown]


def test_a_queued_task_can_be_cancelled_and_is_not_charged(sandbox: Stage) -> None:
    task = sandbox.create()
    answer = sandbox.http.delete(f"{sandbox.tasks}/{task}")
    assert (answer.status_code, answer.json()) == (200, {})
    sandbox.clock.pass_by(60)
    assert sandbox.get(task)["status"] == "cancelled"
    assert sandbox.http.delete(f"{sandbox.tasks}/{task}").status_code == 400
    assert [entry["charged"] for entry in sandbox.ledger()] == [False]
    sandbox.clock.pass_by(DAY)
    assert sandbox.http.get(f"{sandbox.tasks}/{task}").status_code == 404


def test_a_running_task_cannot_be_stopped(sandbox: Stage) -> None:
    task = sandbox.create()
    sandbox.clock.pass_by(6)
    answer = sandbox.http.delete(f"{sandbox.tasks}/{task}")
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (409, "InvalidAction.RunningTaskDeletion")
    assert task in error["message"]


def test_a_task_whose_clip_is_still_being_painted_runs_and_cannot_be_stopped() -> None:
    with stage(settings=Settings(queued_seconds=0, running_seconds=0, paint_patience=0)) as sandbox:
        task = sandbox.create(TWO, duration=5, resolution="1080p")
        assert sandbox.get(task)["status"] == "running"
        assert sandbox.http.delete(f"{sandbox.tasks}/{task}").status_code == 409


def test_a_finished_task_can_be_deleted_but_stays_charged(sandbox: Stage) -> None:
    task = sandbox.create(duration=2)
    sandbox.finished(task)
    assert sandbox.http.delete(f"{sandbox.tasks}/{task}").json() == {}
    for method in ("GET", "DELETE"):
        error = sandbox.http.request(method, f"{sandbox.tasks}/{task}").json()["error"]
        assert (error["code"], error["type"]) == ("ResourceNotFound", "NotFound")
    assert [(entry["charged"], entry["deleted"]) for entry in sandbox.ledger()] == [(True, True)]


def test_a_record_lives_seven_days(sandbox: Stage) -> None:
    task = sandbox.create(duration=2)
    sandbox.clock.pass_by(7 * DAY - 1)
    assert sandbox.get(task)["status"] == "succeeded"
    sandbox.clock.pass_by(1)
    assert sandbox.http.get(f"{sandbox.tasks}/{task}").status_code == 404
    assert sandbox.listed() == []


def test_a_task_that_does_not_end_in_time_expires(sandbox: Stage) -> None:
    sandbox.fail({"where": "fate", "what": "stuck"})
    task = sandbox.create(execution_expires_after=3600)
    sandbox.clock.pass_by(3599)
    assert sandbox.get(task)["status"] == "running"
    sandbox.clock.pass_by(1)
    assert sandbox.get(task)["status"] == "expired"
    assert sandbox.get(task)["updated_at"] == sandbox.began + 3600


def test_a_final_is_made_from_a_finished_draft(sandbox: Stage) -> None:
    unfinished = sandbox.create(ONE_5)
    draft = sandbox.create(ONE_5, WAVE, draft=True, seed=5, ratio="1:1", generate_audio=False)
    request = {
        "model": ONE_5,
        "content": [{"type": "draft_task", "draft_task": {"id": draft}}],
        "resolution": "480p",
    }
    assert sandbox.post(request).json()["error"]["param"] == "content[0].draft_task"
    assert sandbox.finished(draft)["draft"] is True
    final = sandbox.finished(sandbox.post(request).json()["id"])
    assert (final["draft"], final["draft_task_id"]) == (False, draft)
    assert (final["seed"], final["ratio"], final["duration"], final["generate_audio"]) == (5, "1:1", 4, False)
    assert final["usage"]["total_tokens"] == 640 * 640 * 97 // 1024
    assert sandbox.post({**request, "draft": True, "resolution": "480p"}).json()["error"]["param"] == "draft"
    for no_draft in (final["id"], unfinished):
        content = [{"type": "draft_task", "draft_task": {"id": no_draft}}]
        assert sandbox.post({**request, "content": content}).status_code == 400


def test_tasks_above_the_cap_wait_and_the_urgent_go_first() -> None:
    settings = Settings(queued_seconds=0, running_seconds=10, paint_patience=30, limits=Limits(concurrent=1))
    with stage(settings=settings) as sandbox:
        first, second, urgent = sandbox.create(TWO), sandbox.create(TWO), sandbox.create(TWO, priority=9)
        on_another_model = sandbox.create(PRO)
        running = []
        for _ in range(3):
            tasks = (first, second, urgent, on_another_model)
            running.append({task for task in tasks if sandbox.get(task)["status"] == "running"})
            sandbox.clock.pass_by(10)
        assert running == [{first, on_another_model}, {urgent}, {second}]


def test_a_full_queue_refuses_and_too_many_creates_are_too_many() -> None:
    limits = Limits(
        concurrent=1, queued=2, creates_a_minute=4, lists_a_second=1, gets_a_second=1, deletes_a_second=1
    )
    with stage(settings=Settings(queued_seconds=5, limits=limits)) as sandbox:
        tasks = [sandbox.create() for _ in range(2)]
        codes = []
        for _ in range(3):
            answer = sandbox.post({"model": PRO_FAST, "content": [WAVE]})
            codes.append((answer.status_code, answer.json()["error"]["code"]))
        assert codes == [
            (429, "QuotaExceeded"),
            (429, "QuotaExceeded"),
            (429, "ModelAccountRpmRateLimitExceeded"),
        ]
        sandbox.clock.pass_by(60)
        sandbox.create()
        for method, url in (
            ("GET", sandbox.tasks),
            ("GET", f"{sandbox.tasks}/{tasks[0]}"),
            ("DELETE", f"{sandbox.tasks}/x"),
        ):
            first, second = (sandbox.http.request(method, url).status_code for _ in range(2))
            assert first != 429
            assert second == 429
            sandbox.clock.pass_by(1)
            assert sandbox.http.request(method, url).status_code != 429


def test_models_can_be_gone_or_closed_to_the_account() -> None:
    settings = Settings(retired=frozenset({ONE_5}), not_open=frozenset({TWO}))
    with stage(settings=settings) as sandbox:
        gone, closed = (sandbox.post({"model": model}) for model in (ONE_5, TWO))
        assert (gone.status_code, gone.json()["error"]["code"]) == (404, "InvalidEndpointOrModel.NotFound")
        assert (closed.status_code, closed.json()["error"]["code"]) == (404, "ModelNotOpen")
        assert ONE_5 not in sandbox.http.get(f"{sandbox.address}/api/v3/models").text


def test_a_marked_prompt_is_refused_or_fails(sandbox: Stage) -> None:
    answer = sandbox.post({"model": PRO, "content": [{"type": "text", "text": "Waves sandbox:refuse"}]})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InputTextSensitiveContentDetected")
    task = sandbox.create(PRO, {"type": "text", "text": "Waves sandbox:fail"})
    sandbox.clock.pass_by(60)
    assert sandbox.get(task)["error"]["code"] == "OutputVideoSensitiveContentDetected"
    assert [entry["charged"] for entry in sandbox.ledger()] == [False]


def reference(kind: str) -> dict[str, Any]:
    url = {"url": f"https://example.com/{kind}"}
    return {"type": f"{kind}_url", f"{kind}_url": url, "role": f"reference_{kind}"}


@pytest.mark.parametrize("role", ["first_frame", None])
def test_a_ratio_for_a_frame_on_2_5_fails_only_later(sandbox: Stage, role: str | None) -> None:
    frame = image(data_uri(picture()), role)
    failing, passing = (sandbox.create(TWO_5, WAVE, frame, ratio=ratio) for ratio in ("16:9", "adaptive"))
    assert sandbox.get(failing)["status"] == "queued"
    sandbox.clock.pass_by(40)
    assert sandbox.get(failing)["error"]["code"] == "InvalidParameter.TaskTypeConstraint"
    assert sandbox.get(passing)["ratio"] == "16:9"
    assert [entry["charged"] for entry in sandbox.ledger()] == [False, True]


def test_2_5_picks_the_length_unless_it_is_told(shared: Stage) -> None:
    bodies = [{"model": TWO_5, "content": [WAVE], "resolution": "480p"} for _ in range(20)]
    ids = {shared.post(body).json()["id"] for body in bodies}
    tokens = {entry["tokens"] for entry in shared.ledger() if entry["id"] in ids}
    assert tokens <= {854 * 480 * (24 * seconds + 1) // 1024 for seconds in range(4, 31)}
    assert len(tokens) > 1


def test_2_5_makes_mov_files_and_their_last_frame(sandbox: Stage) -> None:
    done = sandbox.finished(sandbox.create(TWO_5, output_format="mov", return_last_frame=True))
    assert done["output_format"] == "mov"
    clip, still = (sandbox.http.get(done["content"][name]) for name in ("video_url", "last_frame_url"))
    assert (clip.headers["content-type"], clip.content[4:12]) == ("video/quicktime", b"ftypqt  ")
    assert still.content.startswith(b"\x89PNG")


def test_an_edit_on_2_5_keeps_its_length_and_bills_both(sandbox: Stage) -> None:
    edit = {"omni_reference_task_type": "edit", "duration": -1}
    done = sandbox.finished(sandbox.create(TWO_5, WAVE, reference("video"), **edit))
    assert (done["duration"], done["usage"]["total_tokens"]) == (5, 854 * 480 * 24 * 10 // 1024)


@pytest.mark.parametrize("seconds", [3.9, 30.1])
def test_a_video_to_edit_has_4_to_30_seconds(seconds: float) -> None:
    with stage(settings=Settings(foreign_seconds=seconds)) as sandbox:
        body = {"model": TWO_5, "content": [reference("video")], "omni_reference_task_type": "edit"}
        answer = sandbox.post(body)
        expected = "InvalidParameter.TaskTypeConstraint" if seconds < 30 else "InvalidParameter"
        assert answer.json()["error"]["code"] == expected


@pytest.mark.parametrize(("kind", "most"), [("image", 30), ("video", 10), ("audio", 10)])
def test_2_5_takes_more_references(kind: str, most: int) -> None:
    with stage(settings=Settings(foreign_seconds=2)) as sandbox:
        for count, status in ((most, 200), (most + 1, 400)):
            body = {"model": TWO_5, "content": [reference(kind)] * count, "ratio": "1:1"}
            assert sandbox.post(body).status_code == status


def test_a_named_type_that_fits_is_taken(shared: Stage) -> None:
    for kind, content in (("reference", "image"), ("reference", "video"), ("extend", "video")):
        body = {"model": TWO_5, "content": [reference(content)], "omni_reference_task_type": kind}
        assert shared.post(body).status_code == 200
