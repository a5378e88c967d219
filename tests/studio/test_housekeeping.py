"""Tidying up a state: what may go, what never does, and what a person is told of it later."""

from __future__ import annotations

import os
import time
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from seedance_pipe.disk import DISK, Disk
from seedance_pipe.errors import GuardRefused, StoryHeld
from seedance_pipe.report.table import status_text
from seedance_pipe.report.upkeep import Upkeep, Why, clean_text, gc_text, size, upkeep_data
from seedance_pipe.run.lock import hold
from seedance_pipe.run.store import Store
from seedance_pipe.studio import look
from seedance_pipe.studio.housekeeping import ANSWER, clean, collect
from tests.run.test_store import Stopped
from tests.studio.desk import MODELARK, RUNBASE, Desk
from tests.studio.vendor import Vendor

WAVE, FOAM = "id: wave, prompt: A wave breaks", "id: foam, continues: wave, prompt: The foam runs back"
BIG = "id: wave, prompt: A big wave breaks"


@pytest.fixture
def desk(tmp_path: Path, vendor: Vendor) -> Desk:
    """A film of two shots that is made."""
    desk = Desk(tmp_path / "surf.yaml", vendor, MODELARK)
    desk.write(WAVE, FOAM)
    assert desk.run().exit_code == 0
    return desk


def gc(desk: Desk, **wishes: Any) -> Upkeep:
    return collect([desk.home], effects=desk.effects, **wishes)


def told(upkeep: Upkeep) -> dict[str, Why]:
    return {one.what: one.why for one in upkeep.items}


def stored(desk: Desk) -> set[str]:
    return set(Store(desk.home.store).digests())


def killing(at: int) -> Disk:
    """A disk at whose operation `at` that changes anything the program ends."""
    done: list[str] = []

    def watched(name: str, operation: Any) -> Any:
        def perform(*arguments: Any) -> Any:
            done.append(name)
            if len(done) > at:
                raise Stopped
            return operation(*arguments)

        return perform

    plain = {"database", "mounts", "free"}
    return Disk(
        **{
            one.name: getattr(DISK, one.name) if one.name in plain else watched(one.name, getattr(DISK, one.name))
            for one in fields(Disk)
        }
    )


# What may go


def test_of_a_film_that_is_made_nothing_may_go(desk: Desk) -> None:
    found = gc(desk, paid=True, yes=True)
    assert (found.items, found.withheld, found.shared) == ([], 0, 0)
    assert gc_text(found) == "Nothing to remove.\n"


def test_where_nothing_was_ever_made_nothing_may_go(tmp_path: Path, vendor: Vendor) -> None:
    desk = Desk(tmp_path / "new.yaml", vendor, MODELARK)
    desk.write(WAVE)
    assert gc(desk, yes=True).items == ()
    assert clean([desk.home], effects=desk.effects).items == ()
    assert not desk.home.state.exists()
    desk.home.state.mkdir()
    desk.home.journal.touch()
    assert gc(desk).items == (), "a journal that nobody has written into"


def test_an_old_film_may_go_and_the_takes_of_a_former_order_only_when_asked(desk: Desk) -> None:
    before = stored(desk)
    desk.write(BIG, FOAM)
    assert desk.run().exit_code == 0
    found = gc(desk)
    assert told(found) == {"film": Why.UNUSED}
    assert found.withheld == 3
    assert "3 files that were paid for, or may be, and are not used stay; --paid shows them." in gc_text(found)
    assert "Nothing was removed yet" in gc_text(found)
    assert before <= stored(desk), "a list removes nothing"
    assert told(gc(desk, yes=True)) == {"film": Why.UNUSED}
    assert len(before - stored(desk)) == 1
    paid = gc(desk, paid=True)
    assert told(paid) == {"clip of wave#1": Why.PAID, "clip of foam#1": Why.PAID, "last frame of wave#1": Why.PAID}
    text = gc_text(paid)
    assert "paid $0.0196" in text
    assert "ModelArk has it until" in text
    assert "3 files that cost $0.0392: may go." in text
    (clip, *_) = upkeep_data(paid)["files"]
    assert clip["cost"] == {"amount": "0.0196", "currency": "USD"}


def test_what_was_paid_for_and_deleted_is_fetched_as_long_as_the_vendor_has_it_and_told(desk: Desk) -> None:
    desk.write(BIG, FOAM)
    desk.run()
    gc(desk, paid=True, yes=True)
    bought = desk.bought()
    desk.write(WAVE, FOAM)
    day = time.strftime("%Y-%m-%d", time.gmtime())
    assert f"its file was deleted by you on {day}" in desk.status()
    assert "file deleted" in desk.status()
    assert "lost" not in desk.status()
    assert desk.run().exit_code == 0
    assert desk.bought() == bought, "nothing is bought again"
    assert "deleted" not in desk.status()
    (clip, *_) = (path for path in look.status(desk.home).clips.values())
    clip.unlink()
    assert "its file is lost here" in desk.status(), "what came back, and is lost, was not deleted by anybody"


