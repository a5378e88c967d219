"""Costs against the live checks of the vendor's bill (modelark.md section 7, 2026-11-21)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType

import pytest

from seedance_pipe.plan.cost import charge, estimates
from seedance_pipe.spec.medium import Address, Kind, LocalFile, Role
from seedance_pipe.spec.model import Rate, TokenPrice
from seedance_pipe.spec.story import Footage
from seedance_pipe.units import Digest, Money, Size
from tests.builders import MODEL, frame_from, shot, story


@pytest.mark.parametrize(
    ("size", "frames", "tokens"),
    [
        (Size(864, 480), 121, 49_005),
        (Size(1920, 1088), 121, 246_840),
        (Size(960, 960), 193, 173_700),
        (Size(1280, 720), 241, 216_900),
        (Size(864, 496), 97, 40_594),
        (Size(1920, 1080), 97, 196_425),
        (Size(864, 480), 29, 11_745),
    ],
    ids=str,
)
def test_tokens_are_those_of_the_vendors_bills(size: Size, frames: int, tokens: int) -> None:
    model = replace(MODEL, sizes=MappingProxyType({("480p", "16:9"): size}))
    told = story(shot("a", model=model, footage=Footage("480p", "16:9", frames, frames, audio=False)))
    estimate = estimates(told)["a"]
    assert estimate.tokens == tokens
    assert estimate.most == Money(Decimal(tokens) * Decimal("2.50") / 1_000_000)
    assert estimate.exact
    assert estimate.why == ""


def test_an_open_shape_and_an_open_length_are_reckoned_at_their_greatest_and_said() -> None:
    told = story(shot("a", footage=Footage("480p", None, None, 289, audio=False)))
    estimate = estimates(told)["a"]
    assert estimate.tokens == 864 * 480 * 289 // 1024
    assert not estimate.exact
    assert "the longest" in estimate.why
    assert "the largest" in estimate.why


def test_a_price_that_cannot_be_known_is_said_to_be_unknown() -> None:
    unpriced = replace(MODEL, price=None)
    odd = replace(MODEL, price=TokenPrice("USD", (), date(2026, 9, 9), "a page"))
    foreign = frame_from(Address("https://films.example/a.mp4"), Role.REFERENCE, Kind.VIDEO)
    told = story(
        shot("unpriced", model=unpriced),
        shot("uncovered", model=odd),
        shot("foreign", media=(foreign,)),
        shot("sizeless", footage=Footage("4k", "16:9", 121, 121, audio=False)),
    )
    costs = estimates(told)
    assert all(estimate.most is None and estimate.why and not estimate.exact for estimate in costs.values())


def test_reference_video_is_counted_with_its_own_length_and_never_below_the_floor() -> None:
    def clip(seconds: int) -> LocalFile:
        return LocalFile(Path("a.mp4"), "a.mp4", Digest("d"), "video/mp4", 9, None, Fraction(seconds))

    def tokens(*media: object) -> int | None:
        told = story(shot("src"), shot("a", media=tuple(media)))  # type: ignore[arg-type]
        return estimates(told)["a"].tokens

    long = tokens(frame_from(clip(10), Role.REFERENCE, Kind.VIDEO))
    short = tokens(frame_from(clip(2), Role.REFERENCE, Kind.VIDEO))
    made = tokens(frame_from("src", Role.REFERENCE, Kind.VIDEO))
    assert long == 864 * 480 * (24 * 15 + 1) // 1024
    assert short == 864 * 480 * (24 * 9 + 1) // 1024
    assert made is not None
    assert made > short


def test_the_first_rate_that_fits_the_request_wins_and_a_draft_counts_a_part_of_its_tokens() -> None:
    price = TokenPrice(
        "USD",
        (
            Rate(MappingProxyType({"draft": (True,)}), Decimal("2"), Decimal("0.5")),
            Rate(MappingProxyType({"audio": (True,), "resolution": ("480p", "720p")}), Decimal("3")),
        ),
        date(2026, 9, 9),
        "a page",
    )
    assert charge(price, {"draft": True, "audio": True, "resolution": "480p"}, 1_000_000) == Money(Decimal(1))
    assert charge(price, {"audio": True, "resolution": "720p"}, 1_000_000) == Money(Decimal(3))
    assert charge(price, {"audio": False, "resolution": "720p"}, 1_000_000) is None
