"""Lodgings: files of ours that a vendor keeps, each sent once for as long as the vendor keeps it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import assert_never

import anyio

from seedance_pipe.effects import Effects
from seedance_pipe.errors import VendorFailed
from seedance_pipe.run.journal import Journal
from seedance_pipe.units import Digest
from seedance_pipe.vendor.adapter import Busy, Lodged, Missed, Refused, Upload
from seedance_pipe.vendor.line import Line
from seedance_pipe.vendor.pace import growing

_ATTEMPTS = 8
_RETRY_AFTER_SECONDS = 600.0
_NOTHING = "nothing was bought"


@dataclass(frozen=True, slots=True)
class Held:
    """Where the vendor has a file; `recalled` when an earlier run sent it."""

    address: str = field(repr=False)
    recalled: bool


class Lodgings:
    """The uploads of one run, and those of earlier ones that the journal remembers."""

    def __init__(self, journal: Journal, *, effects: Effects) -> None:
        self._journal = journal
        self._effects = effects
        self._held: dict[tuple[str, Digest], Held] = {}
        self._locks: dict[tuple[str, Digest], anyio.Lock] = {}

    async def lodge(self, file: Upload, digest: Digest, name: str, line: Line) -> Held:
        """Where the line's vendor has the file, which is sent unless it is there; `name` is for messages. Raises
        VendorFailed when the vendor does not take it.
        """
        key = (line.keeper, digest)
        async with self._locks.setdefault(key, anyio.Lock()):
            held = self._held.get(key) or self._recalled(digest, line)
            if held is None:
                held = Held(await self._send(file, name, line), recalled=False)
                if line.adapter.FACTS.uploads_kept is not None and not _signed(held.address):
                    self._journal.uploaded(*key, held.address)
            self._held[key] = held
        return held

    def forget(self, digest: Digest, line: Line) -> None:
        """Send the file anew the next time that it is needed."""
        key = (line.keeper, digest)
        self._held.pop(key, None)
        self._journal.forgotten(*key)

    def _recalled(self, digest: Digest, line: Line) -> Held | None:
        facts = line.adapter.FACTS
        kept = self._journal.uploads(line.keeper).get(digest)
        if kept is None or facts.uploads_kept is None or self._effects.now() - kept.at >= facts.uploads_kept:
            return None
        line.redactor.hide(kept.address)
        return Held(kept.address, recalled=True)

    async def _send(self, file: Upload, name: str, line: Line) -> str:
        """An upload costs nothing and may be repeated, so only a clear no ends it early."""
        title = line.adapter.FACTS.title
        pauses = growing(2.0, 60.0, self._effects)
        for left in reversed(range(_ATTEMPTS)):
            match await line.lodge(file):
                case Lodged(address):
                    return address
                case Refused(code, reason, next_step):
                    step = f"{next_step}; {_NOTHING}" if next_step else f"use another file; {_NOTHING}"
                    raise VendorFailed(f"{title} does not take {name}: {reason}", next_step=step, code=code)
                case Missed(reason, retry_after) | Busy(_, reason, retry_after):
                    if left:
                        at_least = min(retry_after or 0.0, _RETRY_AFTER_SECONDS)
                        await self._effects.sleep(max(next(pauses), at_least))
                case _ as never:
                    assert_never(never)
        raise VendorFailed(f"{name} could not be sent to {title}: {reason}", next_step=f"run again: {_NOTHING}")


def _signed(address: str) -> bool:
    """Whether who has `address` may read what others may not: it is used, and never written down."""
    return "?" in address or "@" in address
