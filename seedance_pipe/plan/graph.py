"""The graph of a story: the steps that lead to its film, and what each needs from the others.

take    a vendor makes a clip                     clip, and last_frame where the vendor returned one
frame   the last frame of a take                  frame
format  what the clips of a film have in common   format
clip    a clip as it enters the film              clip (the taken file itself, when it fits as it is)
film    all clips joined                          film
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NewType

from seedance_pipe.document import Json
from seedance_pipe.plan.cost import Estimate
from seedance_pipe.plan.follows import Follows
from seedance_pipe.plan.history import Drafted
from seedance_pipe.spec.story import Shot
from seedance_pipe.units import Digest

StepKey = NewType("StepKey", str)
"""`stairs#1`, `stairs#1/frame`, `format`, `stairs/clip` or `film`: unique in one graph, and for people."""


DRAFT = "draft"
"""The input of a take that is made from the task of its draft: the draft's clip, which stands for that task."""


class StepKind(enum.Enum):
    TAKE = "take"
    FRAME = "frame"
    FORMAT = "format"
    CLIP = "clip"
    FILM = "film"


@dataclass(frozen=True, slots=True)
class Need:
    """The step receives output `output` of `step` as its input `slot`.

    An `optional` need is left out when the other step turned out not to have that output.
    """

    slot: str
    step: StepKey
    output: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """`recipe` is all that decides the outcome and is known before anything runs (design D5).

    `shot` is the shot that a take, a frame or a clip belongs to, `take` its number from 1 (0 for the film and
    its format). `estimate` is given for takes only. `given` holds the inputs, by slot, that are settled already:
    files of the store that no step of this graph makes. `drafted` is the draft that a take follows, and
    `follows` how, None for a take that has no draft to follow.
    """

    key: StepKey
    kind: StepKind
    recipe: Json
    needs: tuple[Need, ...] = ()
    shot: Shot | None = None
    take: int = 0
    estimate: Estimate | None = None
    given: Mapping[str, Digest] = field(default_factory=lambda: MappingProxyType({}))
    drafted: Drafted | None = None
    follows: Follows | None = None

    @property
    def from_draft(self) -> bool:
        """Whether it is made from a draft's task: the vendor has all that it needs, so nothing is handed over."""
        return DRAFT in self.given


@dataclass(frozen=True, slots=True)
class Graph:
    """`steps` are in an order in which each comes after all that it needs; the film, if any, is last."""

    steps: tuple[Step, ...]
