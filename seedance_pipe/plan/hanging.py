"""What hangs on which changed shot: one walk down the chains of a story, whatever their length."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from seedance_pipe.plan.unroll import upstream_first
from seedance_pipe.spec.medium import FromShot
from seedance_pipe.spec.repair import Repair
from seedance_pipe.spec.story import Shot, Story


@dataclass(slots=True)
class Hanging:
    """`free` are by changed shot the made shots that go on from it and could be kept; `rippled` what is made anew
    for its sake alone if it ripples on, and `always` what of that is made on the other ways, too.

    `causes` are by shot the changed shots for which it is made now, and whether that would be so on every way;
    `held` those for which it is not, and would be if they rippled on.
    """

    free: dict[str, list[str]] = field(default_factory=dict)
    rippled: dict[str, list[str]] = field(default_factory=dict)
    always: dict[str, list[str]] = field(default_factory=dict)
    causes: dict[str, dict[str, bool]] = field(default_factory=dict)
    held: dict[str, set[str]] = field(default_factory=dict)

    def pass_by(
        self, shot: Shot, changed: Collection[str], kept: Collection[tuple[str, int]], ways: Mapping[str, Repair]
    ) -> None:
        causes: dict[str, bool] = {}
        held: set[str] = set()
        for index, medium in enumerate(shot.media):
            if not isinstance(medium.source, FromShot):
                continue
            of = medium.source.shot
            free = (shot.id, index) in kept
            stays = free and ways[of] is not Repair.RIPPLE
            if of in changed:
                if free and shot.id not in self.free.setdefault(of, []):
                    self.free[of].append(shot.id)
                if stays:
                    held.add(of)
                else:
                    causes[of] = causes.get(of, False) or not free
            elif not stays:
                for cause, always in self.causes[of].items():
                    causes[cause] = causes.get(cause, False) or always
                held |= self.held[of]
        # Two say already that it hangs on several; more would only take time.
        self.causes[shot.id] = dict([*causes.items()][:2])
        self.held[shot.id] = held
        self._count(shot.id, causes, held)

    def _count(self, shot: str, causes: Mapping[str, bool], held: Collection[str]) -> None:
        if not causes:
            for head in held:
                self.rippled.setdefault(head, []).append(shot)
        elif len(causes) == 1:
            ((head, always),) = causes.items()
            self.rippled.setdefault(head, []).append(shot)
            if always:
                self.always.setdefault(head, []).append(shot)


def hanging(
    story: Story, changed: Collection[str], kept: Collection[tuple[str, int]], ways: Mapping[str, Repair]
) -> Hanging:
    """`changed` are the shots that are made anew for a reason of their own, `kept` the media (by shot and index)
    for which there is a picture that could be kept, `ways` what becomes of those that continue a shot.

    What hangs on several changed shots is made whatever becomes of one of them, so it is counted for none.
    """
    found = Hanging()
    for shot in upstream_first(story):
        if shot.id not in changed:
            found.pass_by(shot, changed, kept, ways)
    return found
