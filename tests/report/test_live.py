"""What a person sees of a run: lines in a pipe, a table on a terminal."""

from __future__ import annotations

import io
from decimal import Decimal

from seedance_pipe.plan.graph import StepKey
from seedance_pipe.plan.history import History
from seedance_pipe.plan.make import make
from seedance_pipe.report.live import showing
from seedance_pipe.run.event import Blocked, Doubted, Event, Failed, Finished, Moved, Noted, Started
from seedance_pipe.units import Digest, Money
from tests.builders import METHODS, shot, story

PLAN = make(story(shot("a"), shot("b", "two", after="a")), History(), METHODS)
A, B, FRAME, FILM = (StepKey(key) for key in ("a#1", "b#1", "a#1/frame", "film"))
EVENTS: list[Event] = [
    Started(A),
    Moved(A, "queued", "cgt-1"),
    Moved(A, "queued", "cgt-1"),
    Moved(A, "coding", fraction=0.5),
    Finished(A, {"clip": Digest("d")}, charged=Money(Decimal("0.25"))),
    Started(FRAME),
    Finished(FRAME, {}),
    Noted(FRAME, "a note\x1b"),
    Started(B, resumed=True),
    Failed(B, "the vendor said no", "ask again"),
    Doubted(B, "no answer", ""),
    Blocked(FILM, B),
    Finished(FILM, {}, fresh=True),
    Finished(FILM, {}),
]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(stream: io.StringIO) -> str:
    with showing(PLAN, stream) as emit:
        for event in EVENTS:
            emit(event)
    return stream.getvalue()


def test_a_pipe_gets_one_plain_line_a_change_and_no_escape_bytes() -> None:
    text = shown(io.StringIO())
    assert text == (
        "a#1: started\n"
        "a#1: queued cgt-1\n"
        "a#1: made, $0.2500\n"
        "a#1/frame: a note\\x1b\n"
        "b#1: resumed\n"
        "b#1: failed: the vendor said no\n"
        "  ask again\n"
        "b#1: in doubt: no answer\n"
        "film: not made, because b#1 is missing\n"
        "film: fresh\n"
        "film: made\n"
    )


def test_a_terminal_gets_a_table_that_ends_with_where_everything_stands() -> None:
    text = shown(Terminal())
    assert "\x1b" in text
    last = text[text.rindex("a#1 ") :]
    assert "made  $0.2500" in last
    assert "in doubt" in last
    assert "a#1/frame: a note\\x1b" in text
