"""Arguments and options that several commands share, and reading a story for a command."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seedance_pipe.errors import StoryInvalid

if TYPE_CHECKING:
    from seedance_pipe.spec.edition import Edition
    from seedance_pipe.spec.reader import Reading
    from seedance_pipe.spec.story import Story

story_argument = click.argument("story", type=click.Path(path_type=Path))
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
sandbox_option = click.option(
    "--sandbox",
    "rehearsal",
    is_flag=True,
    help="Use the embedded sandbox and its own state: no key, no cost.",
)
state_option = click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the state lives; default: .seedance beside the story.",
)


def edition_options(command: Callable[..., int]) -> Callable[..., int]:
    """What is asked for beside the story file: the command gets it as one `edition`."""

    @click.option("--profile", "profiles", metavar="NAME", multiple=True, help="Lay this profile over the story.")
    @click.option(
        "--vars",
        "files",
        metavar="FILE",
        type=click.Path(path_type=Path),
        multiple=True,
        help="Take variables from this YAML file.",
    )
    @click.option(
        "--set",
        "settings",
        metavar="NAME=VALUE",
        multiple=True,
        help="Set a variable, or what a path leads to, such as defaults.resolution=480p.",
    )
    @click.option("--variant", metavar="NAME", default="", help="Of a story that is several films, this one only.")
    @wraps(command)
    def with_edition(
        *args: Any,
        profiles: tuple[str, ...],
        files: tuple[Path, ...],
        settings: tuple[str, ...],
        variant: str,
        **options: Any,
    ) -> int:
        from seedance_pipe.spec.edition import Edition

        return command(*args, edition=Edition(profiles, files, settings, variant), **options)

    return with_edition


def read_films(path: Path, *, rehearsal: bool, edition: Edition | None = None) -> tuple[Story, ...]:
    """The films of the story at `path`, of most stories one; its problems are printed to standard error. Raises
    StoryInvalid if any is an error.
    """
    from seedance_pipe.spec.edition import AS_WRITTEN
    from seedance_pipe.studio.home import read

    reading = read(path, rehearsal=rehearsal, edition=edition or AS_WRITTEN)
    show_problems(reading, err=True)
    if not reading.stories:
        raise StoryInvalid(f"{path} has problems", next_step="mend the places above; nothing was started")
    return reading.stories


def read_or_explain(path: Path, *, rehearsal: bool, edition: Edition | None = None) -> Story:
    """The one film of the story at `path`, as `read_films`. Raises click.UsageError when it is several."""
    films = read_films(path, rehearsal=rehearsal, edition=edition)
    if len(films) > 1:
        names = ", ".join(film.variant for film in films)
        raise click.UsageError(f"{path} is several films: {names}; say which with --variant")
    return films[0]


def same_options(edition: Edition, *, rehearsal: bool, state: Path | None) -> str:
    """The options with which a command finds the same story and the same state, for messages that name one."""
    from shlex import quote

    pairs = [
        *(("--profile", name) for name in edition.profiles),
        *(("--vars", str(path)) for path in edition.files),
        *(("--set", setting) for setting in edition.settings),
        *((("--variant", edition.variant),) if edition.variant else ()),
        *((("--state", str(state)),) if state else ()),
    ]
    return " --sandbox" * rehearsal + "".join(f" {option} {quote(value)}" for option, value in pairs)


def show_films(
    films: Sequence[Story], *, text: Callable[[Story], str], data: Callable[[Story], Any], as_json: bool
) -> None:
    """The answer for each film; of a story that is several, each with its name."""
    if len(films) == 1:
        show_json(data(films[0])) if as_json else click.echo(text(films[0]), nl=False)
    elif as_json:
        show_json({"films": [{"variant": film.variant, **data(film)} for film in films]})
    else:
        click.echo("\n".join(f"# {film.variant}\n{text(film)}" for film in films), nl=False)


def show_problems(reading: Reading, *, err: bool) -> None:
    from seedance_pipe.spec.diagnostic import render

    if reading.diagnostics:
        click.echo(render(reading.diagnostics, reading.lines), nl=False, err=err)


def warn_unpinned(why: str) -> None:
    """Say why the lock file is not up to date, if it is not. What was done is done all the same."""
    from seedance_pipe.report.words import plain

    if why:
        with suppress(OSError):
            click.echo(f"warning: {plain(why)}\n  the next run writes it", err=True)


def show_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def known_shots(story: Story, names: tuple[str, ...]) -> tuple[str, ...]:
    """`names`, each the id of a shot. Raises click.UsageError that names the nearest id."""
    from seedance_pipe.spec.diagnostic import meant

    ids = [shot.id for shot in story.shots]
    for name in names:
        if name not in ids:
            raise click.UsageError(f"no shot '{name}' in the story{meant(name, ids)}")
    return names
