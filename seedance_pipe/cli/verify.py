from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seedance_pipe.cli.options import (
    edition_options,
    json_option,
    read_films,
    sandbox_option,
    show_films,
    state_option,
    story_argument,
)

if TYPE_CHECKING:
    from seedance_pipe.report.verified import Verified
    from seedance_pipe.spec.edition import Edition
    from seedance_pipe.spec.story import Story


@click.command("verify")
@story_argument
@edition_options
@sandbox_option
@state_option
@json_option
def command(story: Path, edition: Edition, rehearsal: bool, state: Path | None, as_json: bool) -> int:
    """Prove that the story, its lock file and the store give its film.

    Every stored file is read. No journal is asked, nothing is sent, and nothing is changed.
    """
    films = read_films(story, rehearsal=rehearsal, edition=edition)

    def verified(film: Story) -> Verified:
        from seedance_pipe.studio.home import home
        from seedance_pipe.studio.verify import verify

        return verify(home(film, state=state, rehearsal=rehearsal))

    every = {film.output: verified(film) for film in films}

    def text(film: Story) -> str:
        from seedance_pipe.report.verified import verified_text

        return verified_text(every[film.output])

    def data(film: Story) -> dict[str, Any]:
        from seedance_pipe.report.verified import verified_data

        return verified_data(every[film.output])

    show_films(films, text=text, data=data, as_json=as_json)
    return 1 if any(one.faults for one in every.values()) else 0
