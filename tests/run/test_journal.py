from __future__ import annotations

import json
import sqlite3
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from seedance_pipe.document import canonical, digest, freeze
from seedance_pipe.errors import GuardRefused, InDoubt, PipeError
from seedance_pipe.plan.history import History, Made, State
from seedance_pipe.run.budget import Total
from seedance_pipe.run.intent import Intent
from seedance_pipe.run.journal import Journal
from seedance_pipe.run.submission import IllegalAct
from seedance_pipe.units import Fingerprint, Money
from tests.builders import capped

from .examples import STORY, Hands, clip_of, content, dollars, inputs, intent, mark, receipt


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".seedance" / "journal.db"


@pytest.fixture
def journal(path: Path, hands: Hands) -> Iterator[Journal]:
    with Journal.open(path, story=STORY, effects=hands.effects()) as journal:
        yield journal


def read(journal: Journal) -> History:
    return journal.history(lambda digest: True, {})


def bought(journal: Journal, name: str = "stairs", *, charged: Money | None = None) -> str:
    """The id of a submission that went all the way."""
    submission = journal.intend(intent(name), cap=None)
    journal.submitted(submission.id, f"task of {name}")
    journal.ready(submission.id, receipt(charged))
    journal.stored(submission.id, clip_of(name))
    return submission.id


def test_an_intent_is_remembered_with_its_frozen_request(journal: Journal, hands: Hands) -> None:
    submission = journal.intend(intent(), cap=None)
    assert submission == read(journal).submissions[mark("stairs")]
    assert submission.state is State.INTENT
    assert (submission.story, submission.shot, submission.take) == (STORY, "stairs", 1)
    assert canonical(submission.request) == canonical(freeze(intent().request))
    assert submission.inputs == inputs("stairs")
    assert digest(submission.inputs) == submission.fingerprint
    assert submission.reserved == dollars("0.50")
    assert submission.charged is None
    assert submission.at == hands.time


def test_the_id_is_a_uuid_that_is_drawn_anew_for_each_submission(path: Path) -> None:
    from uuid import UUID

    from seedance_pipe.effects import Effects

    with Journal.open(path, story=STORY, effects=Effects()) as journal:
        drawn = {journal.intend(intent(name), cap=None).id for name in ("a", "b", "c")}
    assert len(drawn) == 3
    assert all(UUID(one).version == 4 and str(UUID(one)) == one for one in drawn)


def test_a_submission_tells_its_whole_life(journal: Journal) -> None:
    bought(journal, charged=dollars("0.41"))
    submission = read(journal).submissions[mark("stairs")]
    assert submission.state is State.STORED
    assert submission.task == "task of stairs"
    assert submission.receipt == receipt(dollars("0.41"))
    assert submission.charged == dollars("0.41")
    assert submission.outputs == clip_of("stairs")


def test_a_stored_take_counts_as_made(journal: Journal) -> None:
    bought(journal)
    made = read(journal).made[mark("stairs")]
    assert made == Made(mark("stairs"), "stairs#1", inputs("stairs"), clip_of("stairs"))


def test_what_the_vendor_refuses_costs_nothing_and_says_why(journal: Journal) -> None:
    submission = journal.intend(intent(), cap=None)
    journal.refused(submission.id, code="SensitiveContent", reason="half a pair: \ud83d")
    submission = read(journal).submissions[mark("stairs")]
    assert (submission.state, submission.code, submission.reason) == (
        State.REFUSED,
        "SensitiveContent",
        "half a pair: \ud83d",
    )
    assert submission.charged == dollars("0")


@pytest.mark.parametrize(
    ("told", "receipt_says", "charged"),
    [(None, None, None), (None, "0.3", "0.3"), ("0", "0.3", "0"), ("0.2", None, "0.2")],
)
def test_a_failed_take_costs_what_is_known_of_it(
    journal: Journal, told: str | None, receipt_says: str | None, charged: str | None
) -> None:
    submission = journal.intend(intent(), cap=None)
    journal.submitted(submission.id, "task")
    journal.ready(submission.id, receipt(dollars(receipt_says) if receipt_says else None))
    journal.failed(submission.id, code="lost", reason="gone", charged=dollars(told) if told else None)
    assert read(journal).submissions[mark("stairs")].charged == (dollars(charged) if charged else None)


