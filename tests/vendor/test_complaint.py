"""Complaints: a vendor's code and message in plain words, whatever shape they come in."""

from __future__ import annotations

from typing import Any

import pytest

from seedance_pipe.document import freeze
from seedance_pipe.vendor.complaint import UNKNOWN, Complaint, Meaning, complaint, name_of_task

POOR = Meaning("the account has no money left", "top up")
BUSY = Meaning("too many requests", "wait")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ({"code": "poor", "message": "No money. "}, Complaint("poor", f"{POOR.words} (poor: No money)", "top up")),
        ({"code": "POOR"}, Complaint("POOR", f"{POOR.words} (POOR)", "top up")),
        ({"code": "new", "message": 5}, Complaint("new", f"{BUSY.words} (new: 5)", "wait")),
        ({"message": "Slow down"}, Complaint("", f"{BUSY.words} (Slow down)", "wait")),
        ("Slow down.", Complaint("", f"{BUSY.words} (Slow down)", "wait")),
        ({"code": ["poor"], "message": None}, Complaint("", BUSY.words, "wait")),
        (None, Complaint("", BUSY.words, "wait")),
        ([], Complaint("", BUSY.words, "wait")),
    ],
)
def test_an_error_is_told_in_our_words_with_the_vendors_behind_them(error: Any, expected: Complaint) -> None:
    assert complaint(freeze(error), {"poor": POOR}, otherwise=BUSY) == expected


def test_what_has_no_code_takes_the_one_that_is_given() -> None:
    found = complaint("boom", {"failed": POOR}, otherwise=UNKNOWN, code="failed")
    assert found == Complaint("failed", f"{POOR.words} (failed: boom)", "top up")
    assert complaint(freeze({"code": "own"}), {}, otherwise=UNKNOWN, code="failed").code == "own"


@pytest.mark.parametrize(
    ("ident", "name"),
    [("task_1", "task_1"), (17, "17"), ("", ""), (None, ""), ("a\nb", ""), ("é", ""), ("x" * 257, "")],
)
def test_a_task_has_a_name_that_can_be_written_down(ident: Any, name: str) -> None:
    assert name_of_task(freeze({"id": ident})) == name
