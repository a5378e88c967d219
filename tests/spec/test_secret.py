"""Keys in stories: known shapes and random words are found, ordinary words are not (security.md X3)."""

from __future__ import annotations

import pytest

from seedance_pipe.spec.secret import keys_of, passwords, secrets


@pytest.mark.parametrize(
    "secret",
    [
        "sk-abcdefghijklmnop1234",
        "rvya_sk_live_12345678",
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "Bearer abcdef0123456789abcdef",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmN",
        "-----BEGIN RSA PRIVATE KEY-----",
        "Zk3vR8qLx0TnB5wYc7HdJ2mPf9GsUaE4",
    ],
)
def test_what_looks_like_a_key_is_found_where_it_stands(secret: str) -> None:
    text = f"the sea, {secret} and sky"
    assert [text[begin:end] for begin, end in secrets(text)] == [secret]


@pytest.mark.parametrize(
    "text",
    [
        "an old keeper climbs the stairs, slowly, with a lantern in his hand",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "https://example.org/a.png?X-Tos-Signature=Zk3vR8qLx0TnB5wYc7HdJ2mPf9GsUaE4",
        "assets/IMG_20261121_Scene_Lighthouse_Take_02.png",
        "asset://Zk3vR8qLx0TnB5wYc7HdJ2mPf9GsUaE4xx",
        "task-force desk-bound",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAaaaaaaaaaaaa1",
    ],
)
def test_ordinary_words_addresses_and_digests_are_no_keys(text: str) -> None:
    assert list(secrets(text)) == []


def test_a_password_in_an_address_is_found() -> None:
    text = "https://me:hush@example.org/a.png"
    assert [text[begin:end] for begin, end in passwords(text)] == ["me:hush"]


KEY = "1b4e28ba-2fa1-11d2-883f-0016d3cca427"


@pytest.mark.parametrize("name", ["ARK_API_KEY", "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "MY_PASSWORD", "APIKEY"])
def test_a_variable_whose_name_says_so_holds_a_key(name: str) -> None:
    assert keys_of({name: f" {KEY}\n", "PATH": "/usr/local/bin:/usr/bin", "LANG": "C"}) == {name: KEY}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TOKENIZERS_PARALLELISM", "a-rather-long-value-of-it"),
        ("XKB_KEYMAP_NAME_OF_ALL", "a-rather-long-value-of-it"),
        ("ARK_API_KEY", "the-sandbox"),
        ("ARK_API_KEY", "a wave breaks on the shore"),
        ("ARK_API_KEY", ""),
    ],
)
def test_words_and_what_is_too_short_are_no_keys(name: str, value: str) -> None:
    assert keys_of({name: value}) == {}
