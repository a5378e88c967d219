"""A vendor in another thread, and the program as a process of its own that bad days happen to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from seedance_pipe.effects import Effects
from seedance_pipe.sandbox.app import serve
from seedance_pipe.sandbox.settings import Settings
from seedance_pipe.studio.rehearsal import hastened
from tests.conftest import Pipe
from tests.studio.vendor import Vendor

FASTER = 50


@pytest.fixture
def vendor(
    tmp_path_factory: pytest.TempPathFactory, pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Vendor]:
    """A vendor that the environment of this test leads to. `pipe` comes first, because it empties that."""
    quick = Settings(queued_seconds=0.02, running_seconds=0.05)
    with serve(tmp_path_factory.mktemp("vendor"), settings=quick) as server:
        served = Vendor(server.address)
        for name, value in served.environ.items():
            monkeypatch.setenv(name, value)
        yield served


@pytest.fixture(autouse=True)
def _pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs of this process wait a fiftieth of their pauses. A `Program` waits as it is."""
    monkeypatch.setattr("seedance_pipe.studio.run.Effects", lambda: hastened(Effects(), FASTER))


@pytest.fixture
def two_shapes(tmp_path: Path) -> Path:
    """A story whose clips have to be coded again, because they are of two shapes."""
    path = tmp_path / "shapes.yaml"
    path.write_text(
        "version: 1\n"
        "model: modelark/seedance-1-0-pro-fast\n"
        "defaults: {duration: 2, resolution: 480p}\n"
        "shots:\n"
        '  - {id: wave, prompt: A wave breaks, ratio: "1:1"}\n'
        '  - {id: gull, prompt: A gull cries, ratio: "16:9"}\n'
    )
    return path


@pytest.fixture
def heard(tmp_path: Path) -> Path:
    """A story with sound, whose film is joined by ffmpeg."""
    path = tmp_path / "heard.yaml"
    path.write_text(
        "version: 1\n"
        "model: modelark/seedance-1-5-pro\n"
        'defaults: {duration: 4, resolution: 480p, ratio: "1:1", audio: true}\n'
        "shots:\n"
        "  - {id: wave, prompt: A wave breaks}\n"
        "  - {id: gull, prompt: A gull cries}\n"
    )
    return path
