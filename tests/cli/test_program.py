"""The program as a process: its version, its server, its ends."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from seedance_pipe import __main__ as program
from seedance_pipe import __version__
from seedance_pipe.cli import run
from seedance_pipe.studio import home
from tests.conftest import Pipe


def test_the_version_is_answered_in_one_line_before_anything_is_loaded(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["seedance-pipe", "--version"])
    program.main()
    assert capsys.readouterr().out == f"seedance-pipe {__version__}\n"


def test_the_command_line_gives_the_same_version(pipe: Pipe) -> None:
    assert pipe("--version").out == f"seedance-pipe {__version__}\n"


def test_the_script_hands_everything_else_to_the_command_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["seedance-pipe", "schema"])
    with pytest.raises(SystemExit) as ended:
        program.main()
    assert ended.value.code == 0
    assert json.loads(capsys.readouterr().out)


def test_ctrl_c_while_the_program_loads_ends_with_130_and_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    class Impatient:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "seedance_pipe.cli.main":
                raise KeyboardInterrupt

    monkeypatch.setattr(sys, "argv", ["seedance-pipe", "schema"])
    monkeypatch.setattr(sys, "meta_path", [Impatient(), *sys.meta_path])
    monkeypatch.delitem(sys.modules, "seedance_pipe.cli.main")
    with pytest.raises(SystemExit) as ended:
        program.main()
    assert ended.value.code == 130


def test_help_lists_every_command_with_its_summary(pipe: Pipe) -> None:
    told = pipe("--help")
    assert told.code == 0
    assert "plan          Show what would run, why, and what it would cost." in told.out


def test_a_bug_of_ours_ends_with_70_and_says_that_it_is_one(
    pipe: Pipe, short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a bug for this test")

    monkeypatch.setattr(home, "read", broken)
    told = pipe("plan", short)
    assert told.code == 70
    assert told.err.startswith("internal error: this is a bug in seedance-pipe")
    assert "a bug for this test" in told.err


def test_ctrl_c_outside_a_run_ends_with_130(pipe: Pipe, short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(home, "read", interrupted)
    assert pipe("plan", short).code == 130


def test_a_question_is_only_asked_where_somebody_can_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run._ask() is None
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    ask = run._ask()
    assert ask is not None
    monkeypatch.setattr("click.confirm", lambda question, err: question == "Go on?" and err)
    assert ask("Go on?")


def test_a_cap_may_be_written_with_a_dollar_sign(pipe: Pipe, short: Path) -> None:
    told = pipe("run", short, "--max-cost", "$0.01")
    assert told.code == 5
    assert "the cap of $0.0100" in told.err


@pytest.mark.parametrize(("ending", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_sandbox_serves_until_it_is_stopped_and_prints_what_leads_to_it(
    tmp_path: Path, ending: signal.Signals, code: int
) -> None:
    command = [sys.executable, "-m", "seedance_pipe", "sandbox", "--port", "0", "--folder", str(tmp_path)]
    serving = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert serving.stdout is not None
    assert serving.stderr is not None
    exports = dict(serving.stdout.readline().removeprefix("export ").strip().split("=", 1) for _ in range(2))
    assert "The sandbox is up" in serving.stderr.readline()
    body = json.dumps({"model": "seedance-1-0-pro-250528", "content": [{"type": "text", "text": "A wave"}]})
    headers = {"Authorization": f"Bearer {exports['ARK_API_KEY']}", "Content-Type": "application/json"}
    address = f"{exports['ARK_BASE_URL']}/contents/generations/tasks"
    with urlopen(Request(address, body.encode(), headers)) as answer:
        assert json.load(answer)["id"].startswith("cgt-")
    with pytest.raises(HTTPError, match="401"), urlopen(Request(address, body.encode())):
        pass
    serving.send_signal(ending)
    serving.communicate(timeout=10)
    assert serving.returncode == code


def test_a_port_that_is_taken_is_said_to_be(pipe: Pipe, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "seedance_pipe", "sandbox", "--port", "0"]
    serving = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert serving.stdout is not None
    port = serving.stdout.readline().rpartition(":")[2].partition("/")[0]
    told = pipe("sandbox", "--port", port)
    serving.terminate()
    serving.communicate(timeout=10)
    assert told.code == 1
    assert port in told.err


def test_plain_output_has_no_escape_bytes_whatever_the_terminal_says(short: Path) -> None:
    environ = {**os.environ, "TERM": "xterm-256color", "FORCE_COLOR": "1"}
    ran = subprocess.run(
        [sys.executable, "-m", "seedance_pipe", "run", str(short), "wave", "--only", "--sandbox"],
        capture_output=True,
        env=environ,
        check=True,
    )
    assert b"\x1b" not in ran.stdout + ran.stderr


def test_a_run_whose_reader_has_gone_goes_on_and_ends_with_its_own_code(short: Path) -> None:
    short.write_text(short.read_text().replace("A wave breaks", "sandbox:fail"))
    ours = f"{sys.executable} -m seedance_pipe run {short} --sandbox --json"
    ran = subprocess.run(
        ["bash", "-c", f"{ours} | true; exit ${{PIPESTATUS[0]}}"], capture_output=True, check=False
    )
    assert ran.returncode == 1
    assert b"Traceback" not in ran.stderr
    assert b"Exception ignored" not in ran.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full is Linux's")
@pytest.mark.parametrize("command", ["models", "models --json", "--help"])
def test_an_answer_for_which_the_disk_has_no_room_is_an_error(command: str) -> None:
    ran = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m seedance_pipe {command} > /dev/full"],
        capture_output=True,
        check=False,
    )
    assert ran.returncode == 1
    assert ran.stderr == (
        b"error: the answer could not be written: No space left on device\n  make room and ask again\n"
    )


@pytest.mark.parametrize("streams", [">&-", "2>&-", ">&- 2>&-", "2>/dev/full"])
def test_a_stream_that_is_closed_changes_nothing_of_what_is_done(short: Path, streams: str) -> None:
    ours = f"{sys.executable} -m seedance_pipe validate {short} {streams}"
    ran = subprocess.run(["bash", "-c", ours], capture_output=True, check=False)
    assert ran.returncode == 0
    assert b"Traceback" not in ran.stderr


def test_a_terminal_that_has_closed_changes_nothing_of_what_was_done(tmp_path: Path) -> None:
    told = (
        "import sys; from seedance_pipe.cli.main import main; "
        f"sys.stdin.readline(); main(['validate', {str(tmp_path / 'none.yaml')!r}])"
    )
    ours, theirs = pty.openpty()
    with subprocess.Popen([sys.executable, "-c", told], stdin=subprocess.PIPE, stderr=theirs) as running:
        os.close(ours)
        os.close(theirs)
        running.communicate(b"go on\n")
    assert running.returncode == 3
