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


@click.command("graph")
@story_argument
@click.option("--format", "drawing", type=click.Choice(["tree", "mermaid", "dot"]), default="tree")
@sandbox_option
@state_option
@json_option
def command(story: Path, drawing: str, rehearsal: bool, state: Path | None, as_json: bool) -> int:
    """Draw the graph of a story: every step, what it needs, and whether it is fresh."""
    from seedance_pipe.studio import look
    from seedance_pipe.studio.home import home

    told = read_or_explain(story, rehearsal=rehearsal)
    plan = look.plan(home(told, state=state, rehearsal=rehearsal))
    if as_json:
        from seedance_pipe.report.data import graph_data

        show_json(graph_data(plan))
    else:
        from seedance_pipe.report.diagram import DRAWINGS

        click.echo(DRAWINGS[drawing](plan), nl=False)
    return 0
