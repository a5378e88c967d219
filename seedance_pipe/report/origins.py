"""Origins: where each value of a request comes from, for people who look for the line to change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from seedance_pipe.document import Json, JsonPath, canonical, leaves, thaw
from seedance_pipe.report.words import plain
from seedance_pipe.spec.story import Origin, Shot, Story

_OURS = "the program"


@dataclass(frozen=True, slots=True)
class Sourced:
    """The value at `path` of a shot's request; `origin` is None where the program gives it."""

    path: JsonPath
    value: Json
    origin: Origin | None

    @property
    def name(self) -> str:
        """The path as a person writes it: `content[0].text`."""
        parts = (f"[{one}]" if isinstance(one, int) else f".{one}" for one in self.path)
        return "".join(parts).removeprefix(".")


def sourced(shot: Shot) -> Iterator[Sourced]:
    """Every value of the shot's request in its order."""
    for path, value in leaves(shot.body):
        inside = path
        while inside and inside not in shot.origins:
            inside = inside[:-1]
        yield Sourced(path, value, shot.origins.get(inside))


def origins_data(shot: Shot) -> dict[str, Any]:
    """For each value that the story gives its key there, and its place."""
    return {
        one.name: {"key": one.origin.key, "place": str(one.origin.place), "value": thaw(one.value)}
        for one in sourced(shot)
        if one.origin is not None
    }


def origins_text(story: Story) -> str:
    """A block for each shot: each value that is asked for, and below it the place that asks for it."""
    lines = []
    for shot in story.shots:
        lines.append(f"{shot.id}  {shot.place}")
        for one in sourced(shot):
            value = one.value if isinstance(one.value, str) else canonical(one.value)
            lines += [f"  {one.name}: {plain(value)}", f"    {_place(one.origin)}"]
    return "\n".join(lines) + "\n"


def _place(origin: Origin | None) -> str:
    return f"{origin.place}  {origin.key}" if origin else _OURS
