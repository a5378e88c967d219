"""A model's request as a form to fill in: which key feeds which parameter, and what holds when nothing is said.
All of it comes from the annotations of the model's schema.

A parameter is known by its path: `("settings", "audio")` is one inside another. A filled form is a flat mapping
of such paths to values, which `nested` turns into the request.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from seedance_pipe.document import Json, freeze, thaw
from seedance_pipe.spec.model import Model
from seedance_pipe.spec.schema import Checker, Fault

Parameter: TypeAlias = tuple[str, ...]
Filled: TypeAlias = Mapping[Parameter, Any]

ADAPTIVE = "adaptive"
TASK_HOLE = "draft"
"""The hole for the task of a draft, which the program fills and no key of a story does."""

_AUTO = ("auto", -1)
_HOLE = re.compile(r"\{([a-z_.]+)\}")
_TWINS = {"duration": "frames", "frames": "duration"}


@dataclass(frozen=True, slots=True)
class Pixels:
    """The parameters that a ratio is written to as pixels, and the ratio of a shot that has nothing to follow."""

    width: Parameter
    height: Parameter
    ratio: str


class Form:
    """Compiled once for a model and used for all its shots.

    `parts` are the schemas of all parameters, `groups` those of the mappings around them, the whole request under
    the empty path. `fields` maps a portable key to the parameter that it feeds, `lists` a parameter to the items
    that it may hold, each with the name of its hole; `by_place` has the lists in which nothing but its place tells
    a last frame from a first. `pixels` is None where a ratio is sent as such; `shapes` maps pixels to their
    resolution and ratio. `reused` are the parameters that the final of a draft has from its draft.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        document = cast(Mapping[str, Any], thaw(model.document))
        self.checker = Checker(document)
        self.parts: dict[Parameter, Mapping[str, Any]] = {}
        self.groups: dict[Parameter, Mapping[str, Any]] = {}
        self._turn: dict[Parameter, int] = {}
        self._read(document, ())
        self._delivered = frozenset(self._marked("x-delivery"))
        self.reused = frozenset(self._marked("x-reused"))
        self.pixels = self._pixels()
        self.fields = {
            part["x-key"]: path
            for path, part in self.parts.items()
            if "x-key" in part and part.get("x-as") not in ("width", "height")
        }
        self.lists: Mapping[Parameter, Sequence[tuple[Any, str]]] = {
            path: [(item, hole) for item in part["x-items"] for hole in _holes(item)]
            for path, part in self.parts.items()
            if "x-items" in part
        }
        # A prompt is a template, so it is never given in the vendor's words.
        self._owned = frozenset({*self._marked("x-owned"), self.fields.get("prompt", ())})
        self._holes = frozenset(hole for items in self.lists.values() for _, hole in items)
        self._defaults: dict[frozenset[str], list[tuple[Parameter, Json]]] = {}
        self.by_place = frozenset(path for path, items in self.lists.items() if _told_by_place(items))
        self._lengths = frozenset(_lengths(document))
        self.shapes = {size: named for named, size in reversed([*model.sizes.items()])}

    def _read(self, schema: Mapping[str, Any], path: Parameter) -> None:
        self.groups[path] = schema
        for name, given in schema.get("properties", {}).items():
            part = self.checker.resolved(given)
            self._turn[*path, name] = len(self._turn)
            if "properties" in part:
                self._read(part, (*path, name))
            else:
                self.parts[*path, name] = part

    def _marked(self, mark: str) -> Iterator[Parameter]:
        """What a mark stands on, with all that is inside it."""
        every = {**self.groups, **self.parts}
        return (path for path in every if any(mark in every[path[:depth]] for depth in range(1, len(path) + 1)))

    def _pixels(self) -> Pixels | None:
        ways = {part["x-as"]: path for path, part in self.parts.items() if "x-as" in part}
        if "width" not in ways:
            return None
        return Pixels(ways["width"], ways["height"], self.parts[ways["width"]]["x-ratio"])

    def takes(self, key: str) -> bool:
        """Whether a portable key, or a hole for a medium, leads anywhere on this model."""
        return key in self.fields or key in self._holes or (key == "ratio" and self.pixels is not None)

    def accepts(self, key: str, value: Any) -> bool:
        """Whether the model has the portable key and this value of it, the rest of the shot aside."""
        if key not in self.fields:
            return self.takes(key) and (key != "ratio" or value in (*self.ratios(), ADAPTIVE))
        wire = self.wire(key, value)
        return wire is not None and not self.faults(self.fields[key], wire)

    def ratios(self, resolution: str | None = None) -> list[str]:
        """The ratios that have a size, of one resolution or of any."""
        known = (ratio for other, ratio in self.model.sizes if resolution in (None, other))
        return list(dict.fromkeys(known))

    def wire(self, key: str, value: Any) -> Any:
        """A portable value as its parameter is written; None where the choice is not the model's to make."""
        part = self.part(key)
        if key == "duration" and value in _AUTO:
            return part.get("x-auto")
        whole = whole_number(value)
        return str(whole).lower() if part.get("x-as") == "text" and not isinstance(whole, str) else whole

    def faults(self, path: Parameter, value: Any) -> list[Fault]:
        """What is wrong with the value of one parameter by itself."""
        found = self.checker.faults(path[0], nested({path[1:]: value}) if path[1:] else value)
        return [fault for fault in found if fault.path[: len(path)] == path]

    def part(self, key: str) -> Mapping[str, Any]:
        """The schema of the parameter that a portable key feeds; an empty one where there is none."""
        return self.parts.get(self.fields.get(key, ()), {})

    def key_of(self, path: Parameter) -> str:
        """The portable key that feeds a parameter; the parameter's own name when there is none."""
        return next((key for key, field in self.fields.items() if field == path), ".".join(path))

    def owned(self, path: Parameter) -> bool:
        """Whether the program alone sets the parameter, or what is around it."""
        return path in self._owned

    def later(self, name: str) -> bool:
        """Whether the program sets a parameter when the request is sent, and not before."""
        part = self.parts.get((name,), {})
        return "x-owned" in part and "const" not in part and "x-items" not in part

    def stand_in(self, text: str) -> str:
        """A short text that the schema cannot tell from `text`: requests that differ in words are checked once."""
        return "x" * max(length for length in self._lengths if length <= len(text))

    def with_defaults(self, body: Filled, roles: Collection[str]) -> dict[Parameter, Any]:
        """What a request means: `body` with the vendor's defaults, without what does not change the picture.

        `roles` are those of the media that it brings.
        """
        beaten = self._beaten(body)
        order = {}
        for path, default in self._defaults_for(frozenset(roles)):
            value = body.get(path, None if path in beaten else default)
            if value is not None:
                order[path] = value
        return order

    def _defaults_for(self, roles: frozenset[str]) -> list[tuple[Parameter, Json]]:
        """What the vendor takes for each parameter that makes a picture; None where it has no default."""
        if roles not in self._defaults:
            self._defaults[roles] = [
                (path, freeze(_default(part, roles)))
                for path, part in self.parts.items()
                if path not in self._delivered
            ]
        return self._defaults[roles]

    def _beaten(self, body: Filled) -> list[Parameter]:
        """The parameters whose defaults do not count, because the request says the same in other words."""
        pairs = [(self.fields.get(key), self.fields.get(twin)) for key, twin in _TWINS.items()]
        if self.pixels is not None:
            pairs.append((self.fields["resolution"], self.pixels.width))
        return [path for path, other in pairs if path is not None and other in body]

    def value(self, key: str, order: Filled) -> Any:
        """What an order says for a portable key; None when it says nothing."""
        return order.get(self.fields.get(key, ()))

    def in_order(self, paths: Iterable[Parameter]) -> list[Parameter]:
        """`paths` as they follow each other in the model's file."""
        return sorted(paths, key=self._turn.__getitem__)


