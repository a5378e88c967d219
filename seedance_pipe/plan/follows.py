"""Following: how a final comes from its draft, as a value that a step carries."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Way(enum.Enum):
    """From the draft's task; or anew with the draft's seed, which is alike at best; or without any draft."""

    TASK = "task"
    SEED = "seed"
    ALONE = "alone"


class Why(enum.Enum):
    """Why a final is not made from the task of its draft, or, the last four, not with its seed either."""

    OTHER_MODEL = "other_model"
    NO_FINALS = "no_finals"
    NOT_ASKED = "not_asked"
    BRIDGE = "bridge"
    NO_TASK = "no_task"
    EXPIRED = "expired"
    UNMADE = "unmade"
    UNDERWAY = "underway"
    NO_SEED = "no_seed"
    UNFIT_SEED = "unfit_seed"


@dataclass(frozen=True, slots=True)
class Follows:
    """`why` is None for a final that is made from its draft's task; `until` is when that task can be used at the
    latest, Unix seconds, None where there is none.
    """

    way: Way
    why: Why | None = None
    until: float | None = None
