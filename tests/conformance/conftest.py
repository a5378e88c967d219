from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from seedance_pipe.sandbox.app import serve
from seedance_pipe.sandbox.settings import Settings
from tests.conformance.performance import Production
from tests.studio.vendor import Vendor as Server

QUICK = Settings(queued_seconds=0.02, running_seconds=0.05)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One sandbox for the whole suite. Its ledger grows: a test looks at what was added."""
    with serve(tmp_path_factory.mktemp("vendors"), settings=QUICK) as running:
        yield Server(running.address)


@pytest.fixture
def production(tmp_path: Path, server: Server) -> Iterator[Production]:
    yield Production(tmp_path, server)
    server.set_faults([])
