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
)

if TYPE_CHECKING:
    from seedance_pipe.report.takes import Picking
    from seedance_pipe.spec.edition import Edition
    from seedance_pipe.spec.story import Story


@click.command("pick")
@story_argument
@click.argument("shot")
@click.argument("take", type=click.IntRange(min=1))
@edition_options
@sandbox_option
@state_option
@json_option
def command(
    story: Path, shot: str, take: int, edition: Edition, rehearsal: bool, state: Path | None, as_json: bool
) -> int:
    """Let the film use TAKE of SHOT from now on. Costs nothing and sends nothing.

    What hangs on the take before becomes stale, and is said first; to pick that one again makes it fresh again.
    """
    from seedance_pipe.studio import takes
    from seedance_pipe.studio.home import home

    told = read_or_explain(story, rehearsal=rehearsal, edition=edition)
    known_shots(told, (shot,))
    followed = _finals(story, told, edition, rehearsal=rehearsal)
    picked = takes.pick(
        home(told, state=state, rehearsal=rehearsal),
        shot,
        take,
        tell=_unsaid if as_json else _say,
        finals=home(followed, state=state, rehearsal=rehearsal) if followed else None,
    )
    if as_json:
        from seedance_pipe.report.takes import picking_data

        show_json(picking_data(picked))
    elif picked.new != picked.old:
        click.echo(f"take {take} of shot '{shot}' is picked; it was take {picked.old}")
    return 0


def _finals(path: Path, told: Story, edition: Edition, *, rehearsal: bool) -> Story | None:
    """The film that follows `told`, if that is the film of its drafts. What is wrong with it is no matter here."""
    if told.drafts not in edition.profiles:
        return None
    from dataclasses import replace

    from seedance_pipe.studio.home import read

    others = tuple(name for name in edition.profiles if name != told.drafts)
    films = read(path, rehearsal=rehearsal, edition=replace(edition, profiles=others)).stories
    return next((film for film in films if film.variant == told.variant), None)


def _unsaid(picking: Picking) -> None:
    """The answer is one document, and comes when it is done."""


def _say(picking: Picking) -> None:
    from seedance_pipe.report.takes import picking_text

    click.echo(picking_text(picking), nl=False)
