"""The group of commands, each loaded when it is asked for, and the one place where errors become exit codes."""

from __future__ import annotations

import errno
import importlib
import os
import sys
from contextlib import suppress
from typing import TextIO

import click

from seedance_pipe import __version__
from seedance_pipe.errors import PipeError, StoryInvalid

_SUMMARIES = {
    "validate": "Check stories and print every problem with its place.",
    "plan": "Show what would run, why, and what it would cost.",
    "run": "Make what is stale, then the film.",
    "why": "Tell all that is known of one shot: its request, its takes and what they cost.",
    "status": "Show what is made, in flight, in doubt or failed, and what was spent.",
    "takes": "Show what was tried for each shot.",
    "pick": "Let the film use another take of a shot.",
    "resolve": "Say what became of a paid request that is in doubt.",
    "adopt": "Take in a task or a clip that was made elsewhere.",
    "cancel": "Cancel what the vendors still let go of.",
    "gc": "List stored files that nobody needs, and remove them.",
    "clean": "Remove what can be made again free of charge.",
    "verify": "Prove that the story, its lock file and the store give its film.",
    "export-store": "Write all that was made for a story to a folder.",
    "import-store": "Take in what another machine exported.",
    "graph": "Draw the graph of a story.",
    "models": "Show what each model takes, costs and can do.",
    "render": "Print the story after variables and templates.",
    "schema": "Print a JSON Schema.",
    "sandbox": "Serve the vendors' APIs on a loopback port.",
    "init": "Write a new story that runs.",
    "doctor": "Say what is found on this machine and what is missing.",
}

_NOBODY_READS = (errno.EPIPE, errno.EIO)
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


class _Commands(click.Group):
    """Knows every command's name and summary, and imports a command's module only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_SUMMARIES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _SUMMARIES:
            return None
        command = importlib.import_module(f"seedance_pipe.cli.{cmd_name.replace('-', '_')}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_SUMMARIES.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _SUMMARIES and not args[0].startswith("-"):
            from difflib import get_close_matches

            close = get_close_matches(args[0], _SUMMARIES, n=1)
            hint = f"; did you mean '{close[0]}'?" if close else ""
            ctx.fail(f"there is no command '{args[0]}'{hint}")
        return super().resolve_command(ctx, args)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="seedance-pipe %(version)s")
def commands() -> None:
    """Make for films: a story file becomes a film, and only what changed is made again."""


def main(args: list[str] | None = None) -> None:
    """Runs one command and exits with the code that the design promises (its section 5)."""
    try:
        code = commands.main(args=args, prog_name="seedance-pipe", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        _talk(error.ctx.get_help() if error.ctx else "")
        code = 2
    except click.ClickException as error:
        error.show()
        code = 2
    except PipeError as error:
        _tell(error)
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        _talk("stopped")
        code = 130
    except Exception as error:
        if isinstance(error, OSError) and error.errno in (errno.EPIPE, *_NO_ROOM):
            sys.exit(_unsaid(sys.stdout, error))
        _talk("internal error: this is a bug in seedance-pipe; the lines below are for its report")
        import traceback

        from seedance_pipe.studio.hush import hushed

        _talk(hushed(traceback.format_exc()).rstrip())
        code = 70
    sys.exit(_said(code if isinstance(code, int) else 0))


def forget_reader(stream: TextIO | None = None) -> None:
    """The reader of our answer (or of `stream`) has gone: nobody is left to tell, and Python must not try again at
    exit.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), (stream or sys.stdout).fileno())


def _talk(text: str) -> None:
    """To a person, if one is still there to read it."""
    with suppress(OSError):
        click.echo(text, err=True)


def _said(code: int) -> int:
    """The exit code, when all that was said has been handed over."""
    for stream in filter(None, (sys.stdout, sys.stderr)):
        try:
            stream.flush()
        except OSError as error:
            ended = _unsaid(stream, error)
            code = code or ended
    return code


def _unsaid(stream: TextIO, error: OSError) -> int:
    """The exit code when `stream` takes no more. A terminal that was closed, or a pipe that nobody reads any more,
    changes nothing of what was done; an answer for which the disk has no room is an error.
    """
    forget_reader(stream)
    if error.errno in _NOBODY_READS:
        return 0
    _talk(f"error: the answer could not be written: {error.strerror}")
    _talk("  make room and ask again")
    return 1


def _tell(error: PipeError) -> None:
    from seedance_pipe.report.words import plain
    from seedance_pipe.studio.hush import hushed

    place = f"{error.place}: " if isinstance(error, StoryInvalid) and error.place else ""
    _talk(plain(hushed(f"{place}error: {error.message}")))
    if error.next_step:
        _talk(f"  {plain(hushed(error.next_step))}")
