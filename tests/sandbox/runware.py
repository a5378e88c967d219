"""Talking to the played Runware: a task of each kind, and what came back."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from seedance_pipe.sandbox import Settings
from tests.sandbox.stage import SLOW, Stage, data_uri, picture, stage

PRO = "bytedance:2@1"
FAST = "bytedance:2@2"
ONE_5 = "bytedance:seedance@1.5-pro"
AN_UPLOAD = "c64351d5-4c59-42f7-95e1-eace013eddab"
"""What stands in an example for the UUID of an upload."""


def new_uuid() -> str:
    return str(uuid.uuid4())


def video(model: str = FAST, **fields: Any) -> dict[str, Any]:
    """A small task with a UUID of its own. A field of None is left out."""
    plain = {
        "taskType": "videoInference",
        "taskUUID": new_uuid(),
        "model": model,
        "positivePrompt": "A wave breaks",
    }
    small = {"resolution": "480p"} if "width" not in fields else {}
    task = {**plain, **small, "duration": 4 if model == ONE_5 else 1.2, **fields}
    return {key: value for key, value in task.items() if value is not None}


def plain(kind: str, **fields: Any) -> dict[str, Any]:
    return {"taskType": kind, "taskUUID": new_uuid(), **fields}


@dataclass(frozen=True)
class Desk:
    """A stage on which Runware is talked to."""

    stage: Stage

    @property
    def url(self) -> str:
        return f"{self.stage.address}/v1"

    def post(self, *tasks: Any, headers: dict[str, str] | None = None) -> httpx.Response:
        return self.stage.http.post(self.url, json=list(tasks), headers=headers)

    def submit(self, model: str = FAST, **fields: Any) -> str:
        """The UUID of a small task that was accepted."""
        task = video(model, **fields)
        answer = self.post(task)
        assert answer.status_code == 200, answer.text
        assert answer.json() == {"data": [{"taskType": "videoInference", "taskUUID": task["taskUUID"]}]}
        return str(task["taskUUID"])

    def poll(self, *task_uuids: str) -> dict[str, Any]:
        answer = self.post(*({"taskType": "getResponse", "taskUUID": name} for name in task_uuids))
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def finished(self, task_uuid: str) -> list[dict[str, Any]]:
        """All results, long after they were asked for."""
        self.stage.clock.pass_by(100)
        told = self.poll(task_uuid)
        assert "errors" not in told, told
        return list(told["data"])

    def upload(self, image: str | None = None) -> str:
        """The UUID of an uploaded picture."""
        answer = self.post(plain("imageUpload", image=image or data_uri(picture())))
        assert answer.status_code == 200, answer.text
        return str(answer.json()["data"][0]["imageUUID"])

    def refusal(self, *tasks: Any, headers: dict[str, str] | None = None) -> tuple[int, str, Any]:
        """Status, code and parameter of the first error."""
        answer = self.post(*tasks, headers=headers)
        error = answer.json()["errors"][0]
        return answer.status_code, error["code"], error.get("parameter")

    def with_uploads(self, request: dict[str, Any]) -> dict[str, Any]:
        """An example whose stand-in for an upload is a real one, under a fresh UUID of its own."""
        text = json.dumps(request)
        if AN_UPLOAD in text:
            text = text.replace(AN_UPLOAD, self.upload())
        return {
            **json.loads(text),
            **({"taskUUID": new_uuid()} if request.get("taskUUID", "")[14:15] == "4" else {}),
        }


@contextmanager
def desk(folder: Path | None = None, *, settings: Settings = SLOW) -> Iterator[Desk]:
    with stage(folder, settings=settings) as ready:
        yield Desk(ready)
