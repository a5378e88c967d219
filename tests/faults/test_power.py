"""A slice of the power cuts: `python -m tests.faults --all` is all of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.images import Flush, FlushNames, Operation, Write, images
from tests.faults.power import Tally, go_on, look, recorded
from tests.faults.stage import Stage, stage


@pytest.fixture
def on(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path) as there:
        yield there


def test_whatever_a_power_cut_leaves_keeps_every_promise(on: Stage) -> None:
    film, tally = on.film("modelark", "cut"), Tally()
    look(film, recorded(film), tally, first=9, stride=23)
    assert not tally.problems, "\n".join(tally.problems)
    assert tally.images > 100


@pytest.mark.parametrize("flush", [Flush, FlushNames])
def test_a_flush_that_is_left_out_would_be_found(on: Stage, flush: type[Operation]) -> None:
    film, tally = on.film("modelark", "cut"), Tally()
    operations = [one for one in recorded(film) if not isinstance(one, flush)]
    look(film, operations, tally, first=len(operations), stride=len(operations))
    assert tally.problems


@pytest.mark.parametrize(
    "vendor",
    [
        pytest.param("modelark", marks=pytest.mark.long),
        pytest.param("rivya", marks=pytest.mark.long),
        "runbase",
        "runware",
    ],
)
def test_after_a_power_cut_the_film_is_finished_and_paid_for_once(on: Stage, vendor: str) -> None:
    tally = Tally()
    go_on(on, vendor, tally, first=len(vendor) * 5, stride=97, seed=len(vendor))
    assert not tally.problems, "\n".join(tally.problems)
    assert tally.runs > 1


def test_of_a_last_write_any_part_may_be_there() -> None:
    written = [Write(1, 0, b"abcd"), Write(1, 4, b"efgh")]
    found = dict(images(written))
    assert [name.rpartition(" ")[2] for name in found if "torn" in name] == ["1", "2", "3", "1", "2", "3"]
