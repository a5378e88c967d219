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
    story_argument,
)

if TYPE_CHECKING:
    from seedance_pipe.spec.edition import Edition
    from seedance_pipe.spec.story import Story


@click.command("render")
@story_argument
@click.option("--origin", is_flag=True, help="Show where each value comes from.")
@edition_options
@sandbox_option
@json_option
def command(story: Path, origin: bool, edition: Edition, rehearsal: bool, as_json: bool) -> int:
    """Print the story after includes, variables and templates: each shot's request as the vendor would get it."""
    films = read_films(story, rehearsal=rehearsal, edition=edition)

    def data(film: Story) -> dict[str, Any]:
        from seedance_pipe.report.data import story_data

        return story_data(film, origins=origin)

    def text(film: Story) -> str:
        if origin:
            from seedance_pipe.report.origins import origins_text

            return origins_text(film)
        import yaml

        written: str = yaml.safe_dump(data(film), sort_keys=False, allow_unicode=True, width=100)
        return written

    show_films(films, text=text, data=data, as_json=as_json)
    return 0
