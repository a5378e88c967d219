"""History: what the journal remembers, as a value. The plan reads it; only the run floor makes one."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from seedance_pipe.document import Json, leaves
from seedance_pipe.spec.repair import Repair
from seedance_pipe.units import Digest, Fingerprint, Money


class State(enum.Enum):
    """The last act of a submission (design section 6). `UNSENT` means that no byte of it left, `ABANDONED` that a
    person gave it up.
    """

    INTENT = "intent"
    SUBMITTED = "submitted"
    READY = "ready"
    STORED = "stored"
    REFUSED = "refused"
    FAILED = "failed"
    UNSENT = "unsent"
    ABANDONED = "abandoned"


class Decision(enum.Enum):
    """Why a person gave a submission up: the vendor has nothing of it and charges nothing, or it is to be bought
    anew although it may have been charged.
    """

    LOST = "lost"
    RESUBMIT = "resubmit"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the vendor said of a finished task. It holds no address: addresses are signed, and a task whose
    clip is not fetched yet is simply asked for fresh ones. `expires` is Unix seconds.
    """

    seed: int | None
    tokens: int | None
    charged: Money | None
    expires: float | None


@dataclass(frozen=True, slots=True)
class Submission:
    """One paid request and what became of it. `id` was drawn for it; `request` is what was frozen before it
    left; `inputs` is the document whose digest is `fingerprint`. `at` is the intent's time, Unix seconds.

    `reason` and `code` say why it was refused or failed, and `code` is the value of a person's `Decision`;
    `charged` is what it cost: known from the receipt, zero when refused, None while unknown.
    `expected` is the estimate that it was bought with: a vendor that tells its own price replaces what is
    `reserved`, but not that.
    """

    id: str
    fingerprint: Fingerprint
    story: str
    shot: str
    take: int
    vendor: str
    model: str
    state: State
    request: Json
    inputs: Json
    reserved: Money | None
    at: float
    task: str | None = None
    receipt: Receipt | None = None
    charged: Money | None = None
    code: str = ""
    reason: str = ""
    outputs: Mapping[str, Digest] = field(default_factory=lambda: MappingProxyType({}))
    expected: Money | None = None

    @property
    def seed(self) -> int | None:
        """The seed that it is made with: as the vendor told it, or as it was asked for. None when neither says."""
        if self.receipt is not None and self.receipt.seed is not None:
            return self.receipt.seed
        fixed = seed_in(self.inputs)
        return seed_in(self.request) if fixed is None else fixed


def seed_in(document: Json) -> int | None:
    """The seed that a request or a recipe asks for. A negative one asks the vendor to draw, and is none."""
    found = (leaf for path, leaf in leaves(document) if path and path[-1] == "seed" and isinstance(leaf, int))
    return next((seed for seed in found if seed >= 0), None)


@dataclass(frozen=True, slots=True)
class Made:
    """A step that was carried out: its outputs by name, and the inputs document of its fingerprint. Of a `pinned`
    one only a lock file tells, and its inputs may lack a recipe that nobody knows here.
    """

    fingerprint: Fingerprint
    step: str
    inputs: Json
    outputs: Mapping[str, Digest]
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class Drafted:
    """A take that was made as a draft: its order's digest and number, the clip, and what a final can be made with:
    the seed and the vendor's task, where they are known. `at` is when it was asked for, Unix seconds.
    """

    order: str
    take: int
    clip: Digest
    seed: int | None = None
    task: str = ""
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class History:
    """`made` and `submissions` hold the newest entry of each fingerprint; stored takes are in both.

    `latest` maps a step's key to the fingerprint that it last had in this story: what changed is told by
    comparing with it. `picks` maps an order's digest to the take that the film uses, `asked` to those that a
    person asked for besides the story's. `lost` are digests that the journal names and the store no longer has,
    `deleted` those of them that a person had deleted, and when (Unix seconds). `delivered` maps the output files
    that are in place and untouched, relative to the story's folder, to their digest. `repairs` maps an order's
    digest to the way that a person chose for what continues the shot. `drafts` are drafts by their order's digest
    of which only a lock file tells. `now` is when the past was looked at, Unix seconds.
    """

    made: Mapping[Fingerprint, Made] = field(default_factory=lambda: MappingProxyType({}))
    submissions: Mapping[Fingerprint, Submission] = field(default_factory=lambda: MappingProxyType({}))
    latest: Mapping[str, Fingerprint] = field(default_factory=lambda: MappingProxyType({}))
    picks: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    asked: Mapping[str, frozenset[int]] = field(default_factory=lambda: MappingProxyType({}))
    lost: frozenset[Digest] = frozenset()
    deleted: Mapping[Digest, float] = field(default_factory=lambda: MappingProxyType({}))
    delivered: Mapping[str, Digest] = field(default_factory=lambda: MappingProxyType({}))
    repairs: Mapping[str, Repair] = field(default_factory=lambda: MappingProxyType({}))
    drafts: Mapping[str, Drafted] = field(default_factory=lambda: MappingProxyType({}))
    now: float = 0.0
