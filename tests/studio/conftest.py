from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from seedance_pipe.sandbox.app import serve
from seedance_pipe.sandbox.settings import Settings
from tests.studio.vendor import Vendor


@pytest.fixture
def vendor(tmp_path: Path) -> Iterator[Vendor]:
    """All four vendors, played in this process, and quick at their work."""
    with serve(tmp_path / "vendor", settings=Settings(queued_seconds=0.02, running_seconds=0.05)) as server:
        yield Vendor(server.address)
