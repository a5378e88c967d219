from __future__ import annotations

from pathlib import Path

import click


@click.command("sandbox")
@click.option("--port", type=click.IntRange(0, 65535), default=8787, show_default=True, help="0 takes a free one.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep tasks and clips here; default: only while it runs.",
)
def command(port: int, folder: Path | None) -> int:
    """Serve the vendors' APIs on a loopback port, with clips that a person can read. Ctrl-C ends it."""
    from seedance_pipe.studio.rehearsal import serving, wait_for_stop

    with serving(folder, port=port) as environment:
        for name, value in environment.items():
            click.echo(f"export {name}={value}")
        click.echo("The sandbox is up; Ctrl-C ends it.", err=True)
        return 128 + wait_for_stop()
