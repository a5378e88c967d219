"""Every wrong story of `wrong/` is told as the text beside it says, letter by letter.

A new case is a new pair of files. The files that the stories bring are made by `wrong/assets/make.py`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from seedance_pipe import packaged
from seedance_pipe.media.probe import measure
from seedance_pipe.spec.diagnostic import Severity, render
from seedance_pipe.spec.model import Catalogue, load_catalogue
from seedance_pipe.spec.reader import Reading, read_story

WRONG = Path(__file__).resolve().parent / "wrong"
STORIES = sorted(WRONG.glob("*.yaml"))


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(packaged.folder("schemas"))


def read(path: Path, catalogue: Catalogue) -> Reading:
    return read_story(path, catalogue, shown=path.name, measure=measure)


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_a_wrong_story_is_told_letter_by_letter(path: Path, catalogue: Catalogue) -> None:
    reading = read(path, catalogue)
    assert render(reading.diagnostics, reading.lines) == path.with_suffix(".txt").read_text(encoding="utf-8")
    fatal = any(one.severity is Severity.ERROR for one in reading.diagnostics)
    assert (reading.story is None) == fatal


def test_there_are_many_wrong_stories_and_each_has_its_text() -> None:
    assert len(STORIES) >= 120
    assert {path.stem for path in STORIES} == {path.stem for path in WRONG.glob("*.txt")}
