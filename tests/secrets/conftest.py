"""A clip to be given out, and vendors on a stage, for programs in processes of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from anyio.from_thread import start_blocking_portal

from seedance_pipe.sandbox.painter import Scene, paint
from seedance_pipe.units import Size
from tests.vendor.stage import Stage, on_stage


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    paint(Scene("A wave", "", Size(64, 64), 2, seed=1, sound=False), path)
    return path.read_bytes()


@pytest.fixture
def scripted() -> Iterator[Stage]:
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(on_stage()) as stage:
        yield stage
