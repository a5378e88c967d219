"""Departures: what of ours a run would send away, to whom, and by which way."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from seedance_pipe.plan.freshness import Stale
from seedance_pipe.plan.graph import StepKey, StepKind
from seedance_pipe.plan.make import Planned
from seedance_pipe.spec.medium import Address, FromShot, Kind, LocalFile, Medium, SeamPicture
from seedance_pipe.spec.model import Model

_UNITS = ("kB", "MB")


class Way(enum.Enum):
    """`TARGET` is the upload target, from which the vendor reads the file at an address."""

    REQUEST = "request"
    UPLOAD = "upload"
    TARGET = "upload_target"


@dataclass(frozen=True, slots=True)
class Departure:
    """`name` is a path as the story writes it, or what is `handed` over from another shot; of that the length is
    not known, and `bytes` is None.
    """

    name: str
    bytes: int | None
    vendor: str
    way: Way
    steps: tuple[StepKey, ...]

    @property
    def handed(self) -> bool:
        return self.bytes is None


def departures(steps: Iterable[Planned]) -> tuple[Departure, ...]:
    """Every file that the takes to be bought bring along, sorted; the same file on the same way counts once."""
    found: dict[tuple[str, int | None, str, Way], list[StepKey]] = {}
    for planned in steps:
        shot = planned.step.shot
        if planned.step.from_draft:
            continue
        if planned.step.kind is StepKind.TAKE and shot is not None and isinstance(planned.verdict, Stale):
            for name, length, way in _brought(shot.media, shot.model):
                found.setdefault((name, length, shot.model.vendor, way), []).append(planned.step.key)
    every = (Departure(*what, tuple(dict.fromkeys(keys))) for what, keys in found.items())
    return tuple(sorted(every, key=lambda one: (one.name, one.vendor, one.way.value)))


def destination(one: Departure) -> str:
    """To whom, and how."""
    match one.way:
        case Way.REQUEST:
            return f"{one.vendor}, inside the request"
        case Way.UPLOAD:
            return f"{one.vendor}, uploaded there"
        case Way.TARGET:
            return f"the place of SEEDANCE_UPLOAD_PUT, where {one.vendor} reads it"


def size(length: int | None) -> str:
    """`812 bytes`, `12.3 kB`, `4.0 MB`; of what is handed over, where it comes from."""
    if length is None:
        return "made by this story"
    if length < 1000:
        return "1 byte" if length == 1 else f"{length} bytes"
    unit = _UNITS[length >= 1_000_000]
    return f"{length / (1_000_000 if unit == 'MB' else 1000):.1f} {unit}"


def departure_data(one: Departure) -> dict[str, Any]:
    return {
        "file": one.name,
        "to": one.vendor,
        "by_upload_target": one.way is Way.TARGET,
        "way": one.way.value,
        "bytes": one.bytes,
        "steps": list(one.steps),
    }


def _brought(media: Iterable[Medium], model: Model) -> Iterator[tuple[str, int | None, Way]]:
    for medium in media:
        match medium.source:
            case LocalFile(name=name, bytes=length):
                yield name, length, _way(model, medium.kind, length)
            case FromShot(shot=shot):
                what = "the clip" if medium.kind is Kind.VIDEO else "the last frame"
                yield f"{what} of {shot}", None, _way(model, medium.kind, 0)
            case SeamPicture(shot=shot):
                yield f"the picture at the seam with {shot}", None, _way(model, medium.kind, 0)
            case Address():
                continue


def _way(model: Model, kind: Kind, length: int) -> Way:
    """How a file of so many bytes travels; a frame of ours is taken for a small one."""
    limits = model.media.get(kind)
    if limits is None:
        return Way.TARGET
    if limits.carries(length) or (limits.inline and not limits.upload):
        return Way.REQUEST
    return Way.UPLOAD if limits.upload else Way.TARGET
