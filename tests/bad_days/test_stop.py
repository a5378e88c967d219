"""Ctrl-C once and twice at each kind of moment: the program ends in time and in order, leaves no process behind,
and the next run finishes the film without paying for anything twice.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from seedance_pipe.sandbox.faults import Fault, What, Where
from tests.bad_days.program import fault, left_over, on_a_terminal, slow_ffmpeg, started, status, until
from tests.conftest import Pipe
from tests.studio.vendor import Vendor

IN_TIME = 8.0
"""Five seconds and a half, and what a busy machine needs besides; what is waited for would take much longer."""
AT_ONCE = 4.0
"""Less than the five seconds that a single Ctrl-C may take."""

CTRL_C = b"\x03"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are looked for in /proc")


@dataclass(frozen=True)
class Moment:
    """When the stop comes: while a step is in `status`, held there by `faults`, or by an ffmpeg that is `slow`.
    `story` names the fixture; the takes of a story that is `made` are made before. `running` and `unanswered`
    are what a single stop then tells.
    """

    status: str
    story: str = "short"
    faults: tuple[Fault, ...] = ()
    made: bool = False
    running: int = 0
    unanswered: int = 0


MOMENTS = {
    "during the paid request": Moment(
        "submitting", faults=(fault(Where.ACCEPTED, What.LATE, seconds=30),), unanswered=1
    ),
    "while a task is polled": Moment("submitted", faults=(fault(Where.FATE, What.QUEUE, seconds=2),), running=1),
    "while a clip drips in": Moment("fetching", faults=(fault(Where.FILE, What.DRIP, seconds=2),), running=1),
    "while a clip is coded": Moment("coding", story="two_shapes", made=True),
    "while the film is joined": Moment("joining", story="heard", made=True),
}


@pytest.fixture(params=MOMENTS, ids=lambda name: str(name).replace(" ", "-"))
def moment(request: pytest.FixtureRequest) -> Moment:
    return MOMENTS[request.param]


@pytest.fixture
def story(request: pytest.FixtureRequest, moment: Moment) -> Path:
    path = request.getfixturevalue(moment.story)
    assert isinstance(path, Path)
    return path


@pytest.fixture
def environ(moment: Moment, story: Path, vendor: Vendor, pipe: Pipe) -> Mapping[str, str]:
    """The stage set for the moment, and what the run needs of the environment."""
    if moment.made:
        for shot in ("wave", "gull"):
            assert pipe("run", story, shot, "--only").code == 0
    vendor.set_faults(moment.faults)
    return slow_ffmpeg(story.parent) if moment.made else {}


def finished_and_paid_once(pipe: Pipe, story: Path, vendor: Vendor) -> None:
    told = pipe("run", story)
    assert told.code == 0, told.err
    assert (story.parent / "out" / f"{story.stem}.mp4").is_file()
    assert len(vendor.ledger()) == 2
    assert pipe("plan", story).out.endswith("Nothing to do: the film is up to date.\n")


def test_one_ctrl_c_ends_the_run_in_order(
    moment: Moment, story: Path, environ: Mapping[str, str], vendor: Vendor, pipe: Pipe
) -> None:
    with started(story, environ=environ) as running:
        until(running, status(moment.status))
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=IN_TIME)
    assert running.returncode == 130
    assert "Traceback" not in err
    ended = json.loads(out.splitlines()[-1])
    assert (ended["event"], ended["stopped"]) == ("ended", True)
    assert (ended["running"], ended["unanswered"]) == (moment.running, moment.unanswered)
    assert left_over(story.parent) == []
    vendor.set_faults([])
    finished_and_paid_once(pipe, story, vendor)


@pytest.mark.parametrize("moment", [MOMENTS["during the paid request"], MOMENTS["while a clip is coded"]])
def test_a_second_ctrl_c_ends_it_at_once(
    moment: Moment, story: Path, environ: Mapping[str, str], vendor: Vendor, pipe: Pipe
) -> None:
    with started(story, environ=environ) as running:
        until(running, status(moment.status))
        running.send_signal(signal.SIGINT)
        time.sleep(0.2)
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=AT_ONCE)
    assert running.returncode == 130
    assert "Traceback" not in err
    assert left_over(story.parent) == []
    vendor.set_faults([])
    finished_and_paid_once(pipe, story, vendor)


@pytest.mark.parametrize(("presses", "name"), [(1, "while a task is polled"), (2, "during the paid request")])
def test_on_a_terminal_the_cursor_is_given_back(
    presses: int, name: str, short: Path, vendor: Vendor, pipe: Pipe
) -> None:
    vendor.set_faults(MOMENTS[name].faults)
    with on_a_terminal(short) as terminal:
        terminal.until(MOMENTS[name].status)
        for _ in range(presses):
            terminal.press(CTRL_C)
            time.sleep(0.2)
        assert terminal.end(AT_ONCE) == 130
    assert terminal.seen.rindex("\x1b[?25h") > terminal.seen.rindex("\x1b[?25l")
    assert "Traceback" not in terminal.seen
    assert "Stopped; " in terminal.seen
    assert "Run again to go on: nothing is paid for twice" in terminal.seen
    vendor.set_faults([])
    finished_and_paid_once(pipe, short, vendor)


def test_at_the_question_nothing_was_sent(short: Path, vendor: Vendor) -> None:
    short.write_text(
        short.read_text()
        + "".join(
            f"  - {{id: s{number}, prompt: Wave {number}, takes: 16, duration: 12, resolution: 1080p}}\n"
            for number in range(8)
        )
    )
    with on_a_terminal(short) as terminal:
        terminal.until("Go on? [y/N]:")
        # Python misses a key that is pressed in the instant before it reads.
        time.sleep(0.5)
        terminal.press(CTRL_C)
        assert terminal.end(AT_ONCE) == 130
    assert "Traceback" not in terminal.seen
    assert vendor.ledger() == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_paid_request_without_an_answer_holds_no_signal_up(
    number: signal.Signals, code: int, short: Path, vendor: Vendor
) -> None:
    vendor.set_faults(MOMENTS["during the paid request"].faults)
    with started(short) as running:
        until(running, status("submitting"))
        running.send_signal(number)
        out, _ = running.communicate(timeout=IN_TIME)
    assert running.returncode == code
    assert json.loads(out.splitlines()[-1])["exit_code"] == code


def test_a_terminal_that_hangs_up_stops_the_run(short: Path, vendor: Vendor, pipe: Pipe) -> None:
    vendor.set_faults([fault(Where.FATE, What.QUEUE, seconds=2)])
    with on_a_terminal(short) as terminal:
        terminal.until("submitted")
        terminal.hang_up()
        assert terminal.end(IN_TIME) == 129
    finished_and_paid_once(pipe, short, vendor)


def test_nohup_is_heeded(short: Path, vendor: Vendor) -> None:
    vendor.set_faults([fault(Where.FATE, What.QUEUE, seconds=1)])
    with started(short, before=("nohup",)) as running:
        until(running, status("submitted"))
        running.send_signal(signal.SIGHUP)
        out, _ = running.communicate(timeout=60)
    assert running.returncode == 0
    assert json.loads(out.splitlines()[-1])["film"]


def test_kill_9_while_a_clip_is_coded_leaves_no_process(two_shapes: Path, vendor: Vendor, pipe: Pipe) -> None:
    for shot in ("wave", "gull"):
        assert pipe("run", two_shapes, shot, "--only").code == 0
    with started(two_shapes, environ=slow_ffmpeg(two_shapes.parent)) as running:
        until(running, status("coding"))
        running.kill()
        running.communicate()
    assert left_over(two_shapes.parent) == []
    finished_and_paid_once(pipe, two_shapes, vendor)
