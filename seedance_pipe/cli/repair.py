"""The option `--repair SHOT=WAY`, which says what becomes of the shots that continue a changed one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from seedance_pipe.cli.options import known_shots
from seedance_pipe.spec.repair import Repair

if TYPE_CHECKING:
    from seedance_pipe.spec.story import Story

_WAYS = {way.value: way for way in Repair}


class _Chosen(click.ParamType[tuple[str, Repair]]):
    name = "SHOT=WAY"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, Repair]:
        if isinstance(value, tuple):
            return value
        shot, _, way = str(value).partition("=")
        if not shot or way not in _WAYS:
            from seedance_pipe.report.words import plain

            told = f"'{plain(str(value))}' is not a shot and one of {', '.join(_WAYS)}"
            self.fail(f"{told}; write for example stairs=accept", param, ctx)
        return shot, _WAYS[way]


repair_option = click.option(
    "--repair",
    "repairs",
    type=_Chosen(),
    multiple=True,
    help="When this shot changes: ripple through what continues it, bridge to it, or accept a cut.",
)


def chosen_repairs(story: Story, repairs: tuple[tuple[str, Repair], ...]) -> Mapping[str, Repair]:
    """The way by shot; of several for one shot the last. Raises click.UsageError for a shot that the story has
    not, that no shot continues, or that cannot be a bridge.
    """
    from seedance_pipe.spec.bridge import Bridges

    known_shots(story, tuple(shot for shot, _ in repairs))
    chosen = dict(repairs)
    bridges = Bridges()
    for shot in story.shots:
        why = bridges.objection(shot, chosen[shot.id], story.shots) if shot.id in chosen else ""
        if why:
            raise click.UsageError(f"--repair {shot.id}={chosen[shot.id].value}: {why}")
    return chosen
