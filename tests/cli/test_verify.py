"""`verify` and the lock file, as a person uses them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import SHORT, Pipe

README = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")


def test_the_example_of_the_readme_proves_its_film(
    pipe: Pipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = README.split("## The lock file\n")[1].split("\n## ")[0]
    (block,) = re.findall(r"```\n(.*?)```", text, re.S)
    (tmp_path / "lighthouse.yaml").write_text(SHORT)
    monkeypatch.chdir(tmp_path)
    lines = [line.split("#")[0].split() for line in block.splitlines()]
    assert [line[1] for line in lines] == ["run", "verify"]
    for line in lines:
        told = pipe(*line[1:])
        assert told.code == 0, told.err
    assert "is what the story asks for" in told.out


def test_a_fault_is_exit_1_and_a_line(pipe: Pipe, short: Path) -> None:
    told = pipe("verify", short)
    assert (told.code, told.err) == (1, "")
    assert told.out == (
        "film: seedance.lock tells nothing of it; run the story, and commit seedance.lock with it\n"
        "1 fault: out/short.mp4 is not proven.\n"
    )


def test_of_several_films_each_is_told(pipe: Pipe, short: Path) -> None:
    short.write_text("version: 1\nmatrix: {town: [ghent, turin]}\n" + SHORT.partition("\n")[2])
    told = pipe("verify", short, "--json")
    assert told.code == 1
    assert [(one["variant"], one["ok"]) for one in told.json["films"]] == [("ghent", False), ("turin", False)]


def test_a_broken_lock_file_is_told_as_editors_read_it(
    pipe: Pipe, short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(short.parent)
    (short.parent / "seedance.lock").write_text("version: 1\n<<<<<<< HEAD\n")
    for command in ("plan", "verify", "status", "takes", "run"):
        told = pipe(command, short)
        assert told.code == 3
        assert told.err.startswith("seedance.lock:2:1: error: git left a conflict here\n  keep the blocks of both")


def test_a_lock_file_that_could_not_be_written_is_a_warning(
    pipe: Pipe, short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (short.parent / ".seedance" / "sandbox" / ".seedance.lock.part").mkdir(parents=True)
    told = pipe("run", short, "--sandbox")
    assert told.code == 0, told.err
    assert re.search(r"warning: seedance\.lock is not up to date: .* cannot be written: Is a directory", told.err)
    assert told.err.endswith("  the next run writes it\n")
