"""What the journal says of takes that share a request, prices that a vendor tells, and uploads that it keeps."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from seedance_pipe.errors import GuardRefused, InDoubt, PipeError
from seedance_pipe.plan.history import State
from seedance_pipe.run.intent import Intent
from seedance_pipe.run.journal import Journal
from seedance_pipe.run.submission import IllegalAct
from seedance_pipe.units import Money
from tests.builders import capped

from .examples import STORY, Hands, clip_of, content, dollars, intent, mark, receipt

CREDITS = "rivya credits"
HOME = "https://files.acme.example/a.png"


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


def party(count: int = 3, reserved: Money | None = None) -> list[Intent]:
    price = reserved or dollars("0.50")
    return [replace(intent(f"take {k}", reserved=price), shot="stairs", take=k) for k in range(1, count + 1)]


def acts(path: Path) -> list[str]:
    with sqlite3.connect(path) as connection:
        return [act for (act,) in connection.execute("SELECT act FROM entry ORDER BY id")]


def state_of(journal: Journal, name: str) -> State | None:
    found = journal.submission(mark(name))
    return found.state if found else None


def test_intents_of_one_request_are_written_together_each_with_its_own_id(journal: Journal, path: Path) -> None:
    submissions = journal.intend_together(party(), cap=capped(dollars("1.50")))
    assert [one.take for one in submissions] == [1, 2, 3]
    assert len({one.id for one in submissions}) == 3
    assert [one.fingerprint for one in submissions] == [mark(f"take {k}") for k in (1, 2, 3)]
    assert journal.total().reserved == {"USD": dollars("1.50")}
    assert acts(path) == ["intent"] * 3


def test_a_request_that_does_not_fit_under_the_cap_is_refused_whole(journal: Journal, path: Path) -> None:
    with pytest.raises(GuardRefused) as refusal:
        journal.intend_together(party(), cap=capped(dollars("1.4999")))
    assert refusal.value.message.startswith("a request for 3 takes of shot 'stairs' would pass the cap of $1.4999")
    assert acts(path) == []


@pytest.mark.parametrize("unknown", [0, 1, 2])
def test_one_unknown_price_makes_that_of_the_request_unknown(journal: Journal, unknown: int) -> None:
    intents = party()
    intents[unknown] = replace(intents[unknown], reserved=None)
    with pytest.raises(GuardRefused, match="the price of a request for 3 takes of shot 'stairs' is unknown"):
        journal.intend_together(intents, cap=capped(dollars("9")))
    assert len(journal.intend_together(intents, cap=capped(dollars("9")), allow_unknown=True)) == 3


def test_one_open_take_keeps_the_whole_request_back(journal: Journal, path: Path) -> None:
    journal.intend(party()[1], cap=None)
    with pytest.raises(InDoubt, match="take 2 of shot 'stairs'"):
        journal.intend_together(party(), cap=None)
    assert acts(path) == ["intent"]


@pytest.mark.parametrize(
    ("close", "state"),
    [
        (lambda journal, ids: journal.submitted_together({one: f"t/{one}" for one in ids}), State.SUBMITTED),
        (lambda journal, ids: journal.refused(*ids, code="no", reason="because"), State.REFUSED),
        (lambda journal, ids: journal.unsent(*ids, reason="no network"), State.UNSENT),
    ],
)
def test_an_answer_is_written_for_all_or_for_none(
    journal: Journal, path: Path, close: Callable[[Journal, list[str]], None], state: State
) -> None:
    ids = [one.id for one in journal.intend_together(party(), cap=None)]
    with pytest.raises(IllegalAct):
        close(journal, [*ids, "nobody's"])
    assert acts(path) == ["intent"] * 3
    close(journal, ids)
    assert [state_of(journal, f"take {k}") for k in (1, 2, 3)] == [state] * 3


def test_the_vendors_own_price_takes_the_place_of_what_was_reserved(journal: Journal, hands: Hands) -> None:
    one = journal.intend(intent(), cap=None)
    journal.submitted(one.id, "task-1", dollars("0.40"))
    assert journal.total().reserved == {"USD": dollars("0.40")}
    found = journal.submission(mark("stairs"))
    assert found is not None
    assert found.reserved == dollars("0.40")
    assert found.task == "task-1"
    journal.ready(one.id, receipt())
    journal.stored(one.id, clip_of("stairs"))
    assert journal.total().spent == {"USD": dollars("0.40")}


def test_a_price_that_nobody_knew_counts_under_the_cap_once_it_is_told(journal: Journal) -> None:
    one = journal.intend(intent(reserved=None), cap=capped(dollars("1")), allow_unknown=True)
    with pytest.raises(GuardRefused, match="1 earlier submissions"):
        journal.intend(intent("lamp"), cap=capped(dollars("1")))
    journal.submitted(one.id, "run_1", dollars("0.60"))
    assert journal.total().unknown == 0
    with pytest.raises(GuardRefused, match=r"\$0.6000 reserved"):
        journal.intend(intent("lamp"), cap=capped(dollars("1")))


def test_credits_that_are_set_aside_stay_credits(journal: Journal) -> None:
    ids = [one.id for one in journal.intend_together(party(reserved=Money(Decimal(25), CREDITS)), cap=None)]
    journal.submitted_together({one: one for one in ids}, Money(Decimal(28), CREDITS))
    assert journal.total().reserved == {CREDITS: Money(Decimal(84), CREDITS)}


def test_a_price_of_nothing_is_a_price(journal: Journal) -> None:
    one = journal.intend(intent(), cap=None)
    journal.submitted(one.id, "task-1", dollars("0"))
    assert journal.total().reserved == {}


def test_what_is_charged_in_the_end_counts_and_not_what_was_told(journal: Journal) -> None:
    one = journal.intend(intent(), cap=None)
    journal.submitted(one.id, "task-1", dollars("0.40"))
    journal.failed(one.id, code="x", reason="y", charged=dollars("0"))
    assert journal.total().spent == {}


def test_an_entry_without_a_told_price_is_as_entries_were_before(journal: Journal, path: Path) -> None:
    one = journal.intend(intent(), cap=None)
    journal.submitted(one.id, "task-1")
    with sqlite3.connect(path) as connection:
        (text,) = connection.execute("SELECT document FROM entry WHERE act = 'submitted'").fetchone()
    assert text == '{"task":"task-1"}'


def test_uploads_are_remembered_by_keeper_and_by_other_runs(journal: Journal, path: Path, hands: Hands) -> None:
    journal.uploaded("acme", content("a"), HOME)
    hands.time += 60
    journal.uploaded("acme", content("b"), "0b5c-id")
    journal.uploaded("rivya", content("a"), "another")
    with Journal.open(path, story="other.yaml", effects=hands.effects()) as other:
        kept = other.uploads("acme")
    assert {digest: (one.address, hands.time - one.at) for digest, one in kept.items()} == {
        content("a"): (HOME, 60),
        content("b"): ("0b5c-id", 0),
    }
    assert HOME not in repr(kept)


def test_an_upload_that_is_forgotten_may_be_remembered_anew(journal: Journal, path: Path, hands: Hands) -> None:
    journal.forgotten("acme", content("a"))
    assert acts(path) == []
    journal.uploaded("acme", content("a"), HOME)
    journal.forgotten("acme", content("a"))
    assert journal.uploads("acme") == {}
    hands.time += 5
    journal.uploaded("acme", content("a"), "anew")
    assert journal.uploads("acme")[content("a")].at == hands.time
    assert acts(path) == ["uploaded", "forgotten", "uploaded"]


@pytest.mark.parametrize("address", ["https://u:canary-signature@files.example/a", f"{HOME}?sig=canary-signature"])
def test_an_address_with_a_secret_in_it_is_never_written_down(journal: Journal, path: Path, address: str) -> None:
    journal.uploaded("acme", content("a"), address)
    assert journal.uploads("acme") == {}
    assert not any(b"canary-signature" in file.read_bytes() for file in path.parent.iterdir())


@pytest.mark.parametrize(
    ("act", "note"),
    [
        ("uploaded", '{"keeper":"acme","digest":"d"}'),
        ("uploaded", '{"keeper":"acme","digest":"d","address":7}'),
        ("uploaded", '{"keeper":[],"digest":"d","address":"a"}'),
        ("uploaded", "7"),
        ("forgotten", '{"keeper":"acme"}'),
    ],
)
def test_a_damaged_note_of_an_upload_is_told(journal: Journal, path: Path, act: str, note: str) -> None:
    with sqlite3.connect(path) as connection:
        row = (act, note)
        connection.execute(
            "INSERT INTO entry (story, at, act, step, fingerprint, document) VALUES ('s', 1, ?, '', '', ?)", row
        )
    with pytest.raises(PipeError, match="cannot be understood"):
        journal.uploads("acme")


def test_the_takes_of_one_request_are_companions_and_others_are_not(tmp_path: Path) -> None:
    others = Hands(drawn=itertools.count(100))
    with Journal.open(tmp_path / "journal.db", story=STORY, effects=Hands().effects()) as journal:
        alone = journal.intend(intent("alone"), cap=None)
        together = journal.intend_together(
            [replace(intent("one"), fingerprint=mark(f"one {take}"), take=take) for take in (3, 1, 2)], cap=None
        )
        later = journal.intend(intent("later"), cap=None)
        journal.submitted(together[1].id, "task")
        for one in together:
            assert [other.id for other in journal.companions(one)] == [one.id for one in together]
        assert [one.take for one in journal.companions(together[0])] == [3, 1, 2]
        assert journal.companions(together[0])[1].state is State.SUBMITTED
        assert journal.companions(alone) == (alone,)
        assert journal.companions(later) == (later,)
        assert journal.tasks() == {"task"}
    with Journal.open(tmp_path / "journal.db", story="another.yaml", effects=others.effects()) as journal:
        twin = journal.intend(replace(intent("later"), fingerprint=mark("twin")), cap=None)
        assert journal.companions(twin) == (twin,)
        assert journal.tasks() == {"task"}
