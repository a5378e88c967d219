"""A sandbox on a clock that is turned by hand, and the few calls that most tests make."""

from __future__ import annotations

import base64
import io
import json
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from seedance_pipe.effects import Effects
from seedance_pipe.sandbox import Settings
from seedance_pipe.sandbox.app import serve

PRO = "seedance-1-0-pro-250528"
PRO_FAST = "seedance-1-0-pro-fast-251015"
ONE_5 = "seedance-1-5-pro-251215"
TWO = "dreamina-seedance-2-0-260128"
TWO_FAST = "dreamina-seedance-2-0-fast-260128"
TWO_MINI = "dreamina-seedance-2-0-mini-260615"
TWO_5 = "dreamina-seedance-2-5-260628"
ALL = (PRO, PRO_FAST, ONE_5, TWO, TWO_FAST, TWO_MINI, TWO_5)

NOON = 1_795_262_400.0
"""2026-11-21 12:00 UTC."""

CONTRACTS = Path(__file__).resolve().parent.parent / "contracts"
SLOW = Settings(queued_seconds=5, running_seconds=30, paint_patience=30)
WAVE = {"type": "text", "text": "A wave breaks"}


@dataclass
class Clock:
    now: float = NOON

    def __call__(self) -> float:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class Stage:
    address: str
    clock: Clock
    http: httpx.Client = field(repr=False)
    began: float = NOON
    _former: int = 0

    @property
    def tasks(self) -> str:
        return f"{self.address}/api/v3/contents/generations/tasks"

    def post(self, body: Any) -> httpx.Response:
        return self.http.post(self.tasks, json=body)

    def create(self, model: str = PRO_FAST, *content: Any, **fields: Any) -> str:
        """The id of a small new task."""
        small = {"resolution": "480p", "duration": 4, **fields}
        answer = self.post({"model": model, "content": list(content) or [WAVE], **small})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    def get(self, task_id: str) -> dict[str, Any]:
        answer = self.http.get(f"{self.tasks}/{task_id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def finished(self, task_id: str) -> dict[str, Any]:
        self.clock.pass_by(40)
        task = self.get(task_id)
        assert task["status"] == "succeeded", task
        return task

    def listed(self, query: str = "") -> list[str]:
        return [task["id"] for task in self.http.get(f"{self.tasks}?{query}").json()["items"]]

    def fail(self, *faults: dict[str, Any]) -> None:
        assert self.http.put(f"{self.address}/faults", json=list(faults)).status_code == 200

    def ledger(self) -> list[dict[str, Any]]:
        """The entries since the last turning over."""
        return list(self.http.get(f"{self.address}/ledger").json()["tasks"])[self._former :]

    def turn_over(self) -> None:
        """Let so much time pass that all records are gone; what `began` says is the new now."""
        self.fail()
        self.clock.pass_by(8 * 86_400)
        self.began = self.clock.now
        self._former += len(self.ledger())


@contextmanager
def stage(folder: Path | None = None, *, settings: Settings = SLOW, clock: Clock | None = None) -> Iterator[Stage]:
    clock = clock or Clock()
    effects = Effects(now=clock, draw=random.Random(7).randrange)
    with (
        serve(folder, settings=settings, effects=effects) as running,
        httpx.Client(headers={"Authorization": "Bearer a key"}, trust_env=False, verify=False) as http,
    ):
        yield Stage(running.address, clock, http)


def fetched(url: str, *, headers: Mapping[str, str] | None = None) -> httpx.Response:
    """What an address gives without a key. Nothing here has a certificate, and they take long to load."""
    return httpx.get(url, headers=headers, trust_env=False, verify=False)


def examples(vendor: str, folder: str) -> list[Any]:
    """The contracts of that kind, each under its file's name."""
    paths = sorted((CONTRACTS / vendor / folder).iterdir())
    return [pytest.param(json.loads(path.read_text()), id=path.stem) for path in paths]


def picture(width: int = 640, height: int = 400, *, form: str = "PNG") -> bytes:
    data = io.BytesIO()
    Image.effect_mandelbrot((width, height), (-2, -1.5, 1, 1.5), 40).convert("RGB").save(data, format=form)
    return data.getvalue()


def data_uri(data: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def image(url: str, role: str | None = "first_frame") -> dict[str, Any]:
    item = {"type": "image_url", "image_url": {"url": url}}
    return {**item, "role": role} if role else item
