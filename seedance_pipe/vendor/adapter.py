"""The shape of an adapter: the facts of one vendor, and pure functions between our words and its own.

An adapter is a module. Nothing in it does I/O, so a new vendor is one new module (design D2).
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from seedance_pipe.document import Json, JsonPath
from seedance_pipe.plan.history import Receipt
from seedance_pipe.spec.story import Shot
from seedance_pipe.units import Money
from seedance_pipe.vendor.answer import Answered, Call


class Doubt(enum.Enum):
    """How a vendor lets us settle whether it has a request that got no clear answer (design section 6)."""

    SAME_ID = "send the same id again"
    SAME_KEY = "send the same key again"
    LIST = "look for our nonce in its list of tasks"
    PERSON = "a person decides"


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds until the first poll, the greatest pause between two, and calls a second for one key."""

    first: float
    longest: float
    polls: float
    submissions: float


@dataclass(frozen=True, slots=True)
class Facts:
    """`base` ends where the paths of the API begin. `results_kept` and `tasks_kept` are seconds.

    `concurrency` is the number of tasks that the vendor works on at once for one account. `spellings` gives
    the media types that the vendor's data URIs spell in another way than everybody else.
    """

    vendor: str
    title: str
    key_variable: str
    base_variable: str
    base: str
    concurrency: int
    pace: Pace
    results_kept: float
    tasks_kept: float
    doubt: Doubt
    spellings: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Accepted:
    task: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The vendor said no: there is no task and no charge. `reason` and `next_step` are for people."""

    code: str
    reason: str
    next_step: str = ""


@dataclass(frozen=True, slots=True)
class Busy:
    """Not now: the same request may be sent again, after `retry_after` seconds where the vendor named them."""

    code: str
    reason: str
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Doubtful:
    """The answer does not tell whether there is a task."""

    reason: str


Verdict: TypeAlias = Accepted | Refused | Busy | Doubtful


@dataclass(frozen=True, slots=True)
class Queued:
    """`status` is the vendor's own word."""

    status: str


@dataclass(frozen=True, slots=True)
class Running:
    """`status` is the vendor's own word, also one that we do not know; `fraction` is from 0 to 1."""

    status: str
    fraction: float | None = None


@dataclass(frozen=True, slots=True)
class Ready:
    """The addresses are signed: they are used at once and never written down."""

    receipt: Receipt
    clip: str
    last_frame: str | None = None

    def __repr__(self) -> str:
        return f"Ready(receipt={self.receipt!r})"


@dataclass(frozen=True, slots=True)
class Failed:
    """The task came to nothing. `charged` is None when the vendor does not say."""

    code: str
    reason: str
    next_step: str = ""
    charged: Money | None = None


@dataclass(frozen=True, slots=True)
class Gone:
    """The vendor does not know the task (any more)."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Missed:
    """The poll came to nothing, which says nothing of the task."""

    reason: str
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Barred:
    """The vendor will not tell us before a person has done something; the task goes on without us."""

    code: str
    reason: str
    next_step: str = ""


Progress: TypeAlias = Queued | Running | Ready | Failed | Gone | Missed | Barred


class Adapter(Protocol):
    """What a vendor's module offers.

    `frozen` gives the request that the journal keeps: `body` with all that the program owns, and with a
    `sha256:` mark in each hole that a file of ours goes into. `submission` makes the paid call of it, given
    what goes into the holes (by their path in `body`). `verdict` reads the answer to it and
    `progress` the answer to `poll`; it is told the task because a vendor may answer for several at once. Both
    give the vendor's texts as they came: their caller cleans them. `patience` is how many seconds after
    the intent the task can still change.
    """

    @property
    def FACTS(self) -> Facts: ...  # noqa: N802 - a module's constant, seen as a property

    def frozen(self, body: Json, *, shot: Shot, last_frame: bool, draw: Callable[[int], int]) -> Json: ...

    def submission(self, request: Json, media: Mapping[JsonPath, str]) -> Call: ...

    def verdict(self, answer: Answered) -> Verdict: ...

    def poll(self, task: str) -> Call: ...

    def progress(self, answer: Answered, task: str, *, shot: Shot) -> Progress: ...

    def patience(self, request: Json) -> float: ...
