"""The option `--more SHOT=N`, which asks for further takes of a shot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from seedance_pipe.cli.options import known_shots

if TYPE_CHECKING:
    from seedance_pipe.spec.story import Story

_MOST = 16


class _More(click.ParamType[tuple[str, int]]):
    name = "SHOT=N"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int]:
        if isinstance(value, tuple):
            return value
        shot, _, count = str(value).partition("=")
        if not (shot and count.isascii() and count.isdigit() and len(count) < 4 and 1 <= int(count) <= _MOST):
            from seedance_pipe.report.words import plain

            told = f"'{plain(str(value))}' is not a shot and a number of takes"
            self.fail(f"{told}; write for example beach=2, and at most {_MOST} at once", param, ctx)
        return shot, int(count)


more_option = click.option(
    "--more",
    type=_More(),
    multiple=True,
    help="Make N further takes of this shot; the film keeps the one that it uses.",
)


def further_takes(story: Story, more: tuple[tuple[str, int], ...]) -> Mapping[str, int]:
    """How many further takes of which shots. Raises click.UsageError for a shot that the story has not."""
    shots = known_shots(story, tuple(shot for shot, _ in more))
    return {shot: sum(count for named, count in more if named == shot) for shot in shots}
