"""A story and what is asked for beside it: profiles, variables, settings, and stories that are several films."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.conftest import Pipe

STORY = """\
version: 1
model: modelark/seedance-1-0-pro-fast
foreach: {ratio: ["16:9", "9:16"]}
vars: {light: dawn}
defaults: {duration: 2, resolution: 480p}
profiles: {large: {defaults: {resolution: 720p}}}
shots:
  - id: wave
    prompt: A wave at {{ light }}
"""


@pytest.fixture
def story(tmp_path: Path) -> Path:
    path = tmp_path / "film.yaml"
    path.write_text(STORY)
    return path


def test_a_story_of_several_films_is_shown_film_by_film(pipe: Pipe, story: Path) -> None:
    told = pipe("render", story)
    assert told.out.startswith("# 16-9\ntitle: film\noutput: out/film-16-9.mp4\n")
    assert "\n# 9-16\ntitle: film\noutput: out/film-9-16.mp4\n" in told.out
    for command in ("render", "status", "graph"):
        films = pipe(command, story, "--json").json["films"]
        assert [film["variant"] for film in films] == ["16-9", "9-16"]
        (one,) = [pipe(command, story, "--json", "--variant", "9-16").json]
        assert {"variant": "9-16", **one} == films[1]
    assert pipe("status", story).out.count("wave#1  to make") == 2
    assert pipe("graph", story).out.startswith("# 16-9\nfilm  make\n")


def test_what_is_about_one_film_wants_its_name(pipe: Pipe, story: Path) -> None:
    told = pipe("adopt", story, "wave", "--task", "x")
    assert told.code == 2
    assert f"{story} is several films: 16-9, 9-16; say which with --variant" in told.err


def test_profiles_files_and_settings_reach_the_request(pipe: Pipe, story: Path) -> None:
    (story.parent / "more.yaml").write_text("light: noon\n")
    asked = ("--profile", "large", "--variant", "9-16", "--vars", story.parent / "more.yaml")
    told = yaml.safe_load(pipe("render", story, *asked).out)
    request = told["shots"][0]["request"]
    assert (request["resolution"], request["content"][0]["text"]) == ("720p", "A wave at noon")
    assert told["output"] == "out/film-large-9-16.mp4"
    told = yaml.safe_load(pipe("render", story, *asked, "--set", "light=dusk", "--set", "light=night").out)
    assert told["shots"][0]["request"]["content"][0]["text"] == "A wave at night"


def test_a_wrong_setting_is_shown_with_its_place(pipe: Pipe, story: Path) -> None:
    told = pipe("status", story, "--set", "defaults.resolution=481p")
    assert told.code == 3
    assert "--set:1:21: error: resolution '481p' in defaults is not what" in told.err
    assert " 1 | defaults.resolution=481p\n   |                     ^^^^\n" in told.err


@pytest.mark.parametrize(("option", "name"), [("--profile", "larg"), ("--variant", "9-17")])
def test_a_name_that_is_not_there_is_told_with_the_nearest(
    pipe: Pipe, story: Path, option: str, name: str
) -> None:
    told = pipe("status", story, option, name)
    assert told.code == 3
    assert "did you mean" in told.err


def test_the_origin_of_each_value_is_shown_through_files_profiles_and_settings(pipe: Pipe, story: Path) -> None:
    asked = ("--variant", "9-16", "--profile", "large", "--set", "defaults.duration=3", "--origin")
    told = pipe("render", story, *asked)
    assert told.out == (
        f"wave  {story}:8:9\n"
        "  model: seedance-1-0-pro-fast-251015\n"
        f"    {story}:2:8  model\n"
        "  content[0].type: text\n"
        f"    {story}:9:13  prompt\n"
        "  content[0].text: A wave at dawn\n"
        f"    {story}:9:13  prompt\n"
        "  resolution: 720p\n"
        f"    {story}:6:43  resolution\n"
        "  ratio: 9:16\n"
        f"    {story}:3:27  ratio\n"
        "  duration: 3\n"
        "    --set:1:19  duration\n"
    )
    (shot,) = pipe("render", story, *asked, "--json").json["shots"]
    assert shot["origins"]["resolution"] == {"key": "resolution", "place": f"{story}:6:43", "value": "720p"}


def test_what_the_program_adds_to_a_request_is_told_apart(pipe: Pipe, story: Path) -> None:
    told = pipe("render", story, "--origin", "--variant", "16-9", "--set", "model=runware/seedance-1-0-pro-fast")
    assert "  deliveryMethod: async\n    the program\n" in told.out