def test_after_an_end_a_new_submission_of_the_same_fingerprint_may_begin(journal: Journal) -> None:
    first = journal.intend(intent(), cap=None)
    journal.unsent(first.id, reason="no network")
    assert journal.open_submission(mark("stairs")) is None
    second = journal.intend(intent(), cap=None)
    assert second.id != first.id
    assert journal.open_submission(mark("stairs")) == second
    assert journal.submission(mark("stairs")) == second


def test_an_open_submission_is_never_doubled(journal: Journal) -> None:
    submission = journal.intend(intent(), cap=None)
    steps: list[Callable[[], None]] = [
        lambda: None,
        lambda: journal.submitted(submission.id, "task"),
        lambda: journal.ready(submission.id, receipt()),
    ]
    for step in steps:
        step()
        with pytest.raises(InDoubt, match="already asked for by story 'lighthouse"):
            journal.intend(intent(), cap=None)


def test_a_take_that_another_run_got_since_the_history_was_read_is_not_bought(
    journal: Journal, path: Path
) -> None:
    read(journal)
    with Journal.open(path, story="surf.yaml", effects=Hands().effects()) as other:
        bought(other)
    with pytest.raises(PipeError, match="made by another run in the meantime"):
        journal.intend(intent(), cap=None)
    read(journal)
    assert journal.intend(intent(), cap=None).state is State.INTENT


def test_nobody_knows_what_was_never_asked(journal: Journal) -> None:
    assert journal.submission(mark("stairs")) is None
    assert journal.open_submission(mark("stairs")) is None
    assert read(journal) == History(now=read(journal).now)


@pytest.mark.parametrize(
    "act",
    [
        lambda journal, ident: journal.submitted(ident, "another task"),
        lambda journal, ident: journal.stored(ident, clip_of("another")),
        lambda journal, ident: journal.refused(ident, code="", reason=""),
        lambda journal, ident: journal.failed(ident, code="", reason="", charged=None),
        lambda journal, ident: journal.unsent(ident, reason=""),
    ],
)
def test_nothing_follows_the_end(journal: Journal, act: Callable[[Journal, str], None]) -> None:
    ident = bought(journal)
    with pytest.raises(IllegalAct, match="cannot follow"):
        act(journal, ident)
    with pytest.raises(IllegalAct):
        act(journal, "an id that nobody drew")


def test_saying_the_same_again_adds_nothing(journal: Journal, path: Path) -> None:
    ident = bought(journal)
    journal.submitted(ident, "task of stairs")
    journal.ready(ident, receipt(dollars("99")))
    journal.stored(ident, clip_of("stairs"))
    assert read(journal).submissions[mark("stairs")].charged is None
    assert len(rows(path)) == 4


def rows(path: Path) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT act, document FROM entry ORDER BY id").fetchall()


def test_an_entry_is_one_row_with_its_document_as_canonical_json(journal: Journal, path: Path) -> None:
    ident = bought(journal)
    journal.picked("order", 2)
    assert [act for act, _ in rows(path)] == ["intent", "submitted", "ready", "stored", "picked"]
    assert all(text == canonical(json.loads(text)) for _, text in rows(path))
    assert ident


@pytest.mark.parametrize("change", ["UPDATE entry SET at = 0", "DELETE FROM entry", "DELETE FROM document"])
def test_entries_are_never_changed(journal: Journal, path: Path, change: str) -> None:
    bought(journal)
    with closing(sqlite3.connect(path)) as connection, pytest.raises(sqlite3.IntegrityError, match="append only"):
        connection.execute(change)


def test_made_steps_picks_and_deliveries_are_remembered(journal: Journal) -> None:
    made = Made(mark("clip"), "stairs/clip", inputs("clip"), clip_of("clip"))
    journal.made(made)
    journal.latest("stairs#1", mark("stairs"))
    journal.picked("order", 1)
    journal.picked("order", 3)
    journal.asked("order", {5, 4})
    journal.asked("order", [6])
    journal.delivered("out/film.mp4", content("film"), 100, 7)
    history = journal.history(lambda digest: digest != content("clip"), {"out/film.mp4": content("film")})
    assert history.made == {mark("clip"): made}
    assert history.latest == {"stairs/clip": mark("clip"), "stairs#1": mark("stairs")}
    assert history.picks == {"order": 3}
    assert history.asked == {"order": {4, 5, 6}}
    assert history.lost == {content("clip")}
    assert history.delivered == {"out/film.mp4": content("film")}
    assert {path: (kept.digest, kept.size, kept.mtime_ns) for path, kept in journal.deliveries().items()} == {
        "out/film.mp4": (content("film"), 100, 7)
    }


