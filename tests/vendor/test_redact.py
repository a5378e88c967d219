from __future__ import annotations

import base64
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedance_pipe.vendor.redact import Redactor

KEY = "ark-4bC/d+E9_f8=x"
REDACTOR = Redactor([KEY, "short"])


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
