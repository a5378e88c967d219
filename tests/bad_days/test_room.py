"""A disk without room and a file system without locks: met before anything is paid for, and survived after."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from seedance_pipe.disk import DISK, Disk
from seedance_pipe.effects import Effects
from seedance_pipe.studio.doctor import Finding, findings_here
from seedance_pipe.studio.rehearsal import hastened
from seedance_pipe.studio.room import MARGIN_BYTES, room_for
from tests.bad_days.conftest import FASTER
from tests.builders import MODEL, shot
from tests.conftest import Pipe
from tests.studio.vendor import Vendor

ROOMY = 10 * MARGIN_BYTES
NFS = "22 1 0:30 / / rw - nfs4 server:/films rw\n"

Runs = Callable[[Disk], None]


@pytest.fixture
def runs_with(monkeypatch: pytest.MonkeyPatch) -> Runs:
    """Runs of this process have this disk from now on."""

    def use(disk: Disk) -> None:
        faster = replace(hastened(Effects(), FASTER), disk=disk)
        monkeypatch.setattr("seedance_pipe.studio.run.Effects", lambda: faster)

    return use


def test_a_run_that_might_not_fit_on_the_disk_buys_nothing(
    pipe: Pipe, short: Path, vendor: Vendor, runs_with: Runs
) -> None:
    runs_with(Disk(free=lambda path: MARGIN_BYTES))
    told = pipe("run", short)
    assert told.code == 5
    assert "1.1 GB are free where" in told.err
    assert "are wanted for the takes to come" in told.err
    assert "make room and run again: nothing was sent and nothing was bought" in told.err
    assert vendor.ledger() == []


def test_what_a_film_wants_grows_with_its_takes() -> None:
    one = room_for([shot("wave")])
    assert one == 2 * 864 * 480 * 121 // 2 // 8
    assert room_for([shot("wave"), shot("foam")]) == 2 * one
    unknown = replace(MODEL, sizes={})
    assert room_for([shot("wave", model=unknown)]) == 2 * 3840 * 2160 * 121 // 2 // 8


def test_what_is_paid_for_is_fetched_and_a_rehearsal_goes_on_however_little_room_there_is(
    pipe: Pipe, short: Path, vendor: Vendor, runs_with: Runs
) -> None:
    assert pipe("run", short).code == 0
    Path(pipe("status", short, "--json").json["takes"][-1]["clip"]).unlink()
    (short.parent / "out" / "short.mp4").unlink()
    runs_with(Disk(free=lambda path: MARGIN_BYTES // 1000))
    told = pipe("run", short)
    assert told.code == 0, told.err
    assert pipe("run", short, "--sandbox").code == 0


def test_a_disk_that_fills_up_during_a_run_lets_nothing_more_be_bought(
    pipe: Pipe, short: Path, vendor: Vendor, runs_with: Runs
) -> None:
    short.write_text(short.read_text() + "  - {id: gull, prompt: A gull cries}\n")
    runs_with(Disk(free=lambda path: ROOMY if not vendor.ledger() else MARGIN_BYTES // 4))
    told = pipe("run", short, "--keep-going", "-j", "1")
    assert told.code == 1
    assert "foam#1: failed: it was not bought: 268 MB are free where" in told.err
    assert "wave#1: made" in told.err
    assert len(vendor.ledger()) == 1
    runs_with(Disk(free=lambda path: ROOMY))
    assert pipe("run", short).code == 0
    assert len(vendor.ledger()) == 3


def unknown(path: Path) -> int:
    raise OSError(errno.EIO, "Input/output error")


def test_a_disk_that_does_not_tell_its_room_is_an_error_and_no_bug(
    pipe: Pipe, short: Path, vendor: Vendor, runs_with: Runs
) -> None:
    runs_with(Disk(free=unknown))
    told = pipe("run", short)
    assert told.code == 1
    assert "cannot be learned: Input/output error" in told.err
    assert vendor.ledger() == []


def test_over_a_network_no_run_pays_and_a_rehearsal_says_so(
    pipe: Pipe, short: Path, vendor: Vendor, runs_with: Runs
) -> None:
    runs_with(Disk(mounts=lambda: NFS))
    told = pipe("run", short)
    assert told.code == 5
    assert "is on nfs4, where nobody can say whether a lock keeps other runs out" in told.err
    assert "--state" in told.err
    assert not (short.parent / ".seedance").exists()
    assert vendor.ledger() == []
    rehearsed = pipe("run", short, "--sandbox")
    assert rehearsed.code == 0
    assert "state: " in rehearsed.err
    assert "a run that pays is refused there" in rehearsed.err


def test_mounts_that_cannot_be_read_are_an_error_and_no_bug(
    pipe: Pipe, short: Path, vendor: Vendor, runs_with: Runs
) -> None:
    def hidden() -> str:
        raise OSError(errno.EACCES, "Permission denied")

    runs_with(Disk(mounts=hidden))
    told = pipe("run", short)
    assert told.code == 1
    assert "Permission denied" in told.err


@pytest.mark.parametrize(
    ("disk", "what", "state", "said"),
    [
        (Disk(free=lambda path: ROOMY), "disk", "ok", "GB free"),
        (Disk(free=lambda path: MARGIN_BYTES - 1), "disk", "note", "nothing is bought while less than 1.1 GB are"),
        (Disk(mounts=lambda: NFS.replace("nfs4", "overlay")), "locks", "ok", "keeps a second run out"),
        (Disk(mounts=lambda: NFS.replace("nfs4", "virtiofs")), "locks", "note", "not those of its host"),
        (Disk(mounts=lambda: NFS), "locks", "note", "runs that pay want --state on a local disk"),
    ],
)
def test_the_doctor_tells_by_the_same_rule(tmp_path: Path, disk: Disk, what: str, state: str, said: str) -> None:
    found: dict[str, Finding] = {one.what: one for one in findings_here({}, tmp_path, disk)}
    assert found[what].state == state
    assert said in found[what].detail


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or shutil.which("mount") is None or subprocess.run(mount, check=False).returncode:
        pytest.skip("only root may mount a small file system, and not in every container")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path, *, but: int) -> None:
    """Others take all the room there is, but for so many bytes."""
    with (folder / "others").open("wb", buffering=0) as file:
        while DISK.free(folder) > but:
            try:
                file.write(os.urandom(4096))
            except OSError:
                return


@pytest.mark.parametrize("left", [0, 64 * 1024, 400 * 1024, 700 * 1024, 900 * 1024])
def test_a_disk_that_is_really_full_ends_a_run_in_order_and_with_room_it_goes_on(
    left: int, pipe: Pipe, short: Path, vendor: Vendor, runs_with: Runs, small: Path
) -> None:
    runs_with(Disk(free=lambda path: ROOMY))
    fill(small, but=left)
    told = pipe("run", short, "--state", small / "state")
    assert told.code in (0, 1), told.err
    assert "internal error" not in told.err
    paid = len(vendor.ledger())
    (small / "others").unlink()
    again = pipe("run", short, "--state", small / "state")
    assert again.code == 0, again.err
    assert len(vendor.ledger()) == 2 >= paid
    assert (short.parent / "out" / "short.mp4").is_file()
