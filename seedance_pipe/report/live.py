"""A run as it happens: one plain line for each change, or a live table where a terminal can draw one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO, assert_never

from seedance_pipe.plan.graph import StepKey, StepKind
from seedance_pipe.plan.make import Plan
from seedance_pipe.report.words import plain
from seedance_pipe.run.event import Blocked, Doubted, Emit, Event, Failed, Finished, Moved, Noted, Started

if TYPE_CHECKING:
    from rich.table import Table


def line(event: Event) -> str | None:
    """The event as one line for people; None for what only a live table shows."""
    match event:
        case Started(step, resumed):
            return f"{step}: resumed" if resumed else f"{step}: started"
        case Moved(step, status, task, fraction):
            if fraction is not None:
                return None
            return plain(f"{step}: {status}{f' {task}' if task else ''}")
        case Finished(step, fresh=True):
            return f"{step}: fresh"
        case Finished(step, charged=charged):
            return f"{step}: made{f', {charged}' if charged else ''}"
        case Failed(step, message, next_step):
            return _with_advice(f"{step}: failed: {message}", next_step)
        case Doubted(step, message, next_step):
            return _with_advice(f"{step}: in doubt: {message}", next_step)
        case Blocked(step, by):
            return f"{step}: not made, because {by} is missing"
        case Noted(step, message):
            return plain(f"{step}: {message}")
        case _ as never:
            assert_never(never)


@contextmanager
def showing(plan: Plan, stream: TextIO) -> Iterator[Emit]:
    """A receiver of events that shows them on `stream` until the run is over."""
    if stream.isatty():
        with _drawn(plan, stream) as emit:
            yield emit
        return
    yield _printer(plan, stream)


def _printer(plan: Plan, stream: TextIO) -> Emit:
    quiet = _silent_steps(plan)
    last: dict[StepKey, str] = {}

    def emit(event: Event) -> None:
        if event.step in quiet and not isinstance(event, Failed | Doubted | Noted):
            return
        text = line(event)
        if text is not None and last.get(event.step) != text:
            last[event.step] = text
            print(text, file=stream, flush=True)

    return emit


def _silent_steps(plan: Plan) -> set[StepKey]:
    """Steps that cost nothing and that a person did not write are shown only when something is up."""
    return {planned.step.key for planned in plan.steps if planned.step.kind not in (StepKind.TAKE, StepKind.FILM)}


@contextmanager
def _drawn(plan: Plan, stream: TextIO) -> Iterator[Emit]:
    from rich.console import Console
    from rich.live import Live

    console = Console(file=stream, highlight=False, markup=False)
    quiet = _silent_steps(plan)
    rows = {planned.step.key: "waiting" for planned in plan.steps if planned.step.key not in quiet}
    with Live(_table(rows), console=console, refresh_per_second=8, transient=False) as live:

        def emit(event: Event) -> None:
            if isinstance(event, Failed | Doubted | Noted):
                live.console.print(line(event), markup=False)
            if event.step in rows:
                rows[event.step] = _cell(event, rows[event.step])
                live.update(_table(rows))

        yield emit


def _cell(event: Event, before: str) -> str:
    match event:
        case Started(resumed=resumed):
            return "resumed" if resumed else "started"
        case Moved(status=status, task=task, fraction=fraction):
            share = f" {fraction:.0%}" if fraction is not None else ""
            return plain(f"{status}{share}{f'  {task}' if task else ''}")
        case Finished(fresh=fresh, charged=charged):
            return "fresh" if fresh else f"made{f'  {charged}' if charged else ''}"
        case Failed():
            return "failed"
        case Doubted():
            return "in doubt"
        case Blocked(by=by):
            return f"not made: {by} is missing"
        case Noted():
            return before
        case _ as never:
            assert_never(never)


def _table(rows: dict[StepKey, str]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False)
    for key, cell in rows.items():
        table.add_row(Text(key, style="bold"), Text(cell))
    return table


def _with_advice(text: str, next_step: str) -> str:
    return plain(text) + (f"\n  {plain(next_step)}" if next_step else "")
