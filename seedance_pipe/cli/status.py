from __future__ import annotations

from pathlib import Path

import click

from seedance_pipe.cli.options import (
    json_option,
    read_or_explain,
    sandbox_option,
    show_json,
    state_option,
    story_argument,
)


@click.command("status")
@story_argument
@sandbox_option
@state_option
@json_option
def command(story: Path, rehearsal: bool, state: Path | None, as_json: bool) -> int:
    """Show what is made, in flight, in doubt or failed, and what was spent. Sends nothing."""
    from seedance_pipe.studio import look
    from seedance_pipe.studio.home import home

    told = read_or_explain(story, rehearsal=rehearsal)
    standing = look.status(home(told, state=state, rehearsal=rehearsal))
    if as_json:
        from seedance_pipe.report.data import status_data

        show_json(status_data(standing))
    else:
        from shlex import quote

        from seedance_pipe.report.doubts import Calling
        from seedance_pipe.report.table import status_text

        options = (" --sandbox" if rehearsal else "") + (f" --state {quote(str(state))}" if state else "")
        click.echo(status_text(standing, rehearsal=rehearsal, calling=Calling(str(story), options)), nl=False)
    return 0
