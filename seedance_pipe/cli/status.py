from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seedance_pipe.cli.options import (
    edition_options,
    json_option,
    read_films,
    same_options,
    sandbox_option,
    show_films,
    state_option,
    story_argument,
)

if TYPE_CHECKING:
    from seedance_pipe.report.standing import Standing
    from seedance_pipe.spec.edition import Edition
    from seedance_pipe.spec.story import Story


@click.command("status")
@story_argument
@edition_options
@sandbox_option
@state_option
@json_option
def command(story: Path, edition: Edition, rehearsal: bool, state: Path | None, as_json: bool) -> int:
    """Show what is made, in flight, in doubt or failed, and what was spent. Sends nothing."""
    films = read_films(story, rehearsal=rehearsal, edition=edition)

    def standing(film: Story) -> Standing:
        from seedance_pipe.studio import look
        from seedance_pipe.studio.home import home

        return look.status(home(film, state=state, rehearsal=rehearsal))

    def text(film: Story) -> str:
        from seedance_pipe.report.doubts import Calling
        from seedance_pipe.report.table import status_text

        calling = Calling(str(story), same_options(edition, rehearsal=rehearsal, state=state))
        return status_text(standing(film), rehearsal=rehearsal, calling=calling)

    def data(film: Story) -> dict[str, Any]:
        from seedance_pipe.report.data import status_data

        return status_data(standing(film))

    show_films(films, text=text, data=data, as_json=as_json)
    return 0
