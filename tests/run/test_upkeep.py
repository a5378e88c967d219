"""What the journal and the store know of files that a person has deleted, and of who else needs a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from seedance_pipe.disk import DISK
from seedance_pipe.document import digest
from seedance_pipe.errors import PipeError
from seedance_pipe.plan.history import Made
from seedance_pipe.run.inventory import Inventory, inventory
from seedance_pipe.run.journal import Journal
from seedance_pipe.run.store import Store
from seedance_pipe.units import Digest, Fingerprint

from .examples import STORY, Hands, clip_of, content, intent, mark, receipt
from .test_store import CLIP, put


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.open(tmp_path / "journal.db", story=STORY, effects=Hands().effects()) as journal:
        yield journal


def bought(journal: Journal, name: str) -> Digest:
    one = journal.intend(intent(name), cap=None)
    journal.submitted(one.id, f"cgt-{name}")
    journal.ready(one.id, receipt())
    journal.stored(one.id, clip_of(name))
    return content(name)


def made(kind: str, step: str, *parts: Digest, name: str) -> Made:
    inputs = {
        "kind": kind,
        "recipe": {"method": "1"},
        "inputs": {f"clip/{at}": one for at, one in enumerate(parts)},
    }
    output = "film" if kind == "film" else kind
    return Made(Fingerprint(digest(inputs)), step, inputs, {output: content(name)})


def known(journal: Journal) -> Inventory:
    return inventory(journal.entries(), journal.document)


def test_what_a_person_had_deleted_is_known_with_its_time_until_it_is_made_again(journal: Journal) -> None:
    clip = bought(journal, "stairs")
    journal.deleted([clip])
    gone = journal.history(lambda digest: False, {})
    assert gone.lost == {clip}
    assert gone.deleted == {clip: Hands().time}
    assert not journal.history(lambda digest: True, {}).deleted, "what is there is not deleted"
    take = gone.made[mark("stairs")]
    journal.made(take)
    journal.made(take)
    assert not journal.history(lambda digest: False, {}).deleted
    assert [entry.act for entry in journal.entries()].count("made") == 1
    assert len(known(journal).names[clip]) == 1


def test_a_file_that_is_a_take_is_paid_whatever_else_it_is(journal: Journal) -> None:
    clip = bought(journal, "stairs")
    journal.made(replace(made("clip", "stairs/clip", clip, name="fitted"), outputs={"clip": clip}))
    journal.made(made("film", "film", clip, name="film"))
    assert known(journal).paid(clip)
    assert not known(journal).paid(content("film"))
    assert not known(journal).paid(content("nobody's"))


def test_a_clip_that_somebody_brought_is_no_rubbish_either(journal: Journal) -> None:
    given = {"kind": "take", "recipe": {"order": {"prompt": "x"}}, "inputs": {"media/0": content("still")}}
    journal.made(Made(Fingerprint(digest(given)), "x#1", given, clip_of("x")))
    assert known(journal).paid(content("x"))
    assert known(journal).begun_with == {content("still"): {digest(given)}}


def test_every_story_that_asked_for_a_file_is_known(tmp_path: Path, journal: Journal) -> None:
    clip = bought(journal, "stairs")
    with Journal.open(tmp_path / "journal.db", story="other.yaml", effects=Hands().effects()) as other:
        other.latest("steps#1", mark("stairs"))
        assert known(other).stories(clip) == {STORY, "other.yaml"}
        assert known(other).stories(content("nobody's")) == frozenset()


def test_what_can_be_made_again_needs_what_it_is_made_from(journal: Journal) -> None:
    clip = bought(journal, "stairs")
    fitted = made("clip", "stairs/clip", clip, name="fitted")
    journal.made(fitted)
    journal.made(made("film", "film", content("fitted"), name="film"))
    found = known(journal)
    assert found.can_be_made(content("film"), lambda one: one == clip)
    assert found.can_be_made(content("film"), lambda one: one == content("fitted"))
    assert not found.can_be_made(content("film"), lambda one: False), "its take is gone"
    assert not found.can_be_made(clip, lambda one: True), "a take is bought"


def test_a_deleted_file_is_gone_and_deleting_it_again_does_no_harm(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    clip = put(store, CLIP)
    path = store.path(clip)
    store.delete(clip)
    store.delete(clip)
    assert not path.exists()
    assert not store.has(clip)
    assert not store.trusted(clip)
    assert put(store, CLIP) == clip


def test_a_file_that_another_has_deleted_meanwhile_is_deleted(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    clip = put(store, CLIP)
    Store(tmp_path / "store").delete(clip)
    store.delete(clip)
    assert not store.has(clip)


def test_a_disk_that_lets_nothing_be_deleted_is_told(tmp_path: Path) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    clip = put(Store(tmp_path / "store"), CLIP)
    store = Store(tmp_path / "store", disk=replace(DISK, remove=refuse))
    with pytest.raises(PipeError, match=r"cannot be deleted: Permission denied"):
        store.delete(clip)
    assert store.has(clip)


def test_leftovers_are_those_of_runs_that_are_dead(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    assert store.leftovers() == ()
    store.sweep()
    with store.scratch() as alive:
        dead = alive.parent.parent / "dead"
        (dead / "job").mkdir(parents=True)
        (dead / "job" / "clip.part").write_bytes(b"half")
        assert Store(tmp_path / "store").leftovers() == (dead,)
        Store(tmp_path / "store").sweep()
        assert not dead.exists()
        assert alive.is_dir(), "a run is at work in it"
