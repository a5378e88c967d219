"""The network at its worst (security.md R-N): every cell of the outcome table against every vendor, played with
the program's own parts and the sandbox over loopback. Without `--every` each row of the table meets one vendor.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import mkdtemp

import pytest

from seedance_pipe.effects import Effects
from seedance_pipe.plan.history import State
from seedance_pipe.sandbox.app import serve
from seedance_pipe.sandbox.settings import Settings
from tests.conformance.outcomes import Batch, Clock, Copies, Row, Verb, rows, wired
from tests.conformance.performance import Production
from tests.conformance.vendors import VENDORS, Vendor
from tests.studio.vendor import Vendor as Server

ROWS = rows()


def cells(verb: Verb) -> list[object]:
    applying = [(vendor, row) for vendor in VENDORS for row in ROWS if applies(row, verb, vendor)]
    return [
        pytest.param(
            vendor,
            row,
            id=f"{vendor.name}-{row.toxic}",
            marks=() if in_turn(row, verb, vendor) else pytest.mark.long,
        )
        for vendor, row in applying
    ]


def in_turn(row: Row, verb: Verb, vendor: Vendor) -> bool:
    """Whether it is this vendor's turn to meet the row. One with a list alone meets every third."""
    turn = ROWS.index(row) + list(Verb).index(verb)
    able = [one for one in VENDORS if applies(row, verb, one)]
    return turn % 3 == 0 if verb is Verb.LIST else able[turn % len(able)] == vendor


def applies(row: Row, verb: Verb, vendor: Vendor) -> bool:
    if row.expected(verb, vendor) is None:
        return False
    having = {
        Verb.LIST: vendor.finds and not vendor.resends,
        Verb.RESENT: vendor.resends,
        Verb.UPLOAD: vendor.keeps,
    }
    return having.get(verb, True)


class Stages:
    """The batches that were played, each when its first cell asks for it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, open_: ExitStack, *, every: bool) -> None:
        self._every = every
        self._folder = folder
        self._monkeypatch = monkeypatch
        self._open = open_
        self._clock = Clock()
        self._servers: dict[tuple[str, Verb], Server] = {}
        self._batches: dict[tuple[object, ...], Batch] = {}

    def batch(self, vendor: Vendor, verb: Verb, row: Row) -> Batch:
        alone = verb is Verb.LIST
        key = (vendor.name, verb, row.slow, row.toxic if alone else "")
        if key not in self._batches:
            fitting = [one for one in ROWS if one.slow == row.slow and self._plays(one, verb, vendor)]
            self._batches[key] = self._played(vendor, verb, [row] if alone else fitting)
        return self._batches[key]

    def _plays(self, row: Row, verb: Verb, vendor: Vendor) -> bool:
        return applies(row, verb, vendor) and (self._every or in_turn(row, verb, vendor))

    def _played(self, vendor: Vendor, verb: Verb, chosen: Sequence[Row]) -> Batch:
        folder = Path(mkdtemp(dir=self._folder))
        with self._monkeypatch.context() as patch, wired(patch) as wire:
            batch = Batch(
                Production(folder, self._server(vendor, verb)), vendor, verb, self._clock, wire, chosen, patch
            )
            batch.play()
        return batch

    def _server(self, vendor: Vendor, verb: Verb) -> Server:
        """Its own for each verb, for what is asked of a long ledger takes long."""
        if (vendor.name, verb) not in self._servers:
            settings, effects = Settings(queued_seconds=1, running_seconds=2), Effects(now=self._clock.now)
            running = self._open.enter_context(serve(None, settings=settings, effects=effects))
            self._servers[vendor.name, verb] = Server(running.address)
        return self._servers[vendor.name, verb]


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Stages]:
    folder = tmp_path_factory.mktemp("network")
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        patch.setattr("seedance_pipe.sandbox.easel.paint", Copies(folder).paint)
        yield Stages(folder, patch, stack, every=request.config.getoption("--every"))


def check(stages: Stages, vendor: Vendor, verb: Verb, row: Row) -> None:
    """One cell: its class; one charge at most; and when the toxic is over, one charge and a whole clip, or a doubt
    where only a person can end it.
    """
    batch = stages.batch(vendor, verb, row)
    played, again = batch.played[row.toxic], batch.again[row.toxic]
    expected = row.expected(verb, vendor)
    if verb is Verb.RESENT:
        # A clear no now says nothing of the first time.
        expected = "in doubt" if expected == "refused" else expected
        expected = "settled" if expected == "busy" else expected
    assert batch.classified(row) == expected, played
    assert len(played.tasks) <= 1, "never charged twice"
    assert len(again.tasks) <= 1, "never charged twice, not by the next run either"
    if expected == "in doubt" and not settled(vendor, verb):
        assert again.state is State.INTENT
        assert len(again.tasks) == (verb is Verb.ACCEPTED)
        return
    assert again.state is State.STORED
    assert again.whole
    assert [task["id"] for task in again.tasks if task["charged"]], "one charge"
    assert len([one for one in again.submissions if one.task]) == 1, "no task is left at the vendor"


def settled(vendor: Vendor, verb: Verb) -> bool:
    """Whether a doubt ends by itself: where the vendor takes the same again, or has it on a list."""
    return vendor.resends or (vendor.finds and verb is Verb.ACCEPTED)


@pytest.mark.parametrize(("vendor", "row"), cells(Verb.CREATE))
def test_a_paid_request_that_meets_a_toxic_before_it_is_accepted(stages: Stages, vendor: Vendor, row: Row) -> None:
    check(stages, vendor, Verb.CREATE, row)


@pytest.mark.parametrize(("vendor", "row"), cells(Verb.ACCEPTED))
def test_a_paid_request_whose_answer_meets_a_toxic(stages: Stages, vendor: Vendor, row: Row) -> None:
    check(stages, vendor, Verb.ACCEPTED, row)


@pytest.mark.parametrize(("vendor", "row"), cells(Verb.RESENT))
def test_a_second_sending_that_meets_a_toxic(stages: Stages, vendor: Vendor, row: Row) -> None:
    check(stages, vendor, Verb.RESENT, row)


@pytest.mark.parametrize(("vendor", "row"), cells(Verb.POLL))
def test_a_poll_that_meets_a_toxic(stages: Stages, vendor: Vendor, row: Row) -> None:
    check(stages, vendor, Verb.POLL, row)


@pytest.mark.parametrize(("vendor", "row"), cells(Verb.LIST))
def test_a_look_at_the_vendors_list_that_meets_a_toxic(stages: Stages, vendor: Vendor, row: Row) -> None:
    check(stages, vendor, Verb.LIST, row)


@pytest.mark.parametrize(("vendor", "row"), cells(Verb.DOWNLOAD))
def test_a_download_that_meets_a_toxic(stages: Stages, vendor: Vendor, row: Row) -> None:
    check(stages, vendor, Verb.DOWNLOAD, row)


@pytest.mark.parametrize(("vendor", "row"), cells(Verb.UPLOAD))
def test_an_upload_that_meets_a_toxic(stages: Stages, vendor: Vendor, row: Row) -> None:
    check(stages, vendor, Verb.UPLOAD, row)
