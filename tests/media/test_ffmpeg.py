from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

from seedance_pipe.errors import MediaFailed, Missing
from seedance_pipe.media import ffmpeg as ffmpeg_module
from seedance_pipe.media.ffmpeg import Ffmpeg, Progress, find, identify, run

BANNER = "ffmpeg version {version} Copyright\\nlibavutil      {library}. 28.100 / {library}. 28.100\\n"
ENDLESS = ("-re", "-f", "lavfi", "-i", "testsrc2=s=32x32:r=24", "-f", "null", "-")


def script(path: Path, body: str) -> Path:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def pretender(path: Path, *, library: int = 60, encoders: str = "libx264 aac pcm_f32le") -> Path:
    path.parent.mkdir(exist_ok=True)
    banner = BANNER.format(version="7.7", library=library)
    return script(path, f"printf '{banner}' >&2; echo '{encoders}'; echo called >> '{path}.calls'")


def acting(path: Path, body: str) -> Ffmpeg:
    """A program in ffmpeg's place that does what `body` says."""
    return Ffmpeg(script(path, body), 0, 0, "7.7", {"PATH": "/usr/bin:/bin"})


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_without_a_setting_and_without_a_path_the_packaged_ffmpeg_serves() -> None:
    found = find({})
    assert "imageio_ffmpeg" in str(found.path)
    assert found.version


def test_the_named_ffmpeg_comes_before_the_one_on_the_path(tmp_path: Path) -> None:
    named = pretender(tmp_path / "named")
    pretender(tmp_path / "bin" / "ffmpeg")
    assert find({"SEEDANCE_FFMPEG": str(named), "PATH": str(tmp_path / "bin")}).path == named
    assert find({"PATH": str(tmp_path / "bin")}).path == tmp_path / "bin" / "ffmpeg"


def test_a_named_ffmpeg_that_is_not_there_is_missing_and_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Missing, match="there is no ffmpeg at") as caught:
        find({"SEEDANCE_FFMPEG": str(tmp_path / "nowhere")})
    assert "SEEDANCE_FFMPEG" in caught.value.next_step


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("exit 1", "does not answer like ffmpeg"),
        (f"printf '{BANNER.format(version='4.4', library=56)}' >&2", "4.4 at .* is too old"),
        (f"printf '{BANNER.format(version='6.0', library=58)}' >&2; echo aac pcm_f32le", "lacks libx264"),
    ],
)
def test_an_ffmpeg_that_cannot_serve_is_missing(tmp_path: Path, body: str, reason: str) -> None:
    with pytest.raises(Missing, match=reason):
        identify(script(tmp_path / "ffmpeg", body), {})


def test_a_file_that_is_no_program_is_missing(tmp_path: Path) -> None:
    (tmp_path / "ffmpeg").write_bytes(b"\x00")
    (tmp_path / "ffmpeg").chmod(0o755)
    with pytest.raises(Missing, match="does not run as ffmpeg"):
        identify(tmp_path / "ffmpeg", {})


def test_an_old_ffmpeg_on_the_path_is_passed_over(tmp_path: Path) -> None:
    pretender(tmp_path / "bin" / "ffmpeg", library=56)
    assert "imageio_ffmpeg" in str(find({"PATH": str(tmp_path / "bin")}).path)


def test_without_any_ffmpeg_one_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(Missing, match="no usable ffmpeg was found") as caught:
        find({"PATH": "/nowhere"})
    assert caught.value.next_step.startswith("install ffmpeg 5.1 or newer")


def test_a_known_ffmpeg_is_not_asked_again_until_its_file_changes(tmp_path: Path) -> None:
    environ = {"SEEDANCE_FFMPEG": str(pretender(tmp_path / "ffmpeg"))}
    calls = tmp_path / "ffmpeg.calls"
    known = find(environ)
    assert find(environ, known=known) is known
    assert calls.read_text() == "called\n"
    os.utime(tmp_path / "ffmpeg", ns=(1, 1))
    assert find(environ, known=known).mtime_ns == 1
    assert calls.read_text() == "called\ncalled\n"


