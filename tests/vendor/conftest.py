from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.vendor.stage import Stage, on_stage


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with on_stage() as served:
        yield served
