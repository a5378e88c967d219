from __future__ import annotations

import click


@click.command("schema")
@click.argument("name", default="story")
@click.option("--editor", is_flag=True, help="The story's schema with what each model takes, for editors.")
def command(name: str, editor: bool) -> int:
    """Print a JSON Schema: `story` (the default), or that of a model such as modelark/seedance-1-0-pro."""
    from seedance_pipe.studio.models import editor_text, schema_text

    if editor and name != "story":
        raise click.UsageError(
            "--editor goes with the story's schema, which has all models in it; leave the name out"
        )
    click.echo(editor_text() if editor else schema_text(name), nl=False)
    return 0