@pytest.mark.anyio
async def test_a_failure_carries_the_last_words_without_control_characters(tmp_path: Path) -> None:
    tool = acting(tmp_path / "f", "printf 'first\\n\\nno such \\033[31mfilter\\nError opening\\n' >&2; exit 8")
    with pytest.raises(MediaFailed) as caught:
        await run(tool, [], deadline=10)
    assert caught.value.message == "ffmpeg failed (8): first; no such  [31mfilter; Error opening"
    assert caught.value.next_step.startswith("run again")


@pytest.mark.anyio
async def test_a_silent_failure_is_said_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(MediaFailed, match="it gave no reason"):
        await run(acting(tmp_path / "f", "exit 1"), [], deadline=10)


@pytest.mark.anyio
async def test_a_flood_on_stderr_neither_blocks_nor_fills_memory(tmp_path: Path) -> None:
    tool = acting(tmp_path / "f", "head -c 3000000 /dev/zero | tr '\\0' 'x' >&2; echo >&2; echo end >&2; exit 1")
    with pytest.raises(MediaFailed, match=r"end$") as caught:
        await run(tool, [], deadline=10)
    assert len(caught.value.message) < 1000


@pytest.mark.anyio
async def test_progress_is_reported(tool: Ffmpeg) -> None:
    seen: list[Progress] = []
    arguments = ["-f", "lavfi", "-i", "testsrc2=s=32x32:r=24:d=1", "-f", "null", "-"]
    await run(tool, arguments, deadline=20, report=seen.append)
    assert seen[-1].frames == 24
    assert seen[-1].seconds == pytest.approx(1, abs=0.05)


@pytest.mark.anyio
async def test_progress_that_is_not_known_yet_is_none(tmp_path: Path) -> None:
    seen: list[Progress] = []
    tool = acting(tmp_path / "f", "printf 'frame=\\nout_time_us=N/A\\nprogress=continue\\nframe=2\\n'")
    await run(tool, [], deadline=10, report=seen.append)
    assert seen == [Progress(None, None)]


@pytest.mark.anyio
async def test_the_child_sees_only_what_is_listed_of_the_environment(tmp_path: Path) -> None:
    environ = {"PATH": os.environ["PATH"], "ARK_API_KEY": "secret", "HTTP_PROXY": "x"}
    allowed = identify(pretender(tmp_path / "p"), environ).environ
    tool = Ffmpeg(script(tmp_path / "f", "env >&2; exit 1"), 0, 0, "7.7", allowed)
    with pytest.raises(MediaFailed) as caught:
        await run(tool, [], deadline=10)
    assert "PATH=" in caught.value.message
    assert "secret" not in caught.value.message and "HTTP_PROXY" not in caught.value.message


@pytest.mark.skipif(sys.platform != "linux", reason="limits are set from outside on Linux only")
@pytest.mark.anyio
async def test_the_child_has_limits(tmp_path: Path) -> None:
    tool = acting(tmp_path / "f", "sleep 0.3; echo $(ulimit -v) $(ulimit -c) $(ulimit -t) >&2; exit 1")
    with pytest.raises(MediaFailed, match=rf"{4 << 20} 0 {10 * (os.cpu_count() or 1) + 1}$"):
        await run(tool, [], deadline=10)


@pytest.mark.anyio
async def test_a_process_that_does_not_end_is_stopped_at_its_deadline(tool: Ffmpeg) -> None:
    with pytest.raises(MediaFailed, match="did not finish within 1 s") as caught:
        await run(tool, ENDLESS, deadline=0.7)
    assert "SEEDANCE_FFMPEG" in caught.value.next_step


