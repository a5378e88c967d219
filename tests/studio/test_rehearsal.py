from __future__ import annotations

import anyio
import pytest

from seedance_pipe.effects import Effects
from seedance_pipe.studio.rehearsal import hastened, leading_to, serving
from seedance_pipe.vendor.account import accounts
from seedance_pipe.vendor.registry import VENDORS


def test_the_sandbox_leads_every_vendor_to_itself() -> None:
    with serving(None) as led:
        known = accounts(led, VENDORS)
        origins = {account.loopback for account in known.values()}
        assert len(origins) == 1
        assert led["SEEDANCE_UPLOAD_PUT"] == led["SEEDANCE_UPLOAD_PUBLIC"] == f"{origins.pop()}/uploads"
        assert {account.key for account in known.values()} == {"sandbox"}


def test_no_variable_of_a_vendor_is_left_to_the_environment() -> None:
    wanted = {
        name for adapter in VENDORS.values() for name in (adapter.FACTS.key_variable, adapter.FACTS.base_variable)
    }
    assert wanted <= set(leading_to("http://127.0.0.1:1"))


@pytest.mark.parametrize("times", [1, 10, 50])
def test_waiting_and_measuring_are_hastened_alike(times: int) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    faster = hastened(Effects(monotonic=lambda: 3.0, sleep=sleep), times)
    anyio.run(faster.sleep, 5.0)
    assert slept == [5.0 / times]
    assert faster.monotonic() == 3.0 * times
