"""The seams at which a repaired chain keeps a picture, in words and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, assert_never

from seedance_pipe.plan.repair import Seam, seams
from seedance_pipe.spec.medium import Role
from seedance_pipe.spec.story import Story

_MOST = 20
"""So many seams are told one by one."""


def seams_text(story: Story) -> Iterator[str]:
    """A line for each seam at which a picture is kept."""
    every = tuple(seams(story))
    yield from (seam_text(one) for one in every[:_MOST])
    if len(every) > _MOST:
        yield f"{len(every) - _MOST} more pictures are kept; --json tells of all."


def seam_text(seam: Seam) -> str:
    if seam.bridged:
        return f"a bridge: '{seam.of}' ends with the picture with which '{seam.shot}' begins already"
    match seam.role:
        case Role.FIRST_FRAME:
            late = (
                f"; '{seam.of}' is made already, and --force {seam.of} makes a bridge of it" if seam.late else ""
            )
            return f"a cut: '{seam.shot}' goes on from the picture that '{seam.of}' ended with before{late}"
        case Role.LAST_FRAME:
            return f"'{seam.shot}' ends with the picture that '{seam.of}' ended with before"
        case Role.REFERENCE:
            return f"'{seam.shot}' refers to the picture that '{seam.of}' ended with before"
        case _ as never:
            assert_never(never)


def seam_data(seam: Seam) -> dict[str, Any]:
    kind = "bridge" if seam.bridged else "cut" if seam.role is Role.FIRST_FRAME else "kept"
    return {
        "seam": kind,
        "shot": seam.shot,
        "of": seam.of,
        "role": seam.role.value,
        "picture": seam.picture,
        "late": seam.late,
    }


def seam_marks(story: Story) -> Mapping[str, str]:
    """By shot a word for a drawing of how it goes on from the shot before, where that is not as usual."""
    every = (one for one in seams(story) if one.role is Role.FIRST_FRAME)
    return {one.shot: f"{'bridge' if one.bridged else 'cut'} after {one.of}" for one in every}
