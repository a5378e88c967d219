"""The newcomer's first film, from the story file to its last frame, and what happens after each kind of change."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from seedance_pipe.effects import Effects
from seedance_pipe.media.frame import last_frame, save_png
from seedance_pipe.plan.history import History, State
from seedance_pipe.run.journal import Journal
from seedance_pipe.run.store import Store
from seedance_pipe.studio.home import home, read
from seedance_pipe.units import Size
from tests.conftest import PIPELINES, Pipe
from tests.journeys.looking import likeness, prompts_in_order, watch


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lighthouse, rehearsed once, for tests that copy it and change the copy."""
    folder = tmp_path_factory.mktemp("lighthouse")
    ignored = shutil.ignore_patterns("out", ".seedance")
    shutil.copytree(PIPELINES, folder / "pipelines", ignore=ignored)
    from seedance_pipe.cli.main import main

    with pytest.raises(SystemExit) as ended:
        main(["run", str(folder / "pipelines" / "lighthouse.yaml"), "--sandbox"])
    assert ended.value.code == 0
    return folder / "pipelines"


@pytest.fixture
def film(rehearsed: Path, tmp_path: Path) -> Path:
    """The story of a finished lighthouse, in a folder of its own that a test may change."""
    return Path(shutil.copytree(rehearsed, tmp_path / "pipelines")) / "lighthouse.yaml"


def history(story: Path) -> tuple[History, Store]:
    told = read(story, rehearsal=True).story
    assert told is not None
    where = home(told, rehearsal=True)
    store = Store(where.store)
    journal = Journal.look(where.journal, story=where.name, effects=Effects())
    assert journal is not None
    with journal:
        return journal.history(store.has, {}), store


def bought(story: Path) -> int:
    return sum(one.state is State.STORED for one in history(story)[0].submissions.values())


def made_takes(lines: list[dict[str, object]]) -> list[str]:
    """The takes that a run bought, from its JSON lines."""
    made = lines[-1]["made"]
    assert isinstance(made, list)
    return [key for key in made if "#" in key and "/" not in key]


def edit(story: Path, old: str, new: str) -> None:
    text = story.read_text()
    assert old in text
    story.write_text(text.replace(old, new))


def test_the_film_shows_each_shots_slate_in_order_in_one_size_at_24_frames_and_no_frame_too_many(
    rehearsed: Path,
) -> None:
    told = read(rehearsed / "lighthouse.yaml", rehearsal=True).story
    assert told is not None
    prompts = [shot.body["content"][0]["text"] for shot in told.shots]  # type: ignore[index,call-overload]
    seen = watch(rehearsed / "out" / "sandbox" / "lighthouse.mp4")
    assert seen.size == Size(1248, 704)
    assert seen.rate == 24
    assert list(prompts_in_order(seen, prompts)) == prompts
    assert len(seen.frames) == 4 * 121 + 97 - 2, "at each of the two seams the doubled picture is left out once"
    steps = {later - earlier for earlier, later in zip(seen.times, seen.times[1:], strict=False)}
    assert len(steps) == 1
    assert seen.sound_seconds is None


def test_what_is_sent_for_a_continuing_shot_is_the_last_frame_of_the_clip_before(
    rehearsed: Path, tmp_path: Path
) -> None:
    known, store = history(rehearsed / "lighthouse.yaml")
    clips = {one.shot: store.path(one.outputs["clip"]) for one in known.submissions.values()}
    sent = {
        one.shot: store.path(one.inputs["inputs"]["media/0"])  # type: ignore[index,call-overload]
        for one in known.submissions.values()
        if one.inputs["inputs"]  # type: ignore[index,call-overload]
    }
    assert set(sent) == {"lamp", "gallery"}
    for shot, before in (("lamp", "stairs"), ("gallery", "lamp")):
        save_png(last_frame(clips[before]), tmp_path / f"{shot}.png")
        assert likeness(sent[shot], tmp_path / f"{shot}.png") > 40


def test_a_rerun_finds_everything_fresh_and_starts_nothing(pipe: Pipe, film: Path) -> None:
    told = pipe("run", film, "--sandbox")
    assert told.code == 0
    assert told.out.startswith("No take had to be made.\nThe film: ")
    assert pipe("plan", film, "--sandbox").out.endswith("Nothing to do: the film is up to date.\n")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# The first film.", "# Another comment."),
        ("title: The lighthouse keeper", "title: The keeper"),
        ("id: beam", "id: searchlight"),
        ("{duration: 5, resolution: 720p,", "{resolution: 720p, duration: 5.0,"),
        ("keeper: an old keeper", "unused: x\n  keeper: an old keeper"),
    ],
    ids=["comment", "title", "renamed shot", "other spelling", "unused variable"],
)
def test_what_changes_no_picture_sends_nothing(pipe: Pipe, film: Path, old: str, new: str) -> None:
    edit(film, old, new)
    told = pipe("run", film, "--sandbox", "--json")
    assert told.code == 0
    assert made_takes(told.lines) == []
    assert bought(film) == 5


