"""Settings of a sandbox: how long tasks take, which limits hold, what goes wrong; quick and kind by default."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from seedance_pipe.sandbox.faults import Fault


@dataclass(frozen=True, slots=True)
class Limits:
    """What an account may do; None is no limit. `concurrent` and `queued` count tasks of one model.

    Above `concurrent` tasks wait in the queue; above `queued` a create is refused (modelark.md section 6).
    `runs_calls` are those of one Runbase key in ten seconds, creating and polling together.
    """

    concurrent: int | None = None
    queued: int | None = None
    creates_a_minute: int | None = None
    gets_a_second: int | None = None
    lists_a_second: int | None = None
    deletes_a_second: int | None = None
    runs_calls: int | None = None


DOCUMENTED_LIMITS = Limits(
    concurrent=10,
    queued=120,
    creates_a_minute=600,
    gets_a_second=20,
    lists_a_second=1,
    deletes_a_second=20,
    runs_calls=20,
)
"""Those of an enterprise account for the 1.0 models; the queue's is from 2025 (modelark.md section 6). Runbase's
is from runbase.md section 5; numbers of Rivya's limits are not documented.
"""


@dataclass(frozen=True, slots=True)
class RivyaManners:
    """How a played Rivya behaves where its documents leave it open.

    `credits`: what is on each account when its ledger begins; every key has an account of its own.
    """

    credits: int = 100_000


@dataclass(frozen=True, slots=True)
class RunbaseManners:
    """How a played Runbase behaves where its documents leave it open.

    `balance`: USD on each account when its ledger begins; every key has an account of its own.
    `runs`: how many a key may make at all, after which it is answered `USAGE_EXCEEDED`; None is no limit.
    `errors_are_objects`: a failed run's `error` is `{message, code}` instead of a text (its type is undocumented).
    """

    balance: Decimal = Decimal(1000)
    runs: int | None = None
    errors_are_objects: bool = False


@dataclass(frozen=True, slots=True)
class RunwareManners:
    """How a played Runware behaves where its documents, its clients and its live answers do not agree.

    `balance`: USD on the account when its ledger begins.
    `finished_status`: finished results say `status: success`, as live ones do; the documents' examples do not.
    `failures_in_data`: a failed result is an item of `data`, as the typed client knows it, not of `errors`.
    `unknown_is_an_error`: a poll of an unknown UUID is answered `taskNotFound`, not as if the task were running.
    """

    balance: Decimal = Decimal(1000)
    finished_status: bool = True
    failures_in_data: bool = False
    unknown_is_an_error: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """How a sandbox behaves. Times are seconds on the sandbox's clock.

    `queued_seconds`, `running_seconds`: how long a task stays in each state when nothing holds it up.
    `paint_patience`: how long a poll of a finished task waits for its clip to be painted before it says `running`.
    `link_seconds`, `record_seconds`, `cancelled_seconds`: lives of result links, of records, of cancelled records.
    `foreign_media`: an address outside the sandbox cannot be fetched offline. True accepts it and uses a painted
    stand-in (a video or sound is then taken to last `foreign_seconds`); False refuses it as unreachable.
    `refused_word`, `failing_word`: a prompt with the first is refused by input moderation, one with the second
    fails by output moderation; "" switches either off.
    `retired`, `not_open`: model ids that are gone, or not activated on the account.
    """

    queued_seconds: float = 0.1
    running_seconds: float = 0.5
    paint_patience: float = 2.0
    link_seconds: int = 86_400
    record_seconds: int = 7 * 86_400
    cancelled_seconds: int = 86_400
    foreign_media: bool = True
    foreign_seconds: float = 5.0
    refused_word: str = "sandbox:refuse"
    failing_word: str = "sandbox:fail"
    retired: frozenset[str] = frozenset()
    not_open: frozenset[str] = frozenset()
    limits: Limits = field(default_factory=Limits)
    rivya: RivyaManners = field(default_factory=RivyaManners)
    runbase: RunbaseManners = field(default_factory=RunbaseManners)
    runware: RunwareManners = field(default_factory=RunwareManners)
    faults: tuple[Fault, ...] = ()

    def refuses(self, prompt: str) -> bool:
        return bool(self.refused_word) and self.refused_word in prompt

    def fails(self, prompt: str) -> bool:
        return bool(self.failing_word) and self.failing_word in prompt
