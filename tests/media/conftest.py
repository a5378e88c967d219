from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from seedance_pipe.media.craft import craft
from seedance_pipe.media.ffmpeg import Ffmpeg, find
from tests.media.reel import Bench, Camera

SECOND_TOOL = "SEEDANCE_TEST_FFMPEG"
"""Names another ffmpeg, of another dialect, with which the same tests run as well."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def tool() -> Ffmpeg:
    """The ffmpeg that travels with the program, unless a second one is named: PATH is left out of it."""
    named = os.environ.get(SECOND_TOOL)
    libraries = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    return find({"SEEDANCE_FFMPEG": named, **libraries} if named else {})


@pytest.fixture(scope="session")
def camera(tool: Ffmpeg, tmp_path_factory: pytest.TempPathFactory) -> Camera:
    return Camera(tool, tmp_path_factory.mktemp("reel"))


@pytest.fixture
def bench(tool: Ffmpeg, tmp_path: Path) -> Iterator[Bench]:
    folder = tmp_path / "bench"
    folder.mkdir()
    yield Bench(folder, craft(lambda: tool))
