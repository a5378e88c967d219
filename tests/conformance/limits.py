"""The parameter tables, one file for each model: what the references say of each parameter's limits.

They are written from the references alone. Each entry of `parameters` names a path `at` of the request's body (or
several that go together) and the values that are `accepted` and `refused` there. The rest of the body is `body`,
with what `with` changes and `without` what it names. Such a value stands in a story under `params`, beside the
entry's `keys`. What the program writes itself (`owned`) is given as `value`, with the `keys` of a shot that lead
to it, if any do.
`required` means that a body without it is refused. `{repeat: [x, 64]}` stands for x 64 times.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "parameters"


@dataclass(frozen=True, slots=True)
class Case:
    """A value of one parameter. `keys` are those of a shot that lead to it, None when no story can say it."""

    at: tuple[str, ...]
    value: Any
    body: Mapping[str, Any]
    keys: Mapping[str, Any] | None

    def __str__(self) -> str:
        shown = repr(self.value)
        return f"{', '.join(self.at)} = {shown if len(shown) < 80 else shown[:77] + '...'}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One parameter of one model. `missing` is a body without it, if it is required."""

    model: str
    vendor: str
    name: str
    accepted: tuple[Case, ...]
    refused: tuple[Case, ...]
    missing: Mapping[str, Any] | None


def tables() -> Iterator[Entry]:
    for path in sorted(FOLDER.glob("*.yaml")):
        told = yaml.safe_load(path.read_text(encoding="utf-8"))
        for number, entry in enumerate(told["parameters"]):
            yield _entry(told, entry, number)


def models() -> set[str]:
    return {entry.model for entry in tables()}


def _entry(told: Mapping[str, Any], entry: Mapping[str, Any], number: int) -> Entry:
    at = (entry["at"],) if isinstance(entry["at"], str) else tuple(entry["at"])
    body = copy.deepcopy(told["body"])
    for path in entry.get("without", ()):
        put(body, path, _NOTHING)
    for path, value in entry.get("with", {}).items():
        put(body, path, value)
    missing = copy.deepcopy(body) if entry.get("required") else None
    if missing is not None:
        put(missing, at[0], _NOTHING)
    cases = {
        side: tuple(_case(at, one, body, entry) for one in entry.get(side, ())) for side in ("accepted", "refused")
    }
    vendor = told["model"].partition("/")[0]
    return Entry(told["model"], vendor, f"{number + 1} {'+'.join(at)}", **cases, missing=missing)


def _case(at: tuple[str, ...], told: Any, body: Mapping[str, Any], entry: Mapping[str, Any]) -> Case:
    owned = entry.get("owned", False)
    value = _long(told["value"] if owned else told)
    whole = copy.deepcopy(dict(body))
    for path, one in zip(at, value if len(at) > 1 else [value], strict=True):
        put(whole, path, one)
    keys = told.get("keys") if owned else entry.get("keys", {})
    return Case(at, value, whole, keys if keys is None else {key: _long(one) for key, one in keys.items()})


_NOTHING = object()


def put(body: dict[str, Any], path: str, value: Any) -> None:
    *outer, last = path.split(".")
    for name in outer:
        body = body.setdefault(name, {})
    if value is _NOTHING:
        body.pop(last, None)
    else:
        body[last] = value


def _long(value: Any) -> Any:
    if isinstance(value, dict) and set(value) == {"repeat"}:
        text, times = value["repeat"]
        return text * times
    return value
