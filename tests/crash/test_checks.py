"""The checker itself: it sees each wrong that a kill could do."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from seedance_pipe.plan.history import State
from tests.crash import checks
from tests.crash.checks import Film, Memory
from tests.crash.nursery import Order
from tests.crash.plays import IN_A_CHAIN, PLAYS, vendors
from tests.crash.programs import nursery

Tasks = Sequence[Mapping[str, Any]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Film, Tasks]]:
    """A film that nobody disturbed, and the vendor's ledger."""
    folder = tmp_path_factory.mktemp("made")
    with vendors(folder / "vendor") as vendor, nursery() as runs:
        film = Film(folder / "film" / "story.yaml", "act", PLAYS["modelark"], vendor.environ)
        film.story.parent.mkdir()
        film.story.write_text(film.play.story("act", IN_A_CHAIN))
        assert runs.end_of(Order(str(film.story), film.environ, faster=100)).status == 0
        yield film, vendor.ledger()


@pytest.fixture
def film(made: tuple[Film, Tasks], tmp_path: Path) -> Film:
    whole, _ = made
    folder = shutil.copytree(whole.story.parent, tmp_path / "film")
    return replace(whole, story=folder / "story.yaml")


@pytest.fixture
def tasks(made: tuple[Film, Tasks]) -> Tasks:
    return made[1]


def complaints(film: Film, tasks: Tasks, memory: Memory | None = None) -> str:
    memory = memory or checks.recall(film)
    found = [*checks.at_any_moment(film, tasks, memory), *checks.finished(film, tasks, memory)]
    return "; ".join(found)


def test_of_a_film_that_nobody_disturbed_there_is_nothing_to_say(film: Film, tasks: Tasks) -> None:
    memory = checks.recall(film)
    assert complaints(film, tasks, memory) == ""
    assert list(checks.at_the_end_of_a_run(film, 0, memory)) == []
    assert list(checks.unsettled(film, tasks, memory)) == []
    assert list(checks.lost(film, memory)) == []


def test_a_take_that_was_charged_twice_is_seen(film: Film, tasks: Tasks) -> None:
    twice = [*tasks, {**tasks[1], "id": "another"}]
    assert "shot two was charged 2 times" in complaints(film, twice)
    assert "shot two: 2 charged, 1 known, 0 in doubt" in complaints(film, twice)


def test_a_task_that_nobody_remembers_is_seen(film: Film, tasks: Tasks) -> None:
    memory = checks.recall(film)
    forgotten = replace(memory, submissions=memory.submissions[1:])
    assert "1 charged, 0 known, 0 in doubt" in complaints(film, tasks, forgotten)


def test_a_task_that_the_vendor_never_had_is_seen(film: Film, tasks: Tasks) -> None:
    assert "a task is in the journal alone" in complaints(film, tasks[1:])


def lock_of(film: Film) -> Path:
    return film.story.with_name("seedance.lock")


def _tear(path: Path) -> None:
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-9])


@pytest.mark.parametrize(
    ("wrong", "seen"),
    [
        (lambda film: _tear(next(film.state.glob("store/??/*.mp4"))), "is not what its name says"),
        (lambda film: _tear(film.place), "the film in its place is none that was made"),
        (lambda film: film.place.unlink(), "there is no film"),
        (lambda film: (film.place.parent / "story.mp4.part").touch(), "story.mp4.part lies beside the film"),
        (lambda film: (film.place.parent / ".story.mp4.part").touch(), "left beside the film: .story.mp4.part"),
        (lambda film: (film.state / "store" / "damaged").mkdir(), "was set aside as damaged"),
        (lambda film: _tear_page(film.state / "journal.db"), "the journal is damaged"),
        (lambda film: _tear(lock_of(film)), "the lock file is torn: this is no digest"),
        (lambda film: lock_of(film).unlink(), "verify: film: seedance.lock tells nothing of it"),
    ],
)
def test_a_file_that_is_torn_or_left_is_seen(
    wrong: Callable[[Film], object], seen: str, film: Film, tasks: Tasks
) -> None:
    wrong(film)
    assert seen in complaints(film, tasks)


def _tear_page(journal: Path) -> None:
    torn = bytearray(journal.read_bytes())
    torn[4096 : 2 * 4096] = bytes(4096)
    journal.write_bytes(torn)


def test_a_clip_that_is_gone_is_seen(film: Film) -> None:
    memory = checks.recall(film)
    for path in film.state.glob("store/??/*.mp4"):
        path.unlink()
    assert "is torn or gone" in "; ".join(checks.lost(film, memory))


def test_a_doubt_that_is_not_told_of_is_seen(film: Film, tasks: Tasks) -> None:
    memory = checks.recall(film)
    first, *others = memory.submissions
    doubted = replace(memory, submissions=(replace(first, state=State.INTENT, task=None), *others))
    told = "; ".join(checks.at_the_end_of_a_run(film, 0, doubted))
    assert "ended with 0 and 1 in doubt" in told
    assert "status shows [] in doubt" in told
    assert "film True with 1 in doubt" in told
    assert "is on the vendor's list and was not adopted" in "; ".join(checks.unsettled(film, tasks, doubted))
    same_key = replace(film, play=PLAYS["rivya"])
    assert "the same could be sent again" in "; ".join(checks.unsettled(same_key, tasks, doubted))


def test_a_run_that_fails_without_a_doubt_is_seen(film: Film) -> None:
    assert "ended with 1 and 0 in doubt" in "; ".join(checks.at_the_end_of_a_run(film, 1, checks.recall(film)))
