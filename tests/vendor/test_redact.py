from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedance_pipe.vendor.redact import Redactor

KEY = "ark-4bC/d+E9_f8=x"
REDACTOR = Redactor([KEY, "short"])
# Nobody hands out such keys; what finds them finds every key.
ODD = ["k%41\"q'Zz7T&amp;k\\n", '{"k":"Zx\'9+/=Qw%Er"}&#65;\\u0041', "sk-+++%25%//==''Ab1", "%%%%%%%%", "éèêëàâäî"]
SIGNED = "https://tos.example/a/clip.mp4?X-Tos-Expires=86400&X-Tos-Signature=9b1f0ce7a2d84536b8e1f70c25d94a63"


@pytest.mark.parametrize(
    "form",
    [
        KEY,
        quote(KEY, safe=""),
        base64.b64encode(KEY.encode()).decode(),
        base64.urlsafe_b64encode(KEY.encode()).decode(),
        base64.b64encode(f"me:{KEY}".encode()).decode(),
        base64.b64encode(f"Bearer {KEY}, really".encode()).decode(),
    ],
)
def test_a_key_is_taken_out_in_every_form(form: str) -> None:
    cleaned = REDACTOR.clean(f"your key {form} is wrong")
    assert "***" in cleaned
    assert form not in cleaned


@pytest.mark.parametrize("key", [KEY, *ODD])
@pytest.mark.parametrize(
    "written",
    [
        lambda key: quote(key),
        lambda key: quote(quote(key, safe=""), safe=""),
        lambda key: quote(key, safe="").lower(),
        lambda key: json.dumps(key),
        lambda key: json.dumps(json.dumps({"key": key})),
        lambda key: json.dumps(key).replace("/", "\\/"),
        lambda key: repr(key),
        lambda key: html.escape(key),
        lambda key: "".join(f"&#{ord(char)};" for char in key),
        lambda key: key.encode().hex(),
        lambda key: "\n".join(key),
        lambda key: f"{key[:5]}\r\n\t{key[5:]}",
        lambda key: base64.encodebytes(
            f"Authorization: Bearer {key}, and more than fits a line".encode()
        ).decode(),
        lambda key: quote(base64.b64encode(key.encode())),
    ],
)
def test_a_key_is_taken_out_of_whatever_it_is_wrapped_in(key: str, written: Callable[[str], str]) -> None:
    redactor = Redactor([key])
    told = f"your key {written(key)} is wrong"
    assert redactor.holds(told)
    assert redactor.hushed(told).startswith("your key ")
    assert "***" in redactor.hushed(told)
    assert redactor.hushed(told).endswith(" is wrong")
    assert not redactor.holds(redactor.hushed(told))


def test_a_key_is_found_however_often_it_is_wrapped_within_reason() -> None:
    key = "k&4bC/d+E9_f8"
    told = key
    for times in range(60):
        assert Redactor([key]).holds(told) or times > 7
        told = html.escape(told)


def test_a_key_of_which_nothing_can_be_read_hides_nothing() -> None:
    assert Redactor(["\\" * 8]).clean("in short") == "in short"


@pytest.mark.parametrize("before", ["%4", "\\", "\\u00", "&#x4", "&", "%25"])
def test_what_stands_before_a_key_does_not_bring_it_through(before: str) -> None:
    for key in (KEY, "nk-4bC7d9E0f8"):
        assert key not in REDACTOR.clean(before + KEY) + Redactor([key]).clean(before + key)


@pytest.mark.parametrize("at", [0, 65_530, 70_000])
def test_a_very_long_message_brings_no_part_of_a_key_through(at: int) -> None:
    for filling in ("x", " ", "\x00"):
        assert KEY[:8] not in REDACTOR.clean(filling * at + KEY + filling * 70_000)


def test_a_signed_address_that_is_known_is_taken_out_in_every_form_and_its_signature_alone() -> None:
    redactor = Redactor()
    redactor.hide_address(SIGNED)
    signature = SIGNED.rpartition("=")[2]
    for told in (signature, signature.encode().hex(), base64.b64encode(SIGNED.encode()).decode(), SIGNED[8:]):
        assert redactor.holds(told)
        assert signature[:12] not in redactor.clean(told)
    assert not redactor.holds("86400")


@pytest.mark.parametrize(
    "told",
    [
        SIGNED,
        quote(SIGNED, safe=""),
        quote(quote(SIGNED, safe=""), safe=""),
        SIGNED.replace("/", "\\/"),
        f"{SIGNED[:70]}\n  {SIGNED[70:]}",
        base64.b64encode(SIGNED.encode()).decode(),
        base64.b64encode(f"a{SIGNED}".encode()).decode(),
        base64.b64encode(f"ab{SIGNED}".encode()).decode(),
        base64.encodebytes(SIGNED.encode()).decode(),
        SIGNED.encode().hex(),
        "/a/clip.mp4?X-Tos-Signature=9b1f0ce7a2d84536",
        '"sign": 1, "token" = "9b1f0ce7a2d84536"',
        "Bearer 9b1f0ce7a2d84536b8e1",
        "basic%209b1f0ce7a2d84536b8e1",
    ],
)
def test_a_signature_that_nobody_told_us_of_is_taken_out(told: str) -> None:
    cleaned = REDACTOR.clean(f"see {told}, please")
    assert cleaned.startswith("see ")
    for secret in (
        "9b1f0ce7a2d84536",
        b"9b1f0ce7a2d84536".hex(),
        base64.b64encode(b"9b1f0ce7a2d84").decode()[:12],
    ):
        assert secret not in cleaned


@pytest.mark.parametrize(
    "said",
    [
        "an old keeper climbs the stairs (InvalidParameter.duration: 7 is not 5 or 10)",
        "Bearer authentication is required; the basic requirements: a token, a sign, a secret = yes",
        "export ARK_API_KEY=…, or try the story with --sandbox",
        "1 % of 50% at 16:9 & more; C:\\films\\new at https://a.example/x/y.png",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    ],
)
def test_ordinary_words_stay_as_they_are(said: str) -> None:
    assert REDACTOR.clean(said) == said
    assert REDACTOR.hushed(f"{said}\n  {said}") == f"{said}\n  {said}"


def test_a_key_that_is_too_short_to_be_one_is_left() -> None:
    assert REDACTOR.clean("in short") == "in short"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("see https://a.example/x?sig=1&b=2 now", "see https://a.example/x now"),
        ("https://u:p@a.example:8/x#frag", "https://a.example:8/x"),
        ('"HTTPS://A.example/x?y"', '"HTTPS://A.example/x"'),
        ("tos://bucket/x?X-Tos-Signature=s", "tos://bucket/x"),
        ("https://a.example?x=y", "https://a.example"),
        ("50% of a+b://", "50% of a+b://"),
    ],
)
def test_addresses_lose_their_queries_and_users(said: str, shown: str) -> None:
    assert REDACTOR.clean(said) == shown


def test_a_message_is_one_line_without_marks_that_act_on_a_terminal() -> None:
    assert REDACTOR.clean("a\x1b[31mb\r\n\tc\u202ed\x9be\x00\ud83d") == "a [31mb c d e"


def test_a_message_is_bounded() -> None:
    assert len(REDACTOR.clean("x" * 10_000)) == 500


def test_the_redactor_does_not_show_what_it_hides() -> None:
    assert KEY not in repr(REDACTOR)


@given(st.text(), st.text())
def test_no_text_around_a_key_brings_it_through(before: str, after: str) -> None:
    assert KEY not in REDACTOR.clean(before + KEY + after)
