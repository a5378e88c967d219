"""What other people's CI relies on: the hook for pre-commit, and the recipes of docs/ci.md."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import Pipe
from tests.studio.test_git import Repository

ROOT = Path(__file__).resolve().parent.parent
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
RECIPES = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.S)]

# The fields of a hook, and which of them it must have: pre-commit.com, "Creating new hooks", seen 2026-11-21.
REQUIRED = {"id", "name", "entry", "language"}
OPTIONAL = {
    *("files", "exclude", "types", "types_or", "exclude_types", "always_run", "fail_fast", "verbose", "args"),
    *(
        "pass_filenames",
        "require_serial",
        "description",
        "language_version",
        "minimum_pre_commit_version",
        "stages",
    ),
}


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: str(hook["id"]))
def test_a_hook_has_the_fields_that_pre_commit_demands_and_no_other(hook: dict[str, Any]) -> None:
    assert set(hook) >= REQUIRED
    assert set(hook) <= REQUIRED | OPTIONAL
    assert hook["language"] == "python"
    assert "pass_filenames" not in hook, "pre-commit hands the stories over"


def test_the_hook_looks_at_stories_and_at_nothing_else() -> None:
    (hook,) = HOOKS
    for name in ("story.yaml", "films/story.yml", "films/harbour.story.yaml"):
        assert re.search(hook["files"], name), name
    for name in ("history.yaml", "films/story.schema.json", "story.yaml.bak", "story/a.yaml", "films/cast.yaml"):
        assert not re.search(hook["files"], name), name


def test_the_entry_of_the_hook_runs_and_tells_good_from_bad(pipe: Pipe, short: Path) -> None:
    (hook,) = HOOKS
    program, *arguments = shlex.split(hook["entry"])
    assert program == "seedance-pipe"
    assert pipe(*arguments, short, short).code == 0
    short.write_text("version: 1\n")
    assert pipe(*arguments, short).code == 3


def test_the_recipes_use_the_hook_that_is_there() -> None:
    (hook,) = HOOKS
    (whole,) = [recipe for recipe in RECIPES if isinstance(recipe, dict) and "repos" in recipe]
    (part,) = [recipe for recipe in RECIPES if isinstance(recipe, list)]
    assert [used["id"] for used in whole["repos"][0]["hooks"]] == [hook["id"]]
    assert part[0]["id"] == hook["id"]
    assert set(part[0]) <= REQUIRED | OPTIONAL


def test_every_command_of_a_workflow_runs_here(pipe: Pipe, short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one looks at the branch that a change goes to, it is the last commit here."""
    tree = Repository(short.parent)
    tree.git("add", "-A")
    tree.git("commit", "-q", "-m", "a story")
    monkeypatch.chdir(short.parent)
    workflows = [recipe for recipe in RECIPES if isinstance(recipe, dict) and "jobs" in recipe]
    steps = [step for flow in workflows for job in flow["jobs"].values() for step in job["steps"]]
    commands = [step["run"] for step in steps if step.get("run", "").startswith("seedance-pipe")]
    assert len(commands) == 3
    ours = {"films/*.yaml": short, "films/harbour.yaml": short, "origin/$GITHUB_BASE_REF": "HEAD"}
    for command in commands:
        words = shlex.split(command.partition(" >")[0])[1:]
        assert pipe(*[ours.get(word, word) for word in words]).code == 0, command
