"""The record of one shot: what it asks for and where the story says so, its takes, what came of each request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, assert_never

from seedance_pipe.document import JsonPath, canonical, leaves, thaw
from seedance_pipe.plan.freshness import Fresh
from seedance_pipe.plan.graph import StepKind
from seedance_pipe.plan.history import Submission
from seedance_pipe.plan.repair import Seam, seams
from seedance_pipe.report.data import money_data, submission_data
from seedance_pipe.report.departure import size
from seedance_pipe.report.following import follows_text
from seedance_pipe.report.money import difference
from seedance_pipe.report.origins import Sourced, sourced
from seedance_pipe.report.review import Item, Review, near
from seedance_pipe.report.review_data import item_data
from seedance_pipe.report.review_text import price, why
from seedance_pipe.report.seams import seam_data, seam_text
from seedance_pipe.report.table import columns
from seedance_pipe.report.words import plain, verdict_word
from seedance_pipe.run.submission import OPEN, at_most, when
from seedance_pipe.spec.medium import Address, FromShot, Kind, LocalFile, Medium, SeamPicture
from seedance_pipe.spec.story import Shot

_NOTHING_SENT = "Nothing was ever sent for it."


@dataclass(frozen=True, slots=True)
class Kept:
    """A file of the shot: the `output` that a step made, and where it lies."""

    step: str
    output: str
    path: Path


@dataclass(frozen=True, slots=True)
class Record:
    """`items` are the steps of the shot in the plan's order; `submissions` are from the oldest on, one for each
    thing that was ever asked for: of a request that was sent again, the last.
    """

    told: Review
    shot: Shot
    items: tuple[Item, ...]
    submissions: tuple[Submission, ...]
    kept: tuple[Kept, ...]

    @property
    def takes(self) -> tuple[Item, ...]:
        return tuple(item for item in self.items if item.planned.step.kind is StepKind.TAKE)

    @property
    def uses(self) -> tuple[Medium, ...]:
        """What is handed over to it by other shots."""
        return tuple(medium for medium in self.shot.media if isinstance(medium.source, FromShot))

    @property
    def seams(self) -> tuple[Seam, ...]:
        """Where it keeps a picture, or another keeps one of it."""
        return tuple(one for one in seams(self.told.plan.story) if self.shot.id in (one.shot, one.of))

    @property
    def used_by(self) -> tuple[tuple[str, Medium], ...]:
        """What it hands over to other shots, each by its id."""
        return tuple(
            (shot.id, medium)
            for shot in self.told.plan.story.shots
            for medium in shot.media
            if isinstance(medium.source, FromShot) and medium.source.shot == self.shot.id
        )


def steps_of(told: Review, shot: Shot) -> tuple[Item, ...]:
    return tuple(item for item in told.items if item.planned.step.shot and item.planned.step.shot.id == shot.id)


def record_text(record: Record) -> str:
    """In the order in which a person asks: what it is, what it asks for, how its takes stand, what was paid."""
    shot = record.shot
    lines = [f"Shot {shot.id}  ({near(shot.place, record.told.plan.story.root)}): {plain(shot.model.name)}"]
    lines += _neighbours(record)
    lines += ["", "Request, as it is sent:", *_columns(_values(record))]
    lines += ["", "Takes:", *_columns(_takes(record))]
    sent = ["Requests that were sent:", *_columns(_sent(record))]
    lines += ["", *(sent if record.submissions else [_NOTHING_SENT])]
    if record.kept:
        lines += ["", "Files:", *_columns(_files(record))]
    return "\n".join(lines) + "\n"


def record_data(record: Record) -> dict[str, Any]:
    shot, root = record.shot, record.told.plan.story.root
    return {
        "shot": shot.id,
        "place": str(near(shot.place, root)),
        "model": shot.model.name,
        "request": thaw(shot.body),
        "values": [
            {
                "path": one.name,
                "value": thaw(one.value),
                "key": one.origin.key if one.origin else None,
                "place": str(near(one.origin.place, root)) if one.origin else None,
            }
            for one in sourced(shot)
        ],
        "defaults": {one.name: thaw(one.value) for one in _unsaid(shot)},
        "media": [
            {"role": medium.role.value, "kind": medium.kind.value, "source": _source(medium)}
            for medium in shot.media
        ],
        "uses": [{"shot": _other(medium), "what": _handed(medium)} for medium in record.uses],
        "used_by": [{"shot": name, "what": _handed(medium)} for name, medium in record.used_by],
        "seams": [seam_data(one) for one in record.seams],
        "takes": [item_data(item) for item in record.takes],
        "submissions": [_submission_data(one) for one in record.submissions],
        "files": [{"step": one.step, "output": one.output, "path": str(one.path)} for one in record.kept],
    }


def _neighbours(record: Record) -> Iterator[str]:
    for medium in record.uses:
        yield f"{_role(medium)} is {_handed(medium)} of {_other(medium)}."
    yield from (plain(f"{seam_text(one)}.") for one in record.seams)
    for name, medium in record.used_by:
        yield f"{_handed(medium).capitalize()} is the {medium.role.value.replace('_', ' ')} of {name}."
    for item in record.takes:
        followed = follows_text(item.planned.step)
        if followed and isinstance(item.planned.verdict, Fresh):
            yield f"{item.planned.step.key} is made {followed}."


def _values(record: Record) -> Iterator[Sequence[str]]:
    """A row for each value of the request, with the key and the place that say so; then the model's own defaults,
    which are not sent.
    """
    shot, root = record.shot, record.told.plan.story.root
    holes = {medium.hole: medium for medium in shot.media}
    for one in sourced(shot):
        medium = holes.get(one.path)
        value = _source(medium) if medium else canonical(one.value)
        if one.origin is None:
            yield (one.name, "", "the program", plain(value))
        else:
            yield (one.name, plain(one.origin.key), plain(str(near(one.origin.place, root))), plain(value))
    for one in _unsaid(shot):
        yield (one.name, "", "the model, unsaid", plain(canonical(one.value)))


def _unsaid(shot: Shot) -> Iterator[Sourced]:
    """What the model fills in by itself, and a take is known by all the same."""
    said: dict[JsonPath, object] = dict(leaves(shot.body))
    yield from (Sourced(path, value, None) for path, value in leaves(shot.order) if path not in said)


def _takes(record: Record) -> Iterator[Sequence[str]]:
    for item in record.takes:
        first = (item.planned.step.key, verdict_word(item.planned), price(item))
        clauses = list(why(item)) or [""]
        yield (*first, clauses[0])
        yield from (("", "", "", clause) for clause in clauses[1:])


def _sent(record: Record) -> Iterator[Sequence[str]]:
    for one in record.submissions:
        task = f"{one.vendor} task {one.task}" if one.task else one.vendor
        other = "" if one.shot == record.shot.id else f" as {one.shot}"
        yield (f"take {one.take}{other}", when(one), one.state.value, plain(task), _money(one), plain(one.reason))


def _files(record: Record) -> Iterator[Sequence[str]]:
    yield from ((one.step, one.output, plain(str(one.path))) for one in record.kept)


def _money(one: Submission) -> str:
    if one.charged is not None:
        return f"charged {difference(one.expected, one.charged)}"
    return at_most(one) if one.state in OPEN else "charge unknown"


def _submission_data(one: Submission) -> dict[str, Any]:
    receipt = one.receipt
    return {
        **(submission_data(one) or {}),
        "request": thaw(one.request),
        "code": one.code,
        "receipt": None
        if receipt is None
        else {"seed": receipt.seed, "tokens": receipt.tokens, "charged": money_data(receipt.charged)},
    }


def _source(medium: Medium) -> str:
    """Where a medium comes from, as a person would say it."""
    match medium.source:
        case LocalFile(name=name, bytes=length):
            return f"{name} ({size(length)})"
        case Address(url=url):
            return url
        case FromShot(shot=shot):
            return f"{_handed(medium)} of {shot}"
        case SeamPicture(shot=shot, picture=picture):
            return f"the picture at the seam with {shot} ({picture[:12]})"
        case _ as never:
            assert_never(never)


def _other(medium: Medium) -> str:
    assert isinstance(medium.source, FromShot)
    return medium.source.shot


def _handed(medium: Medium) -> str:
    return "the clip" if medium.kind is Kind.VIDEO else "the last frame"


def _role(medium: Medium) -> str:
    return f"Its {medium.role.value.replace('_', ' ')}"


def _columns(rows: Iterator[Sequence[str]]) -> list[str]:
    return [f"  {line}" for line in columns(list(rows)).splitlines()]
