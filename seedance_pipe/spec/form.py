"""A model's request as a form to fill in: which key feeds which parameter, what is sent when nothing is said,
and what a filled form asks to be made. All of it comes from the annotations of the model's schema.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, cast

from seedance_pipe.document import thaw
from seedance_pipe.spec.model import Model
from seedance_pipe.spec.schema import Checker
from seedance_pipe.spec.story import Footage
from seedance_pipe.spec.wording import limits

_HOLE = re.compile(r"\{([a-z_.]+)\}")
_TWINS = {"duration": "frames", "frames": "duration"}


class Form:
    """Compiled once for a model and used for all its shots.

    `fields` maps a portable key to the parameter that it feeds, `lists` a parameter to the items that it may
    hold, each with the name of its hole; `parts` are the schemas of all parameters.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        document = cast(Mapping[str, Any], thaw(model.document))
        self.checker = Checker(document)
        self.parts = self.checker.properties
        self.fields = {part["x-key"]: name for name, part in self.parts.items() if "x-key" in part}
        self.lists: Mapping[str, Sequence[tuple[Any, str]]] = {
            name: [(item, hole) for item in part["x-items"] for hole in _holes(item)]
            for name, part in self.parts.items()
            if "x-items" in part
        }
        self._holes = frozenset(hole for items in self.lists.values() for _, hole in items)
        self._lengths = frozenset(_lengths(document))

    def takes(self, key: str) -> bool:
        """Whether a portable key, or a hole for a medium, leads anywhere on this model."""
        return key in self.fields or key in self._holes

    def part(self, key: str) -> Mapping[str, Any]:
        """The schema of the parameter that a portable key feeds."""
        return self.parts[self.fields[key]]

    def key_of(self, name: str) -> str:
        """The portable key that feeds the parameter `name`; the name itself when there is none."""
        return next((key for key, field in self.fields.items() if field == name), name)

    def stand_in(self, text: str) -> str:
        """A short text that the schema cannot tell from `text`: requests that differ in words are checked once."""
        return "x" * max(length for length in self._lengths if length <= len(text))

    def with_defaults(self, body: Mapping[str, Any], roles: Collection[str]) -> dict[str, Any]:
        """What a request means: `body` with the vendor's defaults, without what does not change the picture.

        `roles` are those of the media that it brings.
        """
        order = {}
        for name, part in self.parts.items():
            value = body[name] if name in body else self._default(part, body, roles)
            if value is not None and "x-delivery" not in part:
                order[name] = value
        return order

    def _default(self, part: Mapping[str, Any], body: Mapping[str, Any], roles: Collection[str]) -> Any:
        """The value that the vendor takes when the request has none; None when there is none."""
        if self.fields.get(_TWINS.get(part.get("x-key", ""), "")) in body:
            return None
        cases = (case["value"] for case in part.get("x-default", ()) if case["with"] in roles)
        return next(cases, part.get("default"))

    def footage(self, order: Mapping[str, Any]) -> Footage:
        """What a request with its defaults filled in asks to be made."""
        resolution, ratio = self.value("resolution", order), self.value("ratio", order)
        frames, longest = self._length(order)
        return Footage(
            resolution=resolution or "",
            ratio=ratio if (resolution, ratio) in self.model.sizes else None,
            frames=frames,
            longest=longest,
            audio=self.value("audio", order) in (True, "true"),
        )

    def _length(self, order: Mapping[str, Any]) -> tuple[int | None, int]:
        """The frames of the clip, None when the model chooses, and the most that there may be."""
        frames = self.value("frames", order)
        if frames is not None:
            return int(frames), int(frames)
        part = self.part("duration")
        seconds = self.value("duration", order)
        if seconds is None or seconds == part.get("x-auto"):
            return None, self._frames(limits(part)[1] or 0)
        return self._frames(seconds), self._frames(seconds)

    def _frames(self, seconds: Any) -> int:
        """A clip has one frame more than its seconds say (modelark.md sections 2 and 7, 2026-11-21)."""
        return round(self.model.frame_rate * float(seconds)) + 1

    def value(self, key: str, order: Mapping[str, Any]) -> Any:
        """What an order says for a portable key; None when it says nothing."""
        return order.get(self.fields.get(key, ""))


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
