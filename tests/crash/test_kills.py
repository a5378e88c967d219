"""Kill -9 at a hundred random moments: every take is charged once, or in doubt where its answer was lost."""

from __future__ import annotations

from pathlib import Path

from tests.crash.sweep import PLAYS, sweep


def test_a_hundred_kills_neither_pay_twice_nor_lose_a_clip(tmp_path: Path) -> None:
    tallies = sweep(tmp_path, kills=100, seed=20261121)
    assert [problem for tally in tallies.values() for problem in tally.problems] == []
    assert set(tallies) == set(PLAYS)
    assert sum(tally.kills for tally in tallies.values()) >= 100
    for tally in tallies.values():
        assert tally.kills >= 15
        assert tally.charged >= tally.films
