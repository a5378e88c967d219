"""Documents: one value has one text, and nobody can change it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedance_pipe.document import canonical, digest, fill, freeze, leaves, thaw

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(json_values)
def test_the_canonical_text_reads_back_as_the_same_value_and_keys_may_come_in_any_order(value: object) -> None:
    frozen = freeze(value)
    assert freeze(json.loads(canonical(frozen))) == frozen
    if isinstance(value, dict):
        assert digest(freeze(dict(reversed(value.items())))) == digest(frozen)


@given(json_values)
def test_each_leaf_stands_at_its_path(value: object) -> None:
    frozen = freeze(value)
    for path, leaf in leaves(frozen):
        found = frozen
        for part in path:
            found = found[part]  # type: ignore[index,call-overload]
        assert found == leaf


def test_a_whole_float_is_the_integer_that_it_means() -> None:
    assert canonical(freeze({"a": 5.0, "b": 0.5})) == '{"a":5,"b":0.5}'


def test_a_frozen_value_cannot_be_changed_and_thaws_to_plain_containers() -> None:
    frozen = freeze({"a": [1, {"b": 2}]})
    with pytest.raises(TypeError):
        frozen["a"] = 1  # type: ignore[index,call-overload]
    assert thaw(frozen) == {"a": [1, {"b": 2}]}


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_json_cannot_write_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="no JSON form"):
        freeze(value)


def test_what_is_no_json_at_all_is_refused() -> None:
    with pytest.raises(TypeError, match="no JSON form"):
        freeze({"a": object()})


def test_holes_are_filled_at_their_paths_and_nowhere_else() -> None:
    value = freeze({"a": [None, {"b": None}], "c": None})
    assert thaw(fill(value, {("a", 1, "b"): "x", ("nowhere",): "y"})) == {"a": [None, {"b": "x"}], "c": None}
