"""One story moves from model to model by its `model` line, and becomes a film on every one that can do it."""

from __future__ import annotations

from decimal import Decimal
from itertools import product

import pytest

from seedance_pipe.media.frame import first_frame, last_frame
from seedance_pipe.media.probe import check_clip
from seedance_pipe.media.seam import SAME_PICTURE, difference
from seedance_pipe.spec.model import Unpriced
from seedance_pipe.studio.home import read
from seedance_pipe.studio.models import catalogue
from seedance_pipe.units import Money
from tests.conformance.performance import Production, since

SLACK = Decimal("0.00001")
"""By how much a take's amount may be off: dollars are rounded to five or eight decimals (runware.md section 8)."""

MODELS = sorted(catalogue().models)


def smallest(production: Production, model: str) -> list[dict[str, str]]:
    """The story in the smallest size and the shortest length that the model has; its second shot goes on from the
    first where the model begins with a picture.
    """
    known = catalogue().models[model]
    shots = [{"prompt": "A heron waits"}]
    shots += [{"prompt": "It flies off", "continues": "previous"}] if known.abilities.first_frame else []
    for resolution, seconds in product(("480p", "720p", "1080p"), range(2, 6)):
        production.write(*shots, model=model, resolution=resolution, duration=seconds)
        if read(production.path, environ=production.environ).story is not None:
            return shots
    raise AssertionError(f"{model} makes nothing")


@pytest.mark.parametrize(
    "model",
    [pytest.param(model, marks=pytest.mark.long) if place % 3 else model for place, model in enumerate(MODELS)],
)
def test_a_story_becomes_a_film_at_the_price_that_was_planned(production: Production, model: str) -> None:
    shots = smallest(production, model)
    known = catalogue().models[model]
    bill, before = production.plan().bill, production.ledger()
    ended = production.run()
    assert ended.code == 0, ended
    clips = production.clips()
    assert len(clips) == len(since(production.ledger(), before)) == len(shots)
    if len(clips) == 2:
        assert difference(last_frame(clips[0]), first_frame(clips[1])) < SAME_PICTURE
    film = check_clip(production.film)
    assert film.timing.frames >= sum(check_clip(clip).timing.frames for clip in clips) - 1
    charged = [one.charged for one in production.submissions()]
    assert all(isinstance(one, Money) for one in charged)
    if isinstance(known.price, Unpriced):
        assert len(bill.unknown) == len(shots)
    elif not bill.unknown:
        (most,) = bill.most.values()
        spent = sum((one.amount for one in charged if one), Decimal(0))
        off = spent - most.amount
        assert off <= len(shots) * SLACK
        assert abs(off) <= len(shots) * SLACK or not bill.exact
