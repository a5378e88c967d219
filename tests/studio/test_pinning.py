"""The lock file in whole runs: it goes with the story through git, and no film is bought twice for want of it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from seedance_pipe.disk import DISK
from seedance_pipe.effects import Effects
from seedance_pipe.errors import GuardRefused, StoryInvalid
from seedance_pipe.plan.freshness import Fresh, Lost, Stale
from seedance_pipe.plan.recipe import order_digest
from seedance_pipe.report.parcel import packed_data, packed_text
from seedance_pipe.run import lockfile
from seedance_pipe.run.store import Store
from seedance_pipe.sandbox.faults import Fault, What, Where
from seedance_pipe.spec.repair import Repair
from seedance_pipe.studio import look, takes
from seedance_pipe.studio.export_store import export_store
from seedance_pipe.studio.housekeeping import collect
from seedance_pipe.studio.import_store import import_store
from seedance_pipe.studio.pinning import choose
from seedance_pipe.studio.run import run
from seedance_pipe.studio.verify import verify
from seedance_pipe.studio.work import Wishes
from tests.studio.desk import MODELARK, Desk
from tests.studio.vendor import Vendor

WAVE, FOAM = "id: wave, prompt: A wave breaks", "id: foam, prompt: The foam runs back, continues: wave"
GULL = "id: gull, prompt: A gull flies by"
OUT = "out/surf.mp4"


@pytest.fixture
def desk(tmp_path: Path, vendor: Vendor) -> Desk:
    (tmp_path / "mine").mkdir()
    desk = Desk(tmp_path / "mine" / "surf.yaml", vendor, MODELARK)
    desk.write(WAVE, FOAM)
    return desk


@pytest.fixture
def made(desk: Desk) -> Desk:
    assert desk.run().exit_code == 0
    return desk


def lock_of(desk: Desk) -> Path:
    return desk.story.with_name("seedance.lock")


def on_another_machine(desk: Desk) -> Desk:
    """The story, its lock file and its store, without the journal, in a folder of another name."""
    there = desk.story.parent.with_name("theirs")
    shutil.copytree(
        desk.story.parent, there, ignore=shutil.ignore_patterns("journal.db*", "reserve", "locks", "out")
    )
    return Desk(there / desk.story.name, desk.vendor, desk.head)


def pending(desk: Desk) -> list[str]:
    return [one.step.key for one in look.plan(desk.home, effects=desk.effects).pending]


def picked(desk: Desk, shot: str, number: int) -> None:
    takes.pick(desk.home, shot, number, tell=lambda picking: None, effects=desk.effects)


def git(folder: Path, *words: str) -> str:
    names = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]
    told = subprocess.run(["git", *names, *words], cwd=folder, capture_output=True, text=True, check=True)
    return told.stdout


def committed(desk: Desk, branch: str = "") -> None:
    folder = desk.story.parent
    if branch:
        git(folder, "checkout", "-q", "-b", branch, "main")
    git(folder, "add", "surf.yaml", "seedance.lock")
    git(folder, "commit", "-q", "-m", "as it is")


def test_on_another_machine_with_the_same_store_everything_is_fresh(made: Desk) -> None:
    there = on_another_machine(made)
    assert pending(there) == ["film"], "the film is to be copied to its place"
    before = lock_of(there).read_bytes()
    ended = there.run()
    assert (ended.exit_code, ended.made, made.bought()) == (0, (), 2)
    assert (there.story.parent / OUT).read_bytes() == (made.story.parent / OUT).read_bytes()
    assert lock_of(there).read_bytes() == before, "no byte of it is of one machine"
    assert pending(there) == []


def test_a_run_with_nothing_to_do_leaves_the_file_alone_and_mends_one_that_is_behind(made: Desk) -> None:
    path = lock_of(made)
    text, written = path.read_bytes(), path.stat().st_mtime_ns
    assert made.run().made == ()
    assert path.stat().st_mtime_ns == written
    for shots in ((), ("wave",)):
        path.unlink()
        assert made.run(shots=shots).made == ()
        assert path.read_bytes() == text
    assert made.bought() == 2


def test_a_pick_is_in_the_lock_file_before_the_next_run_and_taken_back_out_of_it(made: Desk) -> None:
    assert made.run(more={"foam": 1}).exit_code == 0
    before = lock_of(made).read_text()
    picked(made, "foam", 2)
    order = order_digest(made.home.story.shots[1])
    assert lockfile.read(lock_of(made)).picks == {OUT: {"foam": {order: 2}}}
    picked(made, "foam", 1)
    assert lock_of(made).read_text() == before


def test_the_pick_of_an_old_commit_is_in_force_again(made: Desk) -> None:
    assert made.run(more={"foam": 1}).exit_code == 0
    old = lock_of(made).read_bytes()
    picked(made, "foam", 2)
    assert made.run().exit_code == 0
    assert pending(made) == []
    lock_of(made).write_bytes(old)
    assert "film" in pending(made)
    assert made.run().exit_code == 0
    assert (lock_of(made).read_bytes(), made.bought()) == (old, 3)


def test_a_forced_take_is_picked_in_the_lock_file_before_it_is_bought(made: Desk) -> None:
    made.lose(Fault(Where.CREATE, What.ANSWER, status=400, code="InputTextSensitive"), force=["foam"])
    order = order_digest(made.home.story.shots[1])
    assert lockfile.read(lock_of(made)).picks == {OUT: {"foam": {order: 2}}}
    assert "foam#2" in pending(on_another_machine(made))


def test_one_branch_picks_and_another_pays_and_git_merges_both(made: Desk) -> None:
    assert made.run(more={"wave": 1}).exit_code == 0
    made.write(WAVE, GULL)
    assert made.run().exit_code == 0
    folder = made.story.parent
    git(folder, "init", "-q")
    committed(made)
    committed_story = made.story.read_text()
    git(folder, "checkout", "-q", "-b", "pays")
    made.write(WAVE, f"{GULL} low over the water")
    assert made.run().exit_code == 0
    committed(made)
    git(folder, "checkout", "-q", "main")
    assert made.story.read_text() == committed_story
    picked(made, "wave", 2)
    git(folder, "commit", "-q", "-a", "-m", "take 2")
    git(folder, "merge", "-q", "--no-edit", "pays")
    spent = made.bought()
    assert [one for one in pending(made) if "#" in one] == []
    assert made.run().exit_code == 0
    assert (made.bought(), pending(made)) == (spent, [])
    assert verify(made.home).faults == ()


def test_what_is_pinned_and_in_no_store_is_not_bought_again_unasked(made: Desk) -> None:
    there = on_another_machine(made)
    plan = look.plan(there.home, effects=there.effects)
    foam = next(one.verdict for one in plan.steps if one.step.key == "foam#1")
    assert isinstance(foam, Fresh)
    Store(there.home.store).path(foam.outputs["clip"]).unlink()
    plan = look.plan(there.home, effects=there.effects)
    foam = next(one.verdict for one in plan.steps if one.step.key == "foam#1")
    assert foam == Stale((Lost("clip", pinned=True),))

    def unwatched(ask: Callable[[str], bool] | None) -> None:
        run(there.home, Wishes(), showing=there._showing, ask=ask, effects=there.effects)

    told = r"foam#1: made before \(seedance.lock\), but not in this store; the price of this run: \$0.0"
    with pytest.raises(GuardRefused, match=told) as refused:
        unwatched(None)
    assert "import-store" in refused.value.next_step
    with pytest.raises(GuardRefused, match="not confirmed"):
        unwatched(lambda question: not question.endswith("Buy anew?"))
    assert made.bought() == 2
    unwatched(lambda question: True)
    assert made.bought() == 3


def test_what_the_export_of_another_machine_brings_makes_it_whole_again(made: Desk, tmp_path: Path) -> None:
    there = on_another_machine(made)
    shutil.rmtree(there.home.store)
    parcel = tmp_path / "parcel"
    export_store([made.home], parcel, effects=made.effects)
    import_store([there.home], parcel, effects=there.effects)
    assert pending(there) == []
    assert verify(there.home).faults == ()


def test_an_export_says_what_only_the_lock_file_knows(made: Desk, tmp_path: Path) -> None:
    there = on_another_machine(made)
    assert there.run().exit_code == 0
    packed = export_store([there.home], tmp_path / "parcel", effects=there.effects)
    assert (packed.files, packed.unknown) == (0, 5)
    told = packed_text(packed)
    assert "5 files that only seedance.lock tells of were not exported" in told
    assert packed_data(packed)["unknown"] == 5


def test_a_newer_pick_of_a_parcel_holds_but_not_over_one_that_came_by_git(made: Desk, tmp_path: Path) -> None:
    assert made.run(more={"foam": 2}).exit_code == 0
    there, parcel = on_another_machine(made), tmp_path / "parcel"
    picked(made, "foam", 2)
    export_store([made.home], parcel, effects=made.effects)
    import_store([there.home], parcel, effects=there.effects)
    assert lock_of(there).read_text() == lock_of(made).read_text()
    order = order_digest(made.home.story.shots[1])
    choose(there.home, there.effects, picks={order: 3})
    picked(made, "foam", 1)
    export_store([made.home], parcel, effects=made.effects)
    import_store([there.home], parcel, effects=there.effects)
    assert lockfile.read(lock_of(there)).picks == {OUT: {"foam": {order: 3}}}


def test_a_file_that_only_the_lock_file_names_is_no_rubbish(made: Desk) -> None:
    there = on_another_machine(made)
    there.write(f"{GULL}")
    assert there.run().exit_code == 0
    shutil.copy(lock_of(made), lock_of(there))
    there.later = 7200.0
    kept = collect([there.home], paid=True, yes=True, effects=there.effects)
    assert [one.what for one in kept.items] == []
    assert kept.shared > 0
    shutil.copy(made.story, there.story)
    assert [one for one in pending(there) if "#" in one] == []


def test_a_clip_that_was_taken_in_is_pinned(made: Desk, tmp_path: Path) -> None:
    clip = tmp_path / "mine.mp4"
    shutil.copy(made.story.parent / OUT, clip)
    made.adopt("foam", clip, take=2)
    lock = lockfile.read(lock_of(made))
    order = order_digest(made.home.story.shots[1])
    assert lock.picks == {OUT: {"foam": {order: 2}}}
    assert "take 2" in lock.films[OUT].shots["foam"].pins
    assert "foam#2" not in pending(on_another_machine(made))


def test_a_run_that_fails_pins_what_it_made(desk: Desk) -> None:
    ended = desk.lose(Fault(Where.CREATE, What.ANSWER, matching="foam", status=400))
    assert ended.exit_code == 1
    assert list(lockfile.read(lock_of(desk)).films[OUT].shots) == ["wave"]


def test_a_lock_file_that_cannot_be_written_is_a_warning_and_the_clips_are_safe(desk: Desk) -> None:
    def refuse(source: Path, target: Path) -> None:
        if target.name == "seedance.lock":
            raise OSError(13, "Permission denied")
        source.replace(target)

    refusing = replace(desk.effects, disk=replace(DISK, replace=refuse))
    ended = run(desk.home, Wishes(yes=True), showing=desk._showing, effects=refusing)
    assert ended.exit_code == 0
    assert ended.unpinned.endswith("seedance.lock cannot be written: Permission denied")
    assert desk.run().unpinned == ""
    assert desk.bought() == 2


def test_a_half_merged_lock_file_stops_every_command_at_its_line(made: Desk) -> None:
    text = lock_of(made).read_text()
    lock_of(made).write_text(text.replace("films:\n", "<<<<<<< HEAD\nfilms:\n"))
    for ask in (
        lambda: pending(made),
        lambda: made.run(),
        lambda: picked(made, "wave", 1),
        lambda: verify(made.home),
    ):
        with pytest.raises(StoryInvalid, match="git left a conflict here") as failure:
            ask()
        assert failure.value.place.endswith("seedance.lock:4:1")


def test_a_lock_file_that_breaks_during_a_run_is_a_warning(desk: Desk) -> None:
    def breaking(plan: object) -> object:
        lock_of(desk).write_text("version: 1\nnonsense:\n")
        return desk._showing(plan)

    ended = run(desk.home, Wishes(yes=True), showing=breaking, effects=desk.effects)  # type: ignore[arg-type]
    assert ended.exit_code == 0
    assert "seedance.lock:2:1: a lock file has no 'nonsense'" in ended.unpinned
    assert lock_of(desk).read_text() == "version: 1\nnonsense:\n", "a person's file is theirs to mend"


def test_a_way_that_was_chosen_is_kept_with_the_picks(made: Desk) -> None:
    order = order_digest(made.home.story.shots[0])
    choose(made.home, Effects(), repairs={order: Repair.ACCEPT})
    assert lockfile.read(lock_of(made)).repairs == {OUT: {"wave": {order: Repair.ACCEPT}}}
    assert look.plan(made.home, effects=made.effects).pending == ()
    with look.memory(made.home, made.effects) as (_, history):
        assert history.repairs == {order: Repair.ACCEPT}


def test_a_pick_that_is_cut_short_after_the_lock_file_is_done(made: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert made.run(more={"foam": 1}).exit_code == 0

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr("seedance_pipe.run.journal.Journal.picked", die)
        with pytest.raises(KeyboardInterrupt):
            picked(made, "foam", 2)
    with look.memory(made.home, made.effects) as (journal, history):
        order = order_digest(made.home.story.shots[1])
        assert history.picks[order] == 2
        assert journal is not None
        assert order not in journal.history(lambda digest: True, {}).picks
    assert made.run().exit_code == 0
    assert (made.bought(), pending(made)) == (3, [])


def test_two_stories_of_one_folder_keep_their_parts_of_one_file(made: Desk) -> None:
    other = Desk(made.story.with_name("sky.yaml"), made.vendor, made.head)
    other.write(GULL)
    assert other.run().exit_code == 0
    films = lockfile.read(lock_of(made)).films
    assert {name: sorted(film.shots) for name, film in films.items()} == {
        OUT: ["foam", "wave"],
        "out/sky.mp4": ["gull"],
    }
    assert verify(made.home).faults == verify(other.home).faults == ()
