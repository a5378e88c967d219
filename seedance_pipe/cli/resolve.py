from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seedance_pipe.cli.options import (
    edition_options,
    json_option,
    read_films,
    sandbox_option,
    show_json,
    state_option,
    story_argument,
)

if TYPE_CHECKING:
    from seedance_pipe.spec.edition import Edition


@click.command("resolve")
@story_argument
@click.argument("shot")
@click.option("--adopt", "task", metavar="TASK", help="The vendor has it, as this task: the next run fetches it.")
@click.option("--lost", is_flag=True, help="The vendor has nothing of it: it cost nothing.")
@click.option("--resubmit", is_flag=True, help="Buy it anew, though it may have been paid for.")
@click.option("--take", type=click.IntRange(min=1), help="Which take, where several of the shot are in doubt.")
@click.option(
    "--id", "ident", metavar="ID", default="", help="Which request, as `status` shows it, where takes are alike."
)
@click.option("--yes", is_flag=True, help="Do not ask before something may be paid for twice.")
@edition_options
@sandbox_option
@state_option
@json_option
def command(
    story: Path,
    shot: str,
    task: str | None,
    lost: bool,
    resubmit: bool,
    take: int | None,
    ident: str,
    yes: bool,
    edition: Edition,
    rehearsal: bool,
    state: Path | None,
    as_json: bool,
) -> int:
    """Say what became of a paid request that is in doubt, or whose task never ends.

    Takes that went out in one request are decided together.
    """
    from seedance_pipe.plan.history import Decision
    from seedance_pipe.spec.diagnostic import meant
    from seedance_pipe.studio import decide
    from seedance_pipe.studio.home import home

    if (task is not None) + lost + resubmit != 1:
        raise click.UsageError("say one thing: --adopt TASK, --lost or --resubmit")
    # What was sent is known by the story's name, whichever of its films it was for.
    film = read_films(story, rehearsal=rehearsal, edition=edition)[0]
    where = home(film, state=state, rehearsal=rehearsal)
    shots = decide.known_shots(where)
    if shot not in shots:
        raise click.UsageError(f"no shot '{shot}' in the story{meant(shot, sorted(shots))}")
    which = decide.Which(shot, take, ident)
    if task is not None:
        decided = decide.adopt(where, which, task)
    else:
        decision = Decision.LOST if lost else Decision.RESUBMIT
        there = sys.stdin.isatty() and sys.stderr.isatty()
        ask = (lambda question: click.confirm(question, err=True)) if there else None
        decided = decide.give_up(where, which, decision, yes=yes, ask=ask)
    if as_json:
        from seedance_pipe.report.data import submission_data

        show_json([submission_data(one) for one in decided])
    else:
        told = f"task {task}: the next run fetches it" if task else "given up: the next run asks for it anew"
        click.echo("".join(f"{one.shot}#{one.take}  {told}\n" for one in decided), nl=False)
    return 0
