"""What a run had reserved when it died stays reserved: no edit and no later run gets past the cap (I4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from seedance_pipe.effects import Effects
from seedance_pipe.run.journal import Journal
from seedance_pipe.spec.cap import Caps
from seedance_pipe.studio.look import plan
from tests.builders import capped
from tests.faults.gate import CONNECT, Killed, dying, gated, guarding
from tests.faults.stage import PARTS, ROOMY, Film, Stage, stage
from tests.properties.truth import cost


@pytest.fixture
def on(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path) as there:
        yield there


@dataclass
class Unplugged:
    """The program dies before its connection number `at` to anybody, and does nothing after that."""

    at: int
    passed: int = 0

    def __call__(self, effect: str) -> None:
        self.passed += effect == CONNECT
        if self.passed >= self.at:
            raise Killed


def just_enough(film: Film) -> Caps:
    """What the film costs at most."""
    effects = film.stage.clock.effects(film.stage.vendor.environ)
    return capped(*plan(film.home(effects), effects=effects).bill.most.values())


def held(film: Film, currency: str) -> Decimal:
    """What the story has spent and reserved."""
    state = film.folder / ".seedance"
    with Journal.open(state / "journal.db", story=film.story.name, effects=Effects()) as journal:
        now = journal.total()
        return (now.spent_in(currency) + now.reserved_in(currency)).amount


# Of the model of the one left out nobody knows the price: under a cap it is not bought at all.
@pytest.mark.parametrize("vendor", sorted(set(PARTS) - {"runbase"}))
def test_a_run_that_died_after_it_reserved_leaves_the_cap_whole(on: Stage, vendor: str) -> None:
    film = on.film(vendor, f"cap-{vendor}")
    cap = just_enough(film)
    (currency,) = cap
    for at in (1, 3):
        gate = Unplugged(at)
        with guarding(gate), dying():
            film.run(gated(gate, ROOMY), cap=cap)
        assert held(film, currency) > 0
    # Another film of the same price, which only just fitted when nothing was reserved.
    film.story.write_text(film.story.read_text().replace(" of ", " again of "))
    for _ in range(2):
        assert film.run(cap=cap).code in (4, 5)
        assert held(film, currency) <= cap[currency].most.amount
        assert cost(on.vendor.ledger()).get(currency, 0) <= cap[currency].most.amount
    assert not film.output.exists()
