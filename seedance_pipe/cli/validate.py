from __future__ import annotations

from pathlib import Path

import click

from seedance_pipe.cli.options import json_option, sandbox_option, show_json, show_problems


@click.command("validate")
@click.argument("stories", metavar="STORY...", type=click.Path(path_type=Path), nargs=-1, required=True)
@sandbox_option
@json_option
def command(stories: tuple[Path, ...], rehearsal: bool, as_json: bool) -> int:
    """Check stories and print every problem with its place. Needs no key and sends nothing."""
    from seedance_pipe.report.data import diagnostic_data
    from seedance_pipe.studio.home import read

    readings = [read(path, rehearsal=rehearsal) for path in stories]
    if as_json:
        show_json([diagnostic_data(found) for reading in readings for found in reading.diagnostics])
    for path, reading in zip(stories, readings, strict=True):
        if not as_json:
            show_problems(reading, err=False)
            if reading.story is not None:
                count = len(reading.story.shots)
                click.echo(f"{path}: good: {count} shot{'s' if count > 1 else ''}")
    return 0 if all(reading.story is not None for reading in readings) else 3
