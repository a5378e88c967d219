"""Kill -9 at a hundred random moments: every take is charged once, or in doubt where its answer was lost."""

from __future__ import annotations

from pathlib import Path

from tests.crash.sweep import sweep


def test_a_hundred_kills_neither_pay_twice_nor_lose_a_clip(tmp_path: Path) -> None:
    tally = sweep(tmp_path, kills=100, seed=20261121)
    assert tally.problems == []
    assert tally.kills >= 100
    assert tally.charged >= tally.films
