"""Budgets: amounts that are exactly what the file or a person writes, and never part of what a take is."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from seedance_pipe import packaged
from seedance_pipe.plan.cost import estimates
from seedance_pipe.plan.history import History
from seedance_pipe.plan.make import make
from seedance_pipe.plan.unroll import unroll
from seedance_pipe.spec.cap import CURRENCIES, NO_CAPS, Cap, Caps, exact, spoken, tightest
from seedance_pipe.spec.model import Price
from seedance_pipe.units import Money
from tests.builders import METHODS, capped
from tests.spec.asking import CATALOGUE, PRO, messages, read, write

CREDITS = "rivya credits"
AMOUNTS = st.decimals(min_value=0, max_value=10**9, places=8, allow_nan=False, allow_infinity=False)


def story(budget: str) -> str:
    return f"version: 1\nmodel: {PRO}\n{budget}\nshots:\n  - {{id: a, prompt: waves}}\n"


def budget_of(text: str, folder: Path) -> Caps:
    reading = read(write(folder, story(text)))
    assert reading.story is not None, messages(reading)
    return reading.story.budget


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("", {}),
        ("budget: 10", {"USD": "10"}),
        ("budget: 2.50", {"USD": "2.5"}),
        ("budget: 0", {"USD": "0"}),
        ("budget: -0.0", {"USD": "0"}),
        ("budget: 0.1", {"USD": "0.1"}),
        ("budget: 1e2", {"USD": "100"}),
        ("budget: +.5", {"USD": "0.5"}),
        ("budget: 0x10", {"USD": "16"}),
        ("budget: 123456789.12345678", {"USD": "123456789.12345678"}),
        ("budget: {usd: 2.50, credits: 200}", {"USD": "2.5", CREDITS: "200"}),
        ("budget: {credits: 0.00000001}", {CREDITS: "0.00000001"}),
        ("x-most: &most 2.50\nbudget: {usd: *most}", {"USD": "2.5"}),
    ],
)
def test_a_budget_is_read_to_the_last_decimal(text: str, amounts: dict[str, str], tmp_path: Path) -> None:
    caps = budget_of(text, tmp_path)
    assert {currency: cap.most for currency, cap in caps.items()} == {
        currency: Money(Decimal(amount), currency) for currency, amount in amounts.items()
    }


def test_a_cap_knows_its_line(tmp_path: Path) -> None:
    caps = budget_of("budget:\n  usd: 10\n  credits: 200", tmp_path)
    assert [cap.by.rpartition(":")[2] for cap in caps.values()] == ["4", "5"]
    assert all(cap.by.rpartition(":")[0].endswith("story.yaml") for cap in caps.values())


@given(AMOUNTS)
def test_an_amount_is_the_same_in_a_story_and_on_the_command_line(amount: Decimal) -> None:
    written = f"{amount:f}"
    assert spoken(written) == spoken(f"${written}") == spoken(f" {written}  USD") == Money(amount)
    assert spoken(f"{written} credits") == spoken(f"{written} Rivya  Credits") == Money(amount, CREDITS)
    with TemporaryDirectory() as folder:
        assert budget_of(f"budget: {written}", Path(folder))["USD"].most == Money(amount)


@pytest.mark.parametrize(
    "text",
    ["", "much", "-1", "nan", "inf", "1e-9", "1000000000.1", "0x10", "$", "10 eur", "$10 credits", "ten usd",
     "1 2", "1e-99999999999999999999", "usd 10", "10usd", "$-1"],
)  # fmt: skip
def test_what_is_no_amount_is_none(text: str) -> None:
    assert spoken(text) is None
    assert exact("-0") == 0


def test_of_several_caps_the_smaller_of_each_currency_holds_and_of_equal_ones_the_first() -> None:
    first = {
        "USD": Cap(Money(Decimal(10)), "story.yaml:3"),
        CREDITS: Cap(Money(Decimal(5), CREDITS), "story.yaml:3"),
    }
    option = capped(Money(Decimal("10.0")), Money(Decimal(4), CREDITS))
    both = tightest(first, option)
    assert both == {"USD": first["USD"], CREDITS: option[CREDITS]}
    assert tightest(option, first)["USD"].by == "--max-cost"
    assert tightest() == tightest(NO_CAPS, {}) == {}


def test_a_budget_is_no_part_of_what_a_take_is(tmp_path: Path) -> None:
    told = [read(write(tmp_path, story(text))).story for text in ("", "budget: 10", "budget: {credits: 3}")]
    graphs = [unroll(one, History(), METHODS) for one in told if one is not None]
    assert len(graphs) == 3
    recipes = [[(step.key, step.recipe, step.needs) for step in graph.steps] for graph in graphs]
    assert recipes[0] == recipes[1] == recipes[2]
    bills = [make(one, History(), METHODS).bill for one in told if one is not None]
    assert bills[0] == bills[1] == bills[2]
    assert len({estimates(one)["a"] for one in told if one is not None}) == 1


def test_every_currency_of_a_price_list_can_have_a_cap() -> None:
    prices = {model.price.currency for model in CATALOGUE.models.values() if isinstance(model.price, Price)}
    assert prices == set(CURRENCIES.values())
    schema = json.loads((packaged.folder("schemas") / "story.schema.json").read_bytes())
    assert list(schema["$defs"]["budgets"]["properties"]) == list(CURRENCIES)


@pytest.mark.parametrize(
    ("budget", "right"),
    [(10, True), (2.5, True), ({"usd": 1, "credits": 2}, True), ({}, False), ("10", False), ({"eur": 1}, False),
     (-1, False), ({"usd": "1"}, False)],
)  # fmt: skip
def test_an_editor_is_told_the_same_by_the_schema(budget: object, right: bool) -> None:
    schema = json.loads((packaged.folder("schemas") / "story.schema.json").read_bytes())
    for example in schema["$defs"]["budget"]["examples"]:
        Draft202012Validator(schema).validate({"version": 1, "shots": [{"id": "a"}], "budget": example})
    document = {"version": 1, "shots": [{"id": "a"}], "budget": budget}
    assert Draft202012Validator(schema).is_valid(document) is right
