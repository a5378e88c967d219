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


@click.command("cancel")
@story_argument
@click.argument("shot", required=False)
@edition_options
@sandbox_option
@state_option
@json_option
def command(
    story: Path, shot: str | None, edition: Edition, rehearsal: bool, state: Path | None, as_json: bool
) -> int:
    """Cancel what the vendors still let go of: ModelArk's tasks as long as they wait in its queue.

    What is cancelled costs nothing, and the next run buys it anew. What is at work goes on, and the next run
    fetches it. Ends with 0 when nothing is open any more, and with 1 when something could not be cancelled.
    """
    from seedance_pipe.spec.diagnostic import meant
    from seedance_pipe.studio.cancel import cancel_open
    from seedance_pipe.studio.decide import known_shots
    from seedance_pipe.studio.home import home

    # What was sent is known by the story's name, whichever of its films it was for.
    film = read_films(story, rehearsal=rehearsal, edition=edition)[0]
    where = home(film, state=state, rehearsal=rehearsal)
    if shot is not None and shot not in (shots := known_shots(where)):
        raise click.UsageError(f"no shot '{shot}' in the story{meant(shot, sorted(shots))}")
    told = cancel_open(where, shot)
    if as_json:
        from seedance_pipe.report.data import given_back_data

        show_json([given_back_data(one) for one in told])
    else:
        from seedance_pipe.report.table import given_back_text

        click.echo(given_back_text(told), nl=False)
    return 0 if all(one.ended for one in told) else 1
