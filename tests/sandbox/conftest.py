from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox.stage import Stage, stage


@pytest.fixture
def sandbox() -> Iterator[Stage]:
    """A fresh sandbox whose tasks wait 5 s and run 30 s on its clock."""
    with stage() as ready:
        yield ready


@pytest.fixture(scope="module")
def shared() -> Iterator[Stage]:
    """One sandbox for the tables of a module, whose rows do not look at each other's tasks."""
    with stage() as ready:
        yield ready
