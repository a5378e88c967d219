from __future__ import annotations

import sys
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


@click.command("gc")
@story_argument
@click.option("--paid", is_flag=True, help="Also takes that were paid for and that the story uses no more.")
@click.option("--yes", is_flag=True, help="Remove what is listed. Without it nothing is removed.")
@edition_options
@sandbox_option
@state_option
@json_option
def command(
    story: Path, paid: bool, yes: bool, edition: Edition, rehearsal: bool, state: Path | None, as_json: bool
) -> int:
    """List stored files that nobody needs, and with --yes remove them.

    What another story of the same state may use stays. With --paid --yes a word has to be typed first, at a
    terminal; where nobody is there to type it, the two options together are the confirmation.
    """
    from seedance_pipe.report.upkeep import gc_text, upkeep_data
    from seedance_pipe.studio.home import home
    from seedance_pipe.studio.housekeeping import collect
    from seedance_pipe.studio.profiles import editions

    films = (
        film for one in editions(story, edition) for film in read_films(story, rehearsal=rehearsal, edition=one)
    )
    homes = [home(film, state=state, rehearsal=rehearsal) for film in films]
    there = sys.stdin.isatty() and sys.stderr.isatty()
    found = collect(homes, paid=paid, yes=yes, ask=typed if there else None)
    if as_json:
        show_json(upkeep_data(found))
    else:
        click.echo(gc_text(found), nl=False)
    return 0


def typed(question: str) -> str:
    return str(click.prompt(question, default="", show_default=False, err=True))
