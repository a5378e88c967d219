"""The truth finds what it is there to find: a checker that never complains would let anything through."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.properties.truth import Case, cost, file_problems, money_problems


def task(prompt: str = "rain", status: str = "succeeded", **fields: Any) -> dict[str, Any]:
    digest = hashlib.sha256(prompt.encode()).hexdigest()
    return {"prompt": digest, "status": status, "cost": "", "tokens": 0, "currency": "", **fields}


def case(*acts: str, mark: str = "m", task: str = "t") -> Case:
    return Case(mark, "rain", {act: {"task": task} if act == "submitted" else {} for act in acts})


STORED = ("intent", "submitted", "ready", "stored")


def test_what_was_asked_for_once_and_charged_once_is_right() -> None:
    assert list(money_problems({"a": case(*STORED)}, [task()])) == []
    assert list(money_problems({"a": case("intent")}, [])) == []
    assert list(money_problems({"a": case("intent")}, [task()])) == []
    retried = {"a": case("intent", "submitted", "failed"), "b": case(*STORED, task="u")}
    assert list(money_problems(retried, [task(status="failed"), task()])) == []


@pytest.mark.parametrize(
    ("known", "tasks", "found"),
    [
        ({}, [task()], "1 tasks; the journal knows 0"),
        ({"a": case("intent", "refused")}, [task()], "1 tasks; the journal knows 0"),
        ({"a": case(*STORED)}, [task(), task()], "2 tasks; the journal knows 1"),
        ({"a": case(*STORED), "b": case(*STORED, task="u")}, [task(), task()], "1 takes were charged 2 times"),
        ({"a": case("intent"), "b": case("intent")}, [], "asked for again while it was open"),
        ({"a": case(*STORED), "b": case(*STORED, mark="n", task="u")}, [task()], "the vendor has 1"),
    ],
)
def test_money_that_is_paid_twice_or_without_a_record_is_found(
    known: dict[str, Case], tasks: list[dict[str, Any]], found: str
) -> None:
    assert any(found in problem for problem in money_problems(known, tasks))


def test_only_what_was_made_is_charged() -> None:
    bill = cost([task(cost="0.5", currency="USD"), task(tokens=2_000_000), task("b", "failed", cost="9")])
    assert bill == {"USD": Decimal("2.5")}


def test_torn_files_are_found(tmp_path: Path) -> None:
    folder = tmp_path / "store" / "ab"
    folder.mkdir(parents=True)
    (folder / ("0" * 62 + ".mp4")).write_bytes(b"not what the name says")
    output = tmp_path / "film.mp4"
    output.write_bytes(b"half a film")
    assert list(file_problems(tmp_path, output, ())) == [
        "the store's ab0000000000 is torn",
        "what lies in the film's place is no film",
    ]
    output.unlink()
    assert list(file_problems(tmp_path, output, {"ab" + "0" * 62})) == []
