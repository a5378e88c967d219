"""Checking mappings against a schema: faults with their paths, rules with their words, no network."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from referencing.exceptions import Unresolvable

from seedance_pipe.spec.schema import Checker

SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "enum": ["a", "b"]},
        "size": {"$ref": "#/$defs/size", "maximum": 5},
        "twice": {"$ref": "#/$defs/called"},
        "parts": {
            "type": "array",
            "items": {"type": "object", "required": ["x", "y"], "properties": {"x": {}, "y": {}}},
        },
        "either": {
            "anyOf": [{"type": "object", "properties": {"deep": {"type": "integer"}}}, {"type": "integer"}]
        },
        "names": {"type": "object", "propertyNames": {"pattern": "^[a-z]+$"}},
        "open": {"type": "object", "additionalProperties": False, "properties": {"x": {}}},
    },
    "allOf": [
        {"not": {"required": ["size", "parts"]}, "x-error": {"message": "not both", "at": ["size"]}},
        {"if": {"required": ["size"]}, "then": {"required": ["name"]}, "x-error": {"message": "name it"}},
    ],
    "$defs": {"size": {"type": "integer", "minimum": 1}, "called": {"title": "x", "$ref": "#/$defs/size"}},
}


def faults(name: str, value: Any) -> list[tuple[tuple[str | int, ...], str, str]]:
    return [(fault.path, fault.keyword, fault.name) for fault in Checker(SCHEMA).faults(name, value)]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("name", "a", []),
        ("name", 3, [(("name",), "enum", "")]),
        ("size", 0, [(("size",), "minimum", "")]),
        ("size", 6, [(("size",), "maximum", "")]),
        ("twice", [], [(("twice",), "type", "")]),
        ("size", True, [(("size",), "type", "")]),
        ("size", 5.0, []),
        ("parts", [{}], [(("parts", 0), "required", "x"), (("parts", 0), "required", "y")]),
        ("parts", [{"x": 1, "y": 1}, 3], [(("parts", 1), "type", "")]),
        ("either", {"deep": "x"}, [(("either", "deep"), "type", "")]),
        ("either", "x", [(("either",), "anyOf", "")]),
        ("names", {"ok": 1, "No": 2}, [(("names",), "propertyNames", "No")]),
        (
            "open",
            {"y": 1, "z": 2},
            [(("open",), "additionalProperties", "y"), (("open",), "additionalProperties", "z")],
        ),
    ],
)
def test_a_fault_has_the_path_of_the_value_and_one_cause(name: str, value: Any, expected: Any) -> None:
    assert faults(name, value) == expected


def test_unknown_and_missing_keys_are_named() -> None:
    checker = Checker(SCHEMA)
    assert checker.unknown(["name", "nome"]) == ["nome"]
    assert checker.missing({"size": 1}) == ["name"]


def test_rules_are_told_in_their_own_words_unless_a_key_of_theirs_is_wrong() -> None:
    checker = Checker(SCHEMA)
    told = [(rule.message, rule.at) for rule in checker.broken({"size": 1, "parts": []})]
    assert told == [("not both", ("size",)), ("name it", ())]
    assert [rule.message for rule in checker.broken({"size": 1, "parts": []}, wrong={"parts"})] == ["name it"]
    assert list(checker.broken({"size": 1, "name": "a"})) == []


def test_equal_values_are_judged_once_and_true_is_not_one() -> None:
    checker = Checker({"properties": {"size": {"type": "integer"}}})
    assert checker.faults("size", 1) == ()
    assert checker.faults("size", True)
    assert checker.faults("size", 1) is checker.faults("size", 1)


def test_a_reference_to_the_web_is_never_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    checker = Checker({"properties": {"a": {"items": {"$ref": "https://example.org/schema.json"}}}})
    with pytest.raises(Unresolvable):
        checker.faults("a", [1])