def test_reordered_shots_are_joined_anew_and_not_bought(pipe: Pipe, film: Path) -> None:
    story = yaml.safe_load(film.read_text())
    story["shots"].insert(0, story["shots"].pop())
    film.write_text(yaml.safe_dump(story, sort_keys=False))
    told = pipe("run", film, "--sandbox", "--json")
    assert told.code == 0
    assert made_takes(told.lines) == []
    assert "film" in told.lines[-1]["made"]


def test_a_moved_story_with_its_assets_sends_nothing(pipe: Pipe, film: Path, tmp_path: Path) -> None:
    moved = Path(shutil.move(film.parent, tmp_path / "elsewhere")) / film.name
    told = pipe("run", moved, "--sandbox", "--json")
    assert told.code == 0
    assert told.lines[-1]["made"] == []


def test_a_deleted_film_comes_back_and_nothing_is_bought(pipe: Pipe, film: Path) -> None:
    target = film.parent / "out" / "sandbox" / "lighthouse.mp4"
    before = target.read_bytes()
    target.unlink()
    told = pipe("run", film, "--sandbox", "--json")
    assert told.code == 0
    assert told.lines[-1]["made"] == []
    assert target.read_bytes() == before


def test_a_film_lost_from_the_store_too_is_joined_again_to_the_same_bytes(pipe: Pipe, film: Path) -> None:
    target = film.parent / "out" / "sandbox" / "lighthouse.mp4"
    before = target.read_bytes()
    known, store = history(film)
    stored = [one for one in known.made.values() if one.step == "film"]
    for one in stored:
        store.path(one.outputs["film"]).unlink()
    target.unlink()
    told = pipe("run", film, "--sandbox", "--json")
    assert told.code == 0
    assert told.lines[-1]["made"] == ["film"]
    assert target.read_bytes() == before


def test_one_changed_word_makes_that_shot_and_its_continuations_and_the_plan_says_so_first(
    pipe: Pipe, film: Path
) -> None:
    edit(film, "lights the great lamp", "lights the small lamp")
    plan = pipe("plan", film, "--sandbox").out
    assert '"… lights the great lamp" -> "… lights the small lamp"' in plan
    assert "(lighthouse.yaml:" in plan
    assert "2 of 5 takes to make" in plan
    told = pipe("run", film, "--sandbox", "--json")
    assert told.code == 0
    assert made_takes(told.lines) == ["lamp#1", "gallery#1"]
    assert bought(film) == 7


def test_a_forced_shot_gets_a_new_take_that_the_film_uses_from_then_on(pipe: Pipe, film: Path) -> None:
    target = film.parent / "out" / "sandbox" / "lighthouse.mp4"
    before = target.read_bytes()
    told = pipe("run", film, "--sandbox", "--force", "beam", "--json")
    assert told.code == 0
    assert made_takes(told.lines) == ["beam#2"]
    assert target.read_bytes() != before
    assert made_takes(pipe("run", film, "--sandbox", "--json").lines) == []
    takes = pipe("status", film, "--sandbox", "--json").json["takes"]
    assert {take["step"]: take["verdict"] for take in takes}.items() >= {
        "beam#1": "fresh",
        "beam#2": "fresh",
    }.items()


def test_a_file_of_somebody_elses_at_the_films_path_is_not_overwritten(pipe: Pipe, film: Path) -> None:
    target = film.parent / "out" / "sandbox" / "lighthouse.mp4"
    target.write_bytes(b"mine")
    told = pipe("run", film, "--sandbox")
    assert told.code == 5
    assert "--force-output" in told.err
    assert target.read_bytes() == b"mine"
    assert pipe("run", film, "--sandbox", "--force-output").code == 0
    assert target.stat().st_size > 1000


def test_the_status_names_every_clip_and_the_sum(pipe: Pipe, film: Path) -> None:
    told = pipe("status", film, "--sandbox", "--json").json
    assert [take["verdict"] for take in told["takes"]] == ["fresh"] * 5
    assert all(Path(take["clip"]).is_file() for take in told["takes"])
    assert sum(float(take["submission"]["charged"]["amount"]) for take in told["takes"]) == pytest.approx(
        float(told["spent"][0]["amount"])
    )


def test_a_rehearsal_never_stands_for_the_real_thing(pipe: Pipe, film: Path) -> None:
    plan = pipe("plan", film)
    assert "5 of 5 takes to make" in plan.out
    assert not (film.parent / ".seedance" / "journal.db").exists()
    assert not (film.parent / "out" / "lighthouse.mp4").exists()


def test_only_the_named_shots_are_made_and_the_film_waits_until_it_is_complete(
    pipe: Pipe, pipelines: Path
) -> None:
    story = pipelines / "portrait.yaml"
    told = pipe("run", story, "sails", "--sandbox", "--json")
    assert told.code == 0
    assert made_takes(told.lines) == ["sails#1"]
    assert told.lines[-1]["film"] is None
    told = pipe("run", story, "away", "--only", "--sandbox", "--json")
    assert made_takes(told.lines) == ["away#1"]
    assert told.lines[-1]["film"] is None
    told = pipe("run", story, "away", "--sandbox", "--json")
    assert made_takes(told.lines) == []
    assert Path(told.lines[-1]["film"]).is_file()
