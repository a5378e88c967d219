from __future__ import annotations

import itertools
from dataclasses import replace

import anyio
import pytest

from seedance_pipe.vendor.pace import Bucket, growing, jittered
from tests.vendor.world import Clock

pytestmark = pytest.mark.anyio


async def test_a_bucket_lets_a_burst_pass_and_then_so_many_a_second() -> None:
    clock = Clock()
    bucket = Bucket(10, burst=3, effects=clock.effects())
    times = []
    for _ in range(6):
        await bucket.turn()
        times.append(round(clock.seconds, 6))
    assert times == [0, 0, 0, 0.1, 0.2, 0.3]


async def test_an_idle_bucket_saves_no_more_than_its_burst() -> None:
    clock = Clock()
    bucket = Bucket(1, burst=2, effects=clock.effects())
    await bucket.turn()
    clock.seconds = 1000.0
    for _ in range(4):
        await bucket.turn()
    assert clock.seconds == 1002.0


async def test_callers_at_the_same_moment_get_turns_of_their_own() -> None:
    waits: list[float] = []

    async def wait(seconds: float) -> None:
        waits.append(seconds)

    bucket = Bucket(4, effects=replace(Clock().effects(), sleep=wait))
    async with anyio.create_task_group() as group:
        for _ in range(4):
            group.start_soon(bucket.turn)
    assert sorted(waits) == [0.25, 0.5, 0.75]


def test_pauses_grow_to_their_greatest_and_differ_by_chance() -> None:
    low, high = (replace(Clock().effects(), draw=draw) for draw in (lambda n: 0, lambda n: n - 1))
    assert list(itertools.islice(growing(2, 10, low), 6)) == pytest.approx([1.6, 2.4, 3.6, 5.4, 8, 8])
    assert list(itertools.islice(growing(2, 10, high), 6)) == pytest.approx([2.4, 3.6, 5.4, 8.1, 12, 12], rel=1e-5)


def test_full_jitter_stays_between_nothing_and_its_greatest() -> None:
    high = replace(Clock().effects(), draw=lambda n: n - 1)
    assert jittered(3, first=2, longest=60, effects=high) == pytest.approx(16, rel=1e-5)
    assert jittered(9999, first=2, longest=60, effects=high) == pytest.approx(60, rel=1e-5)
    assert jittered(3, first=2, longest=60, effects=replace(high, draw=lambda n: 0)) == 0
