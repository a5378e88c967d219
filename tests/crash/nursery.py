"""A nursery of programs to be killed: a process that has loaded everything and forks one run at a time.

Started as `python -m tests.crash.nursery`. Each line of its input is a JSON object `{"story": path, "environ":
{…}}`; it answers with the process id of the run, and when that has ended with its exit status (negative for a
signal). A run is `seedance-pipe run STORY`, but for pauses between polls, which are shorter.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from seedance_pipe.effects import Effects
from seedance_pipe.errors import PipeError
from seedance_pipe.plan.make import Plan
from seedance_pipe.run.event import Emit
from seedance_pipe.studio import perform as _loaded_before_the_fork
from seedance_pipe.studio.home import home, read
from seedance_pipe.studio.rehearsal import hastened
from seedance_pipe.studio.run import run
from seedance_pipe.studio.work import Wishes

FASTER = 25


@contextmanager
def unseen(plan: Plan) -> Iterator[Emit]:
    yield lambda event: None


def one_run(story: Path, environ: dict[str, str]) -> int:
    effects = hastened(Effects(environ={**os.environ, **environ}), FASTER)
    told = read(story, environ=effects.environ).story
    assert told is not None
    try:
        return run(home(told), Wishes(yes=True), showing=unseen, effects=effects).exit_code
    except PipeError as error:
        print(f"{type(error).__name__}: {error.message}", file=sys.stderr)
        return error.exit_code


def in_child(story: Path, environ: dict[str, str]) -> NoReturn:
    code = 70
    try:
        os.setpgid(0, 0)
        code = one_run(story, environ)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def main() -> None:
    assert _loaded_before_the_fork
    for line in sys.stdin:
        asked = json.loads(line)
        pid = os.fork()
        if pid == 0:
            in_child(Path(asked["story"]), asked["environ"])
        print(pid, flush=True)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
