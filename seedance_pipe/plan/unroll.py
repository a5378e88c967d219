"""Unrolling a story into its graph: which takes, frames and clips it asks for, and what each one needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from seedance_pipe.document import freeze
from seedance_pipe.plan.cost import estimates
from seedance_pipe.plan.drafted import Drafts, following
from seedance_pipe.plan.graph import Graph, Need, Step, StepKey, StepKind
from seedance_pipe.plan.history import History
from seedance_pipe.plan.recipe import order_digest, recipe
from seedance_pipe.spec.medium import FromShot, Kind, SeamPicture
from seedance_pipe.spec.story import Shot, Story


@dataclass(frozen=True, slots=True)
class Methods:
    """The revision of the program's own way of doing each kind of step that no vendor does.

    A new revision makes old results stale, so it changes only when the result would.
    """

    frame: str
    format: str
    clip: str
    film: str


def take_key(shot: str, take: int) -> StepKey:
    return StepKey(f"{shot}#{take}")


FILM = StepKey("film")
FORMAT = StepKey("format")


def unroll(story: Story, history: History, methods: Methods, drafts: Drafts | None = None) -> Graph:
    """The graph of a story. The film uses the picked take of each shot: the first, unless another was picked
    since. Takes that were asked for besides the story's come after those. `drafts` are those of `history`, where
    somebody has looked for them already.
    """
    orders = {shot.id: order_digest(shot) for shot in story.shots}
    picks = {shot: history.picks.get(order, 1) for shot, order in orders.items()}
    costs = estimates(story)
    framed = _framed(story)
    drafts = drafts or Drafts(history)
    steps: list[Step] = []
    for shot in upstream_first(story):
        asked = history.asked.get(orders[shot.id], ())
        numbers = sorted({*range(1, shot.takes + 1), picks[shot.id], *asked})
        takes = [replace(take_step(shot, number, picks), estimate=costs[shot.id]) for number in numbers]
        steps += [following(one, drafts) for one in takes]
        if shot.id in framed:
            steps.append(_frame(shot, picks[shot.id], methods))
    return Graph((*steps, *_cut(story, picks, methods)))


def needed_for(graph: Graph, wanted: Iterable[StepKey]) -> Graph:
    """The part of `graph` that leads to the `wanted` steps."""
    keep = set(wanted)
    for step in reversed(graph.steps):
        if step.key in keep:
            keep.update(need.step for need in step.needs)
    return Graph(tuple(step for step in graph.steps if step.key in keep))


def take_step(shot: Shot, number: int, picks: Mapping[str, int]) -> Step:
    needs = tuple(
        _handed_over(f"media/{index}", medium.source.shot, medium.kind, picks)
        for index, medium in enumerate(shot.media)
        if isinstance(medium.source, FromShot)
    )
    kept = {
        f"media/{index}": medium.source.picture
        for index, medium in enumerate(shot.media)
        if isinstance(medium.source, SeamPicture)
    }
    return Step(take_key(shot.id, number), StepKind.TAKE, recipe(shot, number), needs, shot, number, given=kept)


def _handed_over(slot: str, shot: str, kind: Kind, picks: Mapping[str, int]) -> Need:
    take = take_key(shot, picks[shot])
    if kind is Kind.VIDEO:
        return Need(slot, take, "clip")
    return Need(slot, frame_key(take), "frame")


def frame_key(take: StepKey) -> StepKey:
    return StepKey(f"{take}/frame")


def _frame(shot: Shot, number: int, methods: Methods) -> Step:
    take = take_key(shot.id, number)
    needs = (Need("clip", take, "clip"), Need("last_frame", take, "last_frame", optional=True))
    return Step(frame_key(take), StepKind.FRAME, freeze({"method": methods.frame}), needs, shot, number)


def _framed(story: Story) -> set[str]:
    """The shots whose last frame another shot uses, or is held against at a seam."""
    used = {
        medium.source.shot
        for shot in story.shots
        for medium in shot.media
        if isinstance(medium.source, FromShot) and medium.kind is Kind.IMAGE
    }
    return used | {before.id for before, shot in pairwise(story.shots) if begins_with(shot) == before.id}


def _cut(story: Story, picks: Mapping[str, int], methods: Methods) -> Iterator[Step]:
    """The steps of the cutting room: the clips' common format, each clip in it, and the film."""
    takes = [take_key(shot.id, picks[shot.id]) for shot in story.shots]
    all_clips = tuple(Need(f"clip/{index}", take, "clip") for index, take in enumerate(takes))
    yield Step(FORMAT, StepKind.FORMAT, freeze({"method": methods.format}), all_clips)
    seams = _seams(story, takes)
    for index, shot in enumerate(story.shots):
        before = (Need("before", seams[index], "frame"),) if index in seams else ()
        needs = (Need("clip", takes[index], "clip"), Need("format", FORMAT, "format"), *before)
        method = freeze({"method": methods.clip})
        yield Step(StepKey(f"{shot.id}/clip"), StepKind.CLIP, method, needs, shot, picks[shot.id])
    joined = tuple(
        Need(f"clip/{index}", StepKey(f"{shot.id}/clip"), "clip") for index, shot in enumerate(story.shots)
    )
    held = tuple(Need(f"seam/{index}", frame, "frame") for index, frame in seams.items())
    needs = (*joined, *held, Need("format", FORMAT, "format"))
    yield Step(FILM, StepKind.FILM, freeze({"method": methods.film}), needs)


def _seams(story: Story, takes: list[StepKey]) -> dict[int, StepKey]:
    """For each shot that begins with the last frame of the shot just before it in the film: that frame's step."""
    return {
        index: frame_key(takes[index - 1])
        for index, shot in enumerate(story.shots)
        if index and begins_with(shot) == story.shots[index - 1].id
    }


def begins_with(shot: Shot) -> str | None:
    """The shot whose last frame is this shot's first, or was when it was made; None where there is none."""
    for medium in shot.media:
        if medium.role.value == "first_frame" and isinstance(medium.source, FromShot | SeamPicture):
            return medium.source.shot
    return None


def upstream_first(story: Story) -> Iterator[Shot]:
    """Film order, but each shot after those that it needs. A story has no cycles: the spec floor saw to it."""
    shots = {shot.id: shot for shot in story.shots}
    done: set[str] = set()
    for shot in story.shots:
        pending = [shot]
        while pending:
            current = pending[-1]
            missing = [source for source in _sources(current) if source not in done]
            if missing:
                pending.append(shots[missing[0]])
                continue
            pending.pop()
            if current.id not in done:
                done.add(current.id)
                yield current


def _sources(shot: Shot) -> Iterator[str]:
    return (medium.source.shot for medium in shot.media if isinstance(medium.source, FromShot))
