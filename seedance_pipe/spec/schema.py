"""Checking a closed object against a JSON Schema, key by key, so that equal values are checked once.

The result is faults: which part is wrong, and the piece of schema that it breaks. `wording` turns them into
sentences. Rules between keys (the schema's `allOf`) are told by the `x-error` that each of them carries.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from referencing import Registry

from seedance_pipe.document import JsonPath


@dataclass(frozen=True, slots=True)
class Fault:
    """`path` leads to the value that breaks `schema` by `keyword`; `name` is the key that is unknown
    (`additionalProperties`), missing (`required`) or misnamed (`propertyNames`) there.
    """

    path: JsonPath
    keyword: str
    schema: Mapping[str, Any]
    name: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule between keys that was broken: its words, and the keys to point at, the best first."""

    message: str
    at: tuple[str, ...]


class Checker:
    """A schema of an object whose keys are all listed; answers are remembered by value."""

    def __init__(self, schema: Mapping[str, Any], definitions: Mapping[str, Any] | None = None) -> None:
        """`definitions` are the `$defs` that the schema's references lead to, its own by default.

        References reach nothing else: no file and no network.
        """
        self.properties: Mapping[str, Mapping[str, Any]] = schema.get("properties", {})
        self.required: Collection[str] = schema.get("required", ())
        self._defs = schema.get("$defs", {}) if definitions is None else definitions
        self._checks = {name: self._validator(part) for name, part in self.properties.items()}
        self._rules = [_Written(rule, self._validator(rule)) for rule in schema.get("allOf", ())]
        self._seen: dict[tuple[str, str], tuple[Fault, ...]] = {}

    def unknown(self, given: Iterable[str]) -> list[str]:
        return [name for name in given if name not in self.properties]

    def missing(self, given: Collection[str]) -> list[str]:
        return [name for name in self.required if name not in given]

    def faults(self, name: str, value: Any, *, text: str | None = None) -> tuple[Fault, ...]:
        """What is wrong with the value of key `name` by itself; paths begin with `name`. `text` is the value's
        JSON, for a caller that has it.
        """
        key = (name, text or json.dumps(value))
        if key not in self._seen:
            found = [fault for error in self._checks[name].iter_errors(value) for fault in _faults(error, (name,))]
            self._seen[key] = tuple(_one_for_each_cause(found))
        return self._seen[key]

    def broken(
        self, given: Mapping[str, Any], *, wrong: Collection[str] = (), texts: Mapping[str, str] | None = None
    ) -> Iterator[Rule]:
        """The rules that `given` breaks, without those that speak of a key in `wrong`. `texts` are the values'
        JSON, for a caller that has them.
        """
        texts = texts or texts_of(given)
        for rule in self._rules:
            if not rule.names.isdisjoint(wrong):
                continue
            if not rule.holds({name: given[name] for name in given if name in rule.names}, texts):
                yield rule.told

    def resolved(self, part: Mapping[str, Any]) -> Mapping[str, Any]:
        """A part of the schema without the reference that it may be, its own words over those it refers to."""
        if "$ref" not in part:
            return part
        own = {key: value for key, value in part.items() if key != "$ref"}
        return {**self._defs[part["$ref"].rpartition("/")[2]], **own}

    def _validator(self, part: Mapping[str, Any]) -> Draft202012Validator:
        # A reference that is the whole of a part is followed once, here, and not for each value.
        return Draft202012Validator({**self.resolved(part), "$defs": self._defs}, registry=Registry())


def texts_of(given: Mapping[str, Any]) -> dict[str, str]:
    """Each value as JSON: equal texts are judged alike."""
    return {name: json.dumps(value) for name, value in given.items()}


class _Written:
    """One rule of a schema; it looks at the keys in `names` alone, so its answer is remembered by their values."""

    def __init__(self, rule: Mapping[str, Any], validator: Draft202012Validator) -> None:
        self.names = frozenset(_names(rule))
        self.told = Rule(rule["x-error"]["message"], tuple(rule["x-error"].get("at", ())))
        self._validator = validator
        self._seen: dict[tuple[tuple[str, str], ...], bool] = {}

    def holds(self, given: Mapping[str, Any], texts: Mapping[str, str]) -> bool:
        key = tuple((name, texts[name]) for name in given)
        if key not in self._seen:
            self._seen[key] = self._validator.is_valid(dict(given))
        return self._seen[key]


def _names(rule: Any) -> Iterator[str]:
    """Every key that a rule mentions, at any depth: more than it looks at does no harm, fewer would."""
    if isinstance(rule, Mapping):
        yield from rule.get("properties", {})
        yield from rule.get("required", ())
        for item in rule.values():
            yield from _names(item)
    elif isinstance(rule, list):
        for item in rule:
            yield from _names(item)


def _one_for_each_cause(faults: Sequence[Fault]) -> Iterator[Fault]:
    """The faults without those that only follow from another one of the same value."""
    # The library tells a missing key once for each key that is missing beside it.
    once = {(fault.path, fault.keyword, fault.name): fault for fault in faults}
    for path in dict.fromkeys(fault.path for fault in once.values()):
        here = [fault for (at, _, _), fault in once.items() if at == path]
        decisive = [fault for word in ("enum", "const", "type") for fault in here if fault.keyword == word]
        yield from decisive[:1] or here


def _faults(error: ValidationError, at: JsonPath) -> Iterator[Fault]:
    error = _deepest(error)
    path = (*at, *error.absolute_path)
    schema = error.schema if isinstance(error.schema, Mapping) else {}
    keyword, instance = str(error.validator), cast(Any, error.instance)
    if keyword == "additionalProperties":
        known = schema.get("properties", {})
        yield from (Fault(path, keyword, schema, name) for name in instance if name not in known)
    elif keyword == "required":
        required = cast(Sequence[str], error.validator_value)
        yield from (Fault(path, keyword, schema, name) for name in required if name not in instance)
    elif "propertyNames" in error.absolute_schema_path:
        yield Fault(path, "propertyNames", schema, str(instance))
    else:
        yield Fault(path, keyword, schema)


def _deepest(error: ValidationError) -> ValidationError:
    """Of an `anyOf`, the branch that got furthest into the value; the `anyOf` itself when none got inside."""
    inner = [one for one in error.context or () if len(one.absolute_path) > len(error.absolute_path)]
    return _deepest(max(inner, key=lambda one: len(one.absolute_path))) if inner else error