@pytest.mark.anyio
async def test_cancelling_ends_the_process_and_its_children(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    tool = acting(tmp_path / "f", f"sleep 60 & echo $$ $! > '{pids}'; echo progress=continue; wait")
    started = anyio.Event()
    async with anyio.create_task_group() as group:
        group.start_soon(lambda: run(tool, [], deadline=60, report=lambda progress: started.set()))
        await started.wait()
        group.cancel_scope.cancel()
    await anyio.sleep(0.1)
    assert not any(alive(int(pid)) and not zombie(int(pid)) for pid in pids.read_text().split())


def zombie(pid: int) -> bool:
    """A grandchild whose parent died may wait for whoever adopts it."""
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rsplit(")", 1)[1].split()[0] == "Z"


@pytest.mark.anyio
async def test_a_process_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    asked = tmp_path / "asked"
    deaf = f"trap \"echo please > '{asked}'\" TERM; echo $$ > '{pid}'; while :; do sleep 0.1; done"
    tool = acting(tmp_path / "f", deaf)
    with pytest.raises(MediaFailed, match="did not finish"):
        await run(tool, [], deadline=0.3)
    assert asked.exists()
    assert not alive(int(pid.read_text()))


@pytest.mark.anyio
async def test_a_real_ffmpeg_that_waits_for_its_input_ends_when_cancelled(tool: Ffmpeg) -> None:
    async def never() -> AsyncIterator[bytes]:
        yield b"\0" * 48_000
        await anyio.sleep_forever()

    arguments = ["-f", "f32le", "-ar", "48000", "-ac", "1", "-i", "pipe:0", "-f", "null", "-"]
    with anyio.move_on_after(0.5) as clock:
        await run(tool, arguments, deadline=60, feed=never())
    assert clock.cancelled_caught


@pytest.mark.anyio
async def test_what_the_feed_raises_comes_out_and_ends_the_process(tool: Ffmpeg) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"\0" * 48_000
        raise MediaFailed("the sound is broken")

    arguments = ["-f", "f32le", "-ar", "48000", "-ac", "1", "-i", "pipe:0", "-f", "null", "-"]
    with pytest.raises(MediaFailed, match="the sound is broken"):
        await run(tool, arguments, deadline=20, feed=broken())


@pytest.mark.anyio
async def test_a_process_may_stop_reading_its_input(tmp_path: Path) -> None:
    async def much() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"\0" * 65_536

    await run(acting(tmp_path / "f", "head -c 10 > /dev/null"), [], deadline=10, feed=much())


WORKING = """
import sys
from pathlib import Path
import anyio
from seedance_pipe.media.ffmpeg import Ffmpeg, run
tool = Ffmpeg(Path(sys.argv[1]), 0, 0, "7.7", {"PATH": "/usr/bin:/bin"})
long = ("-f", "lavfi", "-i", "testsrc2=s=640x480:r=24:d=100000", "-f", "null", "-")
told = lambda progress: print("at work", flush=True)
anyio.run(lambda: run(tool, long, deadline=600, report=told))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills a process with the one that started it")
def test_a_real_ffmpeg_dies_with_the_process_that_started_it_even_by_kill_9(tool: Ffmpeg, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    ours = script(tmp_path / "ffmpeg", f"echo $$ > '{pid}'; exec '{tool.path}' \"$@\"")
    command = [sys.executable, "-c", WORKING, str(ours)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "at work\n"
        child = int(pid.read_text())
        assert alive(child)
        parent.kill()
    assert gone(child)


def gone(pid: int) -> bool:
    """Whether the process ends within a few seconds; without us it would work for minutes."""
    for _ in range(300):
        if not alive(pid) or zombie(pid):
            return True
        time.sleep(0.01)
    return False


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills a process with the one that started it")
def test_an_ffmpeg_whose_starter_is_gone_already_does_not_begin(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    ours = script(tmp_path / "ffmpeg", f"echo begun > '{begun}'")
    nobody = str(2**22 + 1)
    watched = (*ffmpeg_module._watched()[:-1], nobody, str(ours))
    assert subprocess.run(watched, check=False).returncode == 0
    assert not begun.exists()


@pytest.mark.anyio
async def test_a_program_that_cannot_be_started_is_named(tmp_path: Path) -> None:
    missing = Ffmpeg(tmp_path / "nowhere", 0, 0, "7.7", {})
    with pytest.raises((MediaFailed, FileNotFoundError), match="nowhere"):
        await run(missing, [], deadline=10)
