"""A story: what a story file means once every name, template and rule in it has been settled.

These values are all that the floors above `spec` see of a story. Nothing in them needs checking again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from seedance_pipe.document import Json, JsonPath
from seedance_pipe.spec.cap import NO_CAPS, Caps
from seedance_pipe.spec.diagnostic import Place
from seedance_pipe.spec.medium import Medium
from seedance_pipe.spec.model import Model
from seedance_pipe.spec.repair import Repair


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value of a request comes from: the shot key as a person writes it, and its place."""

    key: str
    place: Place


@dataclass(frozen=True, slots=True)
class Footage:
    """What the request asks to be made, with the model's defaults filled in; None is the model's own choice.

    `ratio` is None when it is open among those of the resolution's sizes: it follows a picture, or the model's
    choice. A ratio without a size in the model's table makes a picture of unknown size. `frames` counts every
    frame of the clip (a 5 s clip has 121). `longest` is the greatest number of frames that it can come to.
    """

    resolution: str
    ratio: str | None
    frames: int | None
    longest: int
    audio: bool


@dataclass(frozen=True, slots=True)
class Final:
    """The request for a shot that is made from the task of its draft: `body` as it will be sent, but for what the
    program owns, and with a `hole` for the task's name.
    """

    body: Mapping[str, Json]
    hole: JsonPath


@dataclass(frozen=True, slots=True)
class Shot:
    """`body` is the request in the vendor's words as it will be sent, but for what the program owns: media
    holes hold None until their addresses are known, and delivery keys are the vendor floor's.

    `order` is `body` with the model's defaults filled in and without delivery keys: what the shot means, and
    so what its fingerprint is made of. `seed` is the fixed seed, None when the model draws one; take k is
    made with seed + k - 1, which the plan writes at `seed_path`. `origins` maps a path in `body` to the key
    that put a value there; a longer path falls back on its parents.

    `draft` is the same shot as the story's profile for drafts has it, None where there is none or it orders the
    same. `final` is None where the vendor makes no final from the task of that draft.

    `repair` is None where the story does not say what becomes of the shots that continue this one.
    """

    id: str
    place: Place
    model: Model
    body: Mapping[str, Json]
    order: Mapping[str, Json]
    media: tuple[Medium, ...]
    footage: Footage
    seed: int | None
    seed_path: JsonPath
    takes: int
    origins: Mapping[JsonPath, Origin]
    draft: Shot | None = None
    final: Final | None = None
    repair: Repair | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """`path` is the story file, absolute; `output` the film's path, absolute and inside the story's folder;
    `budget` what all runs together may spend; `variant` names the film where the story is several; `drafts` is the
    profile that its drafts are made with, "" where there is none.
    """

    path: Path
    title: str
    shots: tuple[Shot, ...]
    output: Path
    budget: Caps = field(default_factory=lambda: NO_CAPS)
    variant: str = ""
    drafts: str = ""

    @property
    def root(self) -> Path:
        """The folder that the story's own paths are relative to."""
        return self.path.parent
