"""Addresses in stories: public `https:` ones; everything that could lead elsewhere is refused."""

from __future__ import annotations

import pytest

from seedance_pipe.spec.address import refusal


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/a.png",
        "https://EXAMPLE.org/a.png?X-Signature=abc%2F&b=1#top",
        "https://cdn-1.example.co.uk:8443/a",
        "https://bücher.example/bild.png",
        "https://example.org./a.png",
        "HTTPS://example.org/a.png",
    ],
)
def test_a_public_https_address_is_taken(url: str) -> None:
    assert refusal(url, loopback=False) == ""


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/a.png",
        "ftp://example.org/a.png",
        "https:///a.png",
        "https://",
        "https://localhost/a.png",
        "https://cam.local/a.png",
        "https://metadata.google.internal/a.png",
        "https://intranet/a.png",
        "https://127.0.0.1/a.png",
        "https://127.1/a.png",
        "https://2130706433/a.png",
        "https://0x7f000001/a.png",
        "https://0x7f.1/a.png",
        "https://0177.0.0.1/a.png",
        "https://10.0.0.8/a.png",
        "https://169.254.169.254/latest/meta-data",
        "https://8.8.8.8/a.png",
        "https://[::1]/a.png",
        "https://[::ffff:127.0.0.1]/a.png",
        "https://[fe80::1%25eth0]/a.png",
        "https://[::1/a.png",
        "https://me:secret@example.org/a.png",
        "https://me@example.org/a.png",
        "https://example.org:99999/a.png",
        "https://example.org:0/a.png",
        "https://-example.org/a.png",
        "https://exa mple.org/a.png",
        "https://example..org/a.png",
        "https://example.123/a.png",
        f"https://{'a' * 64}.org/a.png",
    ],
)
@pytest.mark.parametrize("loopback", [False])
def test_an_address_that_is_not_public_https_is_refused(url: str, loopback: bool) -> None:
    assert refusal(url, loopback=loopback)


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:8080/a.png", "http://localhost/a.png", "https://127.0.0.1/a.png", "http://[::1]:80/a.png"],
)
def test_a_rehearsal_may_name_this_machine(url: str) -> None:
    assert refusal(url, loopback=True) == ""
    assert refusal(url, loopback=False)


@pytest.mark.parametrize("url", ["http://example.org/a.png", "http://10.0.0.8/a.png", "ftp://127.0.0.1/a.png"])
def test_a_rehearsal_names_no_other_machine_over_http(url: str) -> None:
    assert refusal(url, loopback=True)
