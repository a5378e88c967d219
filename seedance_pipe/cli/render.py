from __future__ import annotations

from pathlib import Path

import click

from seedance_pipe.cli.options import json_option, read_or_explain, sandbox_option, show_json, story_argument


@click.command("render")
@story_argument
@sandbox_option
@json_option
def command(story: Path, rehearsal: bool, as_json: bool) -> int:
    """Print the story after variables and templates: each shot's request as the vendor would get it."""
    from seedance_pipe.report.data import story_data

    told = story_data(read_or_explain(story, rehearsal=rehearsal))
    if as_json:
        show_json(told)
    else:
        import yaml

        click.echo(yaml.safe_dump(told, sort_keys=False, allow_unicode=True, width=100), nl=False)
    return 0
