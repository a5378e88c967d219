from __future__ import annotations

from pathlib import Path

import click

from seedance_pipe.errors import GuardRefused

_STORY = """\
# yaml-language-server: $schema=story.schema.json
version: 1
title: My first film
model: modelark/seedance-1-0-pro

vars:
  hero: a small red boat

defaults: {duration: 5, resolution: 480p, ratio: "16:9"}

shots:
  - id: morning
    prompt: "{{ hero | capitalize }} leaves the harbour at dawn, soft light"
  - id: open-sea
    continues: morning
    prompt: "{{ hero | capitalize }} meets the first big wave"
  - id: home
    prompt: "{{ hero | capitalize }} comes home under the stars"
    duration: 4

cut:
  output: out/film.mp4
"""
_IGNORED = ".seedance/\nout/\n"


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path())
def command(folder: Path) -> int:
    """Write a new story that runs, in FOLDER (default: here). Overwrites nothing."""
    from seedance_pipe.studio.models import schema_text

    files = {"story.yaml": _STORY, "story.schema.json": schema_text("story"), ".gitignore": _IGNORED}
    there = [name for name in files if (folder / name).exists() and name != ".gitignore"]
    if there:
        raise GuardRefused(
            f"{folder / there[0]} is there already", next_step="name an empty folder: seedance-pipe init FOLDER"
        )
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        path = folder / name
        if not path.exists():
            path.write_text(text, encoding="utf-8")
            click.echo(f"wrote {path}")
    click.echo(f"Next: seedance-pipe run {folder / 'story.yaml'} --sandbox", err=True)
    return 0
