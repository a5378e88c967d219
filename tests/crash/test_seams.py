"""The seams: every effect has a number, and a program dies on the side of it that was asked for."""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path

import pytest

from seedance_pipe.disk import DISK, Disk
from tests.crash.every import Case, Cell
from tests.crash.nursery import Ended, Order
from tests.crash.plays import PLAYS, Answer, vendors
from tests.crash.programs import nursery
from tests.crash.seams import Counter, Kind, Side, Stop, numbered


def test_every_operation_of_the_disk_has_a_number_but_those_that_only_look(tmp_path: Path) -> None:
    counter, names = Counter(), [one.name for one in fields(Disk)]
    disk = numbered(DISK, counter)
    assert {name for name in names if getattr(disk, name) is getattr(DISK, name)} == {"free", "mounts"}
    folder = tmp_path / "folder"
    assert disk.make_folder(folder)
    descriptor = disk.open(folder / "file", os.O_CREAT | os.O_WRONLY)
    disk.write(descriptor, b"words")
    os.close(descriptor)
    assert counter.passed[Kind.FILE] == 3
    connection = disk.database(f"{(folder / 'journal.db').as_uri()}?mode=rwc", 1.0)
    connection.executescript("CREATE TABLE entry (id INTEGER);")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO entry VALUES (?)", (1,))
    connection.execute("COMMIT")
    assert connection.execute("SELECT id FROM entry").fetchall() == [(1,)]
    connection.close()
    assert counter.passed[Kind.JOURNAL] == 5


@pytest.fixture
def first_effects(tmp_path: Path) -> dict[Side, tuple[Ended, bool]]:
    """How runs ended that were stopped at their first effect, and whether that left anything."""
    seen = {}
    with vendors(tmp_path / "vendor") as vendor, nursery() as runs:
        for side in Side:
            story = tmp_path / side.value / "story.yaml"
            story.parent.mkdir()
            story.write_text(PLAYS["modelark"].story("act"))
            ended = runs.end_of(Order(str(story), vendor.environ, stop=str(Stop(1, side))))
            seen[side] = ended, (story.parent / ".seedance").exists()
    return seen


def test_a_program_dies_before_its_effect_or_after_it(first_effects: dict[Side, tuple[Ended, bool]]) -> None:
    for side, (ended, left) in first_effects.items():
        assert (ended.status, ended.kind, ended.name) == (-9, "file", "make_folder")
        assert left is (side is Side.AFTER)


def test_a_program_dies_before_a_line_that_deals_with_money(tmp_path: Path) -> None:
    with vendors(tmp_path / "vendor") as vendor, nursery() as runs:
        story = tmp_path / "film" / "story.yaml"
        story.parent.mkdir()
        story.write_text(PLAYS["modelark"].story("act"))
        ended = runs.end_of(Order(str(story), vendor.environ, stop="1:before", lines=True))
    assert (ended.status, ended.kind) == (-9, "line")
    assert ended.name.startswith("journal.py:")


@pytest.mark.parametrize(
    ("case", "text"),
    [
        (Case(Cell("rivya", Answer.LOST)), "rivya:lost"),
        (
            Case(Cell("runware", Answer.ERROR), (Stop(137, Side.BEFORE), Stop(12, Side.AFTER))),
            "runware:500:137:before:12:after",
        ),
        (Case(Cell("modelark", Answer.LOST), (Stop(7, Side.BEFORE),), lines=True), "modelark:lost:lines:7:before"),
    ],
)
def test_a_case_is_read_from_what_it_is_told_as(case: Case, text: str) -> None:
    assert str(case) == text
    assert Case.parse(text) == case


@pytest.mark.parametrize("text", ["nobody:lost", "runware:late", "runware:lost:137", "runware:lost:137:beside"])
def test_what_is_no_case_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no case|is not a valid"):
        Case.parse(text)
