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
    from seedance_pipe.plan.make import Plan
    from seedance_pipe.spec.edition import Edition
    from seedance_pipe.spec.story import Story


@click.command("graph")
@story_argument
@click.option("--format", "drawing", type=click.Choice(["tree", "mermaid", "dot"]), default="tree")
@edition_options
@sandbox_option
@state_option
@json_option
def command(
    story: Path, drawing: str, edition: Edition, rehearsal: bool, state: Path | None, as_json: bool
) -> int:
    """Draw the graph of a story: every step, what it needs, and whether it is fresh."""
    films = read_films(story, rehearsal=rehearsal, edition=edition)

    def plan(film: Story) -> Plan:
        from seedance_pipe.studio import look
        from seedance_pipe.studio.home import home

        return look.plan(home(film, state=state, rehearsal=rehearsal))

    def text(film: Story) -> str:
        from seedance_pipe.report.diagram import DRAWINGS

        return DRAWINGS[drawing](plan(film))

    def data(film: Story) -> dict[str, Any]:
        from seedance_pipe.report.data import graph_data

        return graph_data(plan(film))

    show_films(films, text=text, data=data, as_json=as_json)
    return 0
