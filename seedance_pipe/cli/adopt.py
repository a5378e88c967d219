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
    warn_unpinned,
)

if TYPE_CHECKING:
    from seedance_pipe.spec.edition import Edition


@click.command("adopt")
@story_argument
@click.argument("shot")
@click.option("--task", metavar="ID", help="A task that the vendor has: the next run fetches its clip.")
@click.option(
    "--file", "file", type=click.Path(path_type=Path), metavar="CLIP", help="A clip: a copy of it is kept."
)
@click.option("--take", type=click.IntRange(min=1), help="For which take; default: the one that the film uses.")
@edition_options
@sandbox_option
@state_option
@json_option
def command(
    story: Path,
    shot: str,
    task: str | None,
    file: Path | None,
    take: int | None,
    edition: Edition,
    rehearsal: bool,
    state: Path | None,
    as_json: bool,
) -> int:
    """Take in a task or a clip that was made elsewhere, for a shot that is not made yet.

    What is made, under way or in doubt is never replaced; a new --take is taken in beside it.
    """
    from seedance_pipe.studio import adopt
    from seedance_pipe.studio.home import home

    if (task is None) == (file is None):
        raise click.UsageError("say one thing: --task ID or --file CLIP")
    told = read_or_explain(story, rehearsal=rehearsal, edition=edition)
    known_shots(told, (shot,))
    where = home(told, state=state, rehearsal=rehearsal)
    if file is not None:
        adopted = adopt.adopt_file(where, shot, file, take=take)
    else:
        adopted = adopt.adopt_task(where, shot, task or "", take=take)
    warn_unpinned(adopted.unpinned)
    if as_json:
        from seedance_pipe.report.data import adopted_data

        show_json(adopted_data(adopted))
    else:
        from seedance_pipe.report.table import adopted_text

        click.echo(adopted_text(adopted, where.story.budget), nl=False)
    return 0
