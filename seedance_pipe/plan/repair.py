"""Chain repair: which pictures are kept when a shot that others continue is made anew.

A shot that continues such a shot keeps the picture that its take was made with, as long as the other shot comes to
another one now: so its fingerprint stays, and with it all that is behind. A bridge ends with that picture.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

from seedance_pipe.document import Json, digest
from seedance_pipe.errors import StoryInvalid
from seedance_pipe.plan.freshness import Fresh, InDoubt, InFlight, Lost, Stale, Verdict
from seedance_pipe.plan.graph import StepKey
from seedance_pipe.plan.history import History, Made, State, Submission
from seedance_pipe.plan.recipe import order_digest
from seedance_pipe.plan.unroll import take_key
from seedance_pipe.spec.bridge import Bridges
from seedance_pipe.spec.medium import FromShot, Kind, Medium, Role, SeamPicture
from seedance_pipe.spec.repair import Repair
from seedance_pipe.spec.story import Shot, Story
from seedance_pipe.units import Digest

Judged = Callable[[Story, Collection[StepKey]], Mapping[StepKey, Verdict]]
"""The verdicts on these steps of a story, as its shots stand, and on what they need."""

_OPEN = (State.INTENT, State.SUBMITTED, State.READY, State.STORED)


def repairing(story: Story, history: History, ways: Mapping[str, Repair]) -> History:
    """The same history, had these ways been chosen for the shots of that id."""
    chosen = {order_digest(shot): ways[shot.id] for shot in story.shots if shot.id in ways}
    return replace(history, repairs={**history.repairs, **chosen}) if chosen else history


def way_of(shot: Shot, history: History) -> Repair:
    """What becomes of the shots that continue `shot` when it is made anew."""
    chosen = history.repairs.get(order_digest(shot)) if history.repairs else None
    return chosen or shot.repair or Repair.RIPPLE


def repaired(story: Story, history: History, judged: Judged) -> Story:
    """`story` with the pictures that are kept in the place of those that other shots give, and with the shots that
    have to be made as bridges. Where nothing is kept it is `story` itself.

    Raises StoryInvalid for a bridge that its model cannot make.
    """
    ways = {shot.id: way for shot in story.shots if (way := way_of(shot, history)) is not Repair.RIPPLE}
    handoffs = tuple(_kept(story, ways, history)) if ways else ()
    if not handoffs:
        return story
    sources = {one.of for one in handoffs}
    takes = {
        shot.id: take_key(shot.id, history.picks.get(order_digest(shot), 1))
        for shot in story.shots
        if shot.id in sources
    }
    verdicts = judged(_keeping(story, handoffs), takes.values())
    frames = _frames(history)
    apart = tuple(one for one in handoffs if (_clip(verdicts[takes[one.of]]), one.picture) not in frames)
    there = {shot for shot, take in takes.items() if _is_there(verdicts[take])}
    ends = {
        of: end
        for of, end in ends_of_bridges(story, apart).items()
        if ways[of] is Repair.BRIDGE and of not in there
    }
    bridges = Bridges()
    told = (
        replace(shot, repair=ways[shot.id]) if shot.id in sources else shot
        for shot in _keeping(story, apart).shots
    )
    return replace(story, shots=tuple(_bridged(shot, ends.get(shot.id), bridges) for shot in told))


@dataclass(frozen=True, slots=True)
class Handoff:
    """The picture of `of` that the take of `shot` was made with, as the medium of that index."""

    shot: str
    index: int
    of: str
    role: Role
    picture: Digest


class Handoffs:
    """What the takes of a history were made with. One for a plan: looking through the history takes a while."""

    def __init__(self, history: History) -> None:
        self._history = history

    def of(self, shot: Shot) -> Iterator[Handoff]:
        """What `shot` was given when its picked take was made or asked for, the last time."""
        for index, medium in enumerate(shot.media):
            if isinstance(medium.source, FromShot) and medium.kind is Kind.IMAGE:
                picture = self._picture(shot, index, medium)
                if picture is not None:
                    yield Handoff(shot.id, index, medium.source.shot, medium.role, picture)

    def _picture(self, shot: Shot, index: int, medium: Medium) -> Digest | None:
        picked = self._history.picks.get(order_digest(shot), 1) if self._history.picks else 1
        for take in dict.fromkeys((picked, *range(1, shot.takes + 1))):
            known = self._last(take_key(shot.id, take))
            if known is not None and (picture := _held(known, index, medium)) is not None:
                return picture
        alike = self._by_order.get(order_digest(shot))
        return None if alike is None else _held(alike.inputs, index, medium)

    def _last(self, take: StepKey) -> Json:
        """The inputs with which the take was made or asked for the last time; None when it came to nothing."""
        mark = self._history.latest.get(take)
        if mark is None:
            return None
        made, submission = self._history.made.get(mark), self._history.submissions.get(mark)
        if made is not None:
            return made.inputs
        return submission.inputs if submission is not None and submission.state in _OPEN else None

    @cached_property
    def _by_order(self) -> Mapping[str, Made]:
        """The newest take of each order, whatever its shot was called and whichever take it is."""
        takes = [made for made in self._history.made.values() if "clip" in made.outputs and "#" in made.step]
        return {name: made for made in sorted(takes, key=self._age) if (name := _order_of(made.inputs))}

    def _age(self, made: Made) -> float:
        submission: Submission | None = self._history.submissions.get(made.fingerprint)
        return submission.at if submission else 0.0


def ends_of_bridges(story: Story, handoffs: Iterable[Handoff]) -> Mapping[str, SeamPicture]:
    """By shot the picture that a bridge in its place would end with: that of the next shot of the film, if it
    begins with one of these `handoffs`, else that of the first shot that does.
    """
    after = {shot.id: later.id for shot, later in pairwise(story.shots)}
    ends: dict[str, SeamPicture] = {}
    for one in handoffs:
        if one.role is Role.FIRST_FRAME and (one.of not in ends or after.get(one.of) == one.shot):
            ends[one.of] = SeamPicture(one.shot, one.picture)
    return ends


def _kept(story: Story, ways: Mapping[str, Repair], history: History) -> Iterator[Handoff]:
    handoffs = Handoffs(history)
    for shot in story.shots:
        if any(isinstance(medium.source, FromShot) and medium.source.shot in ways for medium in shot.media):
            yield from (one for one in handoffs.of(shot) if one.of in ways)


def _held(inputs: Json, index: int, medium: Medium) -> Digest | None:
    """The picture at one medium of a take's inputs, if something of another shot was there then, too."""
    slots = inputs.get("inputs") if isinstance(inputs, Mapping) else None
    picture = slots.get(f"media/{index}") if isinstance(slots, Mapping) else None
    recipe = inputs.get("recipe") if isinstance(inputs, Mapping) else None
    media = recipe.get("media") if isinstance(recipe, Mapping) else None
    if isinstance(media, tuple):
        same = index < len(media) and media[index] == {"role": medium.role.value, "kind": medium.kind.value}
        picture = picture if same else None
    return Digest(picture) if isinstance(picture, str) else None


