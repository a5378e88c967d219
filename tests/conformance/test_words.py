"""Every word for the state of a task that a vendor's page documents, spoken by a server that knows nothing else.

`words/` has a file for each vendor: what it answers when it accepts (`accepted`), when the clip is made (`ready`,
`is_ready`), while the task `goes_on`, and when it `fails`. `{task}` stands for the task's name, `{clip}` for the
address of a clip.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from anyio.from_thread import start_blocking_portal

from seedance_pipe.plan.history import State
from seedance_pipe.sandbox.painter import Scene, paint
from seedance_pipe.units import Size
from tests.conformance.performance import Production
from tests.conformance.vendors import BY_NAME
from tests.studio.vendor import Vendor as Server
from tests.vendor.stage import Reply, Seen, Stage, on_stage, reply

WORDS = {
    path.stem: yaml.safe_load(path.read_text()) for path in sorted((Path(__file__).parent / "words").glob("*"))
}


def spoken(*kinds: str) -> list[Any]:
    return [
        pytest.param(vendor, told, id=f"{vendor}: {word}")
        for vendor, words in WORDS.items()
        for kind in kinds
        for word, told in words.get(kind, {}).items()
    ]


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


class _Vendor:
    """Accepts each create, and answers polls with the given documents in turn; the last one stays."""

    def __init__(self, stage: Stage, vendor: str, *answers: Any) -> None:
        self.stage, self.vendor = stage, BY_NAME[vendor]
        self.created: list[Any] = []
        self._answers = list(answers)
        self._task = "task-1"
        stage.on("POST", self.vendor.creates, self._post)
        stage.on("GET", self.vendor.creates, lambda _: self._polled())

    def _post(self, seen: Seen) -> Reply:
        if self.vendor.in_array:
            (asked,) = seen.json
            self._task = asked["taskUUID"]
            if asked["taskType"] == "getResponse":
                return self._polled()
        self.created.append(seen.json)
        return reply(200, self._filled(WORDS[self.vendor.name]["accepted"]))

    def _polled(self) -> Reply:
        return reply(200, self._filled(self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]))

    def _filled(self, document: Any) -> Any:
        text = json.dumps(document).replace("{task}", self._task)
        return json.loads(text.replace("{clip}", f"{self.stage.address}/clip"))


Play = Callable[..., tuple[Production, _Vendor]]


@pytest.fixture
def play(tmp_path: Path, scripted: Stage) -> Play:
    def played(vendor: str, *answers: Any) -> tuple[Production, _Vendor]:
        production = Production(tmp_path, Server(scripted.address))
        words: Mapping[str, Any] = WORDS[vendor]
        production.write({"prompt": "A wave"}, model=words["model"], **words["keys"])
        return production, _Vendor(scripted, vendor, *answers)

    return played


def test_every_vendor_has_its_words() -> None:
    assert set(WORDS) == set(BY_NAME)


@pytest.mark.parametrize(("vendor", "told"), spoken("goes_on"))
def test_a_task_goes_on_until_it_is_made(play: Play, vendor: str, told: Any) -> None:
    production, server = play(vendor, told, told, WORDS[vendor]["ready"])
    ended = production.run()
    assert ended.code == 0, ended
    assert len(server.created) == 1
    assert production.film.is_file()


@pytest.mark.parametrize(("vendor", "told"), spoken("is_ready"))
def test_a_made_task_is_fetched_however_it_is_said(play: Play, vendor: str, told: Any) -> None:
    production, _ = play(vendor, told)
    ended = production.run()
    assert ended.code == 0, ended
    assert production.film.is_file()


@pytest.mark.parametrize(("vendor", "told"), spoken("fails"))
def test_a_failed_task_is_over_and_bought_anew_by_the_next_run_alone(play: Play, vendor: str, told: Any) -> None:
    production, server = play(vendor, told, WORDS[vendor]["ready"])
    ended = production.run()
    assert ended.code == 1, ended
    assert len(server.created) == 1
    assert production.submissions()[-1].state is State.FAILED
    assert production.run().code == 0
    assert len(server.created) == 2
