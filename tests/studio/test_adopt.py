"""Taking in tasks and clips that were made elsewhere: nothing is bought, nothing made is replaced."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

import pytest

from seedance_pipe.errors import InDoubt, MediaFailed, Missing, PipeError, StoryHeld, VendorFailed
from seedance_pipe.plan.history import Decision, State
from seedance_pipe.run.lock import hold
from seedance_pipe.run.store import Store
from seedance_pipe.sandbox.faults import Fault, What, Where
from seedance_pipe.units import Money
from tests.builders import capped
from tests.studio.desk import MODELARK, RUNBASE, Desk
from tests.studio.vendor import Vendor

WAVE, FOAM = "id: wave, prompt: A wave breaks", "id: foam, prompt: The foam runs back, continues: wave"
UNHEARD = Fault(Where.ACCEPTED, What.CLOSE)
NO_LIST = Fault(Where.LIST, What.ANSWER, times=None, status=401, code="AuthenticationError")
NO_POLL = Fault(Where.GET, What.ANSWER, times=None, status=401, code="AuthenticationError")


@pytest.fixture
def desk(tmp_path: Path, vendor: Vendor) -> Desk:
    (tmp_path / "mine").mkdir()
    desk = Desk(tmp_path / "mine" / "surf.yaml", vendor, MODELARK)
    desk.write(WAVE)
    return desk


@pytest.fixture
def colleague(tmp_path: Path, vendor: Vendor) -> Desk:
    """Somebody else with the same account, whose state we do not have."""
    (tmp_path / "theirs").mkdir()
    desk = Desk(tmp_path / "theirs" / "film.yaml", vendor, MODELARK)
    desk.write("id: theirs, prompt: A wave in another story")
    return desk


def made_elsewhere(colleague: Desk) -> str:
    assert colleague.run().exit_code == 0
    return str(colleague.vendor.ledger()[-1]["id"])


def clip_of(desk: Desk) -> Path:
    """A copy of a clip that a story has made, under a name of its owner's."""
    (one, *_) = desk.submissions()
    clip = desk.story.with_name("by hand.mp4")
    clip.write_bytes(Store(desk.home.store).path(one.outputs["clip"]).read_bytes())
    return clip


# A task


def test_a_task_made_elsewhere_becomes_the_film_and_counts_in_the_budget(desk: Desk, colleague: Desk) -> None:
    task = made_elsewhere(colleague)
    adopted = desk.adopt("wave", task)
    assert adopted.step == "wave#1"
    assert adopted.submission is not None
    assert (adopted.submission.state, adopted.submission.task) == (State.SUBMITTED, task)
    assert str(adopted.total.reserved_in("USD")) == "$0.0196"
    ended = desk.run(cap=capped(Money(Decimal("0.01"))))
    assert ended.exit_code == 0, "no cap stops what is paid for"
    assert ended.film is not None
    assert desk.bought() == 1
    assert desk.run().exit_code == 0
    with desk.journal() as journal:
        assert str(journal.total().spent_in("USD")) == "$0.0196"


def test_a_task_is_one_takes_alone(desk: Desk, colleague: Desk) -> None:
    task = made_elsewhere(colleague)
    desk.write(WAVE, "id: gull, prompt: A gull cries")
    desk.adopt("wave", task)
    for shot, holder in (("gull", "wave"), ("wave", "wave")):
        with pytest.raises(PipeError) as known:
            desk.adopt(shot, task, take=2 if shot == "wave" else None)
        assert f"that of take 1 of shot '{holder}' (story 'surf.yaml') already" in known.value.message


def test_a_task_that_was_given_up_too_early_is_taken_in_after_all(desk: Desk) -> None:
    assert desk.lose(NO_POLL).exit_code == 1
    (task,) = desk.vendor.ledger()
    desk.resolve("wave", Decision.LOST)
    desk.adopt("wave", task["id"])
    assert desk.run().exit_code == 0
    assert desk.bought() == 1


