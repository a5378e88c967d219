"""Polls of many takes on one line, on a clock that takes no time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seedance_pipe.document import freeze
from seedance_pipe.effects import Effects
from seedance_pipe.plan.history import State
from seedance_pipe.run.craft import Job
from seedance_pipe.units import Fingerprint
from seedance_pipe.vendor import runbase
from seedance_pipe.vendor.account import Account
from seedance_pipe.vendor.adapter import Facts, Missed, Pace, Progress, Ready, Running
from seedance_pipe.vendor.answer import Answered, Call, Outcome, Unclear
from seedance_pipe.vendor.follow import follow
from seedance_pipe.vendor.line import Line, line
from seedance_pipe.vendor.pace import Rank
from seedance_pipe.vendor.redact import Redactor
from seedance_pipe.vendor.take import Take
from tests import builders
from tests.vendor.acme import FACTS, Acme
from tests.vendor.virtual import busiest, play
from tests.vendor.world import an_acme_shot, step_of

SHOT = an_acme_shot()
SHARED = runbase.FACTS.pace
"""Of 20 requests in 10 seconds, creates and polls together (runbase.md section 5, 2026-11-21)."""


@dataclass
class Fake:
    """A vendor's API that notes when it is asked what, takes a while and answers `answer`, or that tasks run until
    their time.
    """

    effects: Effects
    latency: float = 0.2
    ends: dict[str, float] = field(default_factory=dict)
    answer: Callable[[int], Outcome | None] = lambda _: None
    calls: list[tuple[float, Call]] = field(default_factory=list)

    async def send(self, call: Call, *, deadline: float) -> Outcome:
        self.calls.append((self.effects.monotonic(), call))
        number = len(self.calls)
        await self.effects.sleep(self.latency)
        return self.answer(number) or Answered(200, freeze({name: self._task(name) for name in asked(call)}))

    def _task(self, name: str) -> Any:
        if self.effects.monotonic() < self.ends.get(name, 0.0):
            return {"status": "running"}
        return {"status": "done", "clips": [f"{name}/1", f"{name}/2", f"{name}/3", f"{name}/4"]}

    def times(self, method: str = "") -> list[float]:
        return [time for time, call in self.calls if not method or call.method == method]

    def asked(self) -> list[list[str]]:
        return [asked(call) for _, call in self.calls if call.method == "GET"]


def asked(call: Call) -> list[str]:
    return call.path.partition("ids=")[2].split(",") if call.method == "GET" else []


def on_line(
    what: Callable[[Line, Fake], Awaitable[None]], facts: Facts = FACTS, draw: Callable[[int], int] | None = None
) -> Fake:
    """Play `what` with a line to a fake vendor."""
    made: list[Fake] = []

    async def main(effects: Effects) -> None:
        fake = Fake(effects)
        made.append(fake)
        api = cast(Any, fake)
        account = Account("acme", "https://acme.example", "canary-key-of-acme")
        await what(line(Acme(facts), account, api, Redactor(), effects=effects), fake)

    play(main, **({"draw": draw} if draw else {}))
    return made[0]


def take_on(on: Line) -> Take:
    step = step_of(SHOT)
    job = Job(step, Fingerprint(""), {}, {}, {}, Path(), cast(Any, None))
    return Take(job, SHOT, on, cast(Any, None), on.effects, lambda event: None)


async def followed(on: Line, task: str) -> Ready:
    """As a run does from the moment that the vendor has it."""
    submission = replace(
        builders.submission(step_of(SHOT), {}, State.SUBMITTED), task=task, at=on.effects.now(), request={}
    )
    return await follow(take_on(on), submission, wait=True)


def together(on: Line, tasks: list[str]) -> Callable[[], Awaitable[dict[str, Progress]]]:
    async def ask() -> dict[str, Progress]:
        found: dict[str, Progress] = {}

        async def one(task: str) -> None:
            found[task] = await on.ask(task, SHOT)

        async with anyio.create_task_group() as group:
            for task in tasks:
                group.start_soon(one, task)
        return found

    return ask


def test_asks_that_wait_together_go_out_together_and_each_reads_its_own_part() -> None:
    tasks = [f"t{number}" for number in range(23)]

    async def main(on: Line, fake: Fake) -> None:
        fake.ends["t7"] = 1e9
        await on.calls.turn()
        on.calls.hold(1.0)
        found = await together(on, tasks)()
        assert found["t7"] == Running("running")
        for task in tasks:
            if task != "t7":
                assert isinstance(ready := found[task], Ready)
                assert ready.clip == f"{task}/1"

    fake = on_line(main)
    assert [len(names) for names in fake.asked()] == [5, 5, 5, 5, 3]
    assert sorted(name for names in fake.asked() for name in names) == sorted(tasks)


def test_an_ask_that_need_not_wait_goes_out_at_once() -> None:
    async def main(on: Line, fake: Fake) -> None:
        await on.ask("a", SHOT)
        await on.ask("b", SHOT)

    assert on_line(main).asked() == [["a"], ["b"]]


def test_a_task_that_several_takes_share_is_asked_after_once() -> None:
    async def main(on: Line, fake: Fake) -> None:
        found = await together(on, ["t/1/4", "t/2/4", "t/3/4", "u"])()
        clips = {name: ready.clip for name, ready in found.items() if isinstance(ready, Ready)}
        assert clips == {"t/1/4": "t/1", "t/2/4": "t/2", "t/3/4": "t/3", "u": "u/1"}

    counted = Counter(name for names in on_line(main).asked() for name in names)
    assert counted == {"t": 1, "u": 1}


def test_a_vendor_of_single_takes_has_its_names_as_they_are() -> None:
    async def main(on: Line, fake: Fake) -> None:
        await together(on, ["t/1/4", "t/2/4"])()
        assert len(fake.calls) == 2

    on_line(main, replace(FACTS, most_takes=1, batch=1))


@pytest.mark.parametrize("stopped", range(6))
@pytest.mark.parametrize("when", [0.5, 1.1])
def test_an_asker_that_is_stopped_breaks_nothing_for_the_others(stopped: int, when: float) -> None:
    """At 0.5 s all wait for their turn, at 1.1 s the first call is out, and one of them is making it."""
    found: dict[int, Progress] = {}

    async def main(on: Line, fake: Fake) -> None:
        on.calls.hold(1.0)

        async def one(number: int) -> None:
            with anyio.move_on_after(when if number == stopped else None):
                found[number] = await on.ask(f"t{number}", SHOT)

        async with anyio.create_task_group() as group:
            for number in range(6):
                group.start_soon(one, number)

    on_line(main, replace(FACTS, pace=replace(FACTS.pace, burst=1)))
    ready = {number for number, progress in found.items() if isinstance(progress, Ready)}
    assert ready | {stopped} == set(range(6))


TIMES = st.floats(0, 3)


@settings(max_examples=60)
@given(
    askers=st.lists(
        st.tuples(st.sampled_from("abcdefgh"), TIMES, st.none() | TIMES, st.sampled_from(Rank)), max_size=25
    ),
    batch=st.integers(1, 4),
    held=st.floats(0, 2),
)
def test_whoever_goes_on_asking_gets_an_answer(
    askers: list[tuple[str, float, float | None, Rank]], batch: int, held: float
) -> None:
    """Askers come, and some of them are stopped, at any time: (task, comes after, is stopped after, rank)."""
    answered: Counter[int] = Counter()

    async def main(on: Line, fake: Fake) -> None:
        on.calls.hold(held)

        async def one(place: int, task: str, came: float, stopped: float | None, rank: Rank) -> None:
            await on.effects.sleep(came)
            with anyio.move_on_after(stopped):
                progress = await on.ask(task, SHOT, rank)
                assert isinstance(progress, Ready)
                assert progress.clip == f"{task}/1"
                answered[place] += 1

        async with anyio.create_task_group() as group:
            for place, asker in enumerate(askers):
                group.start_soon(one, place, *asker)

    fake = on_line(main, replace(FACTS, batch=batch, pace=replace(FACTS.pace, calls=4.0, burst=1)))
    assert set(answered) >= {place for place, asker in enumerate(askers) if asker[2] is None}
    assert all(len(names) <= batch and len(set(names)) == len(names) for names in fake.asked())
    assert len(fake.calls) <= len(askers)
    assert busiest(fake.times(), 2.0) <= 1 + 4 * 2


def test_a_question_that_nobody_waits_for_is_not_asked() -> None:
    async def main(on: Line, fake: Fake) -> None:
        on.calls.hold(1.0)
        with anyio.move_on_after(0.5):
            await on.ask("t", SHOT)
        await on.ask("u", SHOT)

    assert on_line(main).asked() == [["u"]]


def test_a_mistake_of_ours_is_not_hidden_from_anybody() -> None:
    class Wrong(Acme):
        def poll(self, tasks: Any) -> Call:
            raise LookupError("ours")

    failed: list[str] = []

    async def main(on: Line, fake: Fake) -> None:
        wrong = replace(on, polls=type(on.polls)(Wrong(), cast(Any, fake), on.calls, effects=on.effects))

        async def one(task: str) -> None:
            with pytest.raises(LookupError):
                await wrong.ask(task, SHOT)
            failed.append(task)

        async with anyio.create_task_group() as group:
            for task in ("a", "b", "c"):
                group.start_soon(one, task)

    on_line(main)
    assert sorted(failed) == ["a", "b", "c"]


def test_a_task_that_spoils_every_answer_keeps_nobody_elses_clip_back() -> None:
    """What no page says: that a vendor takes an array of polls whatever stands in it."""
    made: dict[str, Ready] = {}
    spoilt = Answered(400, freeze({"error": {"code": "invalid"}}))

    async def main(on: Line, fake: Fake) -> None:
        fake.answer = lambda number: spoilt if "bad" in asked(fake.calls[number - 1][1]) else None

        async def one(task: str) -> None:
            made[task] = await followed(on, task)

        on.calls.hold(4.0)
        with anyio.move_on_after(60):
            async with anyio.create_task_group() as group:
                for task in ("a", "b", "bad", "c", "d"):
                    group.start_soon(one, task)

    fake = on_line(main, replace(FACTS, pace=replace(FACTS.pace, calls=1.0, burst=1)))
    assert set(made) == {"a", "b", "c", "d"}
    assert len(fake.asked()[0]) > 1
    assert all(names == ["bad"] for names in fake.asked()[1:] if "bad" in names)


def test_a_poll_that_breaks_is_missed_by_all_that_it_asked_for() -> None:
    async def main(on: Line, fake: Fake) -> None:
        fake.answer = lambda _: Unclear("the connection broke")
        on.calls.hold(1.0)
        assert await together(on, ["a", "b"])() == dict.fromkeys("ab", Missed("the connection broke"))

    assert len(on_line(main).calls) == 1


@pytest.mark.parametrize("batch", [1, 4])
def test_two_hundred_tasks_in_flight_never_pass_a_limit_of_twenty_requests_in_ten_seconds(batch: int) -> None:
    """Creates and polls together; what is asked for last is made as surely as what came first."""
    made: dict[str, Ready] = {}
    longest = 0.0

    async def main(on: Line, fake: Fake) -> None:
        nonlocal longest

        async def one(task: str) -> None:
            nonlocal longest
            came = on.effects.monotonic()
            await on.paid_turn()
            longest = max(longest, on.effects.monotonic() - came)
            await fake.send(Call("POST", "tasks"), deadline=60)
            fake.ends[task] = on.effects.monotonic() + 90 + 5 * int(task[1:])
            made[task] = await followed(on, task)

        async with anyio.create_task_group() as group:
            for number in range(200):
                group.start_soon(one, f"t{number}")

    fake = on_line(main, replace(FACTS, pace=SHARED, batch=batch))
    assert len(made) == 200
    assert busiest(fake.times(), 10.0) <= 20
    # The polls of those that are in flight do not hold the last submission up.
    assert longest < 200 / SHARED.submissions * 1.05
    polls = fake.times("GET")
    assert len(polls) / (polls[-1] - polls[0]) <= SHARED.calls * 0.67


@settings(max_examples=30)
@given(
    count=st.integers(1, 40),
    batch=st.integers(1, 8),
    calls=st.floats(0.5, 10),
    burst=st.integers(1, 6),
    jitter=st.floats(0, 0.999),
)
def test_polls_leave_a_third_of_the_calls_to_others(
    count: int, batch: int, calls: float, burst: int, jitter: float
) -> None:
    pace = Pace(first=2.0, longest=10.0, calls=calls, burst=burst, submissions=1.0)

    async def main(on: Line, fake: Fake) -> None:
        fake.ends = {f"t{number}": 200.0 for number in range(count)}
        with anyio.move_on_after(100):
            async with anyio.create_task_group() as group:
                for task in fake.ends:
                    group.start_soon(followed, on, task)

    # One jitter for all is the worst: they stay together.
    fake = on_line(main, replace(FACTS, pace=pace, batch=batch), draw=lambda n: int(n * jitter))
    assert busiest(fake.times(), 10.0) <= burst + calls * 10 + 1
    assert len(fake.calls) <= burst + 100 * calls * 2 / 3


def test_a_submission_does_not_wait_for_hundreds_of_polls() -> None:
    async def main(on: Line, fake: Fake) -> None:
        async def submit() -> None:
            await on.effects.sleep(1.01)
            came = on.effects.monotonic()
            await on.paid_turn()
            assert on.effects.monotonic() - came <= 1 / SHARED.calls + 0.01
            await fake.send(Call("POST", "tasks"), deadline=60)

        async with anyio.create_task_group() as group:
            for number in range(300):
                group.start_soon(on.ask, f"t{number}", SHOT)
            group.start_soon(submit)

    fake = on_line(main, replace(FACTS, pace=SHARED, batch=1))
    assert fake.times("POST")[0] < 2
    assert len(fake.times("GET")) == 300


def test_the_address_of_a_clip_that_is_made_is_asked_for_before_all_polls() -> None:
    async def main(on: Line, fake: Fake) -> None:
        async with anyio.create_task_group() as group:
            for number in range(50):
                group.start_soon(on.ask, f"t{number}", SHOT)
            await on.effects.sleep(1)
            group.start_soon(on.ask, "made", SHOT, Rank.FIRST)

    names = [names for names in on_line(main, replace(FACTS, pace=SHARED, batch=1)).asked() if names]
    assert names.index(["made"]) < 10


@pytest.mark.parametrize(("status", "code"), [(429, ""), (503, ""), (200, "tooFast")])
def test_a_vendor_that_has_too_much_to_do_is_left_alone_by_all(status: int, code: str) -> None:
    async def main(on: Line, fake: Fake) -> None:
        said = Answered(status, freeze({"error": {"code": code}}), 30.0)
        fake.answer = lambda number: said if number == 1 else None
        await on.ask("a", SHOT)
        await on.paid_turn()
        await fake.send(Call("POST", "tasks"), deadline=60)
        await on.ask("b", SHOT)

    times = on_line(main).times()
    assert times[0] == 0
    assert times[1] == pytest.approx(30.2)
    assert times[2] == pytest.approx(30.4), "one answer that is none of that kind ends it"


def test_a_vendor_that_names_no_time_is_left_alone_ever_longer() -> None:
    async def main(on: Line, fake: Fake) -> None:
        fake.answer = lambda number: Answered(429) if number not in (6, 10) else None
        for _ in range(11):
            await on.ask("a", SHOT)

    times = on_line(main).times()
    pauses = [later - sooner - 0.2 for sooner, later in pairwise(times)]
    # The middle of full jitter: half of 2, 4, 8, … seconds, until an answer comes.
    assert pauses == pytest.approx([1, 2, 4, 8, 16, 0, 1, 2, 4, 0], abs=0.01)


def test_a_wait_that_a_vendor_asks_for_has_an_end() -> None:
    async def main(on: Line, fake: Fake) -> None:
        fake.answer = lambda number: Answered(429, None, 1e9) if number == 1 else None
        await on.ask("a", SHOT)
        await on.ask("a", SHOT)

    assert on_line(main).times()[1] == pytest.approx(600.2)
