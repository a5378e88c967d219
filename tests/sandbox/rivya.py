"""Talking to the played Rivya: generations, files, credits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from seedance_pipe.sandbox import Settings
from tests.sandbox.stage import SLOW, Clock, Stage, picture, stage

PRO, LITE, ONE_5, TWO, TWO_FAST = (
    "seedance-1-0-pro",
    "seedance-1-0-lite",
    "seedance-1-5-pro",
    "seedance-2",
    "seedance-2-fast",
)
ALL = (PRO, LITE, ONE_5, TWO, TWO_FAST)


def body(model: str = LITE, *, prompt: str = "A wave breaks", **params: Any) -> dict[str, Any]:
    """A small request."""
    return {"model": model, "prompt": prompt, "params": {"resolution": "480p", **params}}


@dataclass(frozen=True)
class Desk:
    """A stage on which Rivya is talked to."""

    stage: Stage

    @property
    def url(self) -> str:
        return f"{self.stage.address}/api/v1"

    def post(self, request: Any, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.stage.http.post(f"{self.url}/generations", json=request, headers=named)

    def create(self, model: str = LITE, *, prompt: str = "A wave breaks", **params: Any) -> str:
        answer = self.post(body(model, prompt=prompt, **params))
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    def get(self, task_id: str) -> dict[str, Any]:
        answer = self.stage.http.get(f"{self.url}/generations/{task_id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def finished(self, task_id: str) -> dict[str, Any]:
        self.stage.clock.pass_by(40)
        task = self.get(task_id)
        assert task["status"] == "succeeded", task
        return task

    def refusal(self, request: Any, **headers: str) -> tuple[int, str, str]:
        """Status, code and the field that the message names first."""
        error = (answer := self.post(request, **headers)).json()["error"]
        assert sorted(error) == ["code", "message", "requestId"]
        return answer.status_code, error["code"], error["message"].partition(": ")[0]

    def upload(self, data: bytes | None = None, *, kind: str = "image", **fields: str) -> httpx.Response:
        return self.stage.http.post(
            f"{self.url}/files",
            files={"file": ("still.png", picture() if data is None else data)},
            data={"kind": kind, **fields},
        )

    def credits(self) -> int:
        return int(self.stage.http.get(f"{self.url}/credits").json()["current_credits"])


@contextmanager
def desk(folder: Path | None = None, *, settings: Settings = SLOW, clock: Clock | None = None) -> Iterator[Desk]:
    with stage(folder, settings=settings, clock=clock) as ready:
        yield Desk(ready)
