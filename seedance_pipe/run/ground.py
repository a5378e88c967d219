"""The ground that a state lies on: the kind of its file system, and whether a lock on it holds.

The lock of a story is `flock`. A local file system keeps it for every process of the machine. Over a network it
depends on server, version and mount options, and where it fails it says nothing: two runs would both hold the
story, and SQLite's log could be torn.
"""

from __future__ import annotations

import enum
import os
from dataclasses import dataclass
from pathlib import Path

from seedance_pipe.disk import Disk


class Trust(enum.Enum):
    HOLDS = "holds"
    """A lock keeps every other run out."""
    HERE_ONLY = "here only"
    """It keeps out the runs of this machine; the host of a virtual machine, which has the same folder, not."""
    UNKNOWN = "unknown"
    """Nobody can say."""


# In memory, or layers over other folders, as containers have them: the kernel itself locks there. What lies on a
# block device needs no name here.
_LOCAL = frozenset(
    {"aufs", "bcachefs", "btrfs", "devtmpfs", "ecryptfs", "overlay", "ramfs", "rootfs", "tmpfs", "zfs"}
    | {"fuse.bindfs", "fuse.encfs", "fuse.fuse-overlayfs", "fuse.gocryptfs", "fuse.mergerfs"}
)
# Folders of a host inside its virtual machine (WSL, Docker Desktop, gVisor, Colima). To refuse these would send
# the state to a container's own disk, which is thrown away with all that it remembers.
_SHARED = frozenset(
    {"9p", "drvfs", "prl_fs", "vboxsf", "virtiofs", "vmhgfs"} | {"fuse.grpcfuse", "fuse.osxfs", "fuse.vmhgfs-fuse"}
)
# Several machines may write to one block device with these.
_CLUSTERED = frozenset({"gfs2", "ocfs2"})


@dataclass(frozen=True, slots=True)
class Ground:
    """`kind` is the file system's name as Linux has it, "" where the system does not tell."""

    kind: str
    trust: Trust


def ground(path: Path, disk: Disk) -> Ground:
    """What `path`, which need not be there yet, lies on. Raises OSError.

    Other systems than Linux name no kind; their own file systems lock, and what they mount is not told from them.
    """
    real = os.path.realpath(path)
    kind, source = "", ""
    longest = -1
    for line in disk.mounts().splitlines():
        before, _, after = line.partition(" - ")
        point = _plain(before.split(" ")[4])
        # Of two mounts at one place the later hides the earlier.
        if _inside(real, point) and len(point) >= longest:
            longest = len(point)
            kind, source = after.split(" ")[:2]
    return Ground(kind, _trust(kind, source))


def _trust(kind: str, source: str) -> Trust:
    if kind in _SHARED:
        return Trust.HERE_ONLY
    on_a_device = source.startswith("/dev/") and kind not in _CLUSTERED
    return Trust.HOLDS if not kind or kind in _LOCAL or on_a_device else Trust.UNKNOWN


def _inside(path: str, point: str) -> bool:
    return path == point or path.startswith(point.rstrip("/") + "/")


def _plain(name: str) -> str:
    """The table writes blank, tab, newline and backslash as octal numbers."""
    for letter in " \t\n\\":
        name = name.replace(f"\\{ord(letter):03o}", letter)
    return name
