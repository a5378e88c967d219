"""Costs against the live checks of the vendor's bill (modelark.md section 7, 2026-11-21)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from seedance_pipe.plan.cost import charge, estimates, facts
from seedance_pipe.sandbox.vendors.modelark.facts import tokens_with_video
from seedance_pipe.sandbox.vendors.runware.facts import MODELS as RUNWARE_MODELS
from seedance_pipe.sandbox.vendors.runware.facts import frames_of
from seedance_pipe.spec.medium import Address, Kind, LocalFile, Role
from seedance_pipe.spec.model import Price, Rate
from seedance_pipe.spec.story import Footage
from seedance_pipe.units import Digest, Money, Size
from tests.builders import MODEL, PRICE, UNPRICED, frame_from, shot, story
from tests.spec.asking import RUNWARE, RUNWARE_FAST, asked, known


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
    unpriced = replace(MODEL, price=UNPRICED)
    odd = replace(MODEL, price=Price("tokens", "USD", (), date(2026, 9, 9), "a page"))
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


def test_parts_of_a_token_count_only_where_the_price_says_so() -> None:
    """864x496 in 97 frames is 40594.5 tokens, of which ModelArk bills the whole ones."""
    model = replace(MODEL, sizes=MappingProxyType({("480p", "16:9"): Size(864, 496)}))
    parts = replace(model, price=replace(PRICE, parts=True))
    clip = Footage("480p", "16:9", 97, 97, audio=False)
    costs = estimates(story(shot("a", model=model, footage=clip), shot("b", model=parts, footage=clip)))
    assert costs["a"].most == Money(Decimal(40_594) * Decimal("2.50") / 1_000_000)
    assert costs["b"].most == Money(Decimal("40594.5") * Decimal("2.50") / 1_000_000)
    assert costs["b"].exact


@pytest.mark.parametrize("name", ["modelark/seedance-2-0", "modelark/seedance-2-0-mini", "modelark/seedance-2-5"])
def test_a_clip_from_video_never_costs_more_than_was_estimated(name: str) -> None:
    model = known(name)
    for (resolution, ratio), size in model.sizes.items():
        for out in range(4, 16):
            for brought in (Fraction(2), Fraction(41, 10), Fraction(15)):
                source = LocalFile(Path("a.mp4"), "a.mp4", Digest("d"), "video/mp4", 9, None, brought)
                footage = Footage(resolution, ratio, 24 * out + 1, 24 * out + 1, audio=True)
                media = (frame_from(source, Role.REFERENCE, Kind.VIDEO),)
                told = estimates(story(shot("a", model=model, media=media, footage=footage)))["a"]
                assert told.tokens is not None
                assert told.tokens >= tokens_with_video(size, float(brought), out, resolution), (told, footage)


@pytest.mark.parametrize("air", RUNWARE_MODELS)
def test_every_length_and_size_of_runware_is_billed_as_it_was_estimated(air: str) -> None:
    """To the eight decimals that a receipt has (runware.md section 8, 2026-11-21). How a half is rounded is not
    known, so the estimate may be the one that is more, and never less.
    """
    model, played = known(f"runware/{air}"), RUNWARE_MODELS[air]
    assert {size for table in played.sizes.values() for size in table.values()} == {*model.sizes.values()}
    for seconds in [n / 10 for n in range(12, 121)] if played.tenths else range(4, 13):
        frames = frames_of(seconds)
        for audio in {False, played.sounds}:
            made, told = asked(model, prompt="waves", duration=seconds, audio=audio)
            assert made is not None, told
            assert made.footage.longest == frames, seconds
            for (resolution, ratio), size in model.sizes.items():
                footage = replace(made.footage, resolution=resolution, ratio=ratio)
                one = replace(shot("a", model=model, footage=footage), body=made.body, order=made.order)
                estimate = estimates(story(one))["a"]
                assert estimate.most is not None
                assert estimate.exact
                over = estimate.most.amount - played.cost(size, frames, sound=audio)
                assert over in (Decimal(0), Decimal("0.00000001")), (seconds, size, audio)


def test_the_first_rate_that_fits_the_request_wins_and_a_draft_counts_a_part_of_its_tokens() -> None:
    price = Price(
        "tokens",
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


def test_a_price_for_a_take_is_exact_and_in_the_vendors_own_currency() -> None:
    rates = (
        Rate(MappingProxyType({"resolution": ("480p",)}), Decimal("12.5")),
        Rate(MappingProxyType({"settings.sound": (True,)}), Decimal(30)),
        Rate(MappingProxyType({}), Decimal(25)),
    )
    model = replace(MODEL, price=Price("take", "rivya credits", rates, date(2026, 11, 21), "a page"))
    open_size = Footage("", None, None, 289, audio=False)
    told = story(
        shot("small", model=model),
        shot("loud", model=model, footage=open_size, settings={"sound": True}),
        shot("plain", model=model, footage=open_size, settings={"sound": False}),
    )
    costs = estimates(told)
    assert [cost.most for cost in costs.values()] == [
        Money(Decimal(amount), "rivya credits") for amount in ("12.5", "30", "25")
    ]
    assert all(cost.exact and cost.tokens is None and not cost.why for cost in costs.values())


def test_a_price_that_is_about_right_is_no_promise_and_says_why() -> None:
    about = replace(PRICE, about="the list is rounded")
    costs = estimates(
        story(
            shot("a", model=replace(MODEL, price=about)),
            shot("b", model=replace(MODEL, price=about), footage=Footage("480p", None, 121, 121, audio=False)),
        )
    )
    assert (costs["a"].exact, costs["a"].why) == (False, "the list is rounded")
    assert costs["b"].why.endswith("; the list is rounded")


def test_a_price_list_may_ask_for_what_lies_inside_and_for_the_vendors_own_default_of_it() -> None:
    order = {"settings": {"sound": True, "quality": {"level": 3}}}
    inside = replace(shot("a"), order=order, body={"settings": {"quality": {"level": 4}}})
    asked_for = facts(inside)
    assert asked_for["settings.sound"] is True
    assert asked_for["settings.quality.level"] == 4
    assert asked_for["resolution"] == "480p"
    assert asked_for["video_input"] is False


@pytest.mark.parametrize(
    ("model", "asking", "dollars"),
    [
        (RUNWARE, {"resolution": "1080p", "duration": 8}, "0.77957"),
        (RUNWARE, {"params": {"width": 1664, "height": 1248}, "duration": 8}, "0.77498"),
        (RUNWARE, {"resolution": "1080p"}, "0.48874"),
        (RUNWARE_FAST, {"resolution": "720p", "duration": 5}, "0.06738"),
    ],
)
def test_pixels_that_were_asked_for_are_paid_to_the_last_frame(
    model: str, asking: dict[str, Any], dollars: str
) -> None:
    """The vendor's examples and receipts (runware.md section 8, 2026-11-21)."""
    made, told = asked(known(model), prompt="waves", **asking)
    assert made is not None, told
    one = replace(shot("a", model=known(model), footage=made.footage), order=made.order, body=made.body)
    cost = estimates(story(one))["a"]
    assert cost.most is not None
    assert cost.exact
    assert f"{cost.most.amount:.5f}" == dollars


def test_a_size_that_is_in_no_table_is_not_guessed() -> None:
    for footage in (Footage("480p", "4:3", 121, 121, audio=False), Footage("", "9:9", 121, 121, audio=False)):
        cost = estimates(story(shot("a", footage=footage)))["a"]
        assert cost.most is None
        assert cost.why == "the size of the picture is not known before it is made"
