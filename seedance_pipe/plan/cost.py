"""What a take will cost at most, in the currency of its vendor, from the model's own price rule."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from fractions import Fraction

from seedance_pipe.document import Json
from seedance_pipe.spec.medium import FromShot, Kind, LocalFile
from seedance_pipe.spec.model import Price, Rate, Unpriced
from seedance_pipe.spec.story import Shot, Story
from seedance_pipe.units import Money, Size

_FINEST = Decimal("0.00000001")
"""Bills that count parts of tokens have eight decimals (receipts, runware.md section 8, 2026-11-21)."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """`most` is None when the price cannot be known; `exact` says that the bill will be just this.

    `why` explains an amount that is not exact, or missing; it is empty otherwise. `tokens` counts what the
    vendor will bill, None where it bills otherwise or the number cannot be known.
    """

    most: Money | None
    exact: bool
    tokens: int | None = None
    why: str = ""


def estimates(story: Story) -> dict[str, Estimate]:
    """The estimate of one take of each shot, by shot id."""
    shots = {shot.id: shot for shot in story.shots}
    return {shot.id: estimate(shot, shots) for shot in story.shots}


def charge(price: Price, facts: Mapping[str, Json], tokens: Decimal | int) -> Money | None:
    """The price of a take with `tokens` billed tokens, which count only where tokens are what is paid for; None
    when no rate of the list speaks of such a request.
    """
    rate = next((rate for rate in price.rates if _applies(rate, facts)), None)
    if rate is None:
        return None
    if price.unit == "take":
        return Money(rate.amount, price.currency)
    amount = tokens * rate.amount * rate.factor / 1_000_000
    billed = amount.quantize(_FINEST, ROUND_HALF_UP)
    return Money(billed if price.parts and billed != amount else amount, price.currency)


def facts(shot: Shot) -> Mapping[str, Json]:
    """What a price list may ask about a request: its parameters (one inside another as `outer.inner`), the
    resolution also where it is asked for in pixels, and whether it brings a video.
    """
    known: dict[str, Json] = {"resolution": shot.footage.resolution}
    for document in (shot.order, shot.body):
        known.update(_flat(document))
    known["video_input"] = any(medium.kind is Kind.VIDEO for medium in shot.media)
    return known


def _flat(document: Mapping[str, Json], outer: str = "") -> Iterator[tuple[str, Json]]:
    for name, value in document.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{outer}{name}.")
        else:
            yield f"{outer}{name}", value


def estimate(shot: Shot, shots: Mapping[str, Shot]) -> Estimate:
    """The estimate of one take of `shot`, in a story of these `shots` by id."""
    price = shot.model.price
    if isinstance(price, Unpriced):
        return Estimate(None, False, why=price.why)
    if price.unit == "take":
        return _estimated(shot, price, None, ())
    sizes = _possible_sizes(shot)
    if not sizes:
        return Estimate(None, False, why="the size of the picture is not known before it is made")
    brought = _brought_seconds(shot, shots)
    if brought is None:
        return Estimate(None, False, why="the length of the reference video is not known")
    largest = max(sizes, key=lambda size: size.width * size.height)
    counted = _tokens(largest, shot, brought)
    tokens = counted if price.parts else counted.to_integral_value(ROUND_FLOOR)
    return _estimated(shot, price, tokens, _doubts(shot, len(sizes) > 1, brought))


def _estimated(shot: Shot, price: Price, tokens: Decimal | None, doubts: Iterable[str]) -> Estimate:
    amount = charge(price, facts(shot), tokens or 0)
    if amount is None:
        return Estimate(None, False, why=f"the price list of {shot.model.name} does not cover this request")
    why = [*doubts, *([price.about] if price.about else [])]
    return Estimate(amount, not why, None if tokens is None else int(tokens), "; ".join(why))


def _doubts(shot: Shot, several_sizes: bool, brought: Fraction) -> Iterator[str]:
    if shot.footage.frames is None:
        yield "the model chooses the length; this is for the longest"
    if several_sizes:
        yield "the shape follows the picture or the model's choice; this is for the largest"
    if brought:
        yield "the vendor counts reference video to within a frame"


def _tokens(size: Size, shot: Shot, brought: Fraction) -> Decimal:
    """Billed tokens: W * H * frames / 1024, of which ModelArk's bills count the whole ones (measured live,
    modelark.md section 7, 2026-11-21).

    With reference video the count is W * H * 24 * (in + out) / 1024, and never less than for the floor; one frame
    is added because live bills differed by up to one.
    """
    frames = shot.footage.longest
    if brought:
        rate = shot.model.frame_rate
        seconds = max(brought + frames // rate, _floor(frames // rate, shot.footage.resolution))
        frames = math.ceil(seconds * rate) + 1
    return Decimal(size.width * size.height * frames) / 1024


def _floor(out: int, resolution: str) -> Fraction:
    """The seconds that a clip of `out` seconds made from video is billed at least: derived from price tables
    (modelark.md section 7, 2026-11-21), of which that of 1080p asks for more.
    """
    least = Fraction(out + math.ceil(Fraction(2 * out, 3)))
    return max(least, Fraction(9 * out, 5)) if resolution == "1080p" else least


def _possible_sizes(shot: Shot) -> tuple[Size, ...]:
    """The one size of the shot's resolution and ratio, or every size of the resolution when the ratio is open;
    none when the model's table has no such size.
    """
    return tuple(
        size
        for (resolution, ratio), size in shot.model.sizes.items()
        if resolution == shot.footage.resolution and shot.footage.ratio in (None, ratio)
    )


def _brought_seconds(shot: Shot, shots: Mapping[str, Shot]) -> Fraction | None:
    """The length of all reference video together; None when some of it is not known."""
    total = Fraction(0)
    for medium in shot.media:
        if medium.kind is not Kind.VIDEO:
            continue
        match medium.source:
            case LocalFile(seconds=Fraction() as seconds):
                total += seconds
            case FromShot(shot=other):
                total += Fraction(shots[other].footage.longest, shots[other].model.frame_rate)
            case _:
                return None
    return total


def _applies(rate: Rate, given: Mapping[str, Json]) -> bool:
    return all(given.get(fact) in values for fact, values in rate.when.items())
