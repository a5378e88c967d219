"""What a take will cost at most, from the model's own price rule and token arithmetic."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from seedance_pipe.document import Json
from seedance_pipe.spec.medium import FromShot, Kind, LocalFile
from seedance_pipe.spec.model import Model, Rate, TokenPrice
from seedance_pipe.spec.story import Shot, Story
from seedance_pipe.units import Money, Size


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
    return {shot.id: _estimate(shot, shots) for shot in story.shots}


def charge(price: TokenPrice, facts: Mapping[str, Json], tokens: int) -> Money | None:
    """The price of `tokens` billed tokens; None when no rate of the list speaks of such a request."""
    rate = next((rate for rate in price.rates if _applies(rate, facts)), None)
    if rate is None:
        return None
    return Money(Decimal(tokens) * rate.per_million * rate.factor / 1_000_000, price.currency)


def facts(shot: Shot) -> Mapping[str, Json]:
    """What a price list may ask about a request: its parameters, and whether it brings a video."""
    brings_video = any(medium.kind is Kind.VIDEO for medium in shot.media)
    return {**shot.order, **shot.body, "video_input": brings_video}


def _estimate(shot: Shot, shots: Mapping[str, Shot]) -> Estimate:
    price = shot.model.price
    if price is None:
        return Estimate(None, False, why=f"the price of {shot.model.name} is not published")
    sizes = _possible_sizes(shot)
    if not sizes:
        return Estimate(None, False, why="the size of the picture is not known before it is made")
    brought = _brought_seconds(shot, shots)
    if brought is None:
        return Estimate(None, False, why="the length of the reference video is not known")
    largest = max(sizes, key=lambda size: size.width * size.height)
    tokens = _tokens(largest, shot.footage.longest, brought, shot.model)
    amount = charge(price, facts(shot), tokens)
    if amount is None:
        return Estimate(None, False, why=f"the price list of {shot.model.name} does not cover this request")
    doubts = list(_doubts(shot, len(sizes) > 1, brought))
    return Estimate(amount, not doubts, tokens, "; ".join(doubts))


def _doubts(shot: Shot, several_sizes: bool, brought: Fraction) -> Iterator[str]:
    if shot.footage.frames is None:
        yield "the model chooses the length; this is for the longest"
    if several_sizes:
        yield "the shape follows the picture or the model's choice; this is for the largest"
    if brought:
        yield "the vendor counts reference video to within a frame"


def _tokens(size: Size, frames: int, brought: Fraction, model: Model) -> int:
    """Billed tokens: floor(W * H * frames / 1024), measured live (modelark.md section 7, 2026-11-21).

    With reference video the count is W * H * 24 * (in + out) / 1024, and never less than for
    out + ceil(2 * out / 3) seconds; one frame is added because live bills differed by up to one.
    """
    if not brought:
        return size.width * size.height * frames // 1024
    out = frames // model.frame_rate
    seconds = max(brought + out, Fraction(out + math.ceil(Fraction(2 * out, 3))))
    counted = math.ceil(seconds * model.frame_rate) + 1
    return size.width * size.height * counted // 1024


def _possible_sizes(shot: Shot) -> tuple[Size, ...]:
    """The one size of the shot's resolution and ratio, or every size of the resolution when the ratio is open."""
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
