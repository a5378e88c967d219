"""Arguments and options that several commands share, and reading a story for a command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seedance_pipe.errors import StoryInvalid

if TYPE_CHECKING:
    from seedance_pipe.spec.reader import Reading
    from seedance_pipe.spec.story import Story

story_argument = click.argument("story", type=click.Path(path_type=Path))
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
sandbox_option = click.option(
    "--sandbox",
    "rehearsal",
    is_flag=True,
    help="Use the embedded sandbox and its own state: no key, no cost.",
)
state_option = click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the state lives; default: .seedance beside the story.",
)


def read_or_explain(path: Path, *, rehearsal: bool) -> Story:
    """The story at `path`; its problems are printed to standard error. Raises StoryInvalid if any is an error."""
    from seedance_pipe.studio.home import read

    reading = read(path, rehearsal=rehearsal)
    show_problems(reading, err=True)
    if reading.story is None:
        raise StoryInvalid(f"{path} has problems", next_step="mend the places above; nothing was started")
    return reading.story


def show_problems(reading: Reading, *, err: bool) -> None:
    from seedance_pipe.spec.diagnostic import render

    if reading.diagnostics:
        click.echo(render(reading.diagnostics, reading.lines), nl=False, err=err)


def show_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def known_shots(story: Story, names: tuple[str, ...]) -> tuple[str, ...]:
    """`names`, each the id of a shot. Raises click.UsageError that names the nearest id."""
    from seedance_pipe.spec.diagnostic import meant

    ids = [shot.id for shot in story.shots]
    for name in names:
        if name not in ids:
            raise click.UsageError(f"no shot '{name}' in the story{meant(name, ids)}")
    return names
