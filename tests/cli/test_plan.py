"""`plan` on the command line: the example of the README, its options, and what it must not do."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from seedance_pipe.cli.main import commands
from tests.conftest import SHORT, Pipe

README = (Path(__file__).resolve().parent.parent.parent / "README.md").read_text(encoding="utf-8")
SECTION = README.split("\n## A plan to review\n")[1].split("\n## ")[0]


def test_the_review_of_the_readme_is_what_the_program_says(
    pipe: Pipe, pipelines: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(pipelines)
    assert pipe("run", "lighthouse.yaml", "--sandbox").code == 0
    story = Path("lighthouse.yaml")
    story.write_text(story.read_text().replace("climbs the", "descends the"))
    (shown,) = re.findall(r"```\n(.*?)```", SECTION, re.S)
    told = pipe("plan", "lighthouse.yaml", "--sandbox").out
    rehearsal = "A rehearsal: nothing is paid, and nothing leaves this machine.\n"
    assert told.replace("With a key, leaves", "Leaves").replace(rehearsal, "") == shown


def test_every_option_of_plan_is_in_the_readme() -> None:
    plan = commands.get_command(click.Context(commands), "plan")
    assert plan is not None
    for option in plan.params:
        if isinstance(option, click.Option):
            assert any(f"`{name}" in README for name in option.opts), option.name


def test_work_that_is_pending_is_an_exit_code_only_when_asked_for(pipe: Pipe, short: Path) -> None:
    assert pipe("plan", short).code == 0
    assert pipe("plan", short, "--exit-code").code == 1
    assert pipe("plan", short, "--exit-code", "--sandbox", "--json").code == 1
    assert pipe("run", short, "--sandbox").code == 0
    assert pipe("plan", short, "--exit-code", "--sandbox").code == 0
    assert pipe("plan", short, "--exit-code", "--sandbox", "--markdown").code == 0


def test_two_plans_of_one_story_are_the_same_text_wherever_it_is_asked_for(
    pipe: Pipe, short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert pipe("run", short, "--sandbox").code == 0
    short.write_text(SHORT.replace("A wave breaks", "A wave rises"))
    far = pipe("plan", short.absolute(), "--sandbox")
    monkeypatch.chdir(short.parent)
    near = pipe("plan", short.name, "--sandbox")
    assert far.out == near.out
    for form in ("--json", "--markdown"):
        far = pipe("plan", short.absolute(), "--sandbox", form)
        assert far.out == pipe("plan", short.name, "--sandbox", form).out
        assert str(short.parent) not in far.out


def test_the_films_of_a_story_share_one_comment(pipe: Pipe, short: Path) -> None:
    text = SHORT.replace("version: 1\n", "version: 1\nmatrix: {sky: [grey, red]}\n")
    short.write_text(text.replace("prompt: A wave breaks", 'prompt: "A {{ sky }} wave"'))
    told = pipe("plan", short, "--markdown")
    assert told.code == 0, told.err
    assert re.findall(r"^### Plan of `(.*)`$", told.out, re.M) == ["short.yaml (grey)", "short.yaml (red)"]


def test_one_answer_has_one_form(pipe: Pipe, short: Path) -> None:
    told = pipe("plan", short, "--json", "--markdown")
    assert told.code == 2
    assert "two forms of one answer" in told.err
