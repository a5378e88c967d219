"""Journals of earlier programs: `journals/format-<n>.sql` is one as that program wrote it, with a submission in
each state.
"""

from __future__ import annotations

import itertools
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from seedance_pipe.errors import InDoubt
from seedance_pipe.plan.history import Decision, Made, State
from seedance_pipe.run.budget import Total
from seedance_pipe.run.journal import Journal

from .examples import STORY, Hands, clip_of, content, dollars, inputs, intent, mark, receipt

JOURNALS = Path(__file__).parent / "journals"


UPLOADS = {1: {}, 2: {content("kept"): "somewhere"}, 3: {content("kept"): "somewhere"}}
"""What a vendor keeps of ours, by the format of the journal."""


@pytest.fixture(params=sorted(UPLOADS))
def earlier(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def path(tmp_path: Path, earlier: int) -> Path:
    """A journal of an earlier format, in the mode in which its program left it."""
    path = tmp_path / "journal.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((JOURNALS / f"format-{earlier}.sql").read_text())
        connection.execute("PRAGMA journal_mode = WAL")
    return path


def format_of(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def says_what_it_said(journal: Journal, earlier: int) -> None:
    history = journal.history(lambda digest: True, {})
    assert {one.shot: (one.state, one.task) for one in history.submissions.values()} == {
        "stored": (State.STORED, "cgt-stored"),
        "ready": (State.READY, "cgt-ready"),
        "submitted": (State.SUBMITTED, "cgt-submitted"),
        "doubted": (State.INTENT, None),
        "refused": (State.REFUSED, None),
        "failed": (State.FAILED, "cgt-failed"),
        "unsent": (State.UNSENT, None),
        **({"given-up": (State.ABANDONED, None)} if earlier > 2 else {}),
    }
    assert history.submissions[mark("stored")].receipt == receipt(dollars("0.25"))
    assert history.made[mark("stored")] == Made(mark("stored"), "stored#1", inputs("stored"), clip_of("stored"))
    assert history.made[mark("frame")].outputs == {"frame": content("frame")}
    assert history.picks == {"order of the stored": 1}
    assert history.latest["stored#1"] == mark("stored")
    assert journal.deliveries()["out/lighthouse.mp4"].digest == content("film")
    assert journal.total() == Total({"USD": dollars("0.25")}, {"USD": dollars("1.00")}, unknown=1)
    assert {digest: kept.address for digest, kept in journal.uploads("acme").items()} == UPLOADS[earlier]


def test_a_journal_of_an_earlier_program_is_read_as_it_was_written(path: Path, earlier: int) -> None:
    before = path.read_bytes()
    looking = Journal.look(path, story=STORY, effects=Hands().effects())
    assert looking is not None
    with looking:
        says_what_it_said(looking, earlier)
    assert format_of(path) == earlier
    assert path.read_bytes() == before


def test_a_journal_of_an_earlier_program_goes_on_in_the_new_format(path: Path, earlier: int) -> None:
    """From then on the earlier program says that it is newer, and not that it is damaged."""
    for _ in range(2):
        with Journal.open(path, story=STORY, effects=Hands().effects()) as journal:
            says_what_it_said(journal, earlier)
        assert format_of(path) == 4
    later = Hands(drawn=itertools.count(1000)).effects()
    with Journal.open(path, story=STORY, effects=later) as journal:
        with pytest.raises(InDoubt):
            journal.intend(intent("doubted"), cap=None)
        journal.intend(intent("refused"), cap=None)
        journal.uploaded("acme", content("a"), "somewhere")
        told = journal.submission(mark("submitted"))
        assert told is not None
        journal.ready(told.id, receipt())
        assert journal.uploads("acme").keys() == {content("a"), *UPLOADS[earlier]}
        doubt = journal.submission(mark("doubted"))
        assert doubt is not None
        journal.abandoned([doubt], Decision.LOST)
        assert journal.total().unknown == 0
        journal.deleted([content("stored")])
        assert journal.history(lambda digest: False, {}).deleted == {content("stored"): Hands().time}


def test_a_new_journal_has_the_newest_format(tmp_path: Path) -> None:
    Journal.open(tmp_path / "new.db", story=STORY, effects=Hands().effects()).close()
    assert format_of(tmp_path / "new.db") == 4
