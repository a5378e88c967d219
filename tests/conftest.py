"""What every test may use: the command line in this process, and small stories to try it on."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from seedance_pipe.cli.main import main
from seedance_pipe.studio.rehearsal import leading_to

# A person's run looks for new examples; CI tries the same ones each time, so that it fails for a change alone.
settings.register_profile("search", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "search")

TESTS = Path(__file__).resolve().parent
PIPELINES = TESTS.parent / "pipelines"
PLAYED_WHOLE = {"bad_days", "conformance", "crash", "faults", "journeys", "properties", "secrets"}
"""What plays the whole program again and again. It counts for no coverage: each part has tests of its own, and
counting takes a quarter of the time.
"""

SHORT = """\
version: 1
title: A short film
model: modelark/seedance-1-0-pro-fast
defaults: {duration: 2, resolution: 480p, ratio: "1:1"}
shots:
  - id: wave
    prompt: A wave breaks
  - id: foam
    continues: wave
    prompt: The foam runs back
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--every", action="store_true", help="run the long tests, too, of which CI has a share")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.relative_to(TESTS).parts[0] in PLAYED_WHOLE:
            item.add_marker(pytest.mark.no_cover)
    if not config.getoption("--every"):
        config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("long")])
        items[:] = [item for item in items if not item.get_closest_marker("long")]


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test leaves anything in the cache of the person who runs it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@dataclass(frozen=True, slots=True)
class Told:
    """What a command said: `out` is its answer, `err` its talk."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


Pipe = Callable[..., Told]


@pytest.fixture
def pipe(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Pipe:
    """Runs one command in this process, as `seedance-pipe` would, without any key in the environment."""
    for name in leading_to(""):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: object) -> Told:
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        assert isinstance(ended.value.code, int)
        return Told(ended.value.code, out, err)

    return run


@pytest.fixture
def short(tmp_path: Path) -> Path:
    """A story of two short shots in a folder of its own."""
    path = tmp_path / "short.yaml"
    path.write_text(SHORT, encoding="utf-8")
    return path


@pytest.fixture
def pipelines(tmp_path: Path) -> Path:
    """A copy of the example stories that a test may change."""
    return Path(
        shutil.copytree(PIPELINES, tmp_path / "pipelines", ignore=shutil.ignore_patterns("out", ".seedance"))
    )
