"""The README is checked: its commands, options, exit codes, models and examples are those of the program."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import click
import pytest

from seedance_pipe.cli.main import commands
from seedance_pipe.vendor.registry import VENDORS
from tests.conftest import PIPELINES, Pipe

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTEXT = click.Context(commands)


def section(title: str) -> str:
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_every_command_is_in_the_readme_and_every_one_in_it_exists() -> None:
    told = set(re.findall(r"`([a-z-]+)(?: [^`]*)?`", section("Commands").split("`--sandbox` on")[0]))
    assert set(commands.list_commands(CONTEXT)) <= told


def test_every_option_of_run_is_in_the_readme() -> None:
    run = commands.get_command(CONTEXT, "run")
    assert run is not None
    for parameter in run.params:
        if isinstance(parameter, click.Option):
            assert any(f"`{option}" in section("Commands") for option in parameter.opts), parameter.name


def test_the_exit_codes_are_those_of_the_error_tree() -> None:
    from seedance_pipe import errors

    told = {int(code) for row in re.findall(r"^\| ([\d, ]+) \|", README, re.M) for code in row.split(",")}
    ours = {one.exit_code for one in vars(errors).values() if isinstance(one, type)}
    assert ours | {0, 2, 70, 129, 130, 143} == told


def test_the_table_of_models_is_the_one_that_the_program_shows(pipe: Pipe) -> None:
    _, *shown = (re.split(r"\s{2,}", line) for line in pipe("models").out.splitlines() if line)
    lines = [line for line in section("Models").splitlines() if line.startswith("| `")]
    told = [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]
    assert sorted(told) == sorted(shown)


def test_the_stories_of_the_readme_are_good(pipe: Pipe, tmp_path: Path) -> None:
    one, several = re.findall(r"```yaml\n(version: 1.*?|# yaml-language-server.*?)```", README, re.S)
    shutil.copytree(PIPELINES / "assets", tmp_path / "assets")
    shutil.copytree(PIPELINES / "keeper", tmp_path, dirs_exist_ok=True)
    for text in (one, several):
        (tmp_path / "story.yaml").write_text(text)
        told = pipe("validate", tmp_path / "story.yaml")
        assert told.code == 0, told.out
    told = pipe("render", tmp_path / "story.yaml", "--profile", "draft", "--variant", "9-16", "--json").json
    assert [shot["id"] for shot in told["shots"]] == ["boat", "landing", "wave-tower", "wave-stairs"]


def test_the_drafts_of_the_readme_have_finals_that_are_made_from_their_tasks(pipe: Pipe, tmp_path: Path) -> None:
    (text,) = re.findall(r"### From draft to final\n\n```yaml\n(.*?)```", README, re.S)
    (tmp_path / "story.yaml").write_text(f"version: 1\n{text}shots: [{{id: stairs, prompt: Stairs}}]\n")
    assert pipe("validate", tmp_path / "story.yaml").code == 0
    (shot,) = pipe("render", tmp_path / "story.yaml", "--profile", "draft", "--json").json["shots"]
    assert (shot["takes"], shot["request"]["draft"]) == (3, True)


def test_the_diagnostic_of_the_readme_is_what_the_program_prints(pipe: Pipe, tmp_path: Path) -> None:
    (shown,) = re.findall(r"```\n(surf\.yaml:.*?)```", README, re.S)
    lines = ["version: 1", "model: modelark/seedance-1-0-pro", *["# a comment"] * 8, "shots:"]
    lines += ["  - id: beach", "    prompt: A wave", "    durration: 5"]
    (tmp_path / "surf.yaml").write_text("\n".join(lines))
    assert pipe("validate", tmp_path / "surf.yaml").out.replace(f"{tmp_path}/", "") == shown


def test_the_annotation_of_the_readme_is_what_the_program_prints(
    pipe: Pipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shown,) = re.findall(r"```\n(::error.*?)```", README, re.S)
    lines = ["version: 1", "model: modelark/seedance-1-0-pro", *["# a comment"] * 8, "shots:"]
    lines += ["  - id: beach", "    prompt: A wave", "    durration: 5"]
    (tmp_path / "surf.yaml").write_text("\n".join(lines))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    assert pipe("validate", "surf.yaml", "--format", "github").out == shown


def test_every_example_story_is_named() -> None:
    for story in PIPELINES.glob("*.yaml"):
        assert f"`{story.stem}`" in README


def test_each_vendor_is_told_with_the_variables_that_it_needs() -> None:
    for vendor in VENDORS.values():
        (row,) = [
            line
            for line in section("With a real vendor").splitlines()
            if line.startswith(f"| {vendor.FACTS.title} |")
        ]
        assert f"`{vendor.FACTS.key_variable}`" in row
        assert f"`{vendor.FACTS.base_variable}`" in row


def test_both_commands_of_a_newcomer_are_marked_for_ci() -> None:
    for mark in ("film", "tests"):
        assert re.search(rf"<!-- {mark} -->\n```\npython3 -m venv [^\n]+\n```\n", README)


def test_the_completion_of_the_readme_is_there_for_three_shells_and_completes(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    for shell in ("bash", "zsh", "fish"):
        assert f"_SEEDANCE_PIPE_COMPLETE={shell}_source" in README
        monkeypatch.setenv("_SEEDANCE_PIPE_COMPLETE", f"{shell}_source")
        assert "seedance-pipe" in pipe().out
    monkeypatch.setenv("_SEEDANCE_PIPE_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "seedance-pipe run --ma")
    monkeypatch.setenv("COMP_CWORD", "2")
    assert pipe().out == "plain,--max-cost\n"
