"""What other people's scripts may rely on, listed: names, commands, options and exit codes."""

from __future__ import annotations

import click
import pytest

import seedance_pipe
from seedance_pipe import errors
from seedance_pipe.cli.main import commands

READING = ["validate", "plan", "run", "status", "graph", "models", "render", "schema"]
COMMANDS = [
    *READING[:3],
    "why",
    READING[3],
    "takes",
    "pick",
    "resolve",
    "adopt",
    "cancel",
    "gc",
    "clean",
    "verify",
    "export-store",
    "import-store",
    *READING[4:],
    "sandbox",
    "init",
    "doctor",
]
RUN_OPTIONS = {
    "--jobs",
    "--keep-going",
    "--force",
    "--more",
    "--only",
    "--max-cost",
    "--allow-unknown-cost",
    "--repair",
    "--yes",
    "--force-output",
    "--profile",
    "--vars",
    "--set",
    "--variant",
    "--sandbox",
    "--state",
    "--json",
}


def test_the_package_exports_what_it_promises() -> None:
    assert seedance_pipe.__all__ == ["__version__"]


def test_every_command_of_the_design_is_there_and_says_what_it_does() -> None:
    context = click.Context(commands)
    assert commands.list_commands(context) == COMMANDS
    for name in COMMANDS:
        command = commands.get_command(context, name)
        assert command is not None
        assert command.help


def test_run_has_the_options_that_scripts_use() -> None:
    command = commands.get_command(click.Context(commands), "run")
    assert command is not None
    options = {option for parameter in command.params for option in parameter.opts if option.startswith("--")}
    assert options == RUN_OPTIONS


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.PipeError, 1),
        (errors.StoryInvalid, 3),
        (errors.InDoubt, 4),
        (errors.GuardRefused, 5),
        (errors.Missing, 6),
        (errors.StoryHeld, 7),
        (errors.VendorFailed, 1),
        (errors.MediaFailed, 1),
    ],
)
def test_each_error_has_the_exit_code_of_the_design(error: type[errors.PipeError], code: int) -> None:
    assert error.exit_code == code