def _order_of(inputs: Json) -> str:
    """The digest of the order of a take, whose number and seed are not part of it; empty where it is not known."""
    if not isinstance(inputs, Mapping):
        return ""
    recipe = inputs.get("recipe")
    if not isinstance(recipe, Mapping):
        # A lock file tells the order alone.
        return str(inputs.get("order", ""))
    return digest({name: value for name, value in recipe.items() if name != "take"})


def _frames(history: History) -> frozenset[tuple[Json, Digest]]:
    """Each clip with the last frame that was taken of it, in the store or not."""
    slots = (
        (made.inputs.get("inputs"), made) for made in history.made.values() if isinstance(made.inputs, Mapping)
    )
    return frozenset(
        (given.get("clip"), made.outputs["frame"])
        for given, made in slots
        if "frame" in made.outputs and isinstance(given, Mapping)
    )


def _clip(verdict: Verdict) -> Digest | None:
    """The clip of a take that is made, also when its file has to be fetched again."""
    match verdict:
        case Fresh(outputs):
            return outputs["clip"]
        case InFlight(submission):
            return submission.outputs.get("clip")
        case _:
            return None


def _is_there(verdict: Verdict) -> bool:
    """Whether a take was made or asked for: what is paid for once is not bought anew as a bridge."""
    lost = isinstance(verdict, Stale) and any(isinstance(reason, Lost) for reason in verdict.reasons)
    return lost or isinstance(verdict, Fresh | InFlight | InDoubt)


def _keeping(story: Story, handoffs: tuple[Handoff, ...]) -> Story:
    """`story` with the kept pictures in the place of what other shots give."""
    kept = {(one.shot, one.index): SeamPicture(one.of, one.picture) for one in handoffs}
    shots = {one.shot for one in handoffs}

    def keeping(shot: Shot) -> Shot:
        media = (
            replace(medium, source=kept.get((shot.id, index), medium.source))
            for index, medium in enumerate(shot.media)
        )
        return replace(shot, media=tuple(media)) if shot.id in shots else shot

    return replace(story, shots=tuple(keeping(shot) for shot in story.shots))


def _bridged(shot: Shot, end: SeamPicture | None, bridges: Bridges) -> Shot:
    if end is None:
        return shot
    why = bridges.refusal(shot)
    if why:
        raise StoryInvalid(
            f"shot '{shot.id}' cannot be a bridge to '{end.shot}': {why}",
            next_step=f"choose another way: --repair {shot.id}=ripple or --repair {shot.id}=accept",
        )
    return bridges.bridged(shot, end)


@dataclass(frozen=True, slots=True)
class Seam:
    """`shot` keeps the `picture` that `of` ended with before, in that `role`. It is `bridged` when `of` ends with
    it again, else the film has a cut there. `late` says that a bridge was wanted, but `of` was made before that.
    """

    shot: str
    of: str
    role: Role
    picture: Digest
    bridged: bool
    late: bool = False


def seams(story: Story) -> Iterator[Seam]:
    """What the shots of a repaired story keep, in film order."""
    kept = {
        (shot.id, medium.role, medium.source)
        for shot in story.shots
        for medium in shot.media
        if isinstance(medium.source, SeamPicture)
    }
    ends = {shot for shot, role, _ in kept if role is Role.LAST_FRAME}
    late = {shot.id for shot in story.shots if shot.repair is Repair.BRIDGE and shot.id not in ends}
    for shot in story.shots if kept else ():
        for medium in shot.media:
            match medium.source:
                case SeamPicture(shot=of, picture=picture):
                    mirrored = SeamPicture(shot.id, picture)
                    bridged = (of, Role.LAST_FRAME, mirrored) in kept
                    # The end of a bridge is one seam with the beginning of the shot that it leads to.
                    if medium.role is not Role.LAST_FRAME or (of, Role.FIRST_FRAME, mirrored) not in kept:
                        yield Seam(shot.id, of, medium.role, picture, bridged, of in late)
                case _:
                    continue