def test_what_the_vendor_does_not_know_or_could_not_make_is_not_taken_in(desk: Desk, colleague: Desk) -> None:
    with pytest.raises(VendorFailed, match="ModelArk knows no task cgt-nobody"):
        desk.adopt("wave", "cgt-nobody")
    with pytest.raises(PipeError, match="is not the name of a task"):
        desk.adopt("wave", "two words")
    fails = Fault(Where.FATE, What.FAIL, code="OutputVideoSensitiveContentDetected")
    assert colleague.lose(fails).exit_code == 1
    with pytest.raises(VendorFailed, match=r"came to nothing: the finished video was held back"):
        desk.adopt("wave", colleague.vendor.ledger()[-1]["id"])
    desk.without = {"ARK_API_KEY"}
    with pytest.raises(Missing, match="ARK_API_KEY"):
        desk.adopt("wave", "cgt-any")
    assert desk.submissions() == []


def test_a_shot_of_unknown_price_says_so(desk: Desk, vendor: Vendor) -> None:
    other = Desk(desk.story.with_name("other.yaml"), vendor, RUNBASE)
    other.write("id: other, prompt: Another")
    assert other.run().exit_code == 0
    (task,) = vendor.ledger()
    folder = desk.story.parent.parent / "third"
    folder.mkdir()
    third = Desk(folder / "third.yaml", vendor, RUNBASE)
    third.write(WAVE)
    adopted = third.adopt("wave", task["id"])
    assert adopted.total.unknown == 1


# A clip


def test_a_clip_is_copied_in_and_the_film_made_of_it_for_nothing(desk: Desk, colleague: Desk) -> None:
    made_elsewhere(colleague)
    clip = clip_of(colleague)
    before = clip.stat().st_mtime_ns, clip.stat().st_ino, clip.stat().st_mode
    adopted = desk.adopt("wave", clip)
    assert adopted.clip is not None
    assert adopted.clip.read_bytes() == clip.read_bytes()
    assert (clip.stat().st_mtime_ns, clip.stat().st_ino, clip.stat().st_mode) == before
    ended = desk.run()
    assert ended.exit_code == 0
    assert ended.film is not None
    assert desk.bought() == 1
    assert desk.submissions() == []


def test_what_hangs_on_a_clip_that_was_taken_in_begins_with_its_last_frame(desk: Desk, colleague: Desk) -> None:
    task = made_elsewhere(colleague)
    clip = clip_of(colleague)
    desk.write(WAVE, FOAM)
    with pytest.raises(PipeError, match="take 1 of shot 'foam' hangs on wave#1, which is not made yet") as early:
        desk.adopt("foam", task)
    assert "`seedance-pipe run surf.yaml wave --only`" in early.value.next_step
    desk.adopt("wave", clip)
    desk.adopt("foam", task)
    (one,) = desk.submissions()
    assert one.shot == "foam"
    assert desk.run().exit_code == 0
    assert desk.bought() == 1


def test_a_new_take_is_taken_in_beside_the_old_and_the_film_uses_it(desk: Desk, colleague: Desk) -> None:
    made_elsewhere(colleague)
    clip = clip_of(colleague)
    assert desk.run().exit_code == 0
    for what in (clip, "cgt-any"):
        with pytest.raises(PipeError, match="take 1 of shot 'wave' is made already") as fresh:
            desk.adopt("wave", what)
        assert "`--take 2` takes it in beside" in fresh.value.next_step
    with pytest.raises(PipeError, match="has no take 2 before it") as gap:
        desk.adopt("wave", clip, take=3)
    assert gap.value.next_step == "the next one is --take 2"
    assert desk.adopt("wave", clip, take=2).step == "wave#2"
    film = desk.story.parent / "out" / "surf.mp4"
    before = film.read_bytes()
    assert desk.run().exit_code == 0
    assert film.read_bytes() != before
    assert desk.bought() == 2
    forced = desk.run(force=("wave",))
    assert (forced.exit_code, desk.bought()) == (0, 3)
    assert desk.submissions()[-1].take == 3, "a number that somebody brought is never asked for"


def test_a_take_of_many_is_filled_without_changing_what_the_film_uses(desk: Desk, colleague: Desk) -> None:
    made_elsewhere(colleague)
    desk.write(f"{WAVE}, takes: 2")
    desk.adopt("wave", clip_of(colleague), take=2)
    assert desk.run().exit_code == 0
    assert desk.bought() == 2
    with desk.journal() as journal:
        assert journal.history(lambda digest: True, {}).picks == {}


