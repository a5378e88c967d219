"""`validate` in every format: the same problems, the same exit codes, and files that nobody can read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from seedance_pipe import __version__, packaged
from seedance_pipe.errors import StoryInvalid
from tests.conftest import PIPELINES, Pipe

BAD = "version: 1\nmodel: modelark/seedance-1-0-pro\nshots:\n  - id: beach\n    prompt: A wave\n    durration: 5\n"
OLD = "version: 1\nmodel: modelark/seedance-1-5-pro\nshots:\n  - {id: beach, prompt: A wave, duration: 5}\n"
SHAPES = ["text", "json", "github", "sarif"]


@pytest.fixture
def films(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a bad story and one whose model is retired, to stand in."""
    (tmp_path / "bad.yaml").write_text(BAD)
    (tmp_path / "old.yaml").write_text(OLD)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    return tmp_path


@pytest.mark.parametrize("shape", SHAPES)
def test_the_exit_code_is_the_same_in_every_format(pipe: Pipe, films: Path, short: Path, shape: str) -> None:
    assert pipe("validate", short, "--format", shape).code == 0
    assert pipe("validate", "old.yaml", "--format", shape).code == 0, "a warning is no failure"
    assert pipe("validate", short, "bad.yaml", "--format", shape).code == 3


@pytest.mark.parametrize("shape", SHAPES)
def test_a_story_that_cannot_be_read_is_a_problem_like_others_and_stops_none_of_them(
    pipe: Pipe, films: Path, shape: str
) -> None:
    told = pipe("validate", "none.yaml", films, "bad.yaml", "--format", shape)
    assert told.code == 3
    assert "none.yaml cannot be read: no such file or directory" in told.out
    assert "cannot be read: is a directory" in told.out
    assert "unknown key 'durration'" in told.out
    assert told.err == ""


@pytest.mark.parametrize("shape", SHAPES)
def test_a_broken_schema_of_a_model_is_told_in_the_format(
    pipe: Pipe, films: Path, shape: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    schemas = films / "schemas"
    (schemas / "modelark").mkdir(parents=True)
    (schemas / "modelark" / "broken.schema.json").write_text("{}")
    monkeypatch.setattr(packaged, "folder", lambda name: schemas)
    told = pipe("validate", "bad.yaml", "--format", shape)
    assert told.code == 3
    assert "broken.schema.json is not a model's schema" in told.out


def test_a_problem_of_reading_keeps_its_next_step(
    pipe: Pipe, films: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise StoryInvalid("it is odd", next_step="mend it")

    monkeypatch.setattr("seedance_pipe.studio.home.read", refuse)
    assert pipe("validate", "bad.yaml").out == "bad.yaml:1:1: error: it is odd; mend it\n"


def test_json_is_the_short_form_of_the_format_and_two_formats_are_wrong_usage(pipe: Pipe, films: Path) -> None:
    told = pipe("validate", "bad.yaml", "--json")
    assert (
        told
        == pipe("validate", "bad.yaml", "--format", "json")
        == pipe("validate", "bad.yaml", "--format", "json", "--json")
    )
    assert told.json[0]["file"] == "bad.yaml"
    for shape in ("text", "github", "sarif"):
        wrong = pipe("validate", "bad.yaml", "--json", "--format", shape)
        assert wrong.code == 2
        assert f"--json and --format {shape} are two formats; keep one" in wrong.err


def test_annotations_are_commands_and_nothing_else(pipe: Pipe, films: Path, short: Path) -> None:
    told = pipe("validate", "bad.yaml", "old.yaml", short, "bad.yaml", "--format", "github")
    first, second = told.out.splitlines()
    assert first == (
        "::error file=bad.yaml,line=6,col=5,endColumn=14,title=Invalid story::"
        "unknown key 'durration' in shot 'beach'; did you mean 'duration'?"
    )
    assert second.startswith("::warning file=old.yaml,line=2,col=8,")
    assert told.err == ""


def test_in_a_workflow_files_are_named_from_the_workspace(
    pipe: Pipe, films: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_WORKSPACE", str(films.parent))
    assert f"file={films.name}/bad.yaml," in pipe("validate", "bad.yaml", "--format", "github").out
    monkeypatch.setenv("GITHUB_WORKSPACE", str(PIPELINES))
    assert "file=bad.yaml," in pipe("validate", "bad.yaml", "--format", "github").out


def test_a_sarif_log_names_this_version_and_each_place(pipe: Pipe, films: Path) -> None:
    told = pipe("validate", "bad.yaml", "old.yaml", "--format", "sarif")
    (run,) = json.loads(told.out)["runs"]
    assert run["tool"]["driver"]["version"] == __version__
    assert [result["ruleId"] for result in run["results"]] == ["story-error", "story-warning"]
    assert told.err == ""


def test_what_is_asked_for_beside_the_story_is_checked_too(pipe: Pipe, films: Path) -> None:
    told = pipe("validate", "old.yaml", "--set", "defaults.resolution=481p", "--format", "json")
    assert told.code == 3
    assert {one["file"] for one in told.json} == {"old.yaml", "--set"}
    assert "no profile 'draft'" in pipe("validate", "old.yaml", "--profile", "draft", "--format", "github").out
    assert "good: 12 shots in 2 films" in pipe("validate", PIPELINES / "keeper" / "film.yaml").out
