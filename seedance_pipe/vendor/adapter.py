"""The shape of an adapter: the facts of one vendor, and pure functions between our words and its own.

An adapter is a module. Nothing in it does I/O, so a new vendor is one new module (design D2).
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
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
    """`first` is the seconds until the first poll, `longest` the greatest pause between two where nothing else
    slows them. `calls` a second are made with one key, polls and submissions together, and up to `burst` of them
    at once; of these at most `submissions` a second are paid ones.
    """

    first: float
    longest: float
    calls: float
    burst: int
    submissions: float


@dataclass(frozen=True, slots=True)
class Facts:
    """`base` ends where the paths of the API begin. `results_kept`, `tasks_kept`, `uploads_kept` and `keys_kept`
    are seconds; None where the vendor does not say. For `keys_kept` the same key surely means the same request.

    `concurrency` is the number of tasks that the vendor works on at once for one account, `batch` the number of
    tasks that one poll may ask after, `most_takes` the number of takes that one submission may ask for.
    `spellings` gives the media types that the vendor's data URIs spell in another way than everybody else.
    `tells_seed` says that the vendor tells the seed that it drew.
    """

    vendor: str
    title: str
    key_variable: str
    base_variable: str
    base: str
    concurrency: int
    pace: Pace
    results_kept: float | None
    tasks_kept: float | None
    doubt: Doubt
    spellings: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    batch: int = 1
    most_takes: int = 1
    uploads_kept: float | None = None
    keys_kept: float | None = None
    tells_seed: bool = True


@dataclass(frozen=True, slots=True)
class Accepted:
    """`told` is the price of each take where the vendor names it at once, or what it has set aside for it."""

    task: str
    told: Money | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The vendor said no: there is no task and no charge. `reason` and `next_step` are for people."""

    code: str
    reason: str
    next_step: str = ""


@dataclass(frozen=True, slots=True)
class Busy:
    """Not now: the same request may be sent again, after `retry_after` seconds where the vendor named them.
    `next_step` is for people, "" where waiting is all that they can do.
    """

    code: str
    reason: str
    retry_after: float | None = None
    next_step: str = ""


@dataclass(frozen=True, slots=True)
class Doubtful:
    """The answer does not tell whether there is a task."""

    reason: str


Verdict: TypeAlias = Accepted | Refused | Busy | Doubtful

_SEAT = re.compile(r"(.+)/([1-9][0-9]?)/([1-9][0-9]?)", re.DOTALL)


def seat(task: str, number: int, count: int) -> str:
    """The task name of take `number`, from 1, of the `count` takes that share the vendor's `task`. A take that
    has a task of its own goes by the vendor's name.
    """
    return task if count == 1 else f"{task}/{number}/{count}"


def seated(task: str) -> tuple[str, int, int]:
    """The vendor's task, the take's number in it and the count of its takes, of a name that `seat` gave."""
    shared = _SEAT.fullmatch(task)
    return (shared[1], int(shared[2]), int(shared[3])) if shared else (task, 1, 1)


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
    """The addresses are signed: they are used at once and never written down. `remark` is what the vendor has to
    say of the clip, for people.
    """

    receipt: Receipt
    clip: str
    last_frame: str | None = None
    remark: str = ""

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


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of ours on its way to a vendor: `name` is one that tells nothing (`<digest>.png`), `type` its media
    type, `model` the wire name of the model that will read it.
    """

    name: str
    type: str
    content: bytes = field(repr=False)
    model: str = ""


@dataclass(frozen=True, slots=True)
class Lodged:
    """The vendor has the file; `address` is what stands for it in a request (an address or an id)."""

    address: str

    def __repr__(self) -> str:
        return "Lodged()"


class Lodging(Protocol):
    """What the module of a vendor that keeps uploads of ours offers beside an Adapter. Uploads cost nothing and
    may be repeated: Missed is tried again, Refused is not.
    """

    def upload(self, file: Upload, *, draw: Callable[[int], int]) -> Call: ...

    def uploaded(self, answer: Answered) -> Lodged | Refused | Busy | Missed: ...


@dataclass(frozen=True, slots=True)
class Listed:
    """What one page of a vendor's list of tasks has that can only come of one request of ours, and whether there
    are more pages.
    """

    tasks: frozenset[str]
    more: bool


class Searching(Protocol):
    """What the module of a vendor whose list of tasks settles doubts offers beside an Adapter.

    `recognisable` says whether the task of `request` can be told from all others, and `alike` whether the tasks of
    two such requests could be taken for each other. `lists` are the names of the
    lists that together hold every task; `listing` asks for one page, from 1, of such a list, and `listed` reads
    the answer: only what was created at `since` (Unix seconds) or later counts.
    """

    def recognisable(self, request: Json) -> bool: ...

    def alike(self, request: Json, other: Json) -> bool: ...

    def lists(self) -> Sequence[str]: ...

    def listing(self, request: Json, name: str, page: int) -> Call: ...

    def listed(self, answer: Answered, request: Json, *, page: int, since: float) -> Listed | Missed | Barred: ...


@dataclass(frozen=True, slots=True)
class Dropped:
    """The vendor took a cancellation. What it came to is the task's own state."""


class Cancelling(Protocol):
    """What the module of a vendor that lets go of tasks offers beside an Adapter.

    `cancellation` asks it to drop a task that waits, and `dropped` reads the answer. It is only sent for a task
    that was seen waiting a moment before: what has ended may be deleted by it, with its clip.
    """

    def cancellation(self, task: str) -> Call: ...

    def dropped(self, answer: Answered) -> Dropped | Refused | Barred | Missed: ...


class Adapter(Protocol):
    """What a vendor's module offers.

    `frozen` gives the request that the journal keeps: `body` with all that the program owns, and with a
    `sha256:` mark in each hole that a file of ours goes into; it asks for as many `takes` as share it, at most
    `FACTS.most_takes`. `submission` makes the paid call of it, given what goes into the holes (by their path in
    `body`). `verdict` reads the answer to the call of `request` and `progress` the answer to `poll`, which asks
    after at most `FACTS.batch` tasks and may be read once for each of them; both know a take of several by its
    `seat`. They give the vendor's texts as they came: their caller cleans them. `crowded` says whether the answer
    to a poll asks for fewer calls. `patience` is how many seconds after the intent the task can still change.
    """

    @property
    def FACTS(self) -> Facts: ...  # noqa: N802 - a module's constant, seen as a property

    def frozen(
        self, body: Json, *, shot: Shot, last_frame: bool, draw: Callable[[int], int], takes: int = 1
    ) -> Json: ...

    def submission(self, request: Json, media: Mapping[JsonPath, str]) -> Call: ...

    def verdict(self, answer: Answered, request: Json) -> Verdict: ...

    def poll(self, tasks: Sequence[str]) -> Call: ...

    def progress(self, answer: Answered, task: str, *, shot: Shot) -> Progress: ...

    def crowded(self, answer: Answered) -> bool: ...

    def patience(self, request: Json) -> float: ...
