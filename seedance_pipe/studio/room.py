"""Room: whether the disk and its file system are fit to take in what is about to be paid for."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

from seedance_pipe.disk import Disk
from seedance_pipe.errors import GuardRefused, PipeError
from seedance_pipe.plan.freshness import Stale
from seedance_pipe.plan.graph import StepKind
from seedance_pipe.plan.make import Plan
from seedance_pipe.run.ground import Ground, Trust, ground
from seedance_pipe.spec.story import Shot
from seedance_pipe.studio.home import Home
from seedance_pipe.units import Size

MARGIN_BYTES = 1 << 30
"""What must be free beside what the takes need (security.md 4.5). It is for what nobody can foresee: a vendor's
clip is refused only above 512 MiB, and other programs write, too. So it is the same for small films.
"""

_BITS_A_PIXEL = Fraction(1, 2)
"""No vendor states the size of a file. H.264 of natural pictures takes 0.05 to 0.2 bits a pixel at the qualities
that are given out, so this is more than twice as much (an assumption, not measured).
"""
_LARGEST = Size(3840, 2160)
_CHECK = "check the disk and run again"
_TWICE = 2
"""Once for the clips as they come, once for those coded again and for the film."""


def guard_ground(where: Home, disk: Disk) -> str:
    """What a person should know of the file system that the state lies on, "" for nothing. Raises GuardRefused
    where money is at stake and no lock is sure to keep a second run out.
    """
    found = ground_of(where.state, disk)
    if found.trust is not Trust.UNKNOWN:
        return ""
    what = f"{where.state} is on {found.kind}, where nobody can say whether a lock keeps other runs out"
    if where.rehearsal:
        return f"{what}: a run that pays is refused there"
    raise GuardRefused(
        f"{what}: two runs at once could pay twice",
        next_step="name a folder on a local disk with --state, the same one each time; a state that is there "
        "already must be moved to it, for it remembers what was paid for",
    )


def guard_room(where: Home, plan: Plan, disk: Disk) -> None:
    """Raises GuardRefused, before anything is bought, when what is to come might not fit on the disk."""
    takes = [one for one in plan.pending if one.step.kind is StepKind.TAKE]
    if where.rehearsal or not any(isinstance(one.verdict, Stale) for one in takes):
        return
    wanted = room_for(one.step.shot for one in takes if one.step.shot) + MARGIN_BYTES
    free = _free(where.state, disk)
    if free < wanted:
        raise GuardRefused(
            f"{_told(free)} are free where {where.state} is, and {_told(wanted)} are wanted for the takes to come",
            next_step="make room and run again: nothing was sent and nothing was bought",
        )


def guard_take(where: Home, shot: Shot, disk: Disk) -> None:
    """Raises PipeError when the disk has become so full during a run that a take is better not bought now. Half of
    the margin is left to what is on its way already.
    """
    wanted = room_for((shot,)) + MARGIN_BYTES // 2
    free = _free(where.state, disk)
    if not where.rehearsal and free < wanted:
        raise PipeError(
            f"it was not bought: {_told(free)} are free where {where.state} is, and {_told(wanted)} are wanted",
            next_step="make room and run again: what is paid for is fetched first",
        )


def room_for(shots: Iterable[Shot]) -> int:
    """The bytes that a take of each of `shots`, and the film of them, may need."""
    return _TWICE * sum(_bytes(shot) for shot in shots)


def ground_of(path: Path, disk: Disk) -> Ground:
    """As `ground`. Raises PipeError."""
    try:
        return ground(path, disk)
    except OSError as error:
        raise PipeError(f"nothing can be learned of {path}: {error.strerror}", next_step=_CHECK) from error


def _bytes(shot: Shot) -> int:
    sizes = [size for (named, _), size in shot.model.sizes.items() if named == shot.footage.resolution]
    largest = max(size.width * size.height for size in sizes or [_LARGEST])
    return int(largest * shot.footage.longest * _BITS_A_PIXEL / 8)


def _free(path: Path, disk: Disk) -> int:
    while not path.exists():
        path = path.parent
    try:
        return disk.free(path)
    except OSError as error:
        raise PipeError(
            f"the free space of {path} cannot be learned: {error.strerror}", next_step=_CHECK
        ) from error


def _told(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 10**9 else f"{count / 1e6:.0f} MB"
