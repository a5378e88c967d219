from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedance_pipe.effects import Effects
from seedance_pipe.vendor.pace import Bucket, Rank, growing, jittered
from tests.vendor.virtual import busiest, play
from tests.vendor.world import Clock

FIRST, USUAL = Rank.FIRST, Rank.USUAL
Passed = list[tuple[float, int]]


def passing(
    callers: Sequence[tuple[float, Rank]],
    rate: float,
    burst: int,
    *,
    held: float = 0.0,
    stopped: int | None = None,
) -> Passed:
    """When each of the callers, who come at their times, gets its turn: (seconds, place), in that order."""
    passed: Passed = []

    async def call(place: int, bucket: Bucket, effects: Effects) -> None:
        came, rank = callers[place]
        await effects.sleep(came)
        with anyio.move_on_after(0.01 if place == stopped else None):
            await bucket.turn(rank)
            passed.append((round(effects.monotonic(), 6), place))

    async def main(effects: Effects) -> None:
        bucket = Bucket(rate, burst=burst, effects=effects)
        if held:
            bucket.hold(held)
        async with anyio.create_task_group() as group:
            for place in range(len(callers)):
                group.start_soon(call, place, bucket, effects)

    play(main)
    return passed


def test_a_bucket_lets_a_burst_pass_and_then_so_many_a_second() -> None:
    times = [time for time, _ in passing([(0, USUAL)] * 6, 10, 3)]
    assert times == [0, 0, 0, 0.1, 0.2, 0.3]


def test_a_clock_that_moves_while_it_is_looked_at_never_makes_a_pause_negative() -> None:
    """Between deciding to wait and waiting, the turn may have come."""
    clock, slept = itertools.count(step=0.6), []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async def main() -> None:
        bucket = Bucket(1.0, effects=Effects(monotonic=lambda: next(clock), sleep=sleep))
        for _ in range(5):
            await bucket.turn()

    anyio.run(main)
    assert slept
    assert min(slept) == 0.0


def test_an_idle_bucket_saves_no_more_than_its_burst() -> None:
    times = [time for time, _ in passing([(0, USUAL), *[(1000, USUAL)] * 4], 1, 2)]
    assert times == [0, 1000, 1000, 1001, 1002]


def test_equals_go_in_the_order_in_which_they_came() -> None:
    assert [place for _, place in passing([(0, USUAL)] * 20, 10, 1)] == list(range(20))


def test_the_first_rank_goes_before_all_that_wait() -> None:
    callers = [*[(0.0, USUAL)] * 200, (5.05, FIRST), (5.06, FIRST)]
    passed = passing(callers, 10, 1)
    assert passed[51:53] == [(5.1, 200), (5.2, 201)]
    assert len(passed) == 202


def test_nobody_passes_while_the_bucket_is_held() -> None:
    assert passing([(0, USUAL), (1, FIRST)], 10, 5, held=30) == [(30, 1), (30, 0)]


def test_who_is_stopped_while_waiting_takes_nobodys_turn() -> None:
    assert passing([(0, USUAL)] * 4, 1, 1, stopped=1) == [(0, 0), (1, 2), (2, 3)]


@given(
    callers=st.lists(st.tuples(st.floats(0, 30), st.sampled_from(Rank)), max_size=60),
    rate=st.floats(0.2, 20),
    burst=st.integers(1, 10),
    seconds=st.floats(0.1, 30),
)
def test_no_stretch_of_time_sees_more_than_the_burst_and_the_rate(
    callers: list[tuple[float, Rank]], rate: float, burst: int, seconds: float
) -> None:
    passed = passing(callers, rate, burst)
    assert sorted(place for _, place in passed) == list(range(len(callers)))
    assert busiest([time for time, _ in passed], seconds) <= burst + rate * seconds + 1e-3


def test_pauses_grow_to_their_greatest_and_differ_by_chance() -> None:
    low, high = (replace(Clock().effects(), draw=draw) for draw in (lambda n: 0, lambda n: n - 1))
    assert list(itertools.islice(growing(2, 10, low), 6)) == pytest.approx([1.6, 2.4, 3.6, 5.4, 8, 8])
    assert list(itertools.islice(growing(2, 10, high), 6)) == pytest.approx([2.4, 3.6, 5.4, 8.1, 12, 12], rel=1e-5)


def test_pauses_are_never_below_what_is_asked_for_at_the_time() -> None:
    asked = iter([1.0, 7.0, 50.0, 1.0])
    pauses = growing(2, 10, Clock().effects(), least=lambda: next(asked))
    assert list(itertools.islice(pauses, 4)) == pytest.approx([2, 7, 50, 6.75])


def test_full_jitter_stays_between_nothing_and_its_greatest() -> None:
    high = replace(Clock().effects(), draw=lambda n: n - 1)
    assert jittered(3, first=2, longest=60, effects=high) == pytest.approx(16, rel=1e-5)
    assert jittered(9999, first=2, longest=60, effects=high) == pytest.approx(60, rel=1e-5)
    assert jittered(3, first=2, longest=60, effects=replace(high, draw=lambda n: 0)) == 0
