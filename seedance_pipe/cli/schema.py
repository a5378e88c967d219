from __future__ import annotations

import click


@click.command("schema")
@click.argument("name", default="story")
def command(name: str) -> int:
    """Print a JSON Schema: `story` (the default), or that of a model such as modelark/seedance-1-0-pro."""
    from seedance_pipe.studio.models import schema_text

    click.echo(schema_text(name), nl=False)
    return 0
