"""Freshness: whether a step must be carried out, and the reason, from what the journal remembers of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import TypeAlias

from seedance_pipe.document import Json, JsonPath, leaves
from seedance_pipe.plan.graph import Step, StepKey, StepKind
from seedance_pipe.plan.history import History, Made, State, Submission
from seedance_pipe.plan.recipe import order_digest
from seedance_pipe.spec.diagnostic import Place
from seedance_pipe.spec.story import Origin
from seedance_pipe.units import Digest, Fingerprint

_SHORT = 12
"""So many digits of a digest tell it from others."""


@dataclass(frozen=True, slots=True)
class New:
    """Nothing was ever made for this step."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A value differs from the last time. `key` is the shot key as a person writes it, `place` where it
    stands now; `old` or `new` is None for a value that was, or is, not given.
    """

    key: str
    old: Json
    new: Json
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Upstream:
    """`step`, which this one needs, has to be made first, and may come out otherwise than before."""

    step: StepKey


@dataclass(frozen=True, slots=True)
class Repicked:
    """It was last made with take `old` of `shot`, and `new` is picked now; both are made."""

    shot: str
    old: int
    new: int


@dataclass(frozen=True, slots=True)
class Redrafted:
    """It was last made from take `old` of its draft, None when it was made without one. It follows take `new` now,
    None when it follows none.
    """

    old: int | None
    new: int | None


@dataclass(frozen=True, slots=True)
class Lost:
    """It was made, but its file is no longer in the store. `deleted` is when a person had it deleted (Unix
    seconds), None when nobody had. `pinned` says that only a lock file tells of it.
    """

    output: str
    deleted: float | None = None
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """The last submission came to nothing: `state` is REFUSED, FAILED, UNSENT or ABANDONED."""

    state: State
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Undelivered:
    """The film is in the store, but not at its output path."""

    path: str


Reason: TypeAlias = New | Changed | Upstream | Repicked | Redrafted | Lost | Ended | Undelivered


@dataclass(frozen=True, slots=True)
class Fresh:
    outputs: Mapping[str, Digest]


@dataclass(frozen=True, slots=True)
class Stale:
    """It has to be made; there is always at least one reason."""

    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class InFlight:
    """The vendor has it, or had it and we lost its file: to be fetched, never to be bought again. `deleted` is
    when a person had the file deleted (Unix seconds), None when nobody had.
    """

    submission: Submission
    deleted: float | None = None


@dataclass(frozen=True, slots=True)
class InDoubt:
    submission: Submission


@dataclass(frozen=True, slots=True)
class Blocked:
    """It cannot be made before `by` is settled."""

    by: StepKey


Verdict: TypeAlias = Fresh | Stale | InFlight | InDoubt | Blocked


def judge(step: Step, inputs: Json, mark: Fingerprint, history: History) -> Fresh | Stale | InFlight | InDoubt:
    """The verdict on a step all of whose inputs are known; `mark` is the fingerprint of the document `inputs`."""
    submission = history.submissions.get(mark)
    if submission is not None and submission.state is State.INTENT:
        return InDoubt(submission)
    if submission is not None and submission.state in (State.SUBMITTED, State.READY):
        return InFlight(submission)
    made = history.made.get(mark)
    if made is not None:
        lost = sorted(name for name, digest in made.outputs.items() if _must_have(name, digest, history))
        if not lost:
            return Fresh(made.outputs)
        deleted = {name: history.deleted.get(made.outputs[name]) for name in lost}
        if submission is not None:
            return InFlight(submission, deleted[lost[0]])
        return Stale(tuple(Lost(name, deleted[name], made.pinned) for name in lost))
    if submission is not None:
        return Stale((Ended(submission.state, submission.code, submission.reason),))
    return Stale(changes(step, inputs, history) or _otherwise(step, mark, history) or (New(),))


def _must_have(name: str, digest: Digest, history: History) -> bool:
    # A vendor's own last frame is a convenience: without it the frame is taken from the clip.
    return name != "last_frame" and digest in history.lost


def changes(step: Step, inputs: Json, history: History) -> tuple[Changed, ...]:
    """What differs from the last inputs of the same step, in the document's order, one entry a key.

    Only the parts that `inputs` has are compared, so a document without its `inputs` part tells what of the
    recipe alone has changed.
    """
    before = last_inputs(step, history)
    if not isinstance(before, Mapping) or not isinstance(inputs, Mapping):
        return ()
    if "recipe" not in before:
        return _reordered(step, before)
    old = {path: leaf for path, leaf in leaves(before) if path[0] in inputs and not _empty(leaf)}
    new = {path: leaf for path, leaf in leaves(inputs) if not _empty(leaf)}
    found: dict[str, Changed] = {}
    for path in [*new, *(path for path in old if path not in new)]:
        was, now = old.get(path), new.get(path)
        if was != now or type(was) is not type(now):
            key, place = _named(step, path, old)
            found.setdefault(key, Changed(key, was, now, place))
    return tuple(found.values())


def _reordered(step: Step, before: Mapping[str, Json]) -> tuple[Changed, ...]:
    """That a take's order is another, told by its digest alone: a lock file does not say what it was."""
    was = before.get("order")
    if step.shot is None or not isinstance(was, str):
        return ()
    now = order_digest(step.shot)
    return (Changed("order", was[:_SHORT], now[:_SHORT], step.shot.place),) if was != now else ()


