from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedance_pipe.document import Json, freeze
from seedance_pipe.vendor.answer import Part, amount, whole


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("0.06737788", "0.06737788"),
        ("0.77957", "0.77957"),
        ("40000", "40000"),
        ("25.0", "25"),
        ("1e-05", "0.00001"),
        ('"0.0670"', "0.0670"),
        ('"40000"', "40000"),
        ("0", "0"),
    ],
)
def test_an_amount_is_read_digit_for_digit(written: str, read: str) -> None:
    assert amount(freeze(json.loads(written))) == Decimal(read)


@pytest.mark.parametrize("value", [-0.01, -1, True, None, "", "1,5", "NaN", "1e999", "٣", " 1", 1e300, {}, []])
def test_what_is_no_amount_is_none(value: Json) -> None:
    assert amount(value) is None


@given(st.decimals(0, 10**6, places=8))
def test_eight_decimals_survive_a_float(value: Decimal) -> None:
    assert amount(freeze(json.loads(str(value)))) == value


@given(st.one_of(st.integers(), st.floats(), st.text(), st.booleans()))
def test_no_value_is_too_strange_to_be_no_amount(value: Json) -> None:
    found = amount(value)
    assert found is None or (found >= 0 and found.is_finite())


@pytest.mark.parametrize("number", [0, -1, 2**53, 2**63 - 1, -(2**63) + 1])
def test_a_whole_number_has_at_most_63_bits(number: int) -> None:
    assert whole(number) == whole(str(number)) == number


@pytest.mark.parametrize("value", [2**63, -(2**63), str(2**63), "9" * 21, 1.5, "1.5", True, None, "-", "٣"])
def test_what_is_no_whole_number_is_none(value: Json) -> None:
    assert whole(value) is None


def test_what_is_in_a_form_is_not_shown() -> None:
    assert "secret" not in repr(Part("file", b"secret"))
