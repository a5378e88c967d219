"""Parties: takes of one shot that go out as one submission, where the vendor makes several at once.

The first of them that is performed asks for all that this run has to make; the others find it done, or hear
why it was not.
"""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import anyio

from seedance_pipe.document import Json, digest
from seedance_pipe.errors import InDoubt, PipeError
from seedance_pipe.plan.fingerprint import document, fingerprint
from seedance_pipe.plan.graph import Step
from seedance_pipe.plan.history import Submission
from seedance_pipe.plan.recipe import order_digest
from seedance_pipe.run.journal import Journal
from seedance_pipe.run.submission import Act, next_act
from seedance_pipe.units import Digest, Fingerprint
from seedance_pipe.vendor.take import Take


@dataclass(frozen=True, slots=True)
class Seat:
    """One take of a party; `given` is the document whose digest is `fingerprint`."""

    step: Step
    fingerprint: Fingerprint
    given: Json


@dataclass(frozen=True, slots=True)
class _End:
    """The error that asking for a party ended with, as said of the take that spoke for all."""

    error: PipeError
    name: str

    def told_of(self, name: str) -> PipeError:
        """The same error, said of another take."""
        twin = copy.copy(self.error)
        if twin.message.startswith(self.name):
            twin.message = name + twin.message.removeprefix(self.name)
            twin.args = (twin.message,)
        return twin


class Parties:
    """One for a run. `takes` are the takes that the run has to buy."""

    def __init__(self, takes: Iterable[Step], journal: Journal) -> None:
        self._journal = journal
        self._takes: dict[str, list[Step]] = {}
        for step in sorted(takes, key=lambda step: step.take):
            assert step.shot is not None
            self._takes.setdefault(step.shot.id, []).append(step)
        self._locks: dict[str, anyio.Lock] = {}
        self._ends: dict[Fingerprint, _End | None] = {}

    @asynccontextmanager
    async def alone(self, take: Take) -> AsyncIterator[None]:
        """While it lasts no other take of the same order is asked for."""
        if not _may_share(take):
            yield
            return
        # Two shots may order the same thing, and then their takes have the same fingerprints: a take without
        # siblings may be one of a party of the other shot.
        order = digest({"order": order_digest(take.shot), "inputs": take.job.digests})
        async with self._locks.setdefault(order, anyio.Lock()):
            yield

    def of(self, take: Take) -> tuple[Seat, ...]:
        """The takes to ask for in one request: this one, and others of its shot that nobody has asked for."""
        own = take.job.fingerprint
        seats = [_seat(step, take.job.digests) for step in self._siblings(take)]
        missing = [seat for seat in seats if seat.fingerprint == own or self._missing(seat.fingerprint)]
        place = [seat.fingerprint for seat in missing].index(own)
        most = take.line.adapter.FACTS.most_takes
        first = place - place % most
        return tuple(missing[first : first + most])

    @contextmanager
    def asking(self, take: Take, seats: Sequence[Seat]) -> Iterator[None]:
        """Whatever error ends it is the error of each take of the party; but a doubt is settled by the next."""
        try:
            with self.settling(take, seats):
                yield
        except InDoubt:
            for seat in seats:
                del self._ends[seat.fingerprint]
            raise

    @contextmanager
    def settling(self, take: Take, together: Sequence[Seat | Submission]) -> Iterator[None]:
        """Whatever error ends it is the error of each take of the party. A doubt that stays is told of all: none
        of them settles it any more when that was said of another.
        """
        try:
            yield
        except PipeError as error:
            self._ends |= {one.fingerprint: _End(error, take.name) for one in together}
            raise
        self._ends |= {one.fingerprint: None for one in together}

    def asked(self, take: Take) -> bool:
        """Whether this run has asked for the take. Raises the error that asking for its party ended with."""
        end = self._ends.get(take.job.fingerprint)
        if end is not None:
            raise end.told_of(take.name)
        return take.job.fingerprint in self._ends

    def _siblings(self, take: Take) -> Sequence[Step]:
        """The takes that could share a request with this one, itself among them."""
        step = take.job.step
        others = self._takes.get(take.shot.id, [])
        return others if _may_share(take) and step.key in {other.key for other in others} else [step]

    def _missing(self, mark: Fingerprint) -> bool:
        return mark not in self._ends and next_act(self._journal.submission(mark)) is Act.INTEND


def _may_share(take: Take) -> bool:
    return take.line.adapter.FACTS.most_takes > 1 and take.shot.seed is None


def _seat(step: Step, digests: Mapping[str, Digest]) -> Seat:
    given = document(step, digests)
    return Seat(step, fingerprint(given), given)
