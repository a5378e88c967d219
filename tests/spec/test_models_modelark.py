"""ModelArk's newer models, 2.0 Mini and 2.5: where they differ from the others (modelark.md section 4,
2026-11-21).
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from seedance_pipe.document import thaw
from seedance_pipe.plan.cost import Estimate, estimates
from seedance_pipe.spec.medium import Kind, Role
from seedance_pipe.units import Money, Size
from tests.spec.asking import TWO_FAST, asked, brought, known, read, write

MINI, FIVE = "modelark/seedance-2-0-mini", "modelark/seedance-2-5"
OPENS, ENDS = brought(Role.FIRST_FRAME), brought(Role.LAST_FRAME)
IMAGE, CLIP, SOUND = (brought(Role.REFERENCE, kind) for kind in (Kind.IMAGE, Kind.VIDEO, Kind.AUDIO))


def omni(kind: str, **more: Any) -> dict[str, Any]:
    return {"params": {"omni_reference_task_type": kind}, **more}


def test_mini_is_as_fast_in_every_row_but_its_name_and_its_price() -> None:
    mini, fast = (thaw(known(name).document) for name in (MINI, TWO_FAST))
    for document in (mini, fast):
        for key in ("$id", "title", "x-price"):
            del document[key]
        for key in ("wire", "revision", "aliases"):
            del document["x-model"][key]
        del document["properties"]["model"]
    assert mini == fast


def test_the_sizes_of_2_5_are_those_that_were_seen_and_no_others() -> None:
    assert dict(known(FIVE).sizes) == {
        ("480p", "16:9"): Size(854, 480),
        ("480p", "9:16"): Size(480, 854),
        ("720p", "16:9"): Size(1280, 720),
        ("1080p", "16:9"): Size(1920, 1080),
    }


@pytest.mark.parametrize(
    "keys",
    [
        {"duration": 4},
        {"duration": 30, "resolution": "1080p", "ratio": "21:9"},
        {"duration": "auto"},
        {"media": [OPENS, ENDS], "ratio": "adaptive", "duration": 5},
        {"media": [IMAGE] * 30 + [CLIP] * 10 + [SOUND] * 10},
        {"media": [IMAGE], "ratio": "16:9"},
        {"media": [SOUND]},
        {"media": [CLIP], **omni("edit", duration="auto", ratio="adaptive")},
        {"media": [CLIP], **omni("extend", duration=30)},
        {"media": [IMAGE], **omni("reference", ratio="16:9", duration=4)},
        {"params": {"output_format": "mov", "priority": 9, "watermark": True}},
    ],
)
def test_what_2_5_takes(keys: dict[str, Any]) -> None:
    made, told = asked(known(FIVE), prompt="waves", **keys)
    assert made is not None, told


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"duration": 3}, "it makes 4 to 30 seconds, or auto"),
        ({"duration": 31}, "it makes 4 to 30 seconds, or auto"),
        ({"resolution": "4k"}, "it makes 480p, 720p or 1080p"),
        ({"camera_fixed": True}, "cannot hold the camera still"),
        ({"media": [OPENS], "ratio": "16:9"}, "the vendor takes no ratio but adaptive"),
        ({"media": [CLIP], **omni("edit", duration=5)}, "an edited clip keeps its length"),
        ({"media": [CLIP], **omni("edit", ratio="1:1")}, "an edited or extended clip keeps its shape"),
        ({"media": [CLIP], **omni("extend", ratio="1:1")}, "an edited or extended clip keeps its shape"),
        ({"media": [IMAGE], **omni("edit")}, "there is no clip to edit or extend"),
        (omni("extend"), "there is no clip to edit or extend"),
        ({"media": [OPENS, IMAGE]}, "first and last frames never go together with references"),
        ({"media": [ENDS]}, "a last_frame needs a first_frame too"),
        ({"media": [IMAGE] * 31}, "at most 30 reference images"),
        ({"params": {"output_format": "webm"}}, "it takes mp4 or mov"),
        ({"params": {"draft": True}}, "has no such parameter"),
        ({"params": {"service_tier": "flex"}}, "no service tiers"),
    ],
)
def test_what_2_5_cannot_do_is_told_in_one_sentence(keys: dict[str, Any], words: str) -> None:
    made, told = asked(known(FIVE), prompt="waves", **keys)
    assert made is None
    assert len(told) == 1
    assert words in told[0]


def test_references_of_2_5_are_longer_than_those_of_2_0() -> None:
    for kind in (Kind.VIDEO, Kind.AUDIO):
        limits = known(FIVE).media[kind]
        assert (limits.seconds, limits.total_seconds) == ((Fraction(2), Fraction(30)), Fraction(30))


def priced(folder: Path, model: str, shot: str) -> Estimate:
    reading = read(write(folder, f"version: 1\nmodel: {model}\nshots:\n  - {{id: a, prompt: waves, {shot}}}\n"))
    assert reading.story is not None, reading.diagnostics
    return estimates(reading.story)["a"]


@pytest.mark.parametrize(
    ("model", "shot", "tokens", "rate"),
    [
        (FIVE, 'resolution: 480p, ratio: "16:9", duration: 4', 38_830, "10.70"),
        (FIVE, 'resolution: 480p, ratio: "16:9", duration: 5', 48_437, "10.70"),
        (FIVE, 'resolution: 1080p, ratio: "16:9", duration: 4', 196_425, "11.70"),
        (MINI, 'ratio: "16:9", duration: 5', 108_900, "3.50"),
    ],
)
def test_a_plan_prices_what_live_bills_say(tmp_path: Path, model: str, shot: str, tokens: int, rate: str) -> None:
    """The token counts of modelark.md section 7."""
    bill = Money(tokens * Decimal(rate) / 1_000_000)
    assert priced(tmp_path, model, shot) == Estimate(bill, exact=True, tokens=tokens)


def test_a_size_that_nobody_has_seen_has_no_price(tmp_path: Path) -> None:
    assert priced(tmp_path, FIVE, 'ratio: "1:1", duration: 5').most is None
    assert priced(tmp_path, FIVE, "duration: 5").most is None
