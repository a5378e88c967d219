from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from seedance_pipe.cli.options import (
    edition_options,
    json_option,
    read_films,
    sandbox_option,
    show_json,
    state_option,
    story_argument,
    warn_unpinned,
)

if TYPE_CHECKING:
    from seedance_pipe.spec.edition import Edition


@click.command("import-store")
@story_argument
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--go-on-here", is_flag=True, help="Open requests, too: no other machine will go on with them.")
@edition_options
@sandbox_option
@state_option
@json_option
def command(
    story: Path,
    folder: Path,
    go_on_here: bool,
    edition: Edition,
    rehearsal: bool,
    state: Path | None,
    as_json: bool,
) -> int:
    """Take in what `export-store` wrote to FOLDER, on this machine or on another.

    Every file is checked first. What is known here is never overwritten, and nothing is taken in twice.
    """
    from seedance_pipe.report.parcel import unpacked_data, unpacked_text
    from seedance_pipe.studio.home import home
    from seedance_pipe.studio.import_store import import_store

    films = read_films(story, rehearsal=rehearsal, edition=edition)
    homes = [home(film, state=state, rehearsal=rehearsal) for film in films]
    unpacked = import_store(homes, folder, go_on_here=go_on_here)
    warn_unpinned(unpacked.unpinned)
    if as_json:
        show_json(unpacked_data(unpacked))
    else:
        click.echo(unpacked_text(unpacked), nl=False)
    return 0