def nested(filled: Mapping[Any, Any]) -> dict[str, Any]:
    """The request that a filled form stands for; a path to an empty mapping makes one."""
    tree: dict[str, Any] = {}
    for path, value in filled.items():
        inner = tree
        for name in path[:-1]:
            inner = inner.setdefault(name, {})
        if value == {}:
            inner.setdefault(path[-1], {})
        else:
            inner[path[-1]] = value
    return tree


def whole_number(value: Any) -> Any:
    """A whole float means the integer: that is how it is judged, and how it is sent."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _default(part: Mapping[str, Any], roles: frozenset[str]) -> Any:
    cases = (case["value"] for case in part.get("x-default", ()) if case["with"] in roles)
    return next(cases, part.get("default"))


def hole_of(text: Any) -> str | None:
    """The name of the hole that a leaf of an item is, if it is one."""
    match = _HOLE.fullmatch(text) if isinstance(text, str) else None
    return match[1] if match else None


def _holes(item: Any) -> Iterator[str]:
    """The holes of an item of a list, at any depth."""
    if isinstance(item, Mapping):
        for part in item.values():
            yield from _holes(part)
    elif (hole := hole_of(item)) is not None:
        yield hole


def _told_by_place(items: Sequence[tuple[Any, str]]) -> bool:
    frames = {hole: _without_hole(item) for item, hole in items if hole in ("first_frame", "last_frame")}
    return len(frames) > 1 and frames["first_frame"] == frames["last_frame"]


def _without_hole(item: Any) -> Any:
    if isinstance(item, Mapping):
        return {key: _without_hole(part) for key, part in item.items()}
    return None if hole_of(item) else item


def _lengths(schema: Any) -> Iterator[int]:
    """Every length of text at which a schema changes its mind, and 0."""
    yield 0
    if isinstance(schema, Mapping):
        if "minLength" in schema:
            yield schema["minLength"]
        if "maxLength" in schema:
            yield schema["maxLength"] + 1
        for part in schema.values():
            yield from _lengths(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from _lengths(part)