def test_what_the_vendor_has_no_more_is_not_bought_unasked(desk: Desk) -> None:
    desk.write(BIG)
    desk.run()
    desk.later = 3 * 24 * 3600.0
    paid = gc(desk, paid=True, yes=True)
    assert "ModelArk has it no more" in gc_text(paid)
    for task in desk.vendor.ledger():
        desk.vendor.delete(task["id"])
    bought = desk.bought()
    desk.write(WAVE)
    assert desk.run().exit_code == 1
    assert desk.bought() == bought
    assert "was deleted by you on" in desk.status()


def test_a_clip_that_somebody_brought_is_as_dear_as_a_paid_one(desk: Desk) -> None:
    clip = desk.story.with_name("mine.mp4")
    clip.write_bytes(next(iter(look.status(desk.home).clips.values())).read_bytes() + b"\0\0\0\x08free")
    desk.write("id: mine, prompt: Mine")
    desk.adopt("mine", clip)
    desk.run()
    desk.write("id: mine, prompt: Another")
    desk.run()
    found = gc(desk, paid=True, yes=True)
    (line,) = [line for line in gc_text(found).splitlines() if "clip of mine#1" in line]
    assert line.endswith("clip of mine#1: taken in from a file; nobody else has it")
    desk.write("id: mine, prompt: Mine")
    assert "its clip was deleted by you on" in desk.status()
    with pytest.raises(GuardRefused, match=r"was deleted by you on [-0-9]+; it is not bought unasked"):
        desk.run()


def test_a_vendor_that_does_not_say_how_long_it_keeps_clips_is_quoted_so(tmp_path: Path, vendor: Vendor) -> None:
    desk = Desk(tmp_path / "surf.yaml", vendor, RUNBASE)
    desk.write(WAVE)
    desk.run()
    desk.write(BIG)
    desk.run()
    text = gc_text(gc(desk, paid=True))
    assert "Runbase does not say how long it keeps it" in text


def test_a_film_whose_takes_are_gone_is_as_dear_as_they_were(desk: Desk) -> None:
    desk.write(BIG, FOAM)
    desk.run()
    for one in gc(desk, paid=True).items:
        if one.why is Why.PAID:
            one.path.unlink()
    assert told(gc(desk)) == {}
    assert told(gc(desk, paid=True)) == {"film": Why.LAST}
    assert "its takes are gone" in gc_text(gc(desk, paid=True))


def test_what_nobody_names_may_go_when_it_is_an_hour_old(desk: Desk) -> None:
    store = Store(desk.home.store)
    with store.scratch() as scratch:
        (scratch / "clip").write_bytes(b"nobody's")
        orphan = store.keep(scratch / "clip")
    store.close()
    assert gc(desk, yes=True).items == [], "a run may be about to name it"
    old = time.time() - 4000
    os.utime(store.path(orphan), (old, old))
    assert gc(desk, yes=True).withheld == 1, "it may have been paid for"
    found = gc(desk, paid=True, yes=True)
    assert told(found) == {f"file {orphan[:12]}": Why.ORPHAN}
    assert "no story names it" in gc_text(found)
    assert orphan not in stored(desk)


def test_what_another_story_of_the_state_asked_for_stays(desk: Desk) -> None:
    first = desk.story
    desk.write(WAVE, FOAM, "id: gull, prompt: A gull cries", name="other.yaml")
    desk.story = first.with_name("other.yaml")
    desk.run()
    desk.story = first
    desk.write(BIG)
    desk.run()
    found = gc(desk, paid=True, yes=True)
    assert told(found) == {"film": Why.UNUSED}
    assert found.shared == 5
    assert "5 files that other stories of this state, or seedance.lock, name stay." in gc_text(found)
    desk.story = first.with_name("other.yaml")
    assert desk.run().made == ()


def test_takes_that_the_story_asked_for_last_stay_although_it_was_edited_since(desk: Desk) -> None:
    desk.write(BIG, FOAM)
    assert gc(desk, paid=True).items == []


def test_what_another_film_of_the_story_uses_stays(desk: Desk) -> None:
    before = desk.home
    desk.write(WAVE)
    desk.run()
    assert set(told(gc(desk, paid=True))) == {"film", "clip of foam#1"}
    assert set(told(collect([desk.home, before], paid=True, effects=desk.effects))) == {"film"}


# Asking


