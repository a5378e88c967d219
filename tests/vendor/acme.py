"""Acme: a vendor for tests that can all that some vendor can: shared tasks, polls for many, prices told, uploads.

POST tasks {"prompt", "takes"?}  ->  {"id", "price"?}
GET  tasks?ids=a,b               ->  {"a": {"status", "clips"?}, …}
POST files (a form)              ->  {"address"}
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from seedance_pipe.document import Json, JsonPath, fill, freeze, thaw
from seedance_pipe.plan.history import Receipt
from seedance_pipe.spec.story import Shot
from seedance_pipe.units import Money
from seedance_pipe.vendor import modelark
from seedance_pipe.vendor.adapter import (
    Accepted,
    Busy,
    Doubt,
    Doubtful,
    Facts,
    Gone,
    Lodged,
    Missed,
    Pace,
    Progress,
    Ready,
    Refused,
    Running,
    Upload,
    Verdict,
    seated,
)
from seedance_pipe.vendor.answer import TOO_MUCH, Answered, Call, Part, amount, look, text
from tests.vendor.stage import Reply, Seen, Stage, reply

HOME = "/api/v3"
FACTS = replace(
    modelark.FACTS,
    vendor="acme",
    title="Acme",
    pace=Pace(first=2.0, longest=10.0, calls=10.0, burst=10, submissions=3.0),
    results_kept=None,
    tasks_kept=None,
    doubt=Doubt.PERSON,
    batch=5,
    most_takes=4,
    uploads_kept=3600.0,
)


@dataclass(frozen=True)
class Acme:
    FACTS: Facts = FACTS

    def frozen(
        self, body: Json, *, shot: Shot, last_frame: bool, draw: Callable[[int], int], takes: int = 1
    ) -> Json:
        assert isinstance(body, Mapping)
        return freeze({**body, **({"takes": takes} if takes > 1 else {}), "key": draw(2**128)})

    def submission(self, request: Json, media: Mapping[JsonPath, str]) -> Call:
        return Call("POST", "tasks", json.dumps(thaw(fill(request, media))).encode())

    def verdict(self, answer: Answered, request: Json) -> Verdict:
        if answer.status == 200:
            price = amount(look(answer.document, "price"))
            return Accepted(text(look(answer.document, "id")), None if price is None else Money(price))
        return _no(answer) or Doubtful(f"it answered {answer.status}")

    def poll(self, tasks: Sequence[str]) -> Call:
        assert len({seated(task)[0] for task in tasks}) <= self.FACTS.batch
        return Call("GET", "tasks?ids=" + ",".join(seated(task)[0] for task in tasks))

    def progress(self, answer: Answered, task: str, *, shot: Shot) -> Progress:
        ours, number, _ = seated(task)
        if answer.status == 404:
            return Gone("404", "it has no such task")
        found = look(answer.document, ours)
        clips = look(found, "clips")
        if isinstance(clips, tuple):
            return Ready(Receipt(None, None, None, None), str(clips[number - 1]))
        status = text(look(found, "status"))
        return Running(status) if status else Missed(f"it answered {answer.status}", answer.retry_after)

    def crowded(self, answer: Answered) -> bool:
        return answer.status in TOO_MUCH or text(look(answer.document, "error", "code")) == "tooFast"

    def patience(self, request: Json) -> float:
        return 3600.0

    def upload(self, file: Upload, *, draw: Callable[[int], int]) -> Call:
        form = (
            Part("file", file.content, file.name, file.type),
            Part("kind", file.type.partition("/")[0].encode()),
        )
        return Call("POST", "files", form=form)

    def uploaded(self, answer: Answered) -> Lodged | Refused | Busy | Missed:
        address = text(look(answer.document, "address"))
        return Lodged(address) if address else _no(answer) or Missed(f"it answered {answer.status}")


def _no(answer: Answered) -> Refused | Busy | None:
    code, message = text(look(answer.document, "error", "code")), text(look(answer.document, "error", "message"))
    if answer.status == 429:
        return Busy(code, message, answer.retry_after)
    return Refused(code, message) if code and answer.status < 500 else None


@dataclass
class Works:
    """Acme's server: every task is running once, and then made. `prices` is what it tells of each take."""

    stage: Stage
    price: str | None = None
    addresses: str = "https://files.acme.example/{number}"
    tasks: dict[str, int] = field(default_factory=dict)
    polled: list[list[str]] = field(default_factory=list)
    files: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.stage.on("POST", f"{HOME}/tasks", self.create)
        self.stage.on("GET", f"{HOME}/tasks", self.tell)
        self.stage.on("POST", f"{HOME}/files", self.take_in)
        self.stage.on(
            "GET", "/clips/", lambda seen: reply(200, b"\x00\x00\x00\x18ftypisom" + seen.target.encode())
        )

    def create(self, seen: Seen) -> Reply:
        task = f"t{len(self.tasks) + 1}"
        self.tasks[task] = seen.json.get("takes", 1)
        return reply(200, {"id": task, "price": self.price} if self.price else {"id": task})

    def tell(self, seen: Seen) -> Reply:
        names = seen.target.partition("ids=")[2].split(",")
        known = [name for asked in self.polled for name in asked]
        self.polled.append(names)
        return reply(200, {name: self._state(name, done=name in known) for name in names})

    def _state(self, name: str, *, done: bool) -> dict[str, Any]:
        if not done:
            return {"status": "running"}
        places = range(1, self.tasks[name] + 1)
        return {"status": "done", "clips": [f"{self.stage.address}/clips/{name}/{place}" for place in places]}

    def take_in(self, seen: Seen) -> Reply:
        self.files.append(seen.body)
        return reply(200, {"address": self.addresses.format(number=len(self.files))})
