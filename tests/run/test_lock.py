from __future__ import annotations

import errno
import fcntl
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from seedance_pipe.disk import Disk
from seedance_pipe.errors import PipeError, StoryHeld
from seedance_pipe.run.lock import hold

from .examples import Hands

HOLDER = """
import sys, time
from pathlib import Path
from seedance_pipe.effects import Effects
from seedance_pipe.run.lock import hold
with hold(Path(sys.argv[1]), Effects()):
    print("held", flush=True)
    sys.stdin.read()
"""


HERE = os.uname().nodename.encode()


@contextmanager
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock until its standard input ends."""
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".seedance" / "locks" / "lighthouse.yaml.lock"


def test_a_story_that_another_process_holds_is_refused_by_name(path: Path) -> None:
    with holder(path) as other, pytest.raises(StoryHeld) as refusal, hold(path, Hands().effects()):
        pass
    message = refusal.value.message
    assert "'lighthouse.yaml' is held by another run" in message
    assert f"process {other.pid} on {os.uname().nodename}, since 20" in message
    assert refusal.value.next_step
    assert refusal.value.exit_code == 7


def test_the_lock_of_a_killed_process_does_not_block(path: Path) -> None:
    with holder(path) as other:
        other.kill()
        other.wait()
        assert json.loads(path.read_bytes())["pid"] == other.pid
        with hold(path, Hands().effects()):
            assert json.loads(path.read_bytes())["pid"] == os.getpid()


def test_the_lock_is_signed_with_the_time_and_is_empty_when_given_back(path: Path) -> None:
    with hold(path, Hands(time=0.0).effects()):
        assert json.loads(path.read_bytes())["since"] == "1970-01-01T00:00:00Z"
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700
    assert path.read_bytes() == b""


def test_other_stories_are_not_held(path: Path) -> None:
    with hold(path, Hands().effects()), hold(path.with_name("surf.yaml.lock"), Hands().effects()):
        pass


def test_a_holder_that_has_not_signed_yet_still_holds(path: Path) -> None:
    path.parent.mkdir(parents=True)
    for unsigned in (b"", b"[]", b"{}", b'{"pid": %d, "host": "%b", "since": ""}' % (10**30, HERE)):
        path.write_bytes(unsigned)
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            with pytest.raises(StoryHeld, match=r"held by another run$"), hold(path, Hands().effects()):
                pass


def test_who_was_killed_is_not_named_in_place_of_who_holds_now(path: Path) -> None:
    with holder(path) as dead:
        dead.kill()
        dead.wait()
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(StoryHeld, match=r"held by another run$"), hold(path, Hands().effects()):
            pass
        signed = json.loads(path.read_bytes())
        path.write_text(json.dumps({**signed, "pid": 1}))
        with pytest.raises(StoryHeld, match="process 1 on"), hold(path, Hands().effects()):
            pass
        path.write_text(json.dumps({**signed, "host": "elsewhere"}))
        with pytest.raises(StoryHeld, match=f"process {dead.pid} on elsewhere"), hold(path, Hands().effects()):
            pass


def test_of_many_that_start_at_once_one_wins(path: Path) -> None:
    for _ in range(20):
        ready, done = threading.Barrier(8), threading.Event()
        left = threading.Semaphore(0)

        def attempt(
            _: int,
            ready: threading.Barrier = ready,
            done: threading.Event = done,
            left: threading.Semaphore = left,
        ) -> bool:
            ready.wait()
            try:
                with hold(path, Hands().effects()):
                    assert done.wait(10)
                    return True
            except StoryHeld:
                left.release()
                return False

        with ThreadPoolExecutor(8) as pool:
            attempts = pool.map(attempt, range(8))
            for _ in range(7):
                assert left.acquire(timeout=10)
            done.set()
            assert sum(attempts) == 1


def test_a_link_in_place_of_the_lock_is_not_followed(path: Path, tmp_path: Path) -> None:
    path.parent.mkdir(parents=True)
    target = tmp_path / "diary"
    target.write_text("dear diary")
    path.symlink_to(target)
    with pytest.raises(PipeError, match="cannot be made"), hold(path, Hands().effects()):
        pass
    assert target.read_text() == "dear diary"


def test_a_link_in_place_of_the_folder_is_not_followed(path: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    path.parent.parent.mkdir()
    path.parent.symlink_to(elsewhere)
    with pytest.raises(PipeError, match="is not a folder"), hold(path, Hands().effects()):
        pass
    assert list(elsewhere.iterdir()) == []


def test_a_file_system_that_cannot_lock_is_told_from_a_held_story(path: Path) -> None:
    def no_descriptor_that_can_be_locked(path: Path, flags: int) -> int:
        return os.open(path.parent, os.O_PATH)

    disk = Disk(open=no_descriptor_that_can_be_locked)
    with (
        pytest.raises(PipeError, match="cannot lock") as refusal,
        hold(path, replace(Hands().effects(), disk=disk)),
    ):
        pass
    assert not isinstance(refusal.value, StoryHeld)


def test_an_error_of_the_one_who_holds_gives_the_lock_back(path: Path) -> None:
    with pytest.raises(OSError, match="full"), hold(path, Hands().effects()):
        raise OSError(errno.ENOSPC, "full")
    with hold(path, Hands().effects()):
        pass


def test_a_disk_that_is_full_keeps_nobody_from_holding_a_story(path: Path) -> None:
    def full(descriptor: int, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with hold(path, replace(Hands().effects(), disk=Disk(write=full))):
        pass
