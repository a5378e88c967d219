from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from seedance_pipe.sandbox.app import serve
from seedance_pipe.sandbox.settings import Settings
from tests.conformance.performance import Production
from tests.conformance.vendors import VENDORS
from tests.studio.vendor import Vendor as Server

QUICK = Settings(queued_seconds=0.02, running_seconds=0.05)
HERE = Path(__file__).resolve().parent
ALIKE = {"test_failing.py", "test_making.py", "test_outages.py"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of what all vendors must do alike, each does its half, and each test is tried with two of them."""
    for item in items:
        if item.path.parent != HERE or item.path.name not in ALIKE or not isinstance(item, pytest.Function):
            continue
        vendor = item.callspec.params.get("vendor") if hasattr(item, "callspec") else None
        turn = sum(item.originalname.encode())
        if vendor in VENDORS and (turn + VENDORS.index(vendor)) % 2:
            item.add_marker(pytest.mark.long)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One sandbox for the whole suite. Its ledger grows: a test looks at what was added."""
    with serve(tmp_path_factory.mktemp("vendors"), settings=QUICK) as running:
        yield Server(running.address)


@pytest.fixture
def production(tmp_path: Path, server: Server) -> Iterator[Production]:
    yield Production(tmp_path, server)
    server.set_faults([])
