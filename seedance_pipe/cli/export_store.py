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


@click.command("export-store")
@story_argument
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@edition_options
@sandbox_option
@state_option
@json_option
def command(
    story: Path, folder: Path, edition: Edition, rehearsal: bool, state: Path | None, as_json: bool
) -> int:
    """Write all that was made for the story to FOLDER, for people and for another machine.

    Clips get readable names; facts.jsonl says what the journal knows, without keys and signed addresses. Exporting
    to the same folder again adds what is new.
    """
    from seedance_pipe.report.parcel import packed_data, packed_text
    from seedance_pipe.studio.export_store import export_store
    from seedance_pipe.studio.home import home

    films = read_films(story, rehearsal=rehearsal, edition=edition)
    homes = [home(film, state=state, rehearsal=rehearsal) for film in films]
    packed = export_store(homes, folder)
    if as_json:
        show_json(packed_data(packed))
    else:
        click.echo(packed_text(packed), nl=False)
    return 0
