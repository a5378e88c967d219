from __future__ import annotations

import pytest

from seedance_pipe.errors import Missing
from seedance_pipe.vendor.account import accounts, usable_base

KEYS = {"ARK_API_KEY": " key-of-an-account \n"}


def test_a_key_is_bound_to_the_vendors_own_address() -> None:
    account = accounts(KEYS, ["modelark", "modelark"])["modelark"]
    assert account.key == "key-of-an-account"
    assert account.base == "https://ark.ap-southeast.bytepluses.com/api/v3"
    assert account.loopback is None


def test_another_base_address_may_be_on_this_machine() -> None:
    account = accounts({**KEYS, "ARK_BASE_URL": "http://127.0.0.1:8080/api/v3/"}, ["modelark"])["modelark"]
    assert account.base == "http://127.0.0.1:8080/api/v3"
    assert account.loopback == "http://127.0.0.1:8080"


@pytest.mark.parametrize("environ", [{}, {"ARK_API_KEY": ""}, {"ARK_API_KEY": "  "}])
def test_a_missing_key_is_named_by_its_variable(environ: dict[str, str]) -> None:
    with pytest.raises(Missing, match="ARK_API_KEY is not set") as caught:
        accounts(environ, ["modelark"])
    assert caught.value.exit_code == 6
    assert "--sandbox" in caught.value.next_step


@pytest.mark.parametrize("key", ["two words", "ключ-от-квартиры", "a\x1b[31mred", "line\nbreak"])
def test_what_cannot_be_a_key_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(Missing) as caught:
        accounts({"ARK_API_KEY": key}, ["modelark"])
    assert key not in caught.value.message


def test_all_missing_keys_are_named_at_once() -> None:
    with pytest.raises(Missing) as caught:
        accounts(KEYS, ["modelark", "rivya", "runware"])
    assert caught.value.message == (
        "no key for Rivya: RIVYA_API_KEY is not set; no key for Runware: RUNWARE_API_KEY is not set"
    )
    assert caught.value.next_step.startswith("export RIVYA_API_KEY=… RUNWARE_API_KEY=…, ")


def test_no_vendor_needs_no_key() -> None:
    assert accounts({}, []) == {}


@pytest.mark.parametrize(
    "address",
    [
        "http://ark.example/api/v3",
        "http://127.0.0.1.evil.example/",
        "http://10.0.0.1/",
        "ftp://127.0.0.1/",
        "https://user:word@ark.example/",
        "https://ark.example/?a=b",
        "https://ark.example/#x",
        "https://",
        "https://ark.example:port/",
        "https://[::1/",
        "https://ark example/",
        "https://ark.example\\@evil.example",
        "ark.example",
        "",
    ],
)
def test_a_key_goes_to_https_or_to_this_machine_only(address: str) -> None:
    assert not usable_base(address)
    if address:
        with pytest.raises(Missing, match="ARK_BASE_URL"):
            accounts({**KEYS, "ARK_BASE_URL": address}, ["modelark"])


@pytest.mark.parametrize("address", ["https://ark.example", "http://localhost:1/x", "http://[::1]:8080"])
def test_https_and_loopback_are_usable(address: str) -> None:
    assert usable_base(address)
