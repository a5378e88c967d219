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
)

if TYPE_CHECKING:
    from seedance_pipe.spec.edition import Edition


@click.command("clean")
@story_argument
@click.option("--dry-run", "dry", is_flag=True, help="Only list what would be removed.")
@edition_options
@sandbox_option
@state_option
@json_option
def command(story: Path, dry: bool, edition: Edition, rehearsal: bool, state: Path | None, as_json: bool) -> int:
    """Remove what was made without any vendor: the film, and what it was joined from.

    The next run makes it again, free of charge. Takes stay, and so do the frames that takes begin with.
    """
    from seedance_pipe.report.upkeep import clean_text, upkeep_data
    from seedance_pipe.studio.home import home
    from seedance_pipe.studio.housekeeping import clean

    films = read_films(story, rehearsal=rehearsal, edition=edition)
    homes = [home(film, state=state, rehearsal=rehearsal) for film in films]
    removed = clean(homes, dry=dry)
    if as_json:
        show_json(upkeep_data(removed))
    else:
        click.echo(clean_text(removed), nl=False)
    return 0
