"""Talking to the played Runbase: creating runs and asking for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from seedance_pipe.sandbox import Settings
from tests.sandbox.stage import SLOW, Clock, Stage, stage

PRO, LITE, ONE_5 = (f"bytedance/seedance-{name}" for name in ("1-pro", "1-lite", "1.5-pro"))
ALL = (PRO, LITE, ONE_5)


def body(model: str = LITE, **fields: Any) -> dict[str, Any]:
    """A small request."""
    small = {} if model == PRO else {"resolution": "480p"}
    return {"model": model, "input": {"prompt": "A wave breaks", **small, **fields}}


@dataclass(frozen=True)
class Desk:
    """A stage on which Runbase is talked to."""

    stage: Stage

    @property
    def url(self) -> str:
        return f"{self.stage.address}/api/v1/runs"

    def post(self, request: Any, *, key: str = "a key") -> httpx.Response:
        return self.stage.http.post(self.url, json=request, headers={"Authorization": f"Bearer {key}"})

    def create(self, model: str = LITE, **fields: Any) -> str:
        answer = self.post(body(model, **fields))
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    def ask(self, run: str, *, key: str = "a key") -> httpx.Response:
        return self.stage.http.get(f"{self.url}/{run}", headers={"Authorization": f"Bearer {key}"})

    def get(self, run: str) -> dict[str, Any]:
        answer = self.ask(run)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def finished(self, run: str) -> dict[str, Any]:
        self.stage.clock.pass_by(40)
        shown = self.get(run)
        assert shown["status"] == "succeeded", shown
        return shown

    def refusal(self, request: Any) -> tuple[int, str, str]:
        """Status, code and the field that the message names first."""
        answer = self.post(request)
        error = answer.json()["error"]
        assert sorted(error) == ["code", "message"]
        field, colon, _ = error["message"].partition(": ")
        return answer.status_code, error["code"], field if colon else ""


@contextmanager
def desk(folder: Path | None = None, *, settings: Settings = SLOW, clock: Clock | None = None) -> Iterator[Desk]:
    with stage(folder, settings=settings, clock=clock) as ready:
        yield Desk(ready)
