"""Kill -9 before and after a share of all effects, and at random moments: every take is charged once, nothing is
lost, nothing torn is seen, and every doubt is shown. `python -m tests.crash --all` tries every effect.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.every import Case, Cell, cases, share, stage
from tests.crash.plays import PLAYS, Answer, quick_folder
from tests.crash.sweep import sweep

SEED = 20261121
SHARE = 1


@pytest.fixture
def folder() -> Iterator[Path]:
    with quick_folder() as quick:
        yield quick


@pytest.mark.parametrize("vendor", PLAYS)
def test_kills_before_and_after_effects_neither_pay_twice_nor_lose_a_clip(vendor: str, folder: Path) -> None:
    killed, films = Counter[str](), 0
    with stage(folder / "stage") as here:
        for answer in Answer:
            undisturbed = here.play(Case(Cell(vendor, answer)))
            every = list(cases(undisturbed.case.cell, sum(undisturbed.passed.values()), SEED))
            for told in (undisturbed, *map(here.play, share(every, len(every) // SHARE + 1, SEED))):
                assert told.problems == [], f"python -m tests.crash --case {told.case}"
                assert told.charged == 3 * PLAYS[vendor].takes
                assert told.decided <= len(told.doubts)
                killed += told.killed
                films += 1
    assert films == len(Answer) * (1 + SHARE)
    # The second kill may come when the film is made already.
    assert killed.total() >= len(Answer) * SHARE


def test_kills_at_random_moments_neither_pay_twice_nor_lose_a_clip(folder: Path) -> None:
    # A film is killed six times at most, so three films of the four vendors are never enough.
    tallies = sweep(folder, kills=19, seed=SEED)
    assert [problem for tally in tallies.values() for problem in tally.problems] == []
    assert set(tallies) == set(PLAYS)
    assert sum(tally.kills for tally in tallies.values()) >= 19
    for tally in tallies.values():
        assert tally.kills >= 3
        assert tally.charged >= tally.films
