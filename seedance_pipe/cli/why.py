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


@click.command("why")
@story_argument
@click.argument("shot")
@edition_options
@sandbox_option
@state_option
@json_option
def command(story: Path, shot: str, edition: Edition, rehearsal: bool, state: Path | None, as_json: bool) -> int:
    """Tell all that is known of one SHOT: its request and where each value comes from, its takes and why they are
    fresh or stale, what was sent and what it cost, its neighbours and its files. Sends nothing.
    """
    from seedance_pipe.studio.home import home
    from seedance_pipe.studio.record import record

    told = read_or_explain(story, rehearsal=rehearsal, edition=edition)
    known_shots(told, (shot,))
    found = record(home(told, state=state, rehearsal=rehearsal), shot)
    if as_json:
        from seedance_pipe.report.record import record_data

        show_json(record_data(found))
    else:
        from seedance_pipe.report.record import record_text

        click.echo(record_text(found), nl=False)
    return 0
