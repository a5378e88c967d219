"""A story of several files that is several films, with a draft: `pipelines/keeper`, as its makers would use it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from seedance_pipe.units import Size
from tests.conftest import Pipe
from tests.journeys.looking import watch

TWO = """\
version: 1
model: modelark/seedance-1-0-pro-fast
foreach: {ratio: ["16:9", "1:1"]}
defaults: {duration: 2, resolution: 480p}
shots:
  - {id: wave, prompt: A wave}
  - {id: still, prompt: A calm sea, ratio: "1:1"}
"""


@pytest.fixture
def two(tmp_path: Path) -> Path:
    path = tmp_path / "two.yaml"
    path.write_text(TWO)
    return path


def test_the_draft_of_the_example_becomes_two_films_of_two_shapes(pipe: Pipe, pipelines: Path) -> None:
    story = pipelines / "keeper" / "film.yaml"
    told = pipe("run", story, "--profile", "draft", "--sandbox")
    assert told.code == 0, told.err
    for shape, size in (("16-9", Size(864, 480)), ("9-16", Size(480, 864))):
        film = watch(story.parent / "out" / "sandbox" / f"keeper-draft-{shape}.mp4")
        assert film.size == size
        assert len(film.frames) >= 6 * 49 - 2
    assert "Nothing to do" in pipe("plan", story, "--profile", "draft", "--sandbox").out
    final = pipe("plan", story, "--sandbox", "--json", "--variant", "9-16").json
    assert len([step for step in final["steps"] if step["kind"] == "take" and step["verdict"] == "make"]) == 6


def test_what_two_films_ask_for_alike_is_made_once_and_a_rerun_makes_nothing(pipe: Pipe, two: Path) -> None:
    told = pipe("run", two, "--sandbox", "--json")
    assert told.code == 0, told.err
    ended = [line for line in map(json.loads, told.out.splitlines()) if line["event"] == "ended"]
    assert [line["variant"] for line in ended] == ["16-9", "1-1"]
    assert [sorted(one for one in line["made"] if "#" in one) for line in ended] == [
        ["still#1", "wave#1"],
        ["wave#1"],
    ]
    again = pipe("run", two, "--sandbox", "--json")
    assert [json.loads(line)["made"] for line in again.out.splitlines()] == [[], []]
    assert pipe("status", two, "--sandbox").out.startswith("# 16-9\n")


def test_a_named_shot_is_made_for_the_films_that_have_it(pipe: Pipe, two: Path) -> None:
    told = pipe("run", two, "wave", "--only", "--variant", "1-1", "--sandbox", "--json")
    assert told.code == 0
    assert all("variant" not in json.loads(line) for line in told.out.splitlines())
    told = pipe("run", two, "wav", "--sandbox")
    assert told.code == 2
    assert "no shot 'wav' in the story; did you mean 'wave'?" in told.err


def test_a_film_that_fails_keeps_the_next_from_beginning_unless_told_to_keep_going(pipe: Pipe, two: Path) -> None:
    two.write_text(TWO.replace("A wave", "sandbox:fail"))
    told = pipe("run", two, "--sandbox")
    assert (told.code, "# 1-1" in told.err) == (1, False)
    told = pipe("run", two, "--sandbox", "--keep-going")
    assert (told.code, "# 1-1" in told.err) == (1, True)
