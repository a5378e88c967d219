"""The journal on a disk that is really full: a small file system in memory, where the machine lets us have one."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from seedance_pipe.disk import Disk
from seedance_pipe.errors import PipeError
from seedance_pipe.plan.history import State
from seedance_pipe.run.journal import Journal
from seedance_pipe.run.reserve import BYTES, Reserve, lasting

from .examples import STORY, Hands, intent


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or shutil.which("mount") is None or subprocess.run(mount, check=False).returncode:
        pytest.skip("only root may mount a small file system, and not in every container")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> None:
    with (folder / "others").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(os.urandom(4096))
        except OSError as error:
            assert error.errno == errno.ENOSPC


def test_on_a_full_disk_what_became_of_a_paid_request_is_still_written(small: Path) -> None:
    path = small / "state" / "journal.db"
    with Journal.open(path, story=STORY, effects=Hands().effects()) as journal:
        open_ones = [journal.intend(intent(f"shot{number}"), cap=None) for number in range(16)]
        fill(small)
        with pytest.raises(PipeError, match="the disk is full"):
            journal.intend(intent("one-more"), cap=None)
        assert (small / "state" / "reserve").exists(), "what costs money does not have it"
        for number, one in enumerate(open_ones):
            journal.submitted(one.id, f"task-{number}")
        assert not (small / "state" / "reserve").exists()
    with Journal.open(path, story=STORY, effects=Hands().effects()) as again:
        for one in open_ones:
            found = again.submission(one.fingerprint)
            assert found is not None
            assert found.state is State.SUBMITTED
        (small / "others").unlink()
    with Journal.open(path, story=STORY, effects=Hands().effects()):
        assert (small / "state" / "reserve").stat().st_size == BYTES


def test_a_reserve_that_cannot_be_laid_by_is_no_error_and_leaves_nothing_half_done(tmp_path: Path) -> None:
    def full(descriptor: int, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    reserve = Reserve(tmp_path / "reserve", Disk(write=full))
    reserve.lay_by()
    assert list(tmp_path.iterdir()) == []
    assert not reserve.give_up()


def test_a_reserve_is_laid_by_once(tmp_path: Path) -> None:
    reserve = Reserve(tmp_path / "reserve", Disk())
    reserve.lay_by()
    before = (tmp_path / "reserve").stat()
    reserve.lay_by()
    assert (tmp_path / "reserve").stat() == before
    assert before.st_mode & 0o777 == 0o600
    assert reserve.give_up()


class _Keeper:
    """Something that writes, and is told `problem` for its first `times`."""

    def __init__(self, reserve: Reserve | None, problem: PipeError, times: int) -> None:
        self.reserve = reserve
        self.problem = problem
        self.left = times
        self.written = 0

    @lasting
    def write(self) -> None:
        if self.left:
            self.left -= 1
            raise self.problem
        self.written += 1


def told(code: int) -> PipeError:
    cause = sqlite3.OperationalError("told")
    cause.sqlite_errorcode = code
    problem = PipeError("told")
    problem.__cause__ = cause
    return problem


@pytest.mark.parametrize(
    ("code", "times", "written"),
    [(sqlite3.SQLITE_FULL, 1, 1), (sqlite3.SQLITE_IOERR_WRITE, 1, 1), (sqlite3.SQLITE_FULL, 2, 0)],
)
def test_what_fails_for_want_of_room_is_done_once_more_with_the_reserve(
    tmp_path: Path, code: int, times: int, written: int
) -> None:
    reserve = Reserve(tmp_path / "reserve", Disk())
    reserve.lay_by()
    keeper = _Keeper(reserve, told(code), times)
    if written:
        keeper.write()
    else:
        with pytest.raises(PipeError):
            keeper.write()
    assert keeper.written == written


def test_what_fails_for_another_reason_or_without_a_reserve_fails(tmp_path: Path) -> None:
    reserve = Reserve(tmp_path / "reserve", Disk())
    reserve.lay_by()
    for keeper in (
        _Keeper(reserve, told(sqlite3.SQLITE_CORRUPT), 1),
        _Keeper(reserve, PipeError("no disk's fault"), 1),
        _Keeper(None, told(sqlite3.SQLITE_FULL), 1),
        _Keeper(Reserve(tmp_path / "nowhere", Disk()), told(sqlite3.SQLITE_FULL), 1),
    ):
        with pytest.raises(PipeError):
            keeper.write()
        assert not keeper.written
    assert (tmp_path / "reserve").exists()