def test_a_paid_clip_that_was_lost_is_put_back_from_a_copy(desk: Desk) -> None:
    assert desk.run().exit_code == 0
    copy = clip_of(desk)
    (one,) = desk.submissions()
    Store(desk.home.store).path(one.outputs["clip"]).unlink()
    with pytest.raises(PipeError, match="take 1 of shot 'wave' was made as task cgt-"):
        desk.adopt("wave", "cgt-any")
    desk.adopt("wave", copy)
    desk.without = {"ARK_API_KEY"}
    assert desk.run().exit_code == 0


def test_a_take_that_is_under_way_or_in_doubt_is_left_alone(desk: Desk, colleague: Desk) -> None:
    task = made_elsewhere(colleague)
    clip = clip_of(colleague)
    assert desk.lose(Fault(Where.FATE, What.STUCK), NO_POLL).exit_code == 1
    for what in (task, clip):
        with pytest.raises(PipeError, match=r"is at the vendor as task cgt-.*, and a run fetches it"):
            desk.adopt("wave", what)
    desk.resolve("wave", Decision.LOST)
    assert desk.lose(UNHEARD, NO_LIST).exit_code == 4
    for what in (task, clip):
        with pytest.raises(PipeError, match="take 1 of shot 'wave' is in doubt") as doubt:
            desk.adopt("wave", what)
        assert "`seedance-pipe resolve surf.yaml wave --adopt TASK`" in doubt.value.next_step
    desk.write(WAVE, FOAM)
    with pytest.raises(PipeError, match="take 1 of shot 'foam' hangs on wave#1, which is in doubt"):
        desk.adopt("foam", clip)


def test_only_a_whole_clip_in_a_file_of_its_own_is_taken_in(desk: Desk, tmp_path: Path) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("no clip")
    with pytest.raises(MediaFailed, match=r"text\.mp4 is no clip that a film can be made of: "):
        desk.adopt("wave", text)
    link = tmp_path / "link.mp4"
    link.symlink_to(text)
    with pytest.raises(PipeError, match=r"link\.mp4 is a link") as linked:
        desk.adopt("wave", link)
    assert linked.value.next_step == "name the file itself"
    with pytest.raises(Missing, match=r"there is no file .*nothing\.mp4"):
        desk.adopt("wave", tmp_path / "nothing.mp4")
    with pytest.raises(PipeError, match="is not a file"):
        desk.adopt("wave", tmp_path)
    with pytest.raises(PipeError, match="cannot be read: Not a directory"):
        desk.adopt("wave", text / "below")
    huge = tmp_path / "huge.mp4"
    huge.touch()
    os.truncate(huge, (512 << 20) + 1)
    with pytest.raises(MediaFailed, match=r"huge\.mp4 is too large for a clip: at most 512 MiB"):
        desk.adopt("wave", huge)
    store = desk.home.store
    assert not [path for path in store.rglob("*") if path.is_file()]
    assert text.read_text() == "no clip"


def test_nothing_is_taken_in_while_a_run_has_the_story(desk: Desk, tmp_path: Path) -> None:
    with hold(desk.home.lock, desk.effects), pytest.raises(StoryHeld):
        desk.adopt("wave", tmp_path / "any.mp4")


def test_of_two_stories_of_a_folder_one_asks_for_a_take(desk: Desk) -> None:
    """The journal refuses what a plan could not see: another story's run asked for the same take meanwhile."""
    from seedance_pipe.studio import adopt

    def intend_meanwhile() -> None:
        twin = Desk(desk.story.with_name("twin.yaml"), desk.vendor, desk.head)
        twin.write("id: twin, prompt: A wave breaks")
        twin.lose(Fault(Where.FATE, What.STUCK), NO_POLL)

    with adopt._opening(desk.home, "wave", None, desk.effects) as opening:
        intent = opening.intent(desk.effects)
        intend_meanwhile()
        with pytest.raises(InDoubt, match=r"already asked for by story 'twin\.yaml'"):
            opening.journal.adopted(intent, "cgt-one")
