"""Every error code that a vendor documents: what becomes of the take and the money, and what a person reads.

`refusals/` has a file for each vendor, and in it a row for each code: where it comes (`create` a paid request,
`poll` a question after a task, `task` what a task ended with), with which HTTP `status` or `word` for the task's
state, and what follows. `class` is `refused` (nothing was bought), `busy` (the same is sent again), `in doubt`,
`failed`, `barred` (a person must do something first, and the task goes on), `gone` or `goes on`. `says` and `next`
are what a person is told, TASK being the task's name and N a number that hangs on the clock. Codes "of tomorrow"
stand for all that no page lists.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from anyio.from_thread import start_blocking_portal

from seedance_pipe.plan.history import State, Submission
from seedance_pipe.run.event import Doubted, Event, Failed, Noted
from seedance_pipe.sandbox.painter import Scene, paint
from seedance_pipe.units import Size
from seedance_pipe.vendor import runware
from tests.conformance.performance import Ended, Production
from tests.conformance.vendors import BY_NAME, Vendor
from tests.studio.vendor import Vendor as Server
from tests.vendor.stage import Reply, Seen, Stage, on_stage, reply

HERE = Path(__file__).parent
ROWS: Mapping[str, list[dict[str, Any]]] = {
    path.stem: yaml.safe_load(path.read_text()) for path in sorted((HERE / "refusals").glob("*.yaml"))
}
WORDS = {path.stem: yaml.safe_load(path.read_text()) for path in sorted((HERE / "words").glob("*.yaml"))}
MESSAGE = "As the vendor says."
ENDS = {
    "refused": State.REFUSED,
    "failed": State.FAILED,
    "in doubt": State.INTENT,
    "barred": State.SUBMITTED,
    "gone": State.SUBMITTED,
    "busy": State.STORED,
    "goes on": State.STORED,
}
_ROW = re.compile(r"row ([0-9]+)")


class _Refusing:
    """Does with a request what the row says whose number is in its prompt; after that its clip is made."""

    def __init__(self, stage: Stage, vendor: Vendor, rows: list[dict[str, Any]]) -> None:
        self.stage, self.vendor, self.rows = stage, vendor, rows
        self._tasks: dict[str, int] = {}
        self._told: set[tuple[str, int]] = set()
        for method in ("POST", "GET"):
            stage.on(method, vendor.creates, self._asked)

    def _asked(self, seen: Seen) -> Reply:
        if seen.method == "GET":
            task = seen.target.rpartition("/")[2]
            return self._polled(task) if task in self._tasks else reply(200, {"items": [], "total": 0})
        first = seen.json[0] if self.vendor.in_array else {}
        if first.get("taskType") == "getResponse":
            return self._polled(first["taskUUID"])
        found = _ROW.search(seen.body.decode())
        assert found is not None
        return self._created(int(found[1]), first.get("taskUUID", f"task-{found[1]}"))

    def _created(self, number: int, task: str) -> Reply:
        self._tasks[task] = number
        if self._tells("create", number):
            return self._error(self.rows[number], task)
        return reply(200, self._filled("accepted", task))

    def _polled(self, task: str) -> Reply:
        number = self._tasks[task]
        if self.rows[number]["at"] == "task":
            return self._failed(self.rows[number], task)
        return (
            self._error(self.rows[number], "")
            if self._tells("poll", number)
            else reply(200, self._filled("ready", task))
        )

    def _tells(self, at: str, number: int) -> bool:
        """Whether it is time for the row's words; what is to pass is said once only."""
        row, before = self.rows[number], (at, number) in self._told
        self._told.add((at, number))
        return row["at"] == at and not (before and row["class"] in ("busy", "goes on"))

    def _filled(self, what: str, task: str) -> Any:
        told = json.dumps(WORDS[self.vendor.name][what]).replace("{task}", task)
        return json.loads(told.replace("{clip}", f"{self.stage.address}/clip"))

    def _error(self, row: Mapping[str, Any], task: str) -> Reply:
        named = {"code": row["code"]} if row["code"] else {}
        if self.vendor.in_array:
            about = {"taskUUID": task, "taskType": "videoInference"} if task else {}
            return reply(row["status"], {"errors": [{**named, "message": MESSAGE, **about}]})
        return reply(row["status"], {"error": {**named, "message": MESSAGE}})

    def _failed(self, row: Mapping[str, Any], task: str) -> Reply:
        named = {"code": row["code"]} if row["code"] else {}
        if self.vendor.in_array:
            about = {"taskUUID": task, "taskType": "videoInference", "status": "error"}
            return reply(200, {"errors": [{**named, "message": MESSAGE, **about}]})
        error = {"error": {**named, "message": MESSAGE}} if "word" not in row else {}
        return reply(200, {"id": task, "status": row.get("word", "failed"), "final_credits": 0, **error})


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    paint(Scene("A wave", "", Size(64, 64), 5, seed=1, sound=False), path)
    return path.read_bytes()


@pytest.fixture
def scripted(clip: bytes) -> Iterator[Stage]:
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(on_stage()) as stage:
        stage.on("GET", "/clip", reply(200, clip, Content_Type="video/mp4"))
        yield stage


def made(folder: Path, stage: Stage, vendor: Vendor, rows: list[dict[str, Any]]) -> tuple[Production, Ended]:
    """A story with a shot for each row, and how its run ended."""
    folder.mkdir()
    production = Production(folder, Server(stage.address))
    words = WORDS[vendor.name]
    shots = [{"id": f"r{number}", "prompt": f"A wave, row {number}"} for number in range(len(rows))]
    production.write(*shots, model=words["model"], **words["keys"])
    _Refusing(stage, vendor, rows)
    return production, production.run(keep_going=True)


def told(row: Mapping[str, Any], number: int, submission: Submission, events: tuple[Event, ...]) -> dict[str, Any]:
    """The row as it came out."""
    own = [event for event in events if event.step == f"r{number}#1"]
    said = next((event for event in own if isinstance(event, Failed | Doubted)), None)
    noted = next((event.message for event in own if isinstance(event, Noted)), "")
    out = {name: row[name] for name in ("at", "status", "word", "code") if name in row}
    out["class"] = next(name for name, state in ENDS.items() if submission.state is state and _fits(name, row))
    task = submission.task or "TASK"
    if isinstance(said, Doubted):
        out["says"] = re.sub(r"[0-9]+ (s\b|looks)", r"N \1", said.message.partition("): ")[2])
    elif said is not None and out["class"] != "gone":
        out["says"] = said.message.removeprefix(f"take 1 of shot 'r{number}': ")
        out["next"] = said.next_step.replace(task, "TASK")
    elif noted:
        out["says"] = noted.replace(task, "TASK")
    return out


def _fits(name: str, row: Mapping[str, Any]) -> bool:
    """Two classes that end in the same state are told apart by what the row expects."""
    return name == row["class"] or ENDS[name] is not ENDS[row["class"]]


@pytest.mark.parametrize("vendor", BY_NAME.values(), ids=BY_NAME.keys())
def test_each_documented_code_ends_as_it_must_and_is_told_in_plain_words(
    tmp_path: Path, scripted: Stage, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A poll that asks after one task only: an error without a name is true of all that a poll asks after.
    monkeypatch.setattr(runware, "FACTS", replace(runware.FACTS, batch=1))
    rows = ROWS[vendor.name]
    production, ended = made(tmp_path / "film", scripted, vendor, rows)
    by_shot = {one.shot: one for one in production.submissions()}
    found = [told(row, number, by_shot[f"r{number}"], ended.events) for number, row in enumerate(rows)]
    assert found == rows
    assert ended.code == 4
