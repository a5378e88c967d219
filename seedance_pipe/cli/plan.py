from __future__ import annotations

from pathlib import Path

import click

from seedance_pipe.cli.options import (
    json_option,
    known_shots,
    read_or_explain,
    sandbox_option,
    show_json,
    state_option,
    story_argument,
)


@click.command("plan")
@story_argument
@click.option("--force", metavar="SHOT", multiple=True, help="As if a new take of this shot were asked for.")
@click.option("--all", "every_step", is_flag=True, help="Show frames, clips and the format, too.")
@sandbox_option
@state_option
@json_option
def command(
    story: Path, force: tuple[str, ...], every_step: bool, rehearsal: bool, state: Path | None, as_json: bool
) -> int:
    """Show what would run, why, and what it would cost. Changes nothing and sends nothing."""
    from seedance_pipe.studio import look
    from seedance_pipe.studio.home import home

    told = read_or_explain(story, rehearsal=rehearsal)
    where = home(told, state=state, rehearsal=rehearsal)
    forecast = look.forecast(where, force=known_shots(told, force))
    if as_json:
        from seedance_pipe.report.data import plan_data

        show_json(plan_data(forecast.plan, forecast.total))
    else:
        from seedance_pipe.report.table import plan_text

        text = plan_text(forecast.plan, total=forecast.total, every_step=every_step, rehearsal=rehearsal)
        click.echo(text, nl=False)
    return 0
