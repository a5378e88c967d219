from __future__ import annotations

import os
from pathlib import Path

import pytest

from seedance_pipe.disk import DISK, Disk
from seedance_pipe.run.ground import Ground, Trust, ground

ROOT = "22 1 0:30 / / rw,relatime - overlay overlay rw"


def mounted(*lines: str) -> Disk:
    """A machine with these mounts beside its root. Each is `where kind source`."""
    told = (line.split(" ") for line in lines)
    table = [f"40 22 0:40 / {where} rw shared:1 - {kind} {source} rw" for where, kind, source in told]
    return Disk(mounts=lambda: "\n".join([ROOT, *table]) + "\n")


@pytest.mark.parametrize(
    ("mount", "trust"),
    [
        ("/films ext4 /dev/vda1", Trust.HOLDS),
        ("/films some-new-fs /dev/nvme0n1p2", Trust.HOLDS),
        ("/films fuseblk /dev/sda1", Trust.HOLDS),
        ("/films zfs tank/films", Trust.HOLDS),
        ("/films tmpfs tmpfs", Trust.HOLDS),
        ("/films fuse.fuse-overlayfs fuse-overlayfs", Trust.HOLDS),
        ("/films virtiofs share", Trust.HERE_ONLY),
        ("/films 9p C:\\134", Trust.HERE_ONLY),
        ("/films nfs4 server:/films", Trust.UNKNOWN),
        ("/films cifs //server/films", Trust.UNKNOWN),
        ("/films fuse.sshfs me@server:", Trust.UNKNOWN),
        ("/films fuse.rclone remote:", Trust.UNKNOWN),
        ("/films ceph mon:/", Trust.UNKNOWN),
        ("/films ocfs2 /dev/sdb", Trust.UNKNOWN),
    ],
)
def test_a_lock_is_trusted_by_the_kind_of_the_file_system(mount: str, trust: Trust) -> None:
    found = ground(Path("/films/story/.seedance"), mounted(mount))
    assert found == Ground(mount.split()[1], trust)


def test_the_layers_of_a_container_hold_a_lock() -> None:
    assert ground(Path("/films/.seedance"), mounted()) == Ground("overlay", Trust.HOLDS)


def test_the_nearest_mount_counts_and_of_two_at_one_place_the_later() -> None:
    disk = mounted("/films nfs4 server:/films", "/films/fast xfs /dev/vdb", "/filmsets cifs //server/sets")
    assert ground(Path("/films/fast/a"), disk).kind == "xfs"
    assert ground(Path("/films/faster"), disk).kind == "nfs4"
    assert ground(Path("/films"), disk).kind == "nfs4"
    hidden = mounted("/films nfs4 server:/films", "/films ext4 /dev/vdb")
    assert ground(Path("/films/a"), hidden).kind == "ext4"


def test_a_mount_with_a_blank_in_its_name_is_found() -> None:
    assert ground(Path("/my films/a"), mounted("/my\\040films nfs server:/films")).kind == "nfs"


def test_a_link_is_followed_to_where_the_state_really_is(tmp_path: Path) -> None:
    real = tmp_path / "far"
    real.mkdir()
    (tmp_path / "near").symlink_to(real)
    disk = mounted(f"{os.path.realpath(real)} nfs4 server:/far")
    assert ground(tmp_path / "near" / ".seedance", disk).trust is Trust.UNKNOWN


def test_a_system_that_names_no_mounts_is_taken_as_it_is() -> None:
    assert ground(Path("/films"), Disk(mounts=lambda: "")) == Ground("", Trust.HOLDS)


def test_this_machine_has_a_file_system_under_its_tests(tmp_path: Path) -> None:
    assert ground(tmp_path, DISK).trust in Trust
