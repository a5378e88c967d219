from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seedance_pipe.cli.main import forget_reader
from seedance_pipe.cli.options import (
    json_option,
    known_shots,
    read_or_explain,
    sandbox_option,
    state_option,
    story_argument,
)
from seedance_pipe.spec.cap import Cap, spoken, tightest
from seedance_pipe.units import Money

if TYPE_CHECKING:
    from seedance_pipe.plan.make import Plan
    from seedance_pipe.report.standing import Result
    from seedance_pipe.run.event import Emit


class _Amount(click.ParamType[Money]):
    name = "AMOUNT"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Money:
        if isinstance(value, Money):
            return value
        money = spoken(str(value))
        if money is None:
            told = f"'{value}' is not an amount of dollars or credits; write for example 2.50, or '200 credits'"
            self.fail(told, param, ctx)
        return money


@click.command("run")
@story_argument
@click.argument("shots", nargs=-1)
@click.option("-j", "--jobs", type=click.IntRange(min=1), help="At most this many takes at once.")
@click.option("--keep-going", is_flag=True, help="After a failure make all that does not hang on it.")
@click.option(
    "--force", metavar="SHOT", multiple=True, help="Ask for a new take of this shot; the old one is kept."
)
@click.option("--only", is_flag=True, help="Make the named SHOTs and what they need, but not the film.")
@click.option(
    "--max-cost",
    type=_Amount(),
    multiple=True,
    help="Never let this story's spending pass this amount: 2.50, or '200 credits'. May be given for each.",
)
@click.option(
    "--allow-unknown-cost",
    is_flag=True,
    help="With a budget or --max-cost: also take shots priced by nobody, or in a currency without a cap.",
)
@click.option("--yes", is_flag=True, help="Do not ask before a large amount is spent.")
@click.option("--force-output", is_flag=True, help="Overwrite a file at the film's path that is not ours.")
@sandbox_option
@state_option
@json_option
def command(
    story: Path,
    shots: tuple[str, ...],
    jobs: int | None,
    keep_going: bool,
    force: tuple[str, ...],
    only: bool,
    max_cost: tuple[Money, ...],
    allow_unknown_cost: bool,
    yes: bool,
    force_output: bool,
    rehearsal: bool,
    state: Path | None,
    as_json: bool,
) -> int:
    """Make what is stale, then the film.

    With SHOTs: only those and what they need, and the film if nothing else is missing for it.
    """
    from seedance_pipe.studio.home import home
    from seedance_pipe.studio.run import run
    from seedance_pipe.studio.work import Wishes

    if only and not shots:
        raise click.UsageError("--only wants the shots that it is about: run STORY SHOT --only")
    told = read_or_explain(story, rehearsal=rehearsal)
    wishes = Wishes(
        shots=known_shots(told, shots),
        force=known_shots(told, force),
        only=only,
        jobs=jobs,
        keep_going=keep_going,
        cap=tightest(*({money.currency: Cap(money, "--max-cost")} for money in max_cost)),
        allow_unknown_cost=allow_unknown_cost,
        yes=yes,
        force_output=force_output,
    )
    where = home(told, state=state, rehearsal=rehearsal)

    def tell(result: Result) -> None:
        click.echo(_ending(result, rehearsal=rehearsal, as_json=as_json), nl=False)
        sys.stdout.flush()

    result = run(where, wishes, showing=_json_lines if as_json else _for_people, ask=_ask(), farewell=tell)
    try:
        tell(result)
    except OSError:
        # A pipe that nobody reads any more, or a terminal that is closed: the run has ended as it has.
        forget_reader()
    return result.exit_code


def _ending(result: Result, *, rehearsal: bool, as_json: bool) -> str:
    if as_json:
        from seedance_pipe.report.data import result_data

        return json.dumps(result_data(result), ensure_ascii=False) + "\n"
    from seedance_pipe.report.table import result_text

    return result_text(result, rehearsal=rehearsal)


def _for_people(plan: Plan) -> AbstractContextManager[Emit]:
    from seedance_pipe.report.live import showing

    return showing(plan, sys.stderr)


@contextmanager
def _json_lines(plan: Plan) -> Iterator[Emit]:
    from seedance_pipe.report.data import event_data

    yield lambda event: click.echo(json.dumps(event_data(event), ensure_ascii=False))


def _ask() -> Callable[[str], bool] | None:
    """How to ask a person, or None where nobody is there to answer."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    return lambda question: click.confirm(question, err=True)
