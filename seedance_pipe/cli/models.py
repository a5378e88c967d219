from __future__ import annotations

import click

from seedance_pipe.cli.options import json_option, show_json


@click.command("models")
@click.argument("model", required=False)
@json_option
def command(model: str | None, as_json: bool) -> int:
    """Show what each model takes, costs and can do; with MODEL, every parameter of that one."""
    from seedance_pipe.studio import models

    shown = [models.model(model)] if model else list(models.catalogue().models.values())
    if as_json:
        from seedance_pipe.report.data import model_data

        show_json([model_data(one) for one in shown])
        return 0
    from seedance_pipe.report.catalogue import model_text, models_text

    click.echo(model_text(shown[0]) if model else models_text(shown), nl=False)
    return 0
