"""The models as a person reads them, and as a program does."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from seedance_pipe.report.catalogue import model_text, models_text
from seedance_pipe.report.data import model_data
from seedance_pipe.report.parameters import parameters, span
from seedance_pipe.spec.model import Price, Unpriced
from tests.spec.asking import MID, MODELS, PRO, RUNWARE, TWO, known, made_up

UNKNOWN = replace(known(PRO), price=Unpriced("it is told when the task is created", date(2026, 11, 21), "a page"))


def test_the_table_has_a_line_for_each_model_and_is_no_wider_than_a_screen() -> None:
    table = models_text(map(known, MODELS)).splitlines()
    assert len(table) == len(MODELS) + 1
    assert max(map(len, table)) < 220
    head, rows = table[0], {row.split()[0]: row for row in table[1:]}
    price = head.index("PRICE")
    two = rows[known(TWO).name]
    assert two.split()[1] == TWO
    assert "480p 720p 1080p 4k" in two
    assert "4-15 or auto" in two
    assert "first, last" in two
    assert "9 images, 3 videos, 3 sounds" in two
    assert two[head.index("SOUND") :].startswith("yes")
    assert two[price:] == "$2.40-7.70 per million tokens"
    assert rows[known(MID).name].endswith("; retired 2026-11-11")
    assert rows[known(RUNWARE).name][price:] == "$1.98 per million tokens"
    assert "1.2-12" in rows[known(RUNWARE).name]


def test_prices_are_told_with_their_unit() -> None:
    price = known(PRO).price
    assert isinstance(price, Price)
    a_take = replace(price, unit="take", currency="rivya credits", rates=price.rates[1:], about="it may change")
    table = models_text([replace(known(PRO), price=a_take), UNKNOWN])
    assert "about 2.50 rivya credits a take" in table
    assert "  unknown" in table


def test_a_model_that_makes_finals_from_drafts_says_so_and_for_how_long() -> None:
    text = model_text(known(MID))
    assert "With draft: true it makes drafts; a final is made from a draft's task, for 7 days." in text
    assert "prompt, first_frame, last_frame  array" in text, "the task of a draft is no key of a story"
    assert model_data(known(MID))["drafts"] == {"asks": ["draft"], "days": 7}
    assert "drafts;" not in model_text(known(PRO))
    assert model_data(known(PRO))["drafts"] is None


def test_one_model_is_shown_with_all_that_its_file_says() -> None:
    text = model_text(known(RUNWARE))
    for line in (
        "runware/bytedance:2@1  Seedance 1.0 Pro",
        "Also called: runware/seedance-1-0-pro, runware/bytedance-seedance-1-0-pro",
        "Clips have 24 frames a second.",
        "  480p   9:21  416x960",
        "  1.98",
        "  image  forms         https, inline, upload",
    ):
        assert f"{line}\n" in text
    rows = {line.split()[0]: " ".join(line.split()) for line in text.splitlines() if line.startswith("  ")}
    assert rows["duration"] == "duration duration number 1.2-12 default 5"
    assert rows["positivePrompt"] == "positivePrompt prompt string 2-3000 characters"
    camera = "providerSettings.bytedance.cameraFixed"
    assert rows[camera] == f"{camera} camera_fixed boolean default false"
    assert rows["inputs.frameImages"] == "inputs.frameImages first_frame, last_frame array 1-2 items"
    assert rows["safety.mode"].startswith("safety.mode params string none fast full")
    assert rows["taskUUID"] == "taskUUID the program string"
    assert "      Not documented: " in text
    assert "(seen 2026-" in text


def test_a_model_that_takes_no_media_says_so_and_rates_that_depend_name_the_rest() -> None:
    text = model_text(known("rivya/seedance-2"))
    assert "\n\nSizes in pixels: not documented.\n\nPrice " in text
    assert "\n\nMedia: none.\n\nSources:" in text
    assert "  2.40  otherwise\n" in model_text(known("runware/seedance-1-5-pro"))


def test_what_is_retired_not_exact_unknown_or_without_sizes_says_so() -> None:
    assert "Retired on 2026-11-11; successor: modelark/seedance-2-0\n" in model_text(known(MID))
    assert "2.40  draft true, generate_audio true, 0.6 of the tokens\n" in model_text(known(MID))
    assert "  A request has at most 64000000 bytes.\n" in model_text(known(MID))
    unknown = model_text(replace(UNKNOWN, aliases=(), sizes={}, body_bytes=0))
    assert "Price: unknown; it is told when the task is created (as of 2026-11-21; a page).\n" in unknown
    assert "Sizes in pixels: not documented.\n" in unknown
    assert "Also called" not in unknown
    price = known(PRO).price
    assert isinstance(price, Price)
    about = replace(known(PRO), price=replace(price, about="the list is rounded"))
    assert "  Not exact: the list is rounded.\n" in model_text(about)


@pytest.mark.parametrize("name", MODELS)
def test_every_model_can_be_shown_and_written_as_json(name: str) -> None:
    assert model_text(known(name)).startswith(name)
    data = json.loads(json.dumps(model_data(known(name))))
    assert data["name"] == name
    assert data["price"]["seen"]
    assert {line["name"] for line in data["parameters"]} >= {"model"}
    assert all(line["type"] or line["name"] == "service_tier" for line in data["parameters"])


def test_a_model_as_json_says_what_the_text_says() -> None:
    data = model_data(known(TWO))
    assert data["price"]["rates"][0] == {
        "when": {"resolution": ["480p", "720p"], "video_input": [False]},
        "amount": "7.00",
        "factor": "1",
    }
    assert data["resolutions"] == ["480p", "720p", "1080p", "4k"]
    assert data["media"]["video"]["total_seconds"] == 15
    seed = next(line for line in data["parameters"] if line["name"] == "seed")
    assert (seed["keys"], seed["range"], seed["default"]) == (("seed",), "-1 to 2147483647", "-1")
    assert model_data(UNKNOWN)["price"]["unit"] == "unknown"


@pytest.mark.parametrize(
    ("part", "told"),
    [
        ({"minimum": 60}, "60 or more"),
        ({"minimum": -1, "maximum": 9}, "-1 to 9"),
        ({"anyOf": [{"minimum": 4, "maximum": 12}, {"const": -1}], "x-auto": -1}, "4-12 or auto"),
        ({"anyOf": [{"minimum": 4, "maximum": 12}, {"const": 20}]}, "4-12 or 20"),
        ({"enum": ["5", "10"]}, "5 10"),
        ({"enum": list(range(20))}, "0, 1, … 19"),
        ({"const": True}, "true"),
        ({"maxLength": 9}, "0-9 characters"),
        ({"maxItems": 9}, "0-9 items"),
        ({"type": "string"}, ""),
    ],
)
def test_a_range_is_told_in_as_few_signs_as_it_takes(part: dict[str, Any], told: str) -> None:
    assert span(part) == told


def test_a_type_is_known_by_the_values_too() -> None:
    model = made_up(
        {"a": {"enum": [1, "x"]}, "b": {"anyOf": [{"type": "integer"}, {"const": 2.5}]}, "c": {"not": {}}}
    )
    assert [line.type for line in parameters(model)] == ["integer or string", "integer or number", ""]
