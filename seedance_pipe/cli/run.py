from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seedance_pipe.cli.main import forget_reader
from seedance_pipe.cli.more import further_takes, more_option
from seedance_pipe.cli.options import (
    edition_options,
    json_option,
    known_shots,
    read_films,
    sandbox_option,
    state_option,
    story_argument,
    warn_unpinned,
)
from seedance_pipe.cli.repair import chosen_repairs, repair_option
from seedance_pipe.spec.cap import Cap, spoken, tightest
from seedance_pipe.units import Money

if TYPE_CHECKING:
    from seedance_pipe.plan.make import Plan
    from seedance_pipe.report.standing import Result
    from seedance_pipe.run.event import Emit
    from seedance_pipe.spec.edition import Edition
    from seedance_pipe.spec.repair import Repair
    from seedance_pipe.spec.story import Story
    from seedance_pipe.studio.home import Home
    from seedance_pipe.studio.work import Wishes


_STOPPED = 128
"""Exit codes from here on are those of signals."""


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
@more_option
@repair_option
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
@edition_options
@sandbox_option
@state_option
@json_option
def command(
    story: Path,
    shots: tuple[str, ...],
    jobs: int | None,
    keep_going: bool,
    force: tuple[str, ...],
    more: tuple[tuple[str, int], ...],
    repairs: tuple[tuple[str, Repair], ...],
    only: bool,
    max_cost: tuple[Money, ...],
    allow_unknown_cost: bool,
    yes: bool,
    force_output: bool,
    edition: Edition,
    rehearsal: bool,
    state: Path | None,
    as_json: bool,
) -> int:
    """Make what is stale, then the film.

    With SHOTs: only those and what they need, and the film if nothing else is missing for it. Of a story that is
    several films one is made after the other.
    """
    from seedance_pipe.studio.home import home
    from seedance_pipe.studio.work import Wishes

    if only and not shots:
        raise click.UsageError("--only wants the shots that it is about: run STORY SHOT --only")
    films = read_films(story, rehearsal=rehearsal, edition=edition)
    asked = (*shots, *force, *(shot for shot, _ in more), *(shot for shot, _ in repairs))
    wanted = [film for film in films if not shots or _of(film, shots)]
    for name in asked:
        if not any(_of(film, (name,)) for film in films):
            known_shots(films[0], (name,))
    chosen = [
        chosen_repairs(film, tuple((shot, way) for shot, way in repairs if _of(film, (shot,)))) for film in wanted
    ]
    ended = 0
    for film, ways in zip(wanted, chosen, strict=True):
        wishes = Wishes(
            shots=_of(film, shots),
            force=_of(film, force),
            more=further_takes(film, tuple((shot, count) for shot, count in more if _of(film, (shot,)))),
            repairs=ways,
            only=only,
            jobs=jobs,
            keep_going=keep_going,
            cap=tightest(*({money.currency: Cap(money, "--max-cost")} for money in max_cost)),
            allow_unknown_cost=allow_unknown_cost,
            yes=yes,
            force_output=force_output,
        )
        name = film.variant if len(films) > 1 else ""
        if name and not as_json:
            click.echo(f"# {name}", err=True)
        code = _make(home(film, state=state, rehearsal=rehearsal), wishes, name, as_json=as_json)
        ended = ended or code
        if code and (code >= _STOPPED or not keep_going):
            break
    return ended


def _of(film: Story, names: tuple[str, ...]) -> tuple[str, ...]:
    """Those of `names` that are shots of the film."""
    ids = {shot.id for shot in film.shots}
    return tuple(name for name in names if name in ids)


def _make(where: Home, wishes: Wishes, film: str, *, as_json: bool) -> int:
    """The exit code of one run. `film` is its name, where there are several."""
    from seedance_pipe.studio.run import run

    def tell(result: Result) -> None:
        click.echo(_ending(result, film, rehearsal=where.rehearsal, as_json=as_json), nl=False)
        sys.stdout.flush()

    showing = partial(_json_lines, film) if as_json else _for_people
    result = run(where, wishes, showing=showing, ask=_ask(), farewell=tell)
    warn_unpinned(result.unpinned)
    try:
        tell(result)
    except OSError:
        # A pipe that nobody reads any more, or a terminal that is closed: the run has ended as it has.
        forget_reader()
    return result.exit_code


def _ending(result: Result, film: str, *, rehearsal: bool, as_json: bool) -> str:
    if as_json:
        from seedance_pipe.report.data import result_data

        return _line(result_data(result), film)
    from seedance_pipe.report.table import result_text

    return result_text(result, rehearsal=rehearsal)


def _for_people(plan: Plan) -> AbstractContextManager[Emit]:
    from seedance_pipe.report.live import showing

    return showing(plan, sys.stderr)


@contextmanager
def _json_lines(film: str, plan: Plan) -> Iterator[Emit]:
    from seedance_pipe.report.data import event_data

    yield lambda event: click.echo(_line(event_data(event), film), nl=False)


def _line(told: Mapping[str, Any], film: str) -> str:
    return json.dumps({**told, **({"variant": film} if film else {})}, ensure_ascii=False) + "\n"


def _ask() -> Callable[[str], bool] | None:
    """How to ask a person, or None where nobody is there to answer."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    return lambda question: click.confirm(question, err=True)
