"""Recalling: a past that knows what its journal knows, and beyond that what a lock tells.

The journal is believed of all that it knows. The lock alone says which takes are picked, of every order that it
speaks of: so a pick that came by git is in force, and an old commit brings its picks back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType

from seedance_pipe.document import Json, freeze
from seedance_pipe.plan.drafted import lent_seed
from seedance_pipe.plan.fingerprint import fingerprint
from seedance_pipe.plan.graph import StepKind
from seedance_pipe.plan.history import History, Made, State
from seedance_pipe.plan.lock import Block, Lock, Pin, chosen, picks_of, step_key
from seedance_pipe.plan.recipe import order_digest, recipe
from seedance_pipe.spec.story import Shot, Story
from seedance_pipe.units import Digest, Fingerprint

_OPEN = (State.INTENT, State.SUBMITTED, State.READY)


def remembering(
    history: History, lock: Lock, story: Story, film: str, present: Callable[[Digest], bool]
) -> History:
    """`history` as it would be with the `lock`, in which the film of `story` is called `film`. `present` says
    whether the store has a file.
    """
    if lock == Lock():
        return history
    news = _News(history, story, present)
    made: dict[Fingerprint, Made] = {}
    latest: dict[str, Fingerprint] = {}
    asked: dict[str, frozenset[int]] = {}
    for name, shot, block, part, pin in _pins(lock):
        if not news.tells(pin):
            continue
        key = step_key(shot, part) if shot else part
        made[pin.of] = Made(pin.of, key, news.inputs(block, part, pin), pin.outputs, pinned=True)
        kind, _, take = part.partition(" ")
        if name == film and key not in history.latest:
            latest[key] = pin.of
        # A further take whose file is in no store here is only known: nobody is to buy it again.
        further = kind == StepKind.TAKE.value and int(take) > 1 and all(map(present, pin.outputs.values()))
        if further and block is not None:
            asked[block.order] = asked.get(block.order, history.asked.get(block.order, frozenset())) | {int(take)}
    lost = {digest for one in made.values() for digest in one.outputs.values() if not present(digest)}
    drafts = (block.draft for one in lock.films.values() for block in one.shots.values())
    return replace(
        history,
        made=MappingProxyType({**history.made, **made}) if made else history.made,
        latest=MappingProxyType({**history.latest, **latest}) if latest else history.latest,
        picks=MappingProxyType({**history.picks, **picks_of(lock, film)}),
        asked=MappingProxyType({**history.asked, **asked}),
        lost=history.lost | lost,
        repairs=MappingProxyType({**history.repairs, **chosen(lock.repairs, film)}),
        drafts=MappingProxyType({**history.drafts, **{one.order: one for one in drafts if one is not None}}),
    )


def _pins(lock: Lock) -> Iterator[tuple[str, str, Block | None, str, Pin]]:
    """Every pin with its film, its shot and the block of that (none in the cut), and its name there."""
    for name, film in lock.films.items():
        yield from ((name, "", None, part, pin) for part, pin in film.cut.items())
        for shot, block in film.shots.items():
            yield from ((name, shot, block, part, pin) for part, pin in block.pins.items())


@dataclass(frozen=True)
class _News:
    """What pins tell beyond the journal."""

    history: History
    story: Story
    present: Callable[[Digest], bool]

    def tells(self, pin: Pin) -> bool:
        """Whether the journal does not know better. What came to nothing here may have been made elsewhere."""
        if pin.of in self.history.made:
            return False
        submission = self.history.submissions.get(pin.of)
        if submission is None:
            return True
        return submission.state not in _OPEN and all(map(self.present, pin.outputs.values()))

    def inputs(self, block: Block | None, part: str, pin: Pin) -> Json:
        """The inputs document of the fingerprint, where the story still says what it was; else as much of it as
        the lock tells, with the digest of the `order`.
        """
        kind, _, number = part.partition(" ")
        if block is None or not number:
            return freeze({"kind": kind, "inputs": {}})
        if kind == StepKind.FRAME.value:
            take = block.pins.get(f"{StepKind.TAKE.value} {number}")
            return freeze({"kind": kind, "inputs": {} if take is None else take.outputs})
        wholes = (
            freeze({"kind": kind, "recipe": recipe(shot, int(number)), "inputs": pin.inputs})
            for shot in self._shots(block)
        )
        parts = freeze({"kind": kind, "order": block.order, "inputs": pin.inputs})
        return next((whole for whole in wholes if fingerprint(whole) == pin.of), parts)

    def _shots(self, block: Block) -> Iterator[Shot]:
        """The shot, or draft of a shot, that the block is of, as the story has it, and with a seed lent to it."""
        shot = self._ordered.get(block.order)
        if shot is not None:
            yield shot
            lent = lent_seed(shot, block.draft) if block.draft is not None else None
            yield from filter(None, (lent,))

    @cached_property
    def _ordered(self) -> Mapping[str, Shot]:
        drafts = (shot.draft for shot in self.story.shots if shot.draft is not None)
        return {order_digest(shot): shot for shot in (*drafts, *self.story.shots)}
