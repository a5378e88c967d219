from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox.stage import Stage, stage


@pytest.fixture(scope="module")
def shared() -> Iterator[Stage]:
    """One sandbox for a module, whose tasks wait 5 s and run 30 s on its clock."""
    with stage() as ready:
        yield ready


@pytest.fixture
def sandbox(shared: Stage) -> Stage:
    """The module's sandbox so much later that it has forgotten all former tasks and faults."""
    shared.turn_over()
    return shared
