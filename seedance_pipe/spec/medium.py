"""A medium: a picture, clip or sound that a request carries, and where it comes from."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

from seedance_pipe.document import JsonPath
from seedance_pipe.spec.diagnostic import Place
from seedance_pipe.units import Digest, Size


class Kind(enum.Enum):
    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"


class Role(enum.Enum):
    FIRST_FRAME = "first_frame"
    LAST_FRAME = "last_frame"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class Measured:
    """What a reference video or sound turned out to be; `size` and `frame_rate` are None for sound."""

    seconds: Fraction
    size: Size | None
    frame_rate: Fraction | None
    codecs: tuple[str, ...]
    bytes: int


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file inside the story's folder, read once: `name` is as the story writes it, `type` is the media type
    that its content shows (`image/png`), `bytes` its length; `size` and `seconds` where its kind has them.
    """

    path: Path
    name: str
    digest: Digest
    type: str
    bytes: int
    size: Size | None = None
    seconds: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Address:
    """An `https:` address (or the vendor's own `asset://`), passed on as it is."""

    url: str


@dataclass(frozen=True, slots=True)
class FromShot:
    """Made by another shot of the story: its last frame for an image, its clip for a video."""

    shot: str


@dataclass(frozen=True, slots=True)
class SeamPicture:
    """A picture of the store: the one at which a clip that is there already meets `shot`, whatever that shot comes
    to now. No story says so; a plan puts it in the place of what the other shot gives.
    """

    shot: str
    picture: Digest


Source: TypeAlias = LocalFile | Address | FromShot | SeamPicture


@dataclass(frozen=True, slots=True)
class Medium:
    """`hole` is the path in the request's body at which the medium's address goes."""

    role: Role
    kind: Kind
    source: Source
    hole: JsonPath
    place: Place
