"""A journal on a disk that fails: what it did not take down is never read, and nothing of ours breaks over it."""

from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path

import pytest

from seedance_pipe.disk import DISK
from seedance_pipe.errors import PipeError
from seedance_pipe.run.journal import Journal
from tests.faults.gate import gated, refusal

from .examples import STORY, Hands, intent, mark


class Broken:
    """Refuses the statements of `effects`, while there are any."""

    def __init__(self) -> None:
        self.effects: set[str] = set()

    def __call__(self, effect: str) -> None:
        if effect in self.effects:
            raise refusal(effect, errno.EIO)


@pytest.fixture
def broken() -> Broken:
    return Broken()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


def opened(path: Path, broken: Broken) -> Journal:
    effects = replace(Hands().effects(), disk=gated(broken, DISK))
    return Journal.open(path, story=STORY, effects=effects)


def test_an_intent_that_could_not_even_be_taken_back_is_never_read(path: Path, broken: Broken) -> None:
    with opened(path, broken) as journal:
        broken.effects = {"sql COMMIT", "sql ROLLBACK"}
        with pytest.raises(PipeError, match="could not be read or written"):
            journal.intend(intent(), cap=None)
        with pytest.raises(PipeError, match="could not be read or written"):
            journal.submission(mark("stairs"))
        broken.effects = set()
        assert journal.submission(mark("stairs")) is None
        journal.submitted(journal.intend(intent(), cap=None).id, "task")
    with opened(path, broken) as journal:
        assert journal.tasks() == {"task"}


def test_a_journal_that_cannot_be_flushed_is_closed_all_the_same(path: Path, broken: Broken) -> None:
    journal = opened(path, broken)
    submission = journal.intend(intent(), cap=None)
    journal.unsent(submission.id, reason="no network")
    broken.effects = {"sql PRAGMA", "sql COMMIT", "sql ROLLBACK"}
    with pytest.raises(PipeError, match="could not be read or written"):
        journal.close()
    journal.close()
    broken.effects = set()
    with opened(path, broken) as again:
        assert again.open_submission(mark("stairs")) is None


def test_an_intent_is_given_as_it_will_be_read(path: Path, broken: Broken) -> None:
    """It is not read back, because a disk that fails just then would leave it in doubt."""
    with opened(path, broken) as journal:
        given = journal.intend(intent(), cap=None)
        assert journal.submission(mark("stairs")) == given
