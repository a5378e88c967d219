"""The commands that tidy up and move what was made, as a person uses them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from seedance_pipe.cli import gc
from tests.conftest import SHORT, Pipe

README = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")

DRAFT = "profiles:\n  draft:\n    defaults: {ratio: '4:3'}\n"


@pytest.fixture
def made(pipe: Pipe, short: Path) -> Path:
    assert pipe("run", short, "--sandbox").code == 0
    return short


def test_what_was_cleaned_is_listed_first_and_made_again(pipe: Pipe, made: Path) -> None:
    dry = pipe("clean", made, "--sandbox", "--dry-run")
    assert (dry.code, "would be removed" in dry.out) == (0, True)
    removed = pipe("clean", made, "--sandbox", "--json").json
    assert removed["done"]
    assert {one["what"] for one in removed["files"]} == {"film", "format", "out/sandbox/short.mp4"}
    assert "No take to make: nothing to pay." in pipe("plan", made, "--sandbox").out
    assert pipe("run", made, "--sandbox").code == 0
    assert pipe("clean", made, "--sandbox").out.endswith("free of charge.\n")


def test_gc_lists_and_removes_only_with_yes(pipe: Pipe, made: Path) -> None:
    assert pipe("gc", made, "--sandbox").out == "Nothing to remove.\n"
    made.write_text(SHORT.replace("A wave", "A big wave"))
    assert pipe("run", made, "--sandbox").code == 0
    listed = pipe("gc", made, "--sandbox", "--paid")
    assert listed.code == 0
    assert "clip of wave#1: paid $0.0196 on" in listed.out
    assert "--yes removes what is listed" in listed.out
    removed = pipe("gc", made, "--sandbox", "--paid", "--yes", "--json").json
    assert removed["done"]
    assert sorted(one["why"] for one in removed["files"]) == ["paid", "paid", "paid", "unused"]
    assert pipe("gc", made, "--sandbox", "--paid").out == "Nothing to remove.\n"


def test_what_a_profile_of_the_story_uses_stays(pipe: Pipe, short: Path) -> None:
    for text in (SHORT.replace('"1:1"', '"4:3"'), SHORT):
        short.write_text(text)
        assert pipe("run", short, "--sandbox").code == 0
    assert "clip of wave#1: paid" in pipe("gc", short, "--sandbox", "--paid").out
    short.write_text(SHORT + DRAFT)
    told = pipe("gc", short, "--sandbox", "--paid")
    assert (told.code, "paid" in told.out) == (0, False)


def test_a_story_that_cannot_be_read_is_told_as_everywhere(pipe: Pipe, tmp_path: Path) -> None:
    assert pipe("gc", tmp_path / "none.yaml").code == 3
    (tmp_path / "list.yaml").write_text("- a\n")
    assert pipe("gc", tmp_path / "list.yaml").code == 3


def test_the_example_of_the_readme_takes_a_film_to_another_machine(
    pipe: Pipe, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = README.split("### Tidying up and moving\n")[1].split("\n## ")[0].split("\n### ")[0]
    (block,) = re.findall(r"```\n(.*?)```", text, re.S)
    lines = [line.split("#")[0].split() for line in block.splitlines()]
    assert [line[:2] for line in lines] == [
        ["seedance-pipe", command] for command in ("gc", "clean", "export-store", "import-store", "plan")
    ]
    there = tmp_path / "another"
    there.mkdir()
    (there / "story.yaml").write_text(made.read_text())
    (tmp_path / "story.yaml").write_text(made.read_text())
    monkeypatch.chdir(tmp_path)
    assert pipe("run", "story.yaml", "--sandbox").code == 0
    for line in lines:
        if line[1] == "import-store":
            monkeypatch.chdir(there)
        told = pipe(*[word.replace("/media/disk/film", str(tmp_path / "film")) for word in line[1:]], "--sandbox")
        assert told.code == 0, told.err
    assert "fresh" in told.out
    assert "make" not in told.out


def test_an_export_and_an_import_answer_in_json_too(pipe: Pipe, made: Path, tmp_path: Path) -> None:
    packed = pipe("export-store", made, tmp_path / "film", "--sandbox", "--json").json
    assert packed["written"] == packed["files"] == 5
    taken = pipe("import-store", made, tmp_path / "film", "--sandbox", "--json").json
    assert taken == {"files": 0, "entries": 0, "open": [], "kept": [], "films": []}
    assert pipe("import-store", made, tmp_path / "film", "--sandbox").out == "Nothing is new here.\n"
    assert "0 written now" in pipe("export-store", made, tmp_path / "film", "--sandbox").out
    wrong = pipe("import-store", made, tmp_path, "--sandbox")
    assert wrong.code == 6
    assert "holds no export" in wrong.err


def test_a_question_at_a_terminal_is_answered_by_typing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda prompt: "delete")
    assert gc.typed("3 files would be gone") == "delete"
