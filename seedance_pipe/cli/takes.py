from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from seedance_pipe.cli.options import (
    edition_options,
    json_option,
    known_shots,
    read_or_explain,
    sandbox_option,
    show_json,
    state_option,
    story_argument,
)

if TYPE_CHECKING:
    from seedance_pipe.spec.edition import Edition


@click.command("takes")
@story_argument
@click.argument("shot", required=False)
@click.option(
    "--sheet",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Also write a picture (.png or .jpg) of the made takes side by side.",
)
@edition_options
@sandbox_option
@state_option
@json_option
def command(
    story: Path,
    shot: str | None,
    sheet: Path | None,
    edition: Edition,
    rehearsal: bool,
    state: Path | None,
    as_json: bool,
) -> int:
    """Show what was tried for each shot, or for SHOT, and which take the film uses. Sends nothing."""
    from seedance_pipe.report.takes import takes_data, takes_text
    from seedance_pipe.report.words import plain
    from seedance_pipe.studio import takes
    from seedance_pipe.studio.home import home

    if sheet is not None and sheet.suffix.lower() not in takes.SUFFIXES:
        raise click.UsageError(f"a contact sheet is a .png or a .jpg, not '{plain(sheet.name)}'")
    told = read_or_explain(story, rehearsal=rehearsal, edition=edition)
    shots = known_shots(told, () if shot is None else (shot,))
    every = takes.takes(home(told, state=state, rehearsal=rehearsal), shots)
    if sheet is not None:
        takes.sheet(every, sheet)
        click.echo(f"The takes side by side: {plain(str(sheet))}", err=True)
    if as_json:
        show_json({"story": told.path.name, "takes": takes_data(every)})
    else:
        click.echo(takes_text(every), nl=False)
    return 0