def _otherwise(step: Step, mark: Fingerprint, history: History) -> tuple[Changed, ...]:
    """That a step is another than it was, where nobody knows in what."""
    was = history.latest.get(step.key)
    return () if was is None or was == mark else (Changed("fingerprint", was[:_SHORT], mark[:_SHORT]),)


def _named(step: Step, path: JsonPath, old: Mapping[JsonPath, Json]) -> tuple[str, Place | None]:
    """What a person calls the value at `path` of a step's inputs, and where the story gives it now."""
    origin = _origin(step, path)
    if origin is not None:
        return origin.key, origin.place
    index = _medium_index(path)
    if index is not None:
        return str(old.get(("recipe", "media", index, "role"), "media")), None
    if path[:2] == ("recipe", "order") and len(path) > 2:
        # Inside a request its parameters are words that a story could use; what is inside their lists is not.
        return ".".join(map(str, takewhile(lambda step: isinstance(step, str), path[2:]))), None
    return str(path[-1]), None


def _empty(leaf: Json) -> bool:
    return isinstance(leaf, Mapping | tuple) and not leaf


def last_inputs(step: Step, history: History) -> Json:
    """The inputs document that the step last had in this story; None when it was never made."""
    mark = history.latest.get(step.key)
    if mark is None:
        return None
    record: Submission | Made | None = history.submissions.get(mark) or history.made.get(mark)
    return record.inputs if record else None


def _origin(step: Step, path: JsonPath) -> Origin | None:
    """Where the story says the value at `path` of a take's inputs; a longer path falls back on its parents."""
    if step.shot is None or step.kind is not StepKind.TAKE:
        return None
    inside: JsonPath = ()
    index = _medium_index(path)
    if path == ("recipe", "model"):
        inside = ("model",)
    elif path[:2] == ("recipe", "order"):
        inside = path[2:]
    elif index is not None and index < len(step.shot.media):
        inside = step.shot.media[index].hole
    while inside:
        if inside in step.shot.origins:
            return step.shot.origins[inside]
        inside = inside[:-1]
    return None


def _medium_index(path: JsonPath) -> int | None:
    """The place in `shot.media` that a path of a take's inputs speaks of."""
    match path:
        case ("recipe", "media", int(index), *_):
            return index
        case ("inputs", str(slot)) if slot.startswith("media/"):
            return int(slot.removeprefix("media/"))
    return None