def test_paid_takes_go_when_a_person_types_so_and_only_then(desk: Desk) -> None:
    desk.write(BIG, FOAM)
    desk.run()
    before, asked = stored(desk), list[str]()

    def answering(answer: str) -> Any:
        return lambda question: asked.append(question) or answer

    for answer in ("", "yes", "y"):
        with pytest.raises(GuardRefused, match="not confirmed"):
            gc(desk, paid=True, yes=True, ask=answering(answer))
    assert stored(desk) == before
    assert "clip of wave#1: paid $0.0196" in asked[0], "what is asked about is listed first"
    assert asked[0].endswith(
        "\n3 files that cost $0.0392 would be gone for good. Type 'delete' to delete what is listed"
    )
    gc(desk, yes=True, ask=answering("not asked"))
    assert len(asked) == 3, "what is free is removed without a question"
    assert gc(desk, paid=True, yes=True, ask=answering(f" {ANSWER} ")).done
    assert len(stored(desk)) == len(before) - 4


def test_nothing_is_removed_while_any_run_of_the_state_is_at_work(desk: Desk) -> None:
    for name in ("surf.yaml.lock", "other.yaml.lock"):
        with hold(desk.home.lock.with_name(name), desk.effects):
            with pytest.raises(StoryHeld):
                gc(desk, yes=True)
            with pytest.raises(StoryHeld):
                clean([desk.home], effects=desk.effects)
            assert not gc(desk).done, "a list needs nobody to wait"
            assert clean([desk.home], dry=True, effects=desk.effects).items


# Cleaning


def test_what_was_cleaned_away_is_made_again_free_of_charge(desk: Desk) -> None:
    film = desk.home.story.output
    before, takes = film.read_bytes(), stored(desk)
    dry = clean([desk.home], dry=True, effects=desk.effects)
    assert stored(desk) == takes
    assert "would be removed" in clean_text(dry)
    removed = clean([desk.home], effects=desk.effects)
    assert told(removed) == told(dry) == dict.fromkeys(("film", "format", "out/surf.mp4"), Why.UNUSED)
    assert clean_text(removed).endswith("The next run makes them again, free of charge.\n")
    assert not film.exists()
    assert not look.plan(desk.home).bill.most, "the plan says that nothing is to be paid"
    assert clean_text(clean([desk.home], effects=desk.effects)) == "Nothing to remove.\n"
    bought = desk.bought()
    assert desk.run().exit_code == 0
    assert desk.bought() == bought
    assert film.read_bytes() == before


def test_a_film_that_a_person_has_touched_stays(desk: Desk) -> None:
    desk.home.story.output.write_bytes(b"mine")
    assert set(told(clean([desk.home], effects=desk.effects))) == {"film", "format"}
    assert desk.home.story.output.read_bytes() == b"mine"


def test_half_made_files_of_dead_runs_go(desk: Desk) -> None:
    part = desk.home.story.output.with_name(".surf.mp4.0123456789abcdef.part")
    part.write_bytes(b"half")
    left = desk.home.store / "scratch" / "dead" / "job"
    left.mkdir(parents=True)
    (left / "clip.part").write_bytes(b"half a clip")
    removed = {one.path: one.size for one in clean([desk.home], effects=desk.effects).items if one.why is Why.LEFT}
    assert removed == {part: 4, left.parent: 11}
    assert not part.exists()
    assert not left.exists()


def test_a_film_that_cannot_be_removed_is_told(desk: Desk) -> None:
    def refuse(path: Path) -> None:
        if path == desk.home.story.output:
            raise PermissionError(13, "Permission denied")
        path.unlink()

    effects = replace(desk.effects, disk=replace(DISK, remove=refuse))
    with pytest.raises(Exception, match=r"surf\.mp4 cannot be removed: Permission denied"):
        clean([desk.home], effects=effects)


# Kills


def test_a_kill_at_any_moment_of_tidying_loses_nothing_and_the_next_goes_on(desk: Desk) -> None:
    desk.write(BIG, FOAM)
    assert desk.run().exit_code == 0
    bought = desk.bought()
    for at in range(40):
        effects = replace(desk.effects, disk=killing(at))
        try:
            clean([desk.home], effects=effects)
            gc_done = collect([desk.home], paid=True, yes=True, effects=effects)
        except Stopped:
            status = status_text(look.status(desk.home, effects=desk.effects))
            assert "lost" not in status
            assert "in doubt" not in status
            continue
        assert gc_done.done
        break
    else:
        pytest.fail("it never came to its end")
    assert at > 3
    assert desk.run().exit_code == 0
    assert desk.bought() == bought


def test_lengths_are_told_in_units_for_people() -> None:
    assert [size(count) for count in (0, 999, 1000, 1_400_000, 3_000_000_000_000_000)] == [
        "0 bytes",
        "999 bytes",
        "1.0 kB",
        "1.4 MB",
        "3000.0 TB",
    ]
