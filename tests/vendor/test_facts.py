"""What the facts of every vendor promise: how often it is called, and when it is left alone."""

from __future__ import annotations

from dataclasses import replace

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seedance_pipe.document import freeze
from seedance_pipe.vendor.adapter import Facts
from seedance_pipe.vendor.answer import Answered, Call
from seedance_pipe.vendor.line import Line
from seedance_pipe.vendor.pace import Rank
from seedance_pipe.vendor.registry import VENDORS
from tests.vendor.acme import FACTS
from tests.vendor.test_polls import SHOT, Fake, on_line
from tests.vendor.virtual import busiest

vendors = pytest.mark.parametrize("vendor", sorted(VENDORS))
# Runbase: section 5; ModelArk: section 6, of which one program takes half. The others name none.
LIMITS = {"runbase": (10.0, 20), "modelark": (1.0, 20)}


def at_its_pace(vendor: str) -> Facts:
    facts = VENDORS[vendor].FACTS
    return replace(FACTS, pace=facts.pace, batch=facts.batch, most_takes=facts.most_takes)


@vendors
@settings(max_examples=25)
@given(
    wants=st.lists(st.tuples(st.sampled_from(["buy", "ask", "made"]), st.floats(0, 20)), max_size=80),
    held=st.floats(0, 5),
)
def test_buying_and_asking_together_never_pass_the_pace_and_nobody_is_left_waiting(
    vendor: str, wants: list[tuple[str, float]], held: float
) -> None:
    done: list[int] = []

    async def main(on: Line, fake: Fake) -> None:
        on.calls.hold(held)

        async def one(place: int, what: str, came: float) -> None:
            await on.effects.sleep(came)
            if what == "buy":
                await on.paid_turn()
                await fake.send(Call("POST", "tasks"), deadline=60)
            else:
                await on.ask(f"t{place}", SHOT, Rank.FIRST if what == "made" else Rank.USUAL)
            done.append(place)

        async with anyio.create_task_group() as group:
            for place, (what, came) in enumerate(wants):
                group.start_soon(one, place, what, came)

    facts = at_its_pace(vendor)
    fake = on_line(main, facts)
    pace = facts.pace
    assert sorted(done) == list(range(len(wants)))
    for seconds in (1.0, 10.0):
        assert busiest(fake.times(), seconds) <= pace.burst + pace.calls * seconds + 1e-3


@pytest.mark.parametrize("vendor", sorted(LIMITS))
def test_a_documented_limit_is_kept(vendor: str) -> None:
    seconds, most = LIMITS[vendor]
    pace = VENDORS[vendor].FACTS.pace
    assert pace.burst + pace.calls * seconds <= most


@vendors
def test_polls_are_asked_even_while_a_whole_story_is_bought(vendor: str) -> None:
    """What is bought goes first, and leaves room all the same."""
    pace = VENDORS[vendor].FACTS.pace
    assert pace.submissions < pace.calls

    async def main(on: Line, fake: Fake) -> None:
        async def buy() -> None:
            await on.paid_turn()
            await fake.send(Call("POST", "tasks"), deadline=60)

        async with anyio.create_task_group() as group:
            for _ in range(100):
                group.start_soon(buy)
            await on.effects.sleep(1.0)
            began = on.effects.monotonic()
            await on.ask("t", SHOT)
            assert on.effects.monotonic() - began < 10

    on_line(main, at_its_pace(vendor))


@vendors
def test_a_vendor_is_left_alone_when_it_says_that_it_has_too_much_to_do(vendor: str) -> None:
    crowded = VENDORS[vendor].crowded
    assert crowded(Answered(429))
    assert crowded(Answered(503))
    assert not crowded(Answered(200))
    assert not crowded(Answered(500))


def test_runware_says_so_with_200_as_well_and_a_generation_that_ended_so_does_not() -> None:
    def said(**error: str) -> Answered:
        return Answered(200, freeze({"data": [], "errors": [{"code": "rateLimitExceeded", **error}]}))

    crowded = VENDORS["runware"].crowded
    assert crowded(said())
    assert crowded(said(taskUUID="t", taskType="getResponse"))
    assert not crowded(said(taskUUID="t", taskType="videoInference", status="error"))
    assert not crowded(Answered(200, freeze({"errors": [{"code": "invalidDuration"}]})))
