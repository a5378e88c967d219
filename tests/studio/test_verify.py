"""Verifying a film: every fault of the lock file, the store and the film in its place is told, with a way out."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from seedance_pipe.report.verified import Verified, verified_data, verified_text
from seedance_pipe.run.store import Store
from seedance_pipe.sandbox.app import serve
from seedance_pipe.sandbox.settings import Settings
from seedance_pipe.studio.verify import verify
from tests.studio.desk import MODELARK, Desk
from tests.studio.vendor import Vendor

WAVE, FOAM = "id: wave, prompt: A wave breaks", "id: foam, prompt: The foam runs back, continues: wave"
OUT = "out/surf.mp4"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A story that was made once; each test works on a copy."""
    folder = tmp_path_factory.mktemp("made")
    with serve(folder / "vendor", settings=Settings(queued_seconds=0.02, running_seconds=0.05)) as server:
        (folder / "mine").mkdir()
        desk = Desk(folder / "mine" / "surf.yaml", Vendor(server.address), MODELARK)
        desk.write(WAVE, FOAM)
        assert desk.run().exit_code == 0
        yield desk


@pytest.fixture
def desk(made: Desk, tmp_path: Path) -> Desk:
    there = shutil.copytree(made.story.parent, tmp_path / "copy")
    return Desk(there / made.story.name, made.vendor, made.head)


def verified(desk: Desk) -> Verified:
    before = sorted(path for path in desk.story.parent.rglob("*"))
    told = verify(desk.home)
    assert sorted(path for path in desk.story.parent.rglob("*")) == before, "nothing was changed"
    return told


def faults(desk: Desk) -> list[tuple[str, str]]:
    return [(one.step, one.what) for one in verified(desk).faults]


def stored(desk: Desk, step: str) -> Path:
    """The file of a take in the store."""
    store = Store(desk.home.store)
    one = next(one for one in desk.submissions() if f"{one.shot}#{one.take}" == step)
    return store.path(one.outputs["clip"])


def test_a_film_is_proven_without_its_journal(desk: Desk) -> None:
    (desk.story.parent / ".seedance" / "journal.db").unlink()
    told = verified(desk)
    assert (told.faults, told.steps, told.files) == ((), 7, 5)
    assert verified_text(told) == f"{OUT} is what the story asks for: 5 files are as they were made.\n"


def test_without_a_lock_file_nothing_is_proven(desk: Desk) -> None:
    desk.story.with_name("seedance.lock").unlink()
    assert faults(desk) == [("film", "seedance.lock tells nothing of it")]


def test_a_story_that_says_something_else_is_told_by_its_first_difference(desk: Desk) -> None:
    desk.write(WAVE.replace("A wave", "A big wave"), FOAM)
    ((step, told),) = faults(desk)
    assert step == "wave#1"
    assert told.startswith("the story and seedance.lock differ: order: ")


def test_a_shot_that_nobody_made_is_told(desk: Desk) -> None:
    desk.write(WAVE, FOAM, "id: gull, prompt: A gull flies by")
    assert faults(desk) == [("gull#1", "seedance.lock does not tell of it")]


def test_a_file_that_is_lost_or_damaged_is_told_and_left_as_it_is(desk: Desk) -> None:
    wave, foam = stored(desk, "wave#1"), stored(desk, "foam#1")
    wave.unlink()
    foam.chmod(0o644)
    foam.write_bytes(b"not a clip")
    lost, damaged = faults(desk)
    assert lost == ("wave#1", f"its clip {wave.parent.name}{wave.name[:10]} is not in the store")
    assert damaged == ("foam#1", f"its clip is damaged in the store: {foam}")
    assert foam.read_bytes() == b"not a clip"


def test_a_last_frame_that_the_vendor_sent_is_a_convenience(desk: Desk) -> None:
    wave = next(one for one in desk.submissions() if one.shot == "wave")
    frame = wave.outputs.get("last_frame")
    assert frame is not None
    kept = verified(desk).files
    Store(desk.home.store).path(frame).unlink()
    assert [step for step, _ in faults(desk)] == ["wave#1/frame"], "it is the hand-off frame as well"
    assert verified(desk).files == kept


def test_a_film_that_is_gone_or_another_is_told(desk: Desk) -> None:
    film = desk.story.parent / OUT
    film.write_bytes(b"another film")
    assert faults(desk) == [("film", f"{OUT} is not the film that seedance.lock names")]
    film.unlink()
    assert faults(desk) == [("film", f"{OUT} is not there")]
    film.symlink_to(desk.story)
    assert faults(desk) == [("film", f"{OUT} is not the film that seedance.lock names")]


def test_faults_are_a_line_each_with_what_to_do(desk: Desk) -> None:
    (desk.story.parent / OUT).unlink()
    told = verified(desk)
    assert verified_text(told) == (
        f"film: {OUT} is not there; run the story: it is copied there\n1 fault: {OUT} is not proven.\n"
    )
    assert verified_data(told) == {
        "film": OUT,
        "ok": False,
        "steps": 7,
        "files": 5,
        "faults": [
            {"step": "film", "what": f"{OUT} is not there", "next_step": "run the story: it is copied there"}
        ],
    }
