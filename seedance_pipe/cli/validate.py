from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seedance_pipe.cli.options import edition_options, json_option, sandbox_option, show_json, show_problems
from seedance_pipe.errors import StoryInvalid

if TYPE_CHECKING:
    from seedance_pipe.report.annotations import Checkout
    from seedance_pipe.spec.edition import Edition
    from seedance_pipe.spec.reader import Reading


@click.command("validate")
@click.argument("stories", metavar="STORY...", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option(
    "--format",
    "shape",
    type=click.Choice(["text", "json", "github", "sarif"]),
    help="How problems are printed: text (the default), json, annotations for GitHub Actions, or SARIF 2.1.0.",
)
@edition_options
@sandbox_option
@json_option
def command(stories: tuple[Path, ...], shape: str | None, edition: Edition, rehearsal: bool, as_json: bool) -> int:
    """Check stories and print every problem with its place. Needs no key and sends nothing."""
    if as_json and shape not in (None, "json"):
        raise click.UsageError(f"--json and --format {shape} are two formats; keep one")
    readings = [_read(path, edition=edition, rehearsal=rehearsal) for path in stories]
    if as_json or shape not in (None, "text"):
        _print("json" if as_json else str(shape), readings)
    else:
        for path, reading in zip(stories, readings, strict=True):
            show_problems(reading, err=False)
            if reading.stories:
                click.echo(f"{path}: good: {_counted(reading)}")
    return 0 if all(reading.stories for reading in readings) else 3


def _read(path: Path, *, edition: Edition, rehearsal: bool) -> Reading:
    """The story at `path`; one that cannot be read at all is a problem at its beginning, and others go on."""
    from seedance_pipe.spec.diagnostic import Diagnostic, Place, Severity
    from seedance_pipe.spec.reader import Reading
    from seedance_pipe.studio.home import read
    from seedance_pipe.studio.hush import hushed

    try:
        return read(path, rehearsal=rehearsal, edition=edition)
    except StoryInvalid as error:
        told = "; ".join(filter(None, (error.message, error.next_step)))
        return Reading((), (Diagnostic(Place(str(path), 1, 1), Severity.ERROR, hushed(told)),), {})


def _print(shape: str, readings: list[Reading]) -> None:
    from seedance_pipe import __version__
    from seedance_pipe.report.annotations import sarif, workflow_commands
    from seedance_pipe.report.data import diagnostic_data

    found = [one for reading in readings for one in reading.diagnostics]
    if shape == "json":
        show_json([diagnostic_data(one) for one in found])
    elif shape == "github":
        click.echo(workflow_commands(dict.fromkeys(found), _checkout()), nl=False)
    else:
        show_json(sarif(dict.fromkeys(found), _checkout(), __version__))


def _checkout() -> Checkout:
    """The repository is the one that a GitHub workflow works on if we are inside it, else the present folder."""
    from seedance_pipe.report.annotations import Checkout

    here = Path.cwd()
    workspace = Path(os.environ.get("GITHUB_WORKSPACE") or here)
    return Checkout(here, workspace if here.is_relative_to(workspace) else here)


def _counted(reading: Reading) -> str:
    films, shots = len(reading.stories), sum(len(story.shots) for story in reading.stories)
    counted = f"{shots} shot{'s' if shots > 1 else ''}"
    return f"{counted} in {films} films" if films > 1 else counted