def test_what_is_known_already_is_not_written_again(journal: Journal, path: Path) -> None:
    made = Made(mark("clip"), "stairs/clip", inputs("clip"), clip_of("clip"))
    for _ in range(3):
        journal.made(made)
        journal.latest("stairs/clip", mark("clip"))
    journal.made(Made(mark("clip"), "lamp/clip", inputs("clip"), clip_of("clip")))
    journal.made(Made(mark("clip"), "lamp/clip", inputs("clip"), clip_of("other")))
    assert [act for act, _ in rows(path)] == ["made", "latest", "made"]
    assert read(journal).made[mark("clip")].outputs == clip_of("other")


def test_what_a_step_was_last_belongs_to_one_story(journal: Journal, path: Path) -> None:
    journal.latest("stairs#1", mark("stairs"))
    with Journal.open(path, story="surf.yaml", effects=Hands().effects()) as other:
        assert read(other).latest == {}
        other.latest("stairs#1", mark("surf"))
    assert read(journal).latest == {"stairs#1": mark("stairs")}


def test_a_history_does_not_change_when_the_journal_goes_on_and_is_closed(journal: Journal) -> None:
    submission = journal.intend(intent(), cap=None)
    before = read(journal)
    journal.submitted(submission.id, "task")
    journal.latest("stairs#1", mark("stairs"))
    journal.close()
    journal.close()
    assert before.submissions[mark("stairs")].state is State.INTENT
    assert before.submissions[mark("stairs")].inputs == inputs("stairs")
    assert list(before.submissions) == [mark("stairs")]
    assert before.latest == {}


def test_a_document_that_is_recalled_is_read_once_and_is_short_to_print(journal: Journal) -> None:
    journal.intend(intent(), cap=None)
    document = read(journal).submissions[mark("stairs")].inputs
    assert repr(document) == f"Recalled({digest(inputs('stairs'))[:12]})"
    assert isinstance(document, dict) is False
    assert list(document) == sorted(inputs("stairs"))
    journal.close()
    assert len(document) == 3


def test_a_document_that_is_no_object_is_our_mistake(journal: Journal) -> None:
    wrong = Intent(mark("a"), "a", 1, "modelark", "m", request=["a", "list"], inputs=inputs("a"), reserved=None)
    with pytest.raises(TypeError, match="is an object"):
        journal.intend(wrong, cap=None)
    assert read(journal).submissions == {}


# Money


def test_what_is_spent_and_reserved_is_told_by_currency(journal: Journal) -> None:
    bought(journal, "known", charged=dollars("0.40"))
    bought(journal, "unknown")
    journal.intend(intent("open", reserved=Money(Decimal(30), "rivya credits")), cap=None)
    journal.intend(intent("nobody knows", reserved=None), cap=None)
    refused = journal.intend(intent("refused", reserved=dollars("100")), cap=None)
    journal.refused(refused.id, code="", reason="")
    thirty = Money(Decimal(30), "rivya credits")
    assert journal.total() == Total({"USD": dollars("0.90")}, {"rivya credits": thirty}, unknown=1)
    assert journal.total("surf.yaml") == Total()


def test_a_reservation_moves_to_what_is_spent_and_only_a_known_refusal_frees_it(journal: Journal) -> None:
    submission = journal.intend(intent(), cap=None)
    half = {"USD": dollars("0.50")}
    assert journal.total() == Total(reserved=half)
    journal.submitted(submission.id, "task")
    assert journal.total() == Total(reserved=half)
    journal.failed(submission.id, code="", reason="", charged=None)
    assert journal.total() == Total(spent=half)


def test_the_cap_counts_what_is_spent_and_what_is_reserved(journal: Journal) -> None:
    bought(journal, "spent", charged=dollars("0.30"))
    journal.intend(intent("reserved"), cap=capped(dollars("1")))
    with pytest.raises(GuardRefused, match=r"\$0.3000 spent, \$0.5000 reserved .* \$0.5000 asked"):
        journal.intend(intent("asked"), cap=capped(dollars("1.29")))
    assert journal.submission(mark("asked")) is None
    assert journal.intend(intent("asked"), cap=capped(dollars("1.30"))).state is State.INTENT


