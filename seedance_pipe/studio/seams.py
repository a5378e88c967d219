"""The seams of a run: what is said of the pictures that it keeps, and that they are there when they are needed."""

from __future__ import annotations

from collections.abc import Iterator

from seedance_pipe.errors import GuardRefused
from seedance_pipe.plan.freshness import Stale
from seedance_pipe.plan.graph import StepKind
from seedance_pipe.plan.make import Plan
from seedance_pipe.plan.repair import seams
from seedance_pipe.plan.unroll import FILM
from seedance_pipe.report.seams import seams_text
from seedance_pipe.run.event import Noted
from seedance_pipe.run.store import Store

_OTHERWISE = "bring it with `seedance-pipe import-store`, or make anew what continues it: --repair {shot}=ripple"
_OR_CUT = ", or let the seam be a cut: --repair {shot}=accept"


def seam_notes(plan: Plan) -> Iterator[Noted]:
    """What a person should know of the film's seams."""
    yield from (Noted(FILM, told) for told in seams_text(plan.story))


def guard_seams(plan: Plan, store: Store) -> None:
    """A take can begin or end with a kept picture only if that is in the store. Raises GuardRefused."""
    takes = (one for one in plan.pending if one.step.kind is StepKind.TAKE and isinstance(one.verdict, Stale))
    making = {one.step.shot.id for one in takes if one.step.shot is not None}
    for seam in seams(plan.story):
        wanted = {seam.shot, *((seam.of,) if seam.bridged else ())}
        if wanted & making and not store.has(seam.picture):
            raise GuardRefused(
                f"the picture that '{seam.of}' ended with before is not in the store, and {_to(seam.bridged)}",
                next_step=_OTHERWISE.format(shot=seam.of) + (_OR_CUT.format(shot=seam.of) if seam.bridged else ""),
            )


def _to(bridged: bool) -> str:
    return "a bridge has to end with it" if bridged else "what goes on from it has to be made"
