"""Documents: JSON values that nobody changes, their one canonical text, and the paths to their leaves.

Requests, fingerprint inputs and journal entries are documents. Mappings are read-only and sequences are
tuples once `freeze` has made them, so a document can be shared between floors without a copy.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias

Json: TypeAlias = "None | bool | int | float | str | Sequence[Json] | Mapping[str, Json]"
JsonPath: TypeAlias = tuple[str | int, ...]

# The types that nearly every value has come first: asking the abstract ones costs many times as much.
_LEAVES = frozenset({type(None), bool, int, str})
_MAPPINGS = (dict, MappingProxyType, Mapping)
_SEQUENCES = (tuple, list, Sequence)


def freeze(value: Any) -> Json:
    """A deep, read-only copy of what `json.loads` gives; a whole float becomes the integer it means.

    Raises TypeError for what JSON cannot hold, and ValueError for NaN and the infinities.
    """
    if type(value) in _LEAVES:
        leaf: Json = value
        return leaf
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} has no JSON form")
        return int(value) if value.is_integer() else value
    if isinstance(value, _MAPPINGS):
        return MappingProxyType({str(key): freeze(item) for key, item in value.items()})
    if isinstance(value, _SEQUENCES) and not isinstance(value, bytes | bytearray | str):
        return tuple([freeze(item) for item in value])
    if isinstance(value, str | int):
        return value
    raise TypeError(f"{type(value).__name__} has no JSON form")


def thaw(value: Json) -> Any:
    """The same value as plain dicts and lists, for libraries that ask for them, each number in its one form."""
    if type(value) in _LEAVES:
        return value
    if isinstance(value, float):
        return freeze(value)
    if isinstance(value, _MAPPINGS):
        return {key: thaw(item) for key, item in value.items()}
    if isinstance(value, _SEQUENCES) and not isinstance(value, str):
        return [thaw(item) for item in value]
    return value


def canonical(value: Json) -> str:
    """One text for one value: keys sorted, no spaces, no escapes that JSON does not ask for."""
    return json.dumps(thaw(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(value: Json) -> str:
    """SHA-256 of the canonical text, in lower-case hex."""
    return hashlib.sha256(canonical(value).encode("utf-8", "surrogatepass")).hexdigest()


def leaves(value: Json, path: JsonPath = ()) -> Iterator[tuple[JsonPath, Json]]:
    """Every leaf with its path, in the document's order; an empty mapping or sequence is a leaf."""
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, Sequence) and not isinstance(value, str) and value:
        for index, item in enumerate(value):
            yield from leaves(item, (*path, index))
    else:
        yield path, value


def fill(value: Json, holes: Mapping[JsonPath, Json], path: JsonPath = ()) -> Json:
    """A copy of `value` in which each path of `holes` that exists in it holds the new value."""
    if path in holes:
        return freeze(holes[path])
    if isinstance(value, Mapping):
        return MappingProxyType({key: fill(item, holes, (*path, key)) for key, item in value.items()})
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(fill(item, holes, (*path, index)) for index, item in enumerate(value))
    return value


def at(value: Json, path: JsonPath) -> Json:
    """What a document of mappings holds at `path`, None where there is no such place."""
    for name in path:
        value = value.get(str(name)) if isinstance(value, Mapping) else None
    return value


def written(value: Json, path: JsonPath, leaf: Json) -> Json:
    """A copy of a document of mappings that holds `leaf` at `path`, whether anything stood there before or not."""
    if not path:
        return leaf
    outer = value if isinstance(value, Mapping) else {}
    name = str(path[0])
    return MappingProxyType({**outer, name: written(outer.get(name), path[1:], leaf)})