def test_an_unknown_price_needs_leave_under_a_cap(journal: Journal) -> None:
    with pytest.raises(GuardRefused, match="is unknown"):
        journal.intend(intent(reserved=None), cap=capped(dollars("1")))
    assert journal.intend(intent(reserved=None), cap=capped(dollars("1")), allow_unknown=True).reserved is None


def test_other_stories_spend_under_caps_of_their_own(journal: Journal, path: Path) -> None:
    bought(journal)
    with Journal.open(path, story="surf.yaml", effects=Hands(drawn=iter(range(99, 200))).effects()) as other:
        other.intend(intent("surf"), cap=capped(dollars("0.50")))
        assert other.total(STORY).spent == {"USD": dollars("0.50")}


def test_intents_from_many_threads_never_pass_the_cap(journal: Journal) -> None:
    def attempt(number: int) -> int:
        try:
            journal.intend(intent(f"shot{number}", reserved=dollars("0.07")), cap=capped(dollars("1")))
        except GuardRefused:
            return 0
        return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(40))) == 14
    assert journal.total().reserved == {"USD": dollars("0.98")}


# The file


def test_the_journal_is_for_its_owner_alone(journal: Journal, path: Path) -> None:
    bought(journal)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    files = [path, *path.parent.glob("journal.db-*")]
    assert len(files) == 3
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)


def test_looking_where_there_is_no_journal_makes_none(path: Path) -> None:
    assert Journal.look(path, story=STORY, effects=Hands().effects()) is None
    assert not path.parent.exists()
    path.parent.mkdir()
    path.touch()
    assert Journal.look(path, story=STORY, effects=Hands().effects()) is None
    assert path.stat().st_size == 0


def test_looking_changes_nothing(journal: Journal, path: Path) -> None:
    bought(journal)
    journal.close()
    before = path.read_bytes()
    looking = Journal.look(path, story=STORY, effects=Hands().effects())
    assert looking is not None
    with looking:
        assert read(looking).submissions[mark("stairs")].state is State.STORED
        with pytest.raises(PipeError, match="cannot be written"):
            looking.picked("order", 1)
    assert path.read_bytes() == before
    assert sorted(path.parent.iterdir()) == [path, path.with_name("reserve")]


def test_a_journal_that_cannot_even_be_read_beside_a_log_of_ours_is_read_as_it_lies(
    journal: Journal, path: Path
) -> None:
    bought(journal)
    journal.close()
    # As in a folder that nobody may write to: SQLite's log cannot come about.
    log = path.with_name("journal.db-wal")
    log.symlink_to("nowhere/else")
    looking = Journal.look(path, story=STORY, effects=Hands().effects())
    assert looking is not None
    with looking:
        assert read(looking).submissions[mark("stairs")].state is State.STORED
    log.unlink()
    log.mkdir()
    with pytest.raises(PipeError, match="cannot be opened"):
        Journal.look(path, story=STORY, effects=Hands().effects())


def fails(path: Path, reason: str) -> None:
    """Opening and looking both refuse, and leave the file as it is."""
    before = path.read_bytes()
    for way in (Journal.open, Journal.look):
        with pytest.raises(PipeError, match=reason) as refusal:
            way(path, story=STORY, effects=Hands().effects())
        assert str(path) in refusal.value.message
        assert refusal.value.next_step
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_left_as_it_is(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("dear diary, " * 200)
    fails(path, "is not a journal")


def test_a_database_of_another_program_is_left_as_it_is(path: Path) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bookmark (address TEXT)")
    fails(path, "is a database of another program")


def test_a_journal_of_a_newer_version_is_left_as_it_is(journal: Journal, path: Path) -> None:
    journal.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 5")
    fails(path, "has format 5, which is newer")


def test_a_damaged_journal_is_told(journal: Journal, path: Path) -> None:
    for number in range(200):
        journal.picked(f"order {number}", 1)
    journal.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * 8192 + whole[12288:])
    damaged = path.read_bytes()
    again = Journal.open(path, story=STORY, effects=Hands().effects())
    with again, pytest.raises(PipeError, match="is damaged"):
        read(again)
    assert path.read_bytes() == damaged


