"""A nursery of programs to be killed: a process that has loaded everything and forks one program at a time.

Started as `python -m tests.crash.nursery`. Each line of its input is an Order in JSON; it answers with the process
id of the program, and when that has ended with an Ended in JSON. A program is `seedance-pipe run STORY` or
`seedance-pipe resolve STORY SHOT --adopt TASK|--lost`, but for its clock, which is faster.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import random
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

from seedance_pipe.effects import Effects
from seedance_pipe.errors import PipeError
from seedance_pipe.plan.history import Decision
from seedance_pipe.plan.make import Plan
from seedance_pipe.run import journal, pages
from seedance_pipe.run.event import Emit
from seedance_pipe.studio import decide, models
from seedance_pipe.studio import perform as _loaded_before_the_fork
from seedance_pipe.studio.home import Home, home, read
from seedance_pipe.studio.rehearsal import hastened
from seedance_pipe.studio.run import run
from seedance_pipe.studio.work import Wishes
from seedance_pipe.vendor import buy, doubt, party
from tests.crash.plays import PLAYS
from tests.crash.seams import Counter, Side, Stop, number_library_calls, number_lines, numbered

FASTER = 25

PAYING = (journal, pages, buy, doubt, party)
"""The modules between which and the vendor the money goes."""

LOADED_LATER = ("anyio._backends._asyncio", "httpcore", "seedance_pipe.spec.dialect", "resource")


@dataclass(frozen=True, slots=True)
class Order:
    """One program: its story and what its environment has beside ours. It makes the film of the story, or it says
    of the shot in doubt `decides` that it was `task`, or with no task that it was lost. With `stop`, "12:before"
    for example, it is killed at that effect. Its clock runs so many times `faster`, and what it draws by chance is
    the same for the same `chance`, which no two programs of one film may share. With `lines` not its effects are
    numbered, but the lines of PAYING.
    """

    story: str
    environ: dict[str, str]
    decides: str = ""
    task: str = ""
    stop: str = ""
    faster: float = FASTER
    chance: int | None = None
    lines: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended: with its exit `status`, negative for a signal. One that was not killed tells how many
    `effects` it had by their kind, and how many requests it sent; one that was stopped at an effect, of which
    `kind` and `name` that was.
    """

    status: int
    kind: str = ""
    name: str = ""
    requests: int = 0
    effects: dict[str, int] | None = None

    @property
    def passed(self) -> int:
        return sum((self.effects or {}).values())


@contextmanager
def unseen(plan: Plan) -> Iterator[Emit]:
    yield lambda event: None


def one_program(order: Order, effects: Effects) -> int:
    told = read(Path(order.story), environ=effects.environ).story
    assert told is not None
    where = home(told)
    try:
        if order.decides:
            _decide(order, where, effects)
            return 0
        return run(where, Wishes(yes=True), showing=unseen, effects=effects).exit_code
    except PipeError as error:
        print(f"{type(error).__name__}: {error.message}", file=sys.stderr)
        return error.exit_code


def _decide(order: Order, where: Home, effects: Effects) -> None:
    which = decide.Which(order.decides)
    if order.task:
        decide.adopt(where, which, order.task, effects=effects)
    else:
        decide.give_up(where, which, Decision.LOST, yes=True, ask=None, effects=effects)


def _in_child(order: Order, report: int) -> NoReturn:
    code = 70
    try:
        os.setpgid(0, 0)
        counter = Counter(_stop(order.stop), lambda words: _tell(report, words))
        real = Effects(environ={**os.environ, **order.environ})
        if order.lines:
            number_lines(counter, PAYING)
        else:
            real = replace(real, disk=numbered(real.disk, counter))
            number_library_calls(counter)
        if order.chance is not None:
            real = replace(real, draw=random.Random(order.chance).randrange)
        code = one_program(order, hastened(real, order.faster))
        sys.settrace(None)
        passed = {kind.value: number for kind, number in counter.passed.items()}
        _tell(report, {"effects": passed, "requests": counter.requests})
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _stop(text: str) -> Stop | None:
    number, _, side = text.partition(":")
    return Stop(int(number), Side(side)) if text else None


def _tell(report: int, words: Any) -> None:
    os.write(report, json.dumps(words).encode())


def _load() -> None:
    """What a program reads when it needs it is read once for all."""
    assert _loaded_before_the_fork
    for name in LOADED_LATER:
        importlib.import_module(name)
    known = models.catalogue()
    for play in PLAYS.values():
        assert known.find(play.model)
    models.load_catalogue = lambda folder: known  # type: ignore[attr-defined]
    gc.collect()
    gc.freeze()


def main() -> None:
    _load()
    for line in sys.stdin:
        order = Order(**json.loads(line))
        heard, report = os.pipe()
        pid = os.fork()
        if pid == 0:
            _in_child(order, report)
        os.close(report)
        print(pid, flush=True)
        with os.fdopen(heard, "rb") as words:
            told = json.loads(words.read() or b"{}")
        _, status = os.waitpid(pid, 0)
        print(json.dumps(asdict(Ended(os.waitstatus_to_exitcode(status), **told))), flush=True)


if __name__ == "__main__":
    main()
