"""Beginning a story: what is written, what an editor finds, and what is never overwritten."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from seedance_pipe.errors import GuardRefused, PipeError
from seedance_pipe.spec.source import read_source
from seedance_pipe.spec.syntax import plain
from seedance_pipe.studio.begin import begin


def test_a_new_story_is_written_with_the_schema_that_its_first_line_names(tmp_path: Path) -> None:
    written = begin(tmp_path / "films")
    assert {path.name for path in written} == {"story.yaml", "story.schema.json", ".gitignore"}
    story = (tmp_path / "films" / "story.yaml").read_bytes()
    first = story.decode().splitlines()[0]
    schema = json.loads((tmp_path / "films" / first.partition("$schema=")[2]).read_text(encoding="utf-8"))
    root = read_source(story, "story.yaml").root
    assert root is not None
    assert Draft7Validator(schema).is_valid(plain(root))
    assert "modelark.seedance-1-0-pro-250528" in schema["$defs"]


def test_whoever_clones_a_story_has_its_schema_for_git_ignores_only_what_is_made(tmp_path: Path) -> None:
    begin(tmp_path)
    assert (tmp_path / ".gitignore").read_text().split() == [".seedance/", "out/"]


@pytest.mark.parametrize("dangling", [False, True])
def test_a_story_that_is_there_is_never_overwritten_even_if_it_is_a_link_to_nothing(
    tmp_path: Path, dangling: bool
) -> None:
    story = tmp_path / "story.yaml"
    if dangling:
        story.symlink_to(tmp_path / "elsewhere.yaml")
    else:
        story.write_text("mine")
    with pytest.raises(GuardRefused, match="is there already") as refused:
        begin(tmp_path)
    assert "seedance-pipe schema --editor > " in refused.value.next_step
    assert sorted(path.name for path in tmp_path.iterdir()) == ["story.yaml"]
    assert dangling or story.read_text() == "mine"


def test_other_files_that_are_there_stay_as_they_are_so_that_a_broken_off_beginning_can_be_ended(
    tmp_path: Path,
) -> None:
    (tmp_path / ".gitignore").write_text("mine")
    (tmp_path / "story.schema.json").write_text("{}")
    assert [path.name for path in begin(tmp_path)] == ["story.yaml"]
    assert (tmp_path / ".gitignore").read_text() == "mine"
    assert (tmp_path / "story.schema.json").read_text() == "{}"


def test_a_folder_that_cannot_be_made_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PipeError, match="cannot be written: not a directory"):
        begin(tmp_path / "file" / "films")