@pytest.mark.parametrize(
    "entry",
    [
        ("dreamt", "{}"),
        ("submitted", "{}"),
        ("made", "[]"),
        ("made", "{"),
        ("picked", "{}"),
    ],
)
def test_an_entry_that_nobody_can_have_written_is_told(
    journal: Journal, path: Path, entry: tuple[str, str]
) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO entry VALUES (NULL, 's', 0, ?, 'x', '', '', ?)", entry)
    with pytest.raises(PipeError, match="is damaged: entry 1 or a later one cannot be understood"):
        read(journal)


def test_a_submission_that_nobody_can_have_written_is_told(journal: Journal, path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO entry VALUES (NULL, 's', 0, 'intent', 'x', '', ?, '{}')", (mark("a"),))
    with pytest.raises(PipeError, match="is damaged: submission x cannot be understood"):
        journal.submission(mark("a"))


def test_a_document_that_was_changed_behind_our_back_is_told(journal: Journal, path: Path) -> None:
    journal.intend(intent(), cap=None)
    submission = read(journal).submissions[mark("stairs")]
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TRIGGER document_is_not_changed")
        connection.execute("UPDATE document SET text = '{}'")
    with pytest.raises(PipeError, match="is not what it was"):
        dict(submission.request)


def test_a_history_whose_journal_was_deleted_is_told(journal: Journal, path: Path) -> None:
    journal.intend(intent(), cap=None)
    submission = read(journal).submissions[mark("stairs")]
    journal.close()
    path.unlink()
    with pytest.raises(PipeError, match="it is gone"):
        dict(submission.request)


def test_a_link_in_place_of_the_journal_is_not_followed(path: Path, tmp_path: Path) -> None:
    path.parent.mkdir()
    path.symlink_to(tmp_path / "elsewhere.db")
    with pytest.raises(PipeError, match="cannot be used"):
        Journal.open(path, story=STORY, effects=Hands().effects())
    assert not (tmp_path / "elsewhere.db").exists()


def test_our_own_mistakes_are_not_dressed_up_as_a_damaged_journal(journal: Journal) -> None:
    journal.close()
    with pytest.raises(sqlite3.ProgrammingError):
        journal.picked("order", 1)


def test_two_that_create_the_journal_at_once_share_it(path: Path) -> None:
    def first(number: int) -> Fingerprint:
        with Journal.open(path, story=STORY, effects=Hands().effects()) as journal:
            journal.latest(f"step{number}", mark(str(number)))
        return mark(str(number))

    with ThreadPoolExecutor(8) as pool:
        marks = set(pool.map(first, range(16)))
    with Journal.open(path, story=STORY, effects=Hands().effects()) as journal:
        assert set(read(journal).latest.values()) == marks


# Flushing


def test_paid_acts_are_flushed_at_once_and_cheap_ones_share_a_flush(path: Path, hands: Hands) -> None:
    with Journal.open(path, story=STORY, effects=hands.effects()) as journal:
        modes: list[str] = []
        journal._pages.connection.set_trace_callback(modes.append)
        submission = journal.intend(intent(), cap=None)
        journal.submitted(submission.id, "task")
        journal.ready(submission.id, receipt())
        journal.stored(submission.id, clip_of("stairs"))
        hands.time += 1.5
        journal.picked("order", 1)
        journal.picked("order", 2)
        journal.close()
    flushed = [mode.endswith("FULL") for mode in modes if mode.startswith("PRAGMA synchronous")]
    assert flushed == [True, True, False, False, True, False]
    assert modes[-1].startswith("PRAGMA wal_checkpoint")


def test_a_full_disk_is_told_and_what_was_written_before_stays(journal: Journal) -> None:
    bought(journal, "before")
    (pages,) = journal._pages.connection.execute("PRAGMA page_count").fetchone()
    journal._pages.connection.execute(f"PRAGMA max_page_count = {pages}")
    huge = Intent(mark("a"), "a", 1, "modelark", "m", request={"body": "x" * 10**6}, inputs={}, reserved=None)
    with pytest.raises(PipeError, match="the disk is full"):
        journal.intend(huge, cap=None)
    journal._pages.connection.execute(f"PRAGMA max_page_count = {pages + 1000}")
    assert set(read(journal).submissions) == {mark("before")}
    assert journal.intend(huge, cap=None).state is State.INTENT
