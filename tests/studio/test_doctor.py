from __future__ import annotations

import pytest

from seedance_pipe.studio.doctor import Finding, findings_here
from seedance_pipe.vendor.registry import VENDORS
from tests.studio.vendor import KEYS

FACTS = [adapter.FACTS for adapter in VENDORS.values()]


def found(environ: dict[str, str]) -> dict[str, Finding]:
    return {one.what: one for one in findings_here(environ)}


@pytest.mark.parametrize("facts", FACTS, ids=lambda facts: facts.vendor)
def test_each_vendors_key_is_looked_for_and_its_address_named(facts: object) -> None:
    (known,) = [one for one in FACTS if one is facts]
    without = found({})[known.title]
    assert (without.state, known.key_variable in without.detail) == ("note", True)
    there = found({known.key_variable: KEYS[known.key_variable]})[known.title]
    assert there.state == "ok"
    assert known.base in there.detail
    assert "canary" not in there.detail
    gateway = "https://gateway.example.com/api"
    led = found({known.key_variable: "canary-key", known.base_variable: gateway})[known.title]
    assert led.detail == f"{known.key_variable} is set; it goes to {gateway}"


@pytest.mark.parametrize("address", ["http://example.com/v1", "https://me:canary@example.com/v1", "gateway"])
def test_an_address_that_no_key_may_go_to_is_missing_and_not_shown(address: str) -> None:
    for facts in FACTS:
        told = found({facts.key_variable: "canary-key", facts.base_variable: address})[facts.title]
        assert told.state == "missing"
        assert facts.base_variable in told.detail
        assert "canary" not in told.detail


def test_every_vendor_is_told_of() -> None:
    assert {facts.title for facts in FACTS} <= set(found({}))
    assert len(FACTS) == 4


def test_the_place_for_files_is_looked_for_too() -> None:
    assert found({})["uploads"].state == "note"
    put = {"SEEDANCE_UPLOAD_PUT": "https://put.example"}
    assert found(put)["uploads"].state == "missing"
    led = found({**put, "SEEDANCE_UPLOAD_PUBLIC": "https://public.example/"})["uploads"]
    assert (led.state, led.detail) == (
        "ok",
        "files are put at https://put.example and read at https://public.example",
    )
