"""The address guard: where a download may go, whatever a vendor, a name server or a redirect says."""

from __future__ import annotations

import socket
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedance_pipe.errors import VendorFailed
from seedance_pipe.vendor.address import Target, check, leads_out

pytestmark = pytest.mark.anyio
PUBLIC = "93.184.215.14"


async def public(host: str, port: int) -> Sequence[str]:
    return [PUBLIC]


async def the_systems(host: str, port: int) -> Sequence[str]:
    """What inet_aton makes of numbers, as resolvers do; no name is known."""
    return [socket.inet_ntoa(socket.inet_aton(host))]


HOSTILE = [
    "http://clips.example/a",
    "ftp://clips.example/a",
    "file:///etc/passwd",
    "FILE:/etc/passwd",
    "//clips.example/a",
    "/a",
    "",
    "javascript:alert(1)",
    "data:video/mp4;base64,AA",
    "gopher://127.0.0.1/",
    "https://",
    "https:///a",
    "https://user@clips.example/",
    "https://user:word@clips.example/",
    "https://clips.example@127.0.0.1/",
    "https://127.0.0.1#@clips.example/",
    "https://127.0.0.1?@clips.example/",
    "https://clips.example:99999/",
    "https://clips.example:x/",
    "https://127.0.0.1/",
    "https://127.8.9.1/",
    "https://127.1/",
    "https://127.0.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://0x7F.1/",
    "https://017700000001/",
    "https://0177.0.0.1/",
    "https://0/",
    "https://0.0.0.0/",
    "https://127.0.0.1./",
    "https://2130706433./",
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://192.168.0.1/",
    "https://169.254.169.254/latest/meta-data",
    "https://100.64.0.1/",
    "https://192.0.2.1/",
    "https://198.18.0.1/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://[::1]/",
    "https://[::]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[::ffff:169.254.169.254]/",
    "https://[::127.0.0.1]/",
    "https://[fe80::1]/",
    "https://[fe80::1%25eth0]/",
    "https://[fc00::1]/",
    "https://[ff02::1]/",
    "https://[2002:7f00:1::]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[64:ff9b::a9fe:a9fe]/",
    "https://[2001:db8::1]/",
    "https://[2001:0:7f00:1::]/",
    "https://[::1/",
    "https://clips.example\\@127.0.0.1/",
    "https://clips.example/a b",
    "https://clips.example/\r\nHost: x",
    "https://clips.example/\x00",
    "https://cl\u0131ps.example/",
    "https://\uff11\uff12\uff17.0.0.1/",
    "https://-clips.example/",
    "https://clips..example/",
    "https://%31%32%37.0.0.1/",
    "https://clips.example%00.evil.example/",
]


@pytest.mark.parametrize("address", HOSTILE)
async def test_an_address_that_is_not_plain_public_https_is_refused(address: str) -> None:
    with pytest.raises(VendorFailed) as caught:
        await check(address, loopback="http://127.0.0.1:8080", resolve=the_systems)
    assert caught.value.next_step


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "0177.1", "127.1", "1.2.3.0x1"])
async def test_a_number_in_disguise_is_refused_even_if_a_resolver_called_it_public(host: str) -> None:
    with pytest.raises(VendorFailed, match="in disguise"):
        await check(f"https://{host}/", loopback=None, resolve=public)


@pytest.mark.parametrize("bad", ["127.0.0.1", "::1", "169.254.169.254", "::ffff:10.0.0.1", "not an address", ""])
@pytest.mark.parametrize("first", [True, False])
async def test_a_name_that_leads_inside_with_any_of_its_addresses_is_refused(bad: str, first: bool) -> None:
    async def rebinding(host: str, port: int) -> Sequence[str]:
        return [bad, PUBLIC] if first else [PUBLIC, bad]

    with pytest.raises(VendorFailed, match="into this machine"):
        await check("https://clips.example/", loopback=None, resolve=rebinding)


async def test_a_name_that_changes_its_mind_is_asked_once_and_held_to_its_answer() -> None:
    answers = [[PUBLIC], ["127.0.0.1"]]

    async def rebinding(host: str, port: int) -> Sequence[str]:
        return answers.pop(0)

    target = await check("https://clips.example/", loopback=None, resolve=rebinding)
    assert target.addresses == (PUBLIC,)
    assert len(answers) == 1


async def test_a_name_without_addresses_is_an_error_of_the_network() -> None:
    async def empty(host: str, port: int) -> Sequence[str]:
        return []

    with pytest.raises(OSError, match="has no address"):
        await check("https://clips.example/", loopback=None, resolve=empty)


async def test_a_good_address_keeps_its_query_byte_for_byte() -> None:
    target = await check("https://Clips.example:8443/a%2fb?s=%2B+'&x=%7e;y#part", loopback=None, resolve=public)
    assert target == Target("https", "clips.example", 8443, (PUBLIC,), "/a%2fb?s=%2B+'&x=%7e;y")
    assert target.authority == "clips.example:8443"
    assert "s=" not in repr(target)


@pytest.mark.parametrize(
    ("address", "authority", "connects"),
    [
        ("https://93.184.215.14", "93.184.215.14", "93.184.215.14"),
        ("https://[2606:4700::1111]:444/", "[2606:4700::1111]:444", "2606:4700::1111"),
        ("https://[64:ff9b::5db8:d70e]/", "[64:ff9b::5db8:d70e]", "64:ff9b::5db8:d70e"),
    ],
)
async def test_a_public_number_is_connected_to_as_it_is(address: str, authority: str, connects: str) -> None:
    target = await check(address, loopback=None, resolve=the_systems)
    assert target.authority == authority
    assert target.addresses == (connects,)
    assert target.request == "/"


@pytest.mark.parametrize("home", ["http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080"])
async def test_http_is_followed_to_the_very_origin_of_a_loopback_api_only(home: str) -> None:
    target = await check(f"{home}/files/x?y=z", loopback=home, resolve=the_systems)
    assert f"http://{target.authority}" == home
    assert target.request == "/files/x?y=z"
    for other in ("http://127.0.0.1:8081/", "http://127.0.0.2:8080/", home.replace("http", "https")):
        with pytest.raises((VendorFailed, OSError)):
            await check(other, loopback=home, resolve=the_systems)
    with pytest.raises(VendorFailed, match="not https"):
        await check(f"{home}/files/x", loopback=None, resolve=the_systems)


@given(st.ip_addresses())
def test_an_address_that_leads_out_is_global_in_every_form(address: object) -> None:
    text = str(address)
    if leads_out(text) and ":" not in text:
        assert leads_out(f"::ffff:{text}")
    if not leads_out(text) and ":" not in text:
        for form in (f"::ffff:{text}", f"64:ff9b::{text}"):
            assert not leads_out(form)
