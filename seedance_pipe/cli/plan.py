from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seedance_pipe.cli.more import further_takes, more_option
from seedance_pipe.cli.options import (
    edition_options,
    json_option,
    known_shots,
    read_films,
    sandbox_option,
    show_films,
    show_problems,
    state_option,
    story_argument,
)
from seedance_pipe.cli.repair import chosen_repairs, repair_option

if TYPE_CHECKING:
    from seedance_pipe.report.difference import Difference
    from seedance_pipe.report.review import Review
    from seedance_pipe.spec.edition import Edition
    from seedance_pipe.spec.repair import Repair
    from seedance_pipe.spec.story import Story


@click.command("plan")
@story_argument
@click.option("--force", metavar="SHOT", multiple=True, help="As if a new take of this shot were asked for.")
@more_option
@repair_option
@click.option("--all", "every_step", is_flag=True, help="Show frames, clips and the format, too.")
@click.option("--against", metavar="REV", help="Price what the story asks for beyond what it did at REV in git.")
@click.option("--markdown", is_flag=True, help="Print Markdown for a comment on a pull request.")
@click.option("--exit-code", is_flag=True, help="Exit with 1 when there is something to do.")
@edition_options
@sandbox_option
@state_option
@json_option
def command(
    story: Path,
    force: tuple[str, ...],
    more: tuple[tuple[str, int], ...],
    repairs: tuple[tuple[str, Repair], ...],
    every_step: bool,
    against: str | None,
    markdown: bool,
    exit_code: bool,
    edition: Edition,
    rehearsal: bool,
    state: Path | None,
    as_json: bool,
) -> int:
    """Show what would run, why, and what it would cost. Changes nothing and sends nothing.

    With --against no journal is looked at: of two readings of one story, the later one is priced where it differs.
    """
    if markdown and as_json:
        raise click.UsageError("--markdown and --json are two forms of one answer; ask for one")
    if against is not None and (force or more or repairs or every_step or state):
        raise click.UsageError(
            "--against looks at no state: it goes without --force, --more, --repair, --all and --state"
        )
    films = read_films(story, rehearsal=rehearsal, edition=edition)
    if against is not None:
        differences = _differences(films, against, edition, rehearsal)
        _show_differences(films, differences, markdown=markdown, as_json=as_json)
        return int(exit_code and any(one.items for one in differences))
    for film in films:
        known_shots(film, force)
        further_takes(film, more)
    chosen = {film.variant: chosen_repairs(film, repairs) for film in films}
    reviews = {film.variant: _review(film, force, more, chosen[film.variant], rehearsal, state) for film in films}

    def text(film: Story) -> str:
        from seedance_pipe.report.review_text import review_text

        return review_text(reviews[film.variant], every_step=every_step, rehearsal=rehearsal)

    def page(film: Story, most: int) -> str:
        from seedance_pipe.report.review_markdown import review_markdown

        return review_markdown(reviews[film.variant], every_step=every_step, rehearsal=rehearsal, most=most)

    def data(film: Story) -> dict[str, Any]:
        from seedance_pipe.report.review_data import review_data

        return review_data(reviews[film.variant])

    _show(films, text, data, page, markdown=markdown, as_json=as_json)
    return int(exit_code and any(told.plan.pending for told in reviews.values()))


def _review(
    film: Story,
    force: tuple[str, ...],
    more: tuple[tuple[str, int], ...],
    repairs: Mapping[str, Repair],
    rehearsal: bool,
    state: Path | None,
) -> Review:
    from seedance_pipe.report.review import review
    from seedance_pipe.studio import look
    from seedance_pipe.studio.home import home

    where = home(film, state=state, rehearsal=rehearsal)
    forecast = look.forecast(where, force=force, more=further_takes(film, more), repairs=repairs)
    return review(forecast.plan, forecast.total, known=forecast.known, choices=forecast.choices)


def _differences(
    films: Sequence[Story], revision: str, edition: Edition, rehearsal: bool
) -> tuple[Difference, ...]:
    from seedance_pipe.studio.against import against
    from seedance_pipe.studio.git import NoRevision

    try:
        return against(
            films,
            revision,
            edition=edition,
            rehearsal=rehearsal,
            telling=lambda reading: show_problems(reading, err=True),
        )
    except NoRevision as problem:
        raise click.UsageError(str(problem)) from None


def _show_differences(
    films: Sequence[Story], differences: Sequence[Difference], *, markdown: bool, as_json: bool
) -> None:
    by_film = dict(zip((film.variant for film in films), differences, strict=True))

    def text(film: Story) -> str:
        from seedance_pipe.report.difference import difference_text

        return difference_text(by_film[film.variant])

    def page(film: Story, most: int) -> str:
        from seedance_pipe.report.difference_markdown import difference_markdown

        return difference_markdown(by_film[film.variant], most=most)

    def data(film: Story) -> dict[str, Any]:
        from seedance_pipe.report.difference import difference_data

        return difference_data(by_film[film.variant])

    _show(films, text, data, page, markdown=markdown, as_json=as_json)


def _show(
    films: Sequence[Story],
    text: Callable[[Story], str],
    data: Callable[[Story], dict[str, Any]],
    page: Callable[[Story, int], str],
    *,
    markdown: bool,
    as_json: bool,
) -> None:
    """One of three forms of the answer; a `page` is Markdown of at most so many characters."""
    if not markdown:
        show_films(films, text=text, data=data, as_json=as_json)
        return
    from seedance_pipe.report.review_markdown import LONGEST, together

    # What one comment may have, the pages have together.
    click.echo(together([page(film, LONGEST // len(films)) for film in films]), nl=False)
