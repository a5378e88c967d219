from __future__ import annotations

from pathlib import Path

import click


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path())
def command(folder: Path) -> int:
    """Write a new story that runs, and its schema, in FOLDER (default: here). Overwrites nothing."""
    from seedance_pipe.studio.begin import begin

    for path in begin(folder):
        click.echo(f"wrote {path}")
    click.echo(f"Next: seedance-pipe run {folder / 'story.yaml'} --sandbox", err=True)
    return 0
