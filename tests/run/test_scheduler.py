from __future__ import annotations

import heapq
import itertools
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import anyio
import pytest
from anyio.lowlevel import checkpoint
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seedance_pipe.errors import GuardRefused, InDoubt, VendorFailed
from seedance_pipe.plan.fingerprint import document, fingerprint
from seedance_pipe.plan.graph import Graph, Need, Step, StepKey, StepKind
from seedance_pipe.plan.history import History, State
from seedance_pipe.run.craft import Job
from seedance_pipe.run.event import Blocked, Doubted, Emit, Event, Failed, Finished, Moved, Started
from seedance_pipe.run.intent import Intent
from seedance_pipe.run.journal import Journal
from seedance_pipe.run.outcome import Outcome
from seedance_pipe.run.scheduler import perform
from seedance_pipe.run.store import Store
from seedance_pipe.units import Digest

from .examples import STORY, Hands, dollars, receipt

LANES = {"vendor": 4, "desk": 2}


def step(key: str, *needs: str, kind: StepKind = StepKind.CLIP, recipe: str | None = None) -> Step:
    """A step with output `out` that needs output `out` of the others."""
    slots = tuple(Need(f"slot/{index}", StepKey(need), "out") for index, need in enumerate(needs))
    return Step(StepKey(key), kind, {"recipe": key if recipe is None else recipe}, slots)


def take(key: str, *needs: str, recipe: str | None = None) -> Step:
    return step(key, *needs, kind=StepKind.TAKE, recipe=recipe)


def graph(*steps: Step) -> Graph:
    return Graph(steps)


Work = Callable[[Job, Emit], Awaitable[None]]


async def nothing(job: Job, emit: Emit) -> None:
    return None


@dataclass
class Craft:
    """Writes a file that names the step's recipe and inputs, after `work` was done for it."""

    work: dict[str, Work] = field(default_factory=dict)
    always: Work = nothing
    done: list[str] = field(default_factory=list)
    busy: int = 0
    most_busy: int = 0

    async def perform(self, job: Job, emit: Emit) -> Mapping[str, Digest]:
        self.busy += 1
        self.most_busy = max(self.most_busy, self.busy)
        try:
            await self.work.get(job.step.key, self.always)(job, emit)
            file = job.scratch / "out"
            inputs = {slot: path.read_text() for slot, path in job.inputs.items()}
            file.write_text(json.dumps({"recipe": job.step.recipe, "inputs": inputs}))
            outputs = {"out": await job.keep(file)}
        finally:
            self.busy -= 1
        self.done.append(job.step.key)
        return outputs


@dataclass
class Stage:
    """A journal, a store and two crafts, on which graphs are run one after the other."""

    journal: Journal
    store: Store
    vendor: Craft = field(default_factory=Craft)
    desk: Craft = field(default_factory=Craft)
    events: list[Event] = field(default_factory=list)

    def history(self) -> History:
        return self.journal.history(self.store.has, {})

    async def perform(
        self,
        graph: Graph,
        *,
        keep_going: bool = False,
        lanes: Mapping[str, int] = LANES,
        hear: Emit | None = None,
        settles: bool = False,
    ) -> Outcome:
        self.events.clear()
        self.vendor.done.clear()
        self.desk.done.clear()
        crafts = {kind: self.vendor if kind is StepKind.TAKE else self.desk for kind in StepKind}
        return await perform(
            graph,
            self.history(),
            crafts=crafts,
            journal=self.journal,
            store=self.store,
            lane=lambda step: "vendor" if step.kind is StepKind.TAKE else "desk",
            lanes=lanes,
            emit=hear or self.events.append,
            settles=lambda submission: settles,
            keep_going=keep_going,
        )

    def run(
        self, graph: Graph, *, keep_going: bool = False, lanes: Mapping[str, int] = LANES, settles: bool = False
    ) -> Outcome:
        async def main() -> Outcome:
            return await self.perform(graph, keep_going=keep_going, lanes=lanes, settles=settles)

        return anyio.run(main)

    @property
    def done(self) -> list[str]:
        return [*self.vendor.done, *self.desk.done]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with Journal.open(tmp_path / "journal.db", story=STORY, effects=Hands().effects()) as journal:
        store = Store(tmp_path / "store")
        yield Stage(journal, store)
        store.close()


def fails(message: str) -> Work:
    async def work(job: Job, emit: Emit) -> None:
        raise VendorFailed(message, next_step="try something else")

    return work


def waits_for(event: Callable[[], anyio.Event]) -> Work:
    async def work(job: Job, emit: Emit) -> None:
        await event().wait()

    return work


FILM = graph(
    take("stairs#1"),
    step("stairs#1/frame", "stairs#1", kind=StepKind.FRAME),
    take("lamp#1", "stairs#1/frame"),
    take("surf#1"),
    step("stairs/clip", "stairs#1"),
    step("lamp/clip", "lamp#1"),
    step("surf/clip", "surf#1"),
    step("film", "stairs/clip", "lamp/clip", "surf/clip", kind=StepKind.FILM),
)
EVERYTHING = {one.key for one in FILM.steps}


def test_every_step_is_made_after_all_that_it_needs(stage: Stage) -> None:
    outcome = stage.run(FILM)
    assert set(outcome.made) == set(outcome.outputs) == EVERYTHING
    for one in FILM.steps:
        for need in one.needs:
            assert outcome.made.index(need.step) < outcome.made.index(one.key)
    film = json.loads(stage.store.path(outcome.outputs[StepKey("film")]["out"]).read_text())
    assert json.loads(film["inputs"]["slot/1"])["recipe"] == {"recipe": "lamp/clip"}


def test_a_run_tells_what_happens_in_its_order(stage: Stage) -> None:
    async def moves(job: Job, emit: Emit) -> None:
        emit(Moved(job.step.key, "queued"))

    stage.vendor.always = moves
    outcome = stage.run(graph(take("stairs#1")))
    key = StepKey("stairs#1")
    assert stage.events == [Started(key), Moved(key, "queued"), Finished(key, outcome.outputs[key])]


def test_a_second_run_does_nothing_and_takes_no_lane(stage: Stage) -> None:
    first = stage.run(FILM)
    second = stage.run(FILM, lanes={"vendor": 0, "desk": 0})
    assert stage.done == []
    assert second.outputs == first.outputs
    assert set(second.fresh) == EVERYTHING
    assert second.made == ()
    assert [event.fresh for event in stage.events if isinstance(event, Finished)] == [True] * len(FILM.steps)


def test_a_changed_step_remakes_only_what_hangs_on_it(stage: Stage) -> None:
    stage.run(FILM)
    changed = [replace(one, recipe={"recipe": "new"}) if one.key == "surf#1" else one for one in FILM.steps]
    outcome = stage.run(Graph(tuple(changed)))
    assert set(outcome.made) == {"surf#1", "surf/clip", "film"}


def test_when_a_step_comes_out_the_same_what_hangs_on_it_stays_fresh(stage: Stage) -> None:
    steps = (step("a", recipe="a"), step("b", "a"))
    first = stage.run(graph(*steps))

    class Same:
        async def perform(self, job: Job, emit: Emit) -> Mapping[str, Digest]:
            return first.outputs[StepKey("a")]

    async def main() -> Outcome:
        return await perform(
            graph(step("a", recipe="another way to the same"), steps[1]),
            stage.history(),
            crafts={StepKind.CLIP: Same()},
            journal=stage.journal,
            store=stage.store,
            lane=lambda step: "desk",
            lanes={"desk": 1},
            emit=stage.events.append,
        )

    outcome = anyio.run(main)
    assert (outcome.made, outcome.fresh) == (("a",), ("b",))


def test_a_step_whose_file_is_gone_is_made_again(stage: Stage) -> None:
    first = stage.run(FILM)
    stage.store.path(first.outputs[StepKey("surf/clip")]["out"]).unlink()
    stage.store = Store(stage.store.folder)
    second = stage.run(FILM)
    assert second.made == ("surf/clip",)
    assert second.outputs == first.outputs


def test_the_last_fingerprint_of_every_step_is_remembered(stage: Stage) -> None:
    stage.run(FILM)
    marks = stage.history().latest
    assert set(marks) == EVERYTHING
    renamed = tuple(replace(one, key=StepKey(f"new {one.key}")) for one in (FILM.steps[0], FILM.steps[3]))
    stage.run(Graph(renamed))
    assert stage.done == []
    assert stage.history().latest["new surf#1"] == marks["surf#1"]


def test_two_steps_that_are_the_same_are_made_once(stage: Stage) -> None:
    outcome = stage.run(graph(take("a#1", recipe="same"), take("b#1", recipe="same"), step("clip", "b#1")))
    assert stage.vendor.done == ["a#1"]
    assert outcome.fresh == ("b#1",)
    assert outcome.outputs[StepKey("a#1")] == outcome.outputs[StepKey("b#1")]
    assert set(outcome.made) == {"a#1", "clip"}


def test_a_step_that_turns_out_to_be_one_already_made_in_this_run_is_fresh(stage: Stage) -> None:
    film = graph(take("a"), step("first", "a", recipe="same"), step("w", "first"), after("twin", "a", "w"))
    outcome = stage.run(film)
    assert outcome.fresh == ("twin",)
    assert outcome.outputs[StepKey("twin")] == outcome.outputs[StepKey("first")]


def after(key: str, need: str, late: str) -> Step:
    """A step of recipe `same` that is judged only after `late`, of which it then gets nothing."""
    plain = step(key, need, recipe="same")
    return replace(plain, needs=(*plain.needs, Need("late", StepKey(late), "nothing", optional=True)))


def test_an_optional_need_is_left_out_when_the_other_step_has_no_such_output(stage: Stage) -> None:
    lacking = (Need("clip", StepKey("a"), "out"), Need("last_frame", StepKey("a"), "last_frame", optional=True))
    stage.run(graph(take("a"), replace(step("b"), needs=lacking)))
    (made,) = (made for made in stage.history().made.values() if made.step == "b")
    assert set(made.inputs["inputs"]) == {"clip"}


def test_a_needed_output_that_is_not_there_is_our_mistake(stage: Stage) -> None:
    lacking = (Need("clip", StepKey("a"), "clip"),)
    with pytest.raises(LookupError, match="b needs clip of a, which gave none"):
        stage.run(graph(take("a"), replace(step("b"), needs=lacking)))


# Lanes


def test_a_lane_is_never_fuller_than_it_may_be_and_lanes_do_not_wait_for_each_other(stage: Stage) -> None:
    async def several_turns(job: Job, emit: Emit) -> None:
        for _ in range(5):
            await checkpoint()

    stage.vendor.always = stage.desk.always = several_turns
    steps = [take(f"t{number}") for number in range(12)] + [step(f"s{number}") for number in range(12)]
    outcome = stage.run(Graph(tuple(steps)), lanes={"vendor": 5, "desk": 3})
    assert len(outcome.made) == 24
    assert (stage.vendor.most_busy, stage.desk.most_busy) == (5, 3)


def test_the_lane_of_each_vendor_holds_when_one_story_uses_four(stage: Stage) -> None:
    busy: Counter[str] = Counter()
    most: Counter[str] = Counter()
    lanes = {"modelark": 10, "rivya": 4, "runbase": 1, "runware": 3}

    class Vendors:
        async def perform(self, job: Job, emit: Emit) -> Mapping[str, Digest]:
            vendor = job.step.key.partition("-")[0]
            busy[vendor] += 1
            most[vendor] = max(most[vendor], busy[vendor])
            for _ in range(5):
                await checkpoint()
            busy[vendor] -= 1
            (job.scratch / "out").write_text(job.step.key)
            return {"out": await job.keep(job.scratch / "out")}

    async def main() -> Outcome:
        return await perform(
            Graph(tuple(take(f"{vendor}-{number}") for number in range(12) for vendor in lanes)),
            stage.history(),
            crafts={StepKind.TAKE: Vendors()},
            journal=stage.journal,
            store=stage.store,
            lane=lambda step: step.key.partition("-")[0],
            lanes=lanes,
            emit=stage.events.append,
        )

    assert len(anyio.run(main).made) == 48
    assert most == lanes


def test_the_longest_chain_goes_first(stage: Stage) -> None:
    chained = graph(take("short"), take("long"), take("longer", "long"), step("end", "longer"), take("b"))
    stage.run(chained, lanes={"vendor": 1, "desk": 1})
    assert stage.vendor.done == ["long", "longer", "short", "b"]


def test_what_an_earlier_run_began_goes_before_anything_is_bought(stage: Stage) -> None:
    film = graph(take("new"), take("newer", "new"), take("begun"))
    interrupted(stage, film, "begun")
    stage.run(film, lanes={"vendor": 1, "desk": 1})
    assert stage.vendor.done[0] == "begun"
    assert Started(StepKey("begun"), resumed=True) in stage.events


def interrupted(stage: Stage, film: Graph, key: str, *, until: State = State.SUBMITTED) -> str:
    """The id of a submission of the step that an earlier run left behind."""
    given = {"kind": "take", "recipe": next(one.recipe for one in film.steps if one.key == key), "inputs": {}}
    submission = submit(stage.journal, given, key)
    if until is State.SUBMITTED:
        stage.journal.submitted(submission, "task")
    return submission


def submit(journal: Journal, given: object, key: str) -> str:
    intent = Intent(fingerprint(given), key, 1, "modelark", "m", {}, given, dollars("0.5"))
    return journal.intend(intent, cap=None).id


# Money


def buys(stage: Stage, *, charged: str | None, failing: bool = False) -> Work:
    async def work(job: Job, emit: Emit) -> None:
        submission = submit(stage.journal, job.given, job.step.key)
        stage.journal.submitted(submission, "task")
        if failing:
            stage.journal.failed(submission, code="bad", reason="no", charged=dollars(charged or "0"))
            raise VendorFailed("no")
        stage.journal.ready(submission, receipt(dollars(charged) if charged else None))
        stage.journal.stored(submission, {"out": Digest("0" * 64)})

    return work


def test_what_the_takes_of_this_run_cost_is_told(stage: Stage) -> None:
    stage.vendor.work = {
        "a": buys(stage, charged="0.30"),
        "b": buys(stage, charged="0.12"),
        "c": buys(stage, charged=None),
        "d": buys(stage, charged="0.05", failing=True),
        "e": buys(stage, charged="0", failing=True),
    }
    film = graph(*(take(name) for name in "abcde"))
    outcome = stage.run(film, keep_going=True)
    assert outcome.charged == {"USD": dollars("0.47")}
    told = {event.step: event.charged for event in stage.events if isinstance(event, Finished)}
    assert told == {"a": dollars("0.30"), "b": dollars("0.12"), "c": None}
    stage.vendor.work = {"d": fails("no key"), "e": fails("no key")}
    assert stage.run(film, keep_going=True).charged == {}


# Failures


def test_a_failure_stops_what_hangs_on_it_and_no_more_takes_are_bought(stage: Stage) -> None:
    stage.vendor.work["bad"] = fails("the vendor said no")
    film = graph(
        take("bad"),
        step("bad/clip", "bad"),
        take("next", "bad/clip"),
        *(take(f"t{number}") for number in range(3)),
        step("t0/clip", "t0"),
        step("film", "bad/clip", "t0/clip", kind=StepKind.FILM),
    )
    outcome = stage.run(film, lanes={"vendor": 2, "desk": 1})
    assert {key: error.message for key, error in outcome.failed.items()} == {"bad": "the vendor said no"}
    assert outcome.made == ("t0", "t0/clip")
    assert outcome.blocked == dict.fromkeys(["bad/clip", "next", "film", "t1", "t2"], "bad")
    assert Failed(StepKey("bad"), "the vendor said no", "try something else") in stage.events
    assert {event.step for event in stage.events if isinstance(event, Blocked)} == set(outcome.blocked)
    assert "film" not in stage.history().latest


def test_with_keep_going_all_is_made_that_can_be(stage: Stage) -> None:
    stage.vendor.work["lamp#1"] = fails("no")
    outcome = stage.run(FILM, keep_going=True, lanes={"vendor": 1, "desk": 1})
    assert set(outcome.failed) == {"lamp#1"}
    assert set(outcome.blocked) == {"lamp/clip", "film"}
    assert set(outcome.made) == EVERYTHING - {"lamp#1", "lamp/clip", "film"}


def test_the_next_run_makes_only_what_failed(stage: Stage) -> None:
    stage.vendor.work["lamp#1"] = fails("no")
    stage.run(FILM, keep_going=True)
    stage.vendor.work.clear()
    assert set(stage.run(FILM).made) == {"lamp#1", "lamp/clip", "film"}


def test_what_is_in_flight_is_fetched_even_after_a_failure(stage: Stage) -> None:
    film = graph(step("bad"), step("slow"), take("begun", recipe="begun"), take("new"), take("after", "slow"))
    interrupted(stage, film, "begun")

    async def main() -> Outcome:
        failed = anyio.Event()

        async def fail(job: Job, emit: Emit) -> None:
            failed.set()
            raise VendorFailed("no")

        stage.desk.work["bad"] = fail
        stage.vendor.work["begun"] = stage.desk.work["slow"] = waits_for(lambda: failed)
        return await stage.perform(film, lanes={"vendor": 1, "desk": 2})

    outcome = anyio.run(main)
    assert set(outcome.made) == {"slow", "begun"}
    assert outcome.blocked == {"new": "bad", "after": "bad"}


@pytest.mark.parametrize("used", ["by nothing", "by a step", "by its twin"])
def test_a_take_in_flight_that_nothing_hangs_on_keeps_no_other_from_being_bought(stage: Stage, used: str) -> None:
    """A person asks for another in its place, which is of no use if the lost one must come home first."""
    twin = [take("twin", recipe="lost"), step("clip", "twin")] if used == "by its twin" else []
    above = [step("cut", "lost")] if used == "by a step" else []
    interrupted(stage, graph(take("lost", recipe="lost")), "lost")
    stage.vendor.work["lost"] = fails("nobody knows")
    film = graph(take("lost", recipe="lost"), take("new"), step("film", "new"), *twin, *above)
    outcome = stage.run(film, lanes={"vendor": 1, "desk": 1})
    assert set(outcome.failed) == {"lost"}
    assert set(outcome.made) == ({"new", "film"} if used == "by nothing" else set())


@pytest.mark.parametrize("lane", [1, 2])
def test_what_was_bought_together_with_others_is_fetched_even_after_a_failure(stage: Stage, lane: int) -> None:
    """The first take asks for the second as well. In a lane of two the second comes up before that is answered."""
    film = graph(take("first"), take("short"), take("second"), take("new"), step("bad"))

    async def main() -> Outcome:
        failed, ended = anyio.Event(), anyio.Event()

        async def ask_for_both(job: Job, emit: Emit) -> None:
            await failed.wait()
            if lane == 2:
                await ended.wait()
            for _ in range(100):
                await checkpoint()
            interrupted(stage, film, "first")
            interrupted(stage, film, "second")

        async def fail(job: Job, emit: Emit) -> None:
            failed.set()
            raise VendorFailed("no")

        def hear(event: Event) -> None:
            if isinstance(event, Finished) and event.step == "short":
                ended.set()

        stage.desk.work["bad"] = fail
        stage.vendor.work = {"first": ask_for_both, "short": waits_for(lambda: failed)}
        return await stage.perform(film, lanes={"vendor": lane, "desk": 1}, hear=hear)

    outcome = anyio.run(main)
    assert {"first", "second"} <= set(outcome.made)
    assert outcome.blocked["new"] == "bad"


def test_the_twin_of_a_step_that_fails_is_blocked_with_all_that_hangs_on_it(stage: Stage) -> None:
    stage.vendor.work["a"] = fails("no")
    film = graph(take("a", recipe="same"), take("b", recipe="same"), step("b/clip", "b"))
    outcome = stage.run(film, keep_going=True)
    assert outcome.blocked == {"b": "a", "b/clip": "a"}


def test_a_step_that_turns_out_to_be_one_that_failed_is_blocked_too(stage: Stage) -> None:
    stage.desk.work["bad"] = fails("no")
    film = graph(
        take("a"),
        step("bad", "a", recipe="same"),
        step("one", "a"),
        step("two", "one"),
        after("twin", "a", "two"),
        step("end", "twin"),
    )
    outcome = stage.run(film, keep_going=True)
    assert outcome.blocked == {"twin": "bad", "end": "bad"}
    assert set(outcome.made) == {"a", "one", "two"}


def test_a_take_that_is_held_back_takes_its_twin_along(stage: Stage) -> None:
    stage.vendor.work["bad"] = fails("no")
    film = graph(take("bad"), take("a", recipe="same"), take("b", recipe="same"))
    outcome = stage.run(film, lanes={"vendor": 1, "desk": 1})
    assert outcome.blocked == {"a": "bad", "b": "bad"}


def test_a_file_that_cannot_be_remembered_fails_its_step(stage: Stage) -> None:
    async def breaks_the_journal(job: Job, emit: Emit) -> None:
        (pages,) = stage.journal._pages.connection.execute("PRAGMA page_count").fetchone()
        stage.journal._pages.connection.execute(f"PRAGMA max_page_count = {pages}")

    stage.desk.work["a"] = breaks_the_journal
    outcome = stage.run(graph(replace(step("a"), recipe={"recipe": "x" * 10**6})))
    assert "the disk is full" in outcome.failed[StepKey("a")].message


# Doubt


def test_a_doubt_blocks_only_what_hangs_on_it(stage: Stage) -> None:
    async def doubtful(job: Job, emit: Emit) -> None:
        raise InDoubt("nobody knows", next_step="look")

    stage.vendor.work["stairs#1"] = doubtful
    outcome = stage.run(FILM, lanes={"vendor": 1, "desk": 1})
    assert outcome.doubted == ("stairs#1",)
    assert outcome.failed == {}
    assert set(outcome.made) == {"surf#1", "surf/clip"}
    assert set(outcome.blocked.values()) == {"stairs#1"}
    assert Doubted(StepKey("stairs#1"), "nobody knows", "look") in stage.events


def test_an_unsettled_intent_is_not_handed_to_the_craft(stage: Stage) -> None:
    interrupted(stage, FILM, "surf#1", until=State.INTENT)
    outcome = stage.run(FILM)
    assert "surf#1" not in stage.vendor.done
    assert outcome.doubted == ("surf#1",)
    (told,) = (event for event in stage.events if isinstance(event, Doubted))
    assert "modelark may or may not have accepted the request (m, 2023-11-14 22:13:20 UTC, at most" in told.message
    assert set(outcome.blocked) == {"surf/clip", "film"}


def test_a_doubt_that_its_craft_settles_is_made_and_what_hangs_on_it(stage: Stage) -> None:
    interrupted(stage, FILM, "stairs#1", until=State.INTENT)
    outcome = stage.run(FILM, settles=True)
    assert outcome.doubted == ()
    assert set(outcome.made) == EVERYTHING
    assert Started(StepKey("stairs#1"), resumed=True) in stage.events


def test_a_doubt_that_is_being_settled_takes_no_room_in_its_lane(stage: Stage) -> None:
    interrupted(stage, FILM, "stairs#1", until=State.INTENT)
    free = anyio.Event()

    async def frees(job: Job, emit: Emit) -> None:
        free.set()

    stage.vendor.work = {"stairs#1": waits_for(lambda: free), "surf#1": frees}
    assert set(stage.run(FILM, lanes={"vendor": 1, "desk": 1}, settles=True).made) == EVERYTHING


@pytest.mark.parametrize("settled", [True, False])
def test_an_answer_that_is_lost_in_this_run_is_settled_once_beside_the_others(stage: Stage, settled: bool) -> None:
    tried: list[str] = []

    async def loses(job: Job, emit: Emit) -> None:
        tried.append(job.step.key)
        if len(tried) == 1:
            stage.journal.intend(Intent(job.fingerprint, "a", 1, "acme", "one", {}, job.given, None), cap=None)
        if len(tried) == 1 or not settled:
            raise InDoubt("nobody knows", next_step="look")

    stage.vendor.work["a"] = loses
    outcome = stage.run(graph(take("a"), take("b"), take("twin", recipe="a"), step("c", "a")), settles=True)
    assert tried == ["a", "a"]
    assert outcome.doubted == (() if settled else ("a",))
    assert set(outcome.made) == ({"a", "b", "c"} if settled else {"b"})
    assert set(outcome.blocked) == (set() if settled else {"twin", "c"})


def test_a_refusal_by_the_cap_is_a_failure_with_its_own_exit_code(stage: Stage) -> None:
    async def too_dear(job: Job, emit: Emit) -> None:
        raise GuardRefused("the cap")

    stage.vendor.work["a"] = too_dear
    assert stage.run(graph(take("a"))).failed[StepKey("a")].exit_code == 5


# Ends


def test_our_own_mistake_ends_the_run_and_is_raised_as_it_is(stage: Stage) -> None:
    cancelled: list[str] = []

    async def mistaken(job: Job, emit: Emit) -> None:
        await checkpoint()
        raise ZeroDivisionError("a bug")

    async def patient(job: Job, emit: Emit) -> None:
        try:
            await anyio.sleep_forever()
        finally:
            cancelled.append(job.step.key)

    stage.vendor.work = {"a": mistaken, "b": patient, "c": mistaken}
    with pytest.raises(ZeroDivisionError, match="a bug"):
        stage.run(graph(take("a"), take("b"), take("c")))
    assert cancelled == ["b"]
    assert list(stage.store.folder.glob("scratch/*/*")) == []


def test_a_stop_lets_the_crafts_finish_what_they_shield_and_remembers_it(stage: Stage) -> None:
    async def main() -> None:
        begun, released = anyio.Event(), anyio.Event()

        async def shielded(job: Job, emit: Emit) -> None:
            with anyio.CancelScope(shield=True):
                begun.set()
                await released.wait()

        stage.vendor.work["surf#1"] = shielded
        stage.vendor.work["stairs#1"] = waits_for(anyio.Event)
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(stage.perform, FILM)
                await begun.wait()
                scope.cancel()
                released.set()
        assert scope.cancelled_caught

    anyio.run(main)
    history = stage.history()
    assert {made.step for made in history.made.values()} == {"surf#1"}
    assert stage.vendor.done == ["surf#1"]
    stage.vendor.work.clear()
    assert set(stage.run(FILM).fresh) == {"surf#1"}


@given(data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_step_of_any_graph_has_exactly_one_end(stage: Stage, data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 12))
    nonce = next(SERIAL)
    steps: list[Step] = []
    for number in range(count):
        needs = data.draw(
            st.lists(st.sampled_from([one.key for one in steps]), max_size=3) if steps else st.just([])
        )
        kind = data.draw(st.sampled_from([StepKind.TAKE, StepKind.CLIP]))
        recipe = f"{nonce} {data.draw(st.integers(0, 5))}"
        steps.append(step(f"s{number}", *needs, kind=kind, recipe=recipe))
    bad = data.draw(st.sets(st.sampled_from([one.key for one in steps])))
    stage.vendor.work = stage.desk.work = {key: fails("no") for key in bad}
    keep_going = data.draw(st.booleans())
    outcome = stage.run(Graph(tuple(steps)), keep_going=keep_going, lanes={"vendor": 2, "desk": 1})
    ends = [*outcome.made, *outcome.fresh, *outcome.failed, *outcome.doubted, *outcome.blocked]
    assert sorted(ends) == sorted(one.key for one in steps)
    assert set(outcome.failed) <= bad
    marks = [made.fingerprint for made in stage.history().made.values()]
    assert len(marks) == len(set(marks))
    for one in steps:
        if one.key in outcome.made:
            assert all(need.step in outcome.outputs for need in one.needs)


SERIAL = itertools.count()


# Time


@dataclass
class Clock:
    """Time that stands still while anything can go on, and then jumps to the next end of a sleep."""

    now: float = 0.0
    sleepers: list[tuple[float, int, anyio.Event]] = field(default_factory=list)
    serial: itertools.count[int] = field(default_factory=itertools.count)

    async def sleep(self, seconds: float) -> None:
        event = anyio.Event()
        heapq.heappush(self.sleepers, (self.now + seconds, next(self.serial), event))
        await event.wait()

    async def tick(self) -> None:
        while True:
            for _ in range(10):
                await checkpoint()
            if self.sleepers:
                self.now = self.sleepers[0][0]
                while self.sleepers and self.sleepers[0][0] <= self.now:
                    heapq.heappop(self.sleepers)[2].set()


def makespan(stage: Stage, film: Graph, seconds: Callable[[Step], float], slots: int) -> float:
    """Seconds from the first step to the last, when only the steps' own work takes time."""
    clock = Clock()

    class Timed:
        async def perform(self, job: Job, emit: Emit) -> Mapping[str, Digest]:
            await clock.sleep(seconds(job.step))
            return {"out": Digest(job.fingerprint)}

    class Everywhere(Store):
        def path(self, digest: Digest) -> Path:
            return self.folder

        def trusted(self, digest: Digest) -> bool:
            return True

    async def main() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(clock.tick)
            await perform(
                film,
                History(),
                crafts=dict.fromkeys(StepKind, Timed()),
                journal=stage.journal,
                store=Everywhere(stage.store.folder),
                lane=lambda step: "vendor",
                lanes={"vendor": slots},
                emit=lambda event: None,
                effort=seconds,
            )
            tasks.cancel_scope.cancel()

    anyio.run(main)
    return clock.now


def test_a_thousand_jobs_on_64_slots_end_close_to_the_lower_bound(stage: Stage) -> None:
    jobs = Graph(tuple(take(f"t{number}") for number in range(1000)))
    assert makespan(stage, jobs, lambda step: 1.0, 64) <= 1.10 * 1000 / 64


def test_chains_among_many_jobs_end_close_to_the_lower_bound(stage: Stage) -> None:
    chains = [
        take(f"c{chain}.{link}", *([f"c{chain}.{link - 1}"] if link else []))
        for chain in range(20)
        for link in range(12)
    ]
    singles = [take(f"t{number}") for number in range(760)]
    bound = max(1000 / 64, 12.0)
    assert makespan(stage, Graph((*singles, *chains)), lambda step: 1.0, 64) <= 1.10 * bound


def test_unequal_chains_are_woven_well(stage: Stage) -> None:
    steps = [take("root"), *(take(f"leaf{number}", "root") for number in range(8)), take("alone")]
    seconds = {"root": 4.0, "alone": 1.0}
    assert makespan(stage, Graph(tuple(steps)), lambda step: seconds.get(step.key, 2.0), 4) == 8.0


def test_a_stored_file_that_was_damaged_feeds_no_step_and_is_made_again_by_the_next_run(stage: Stage) -> None:
    film = graph(take("a"), step("film", "a"))
    stage.run(graph(take("a")))
    path = stage.store.path(stage.history().made[next(iter(stage.history().made))].outputs["out"])
    content = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(content[::-1])
    stage.store = Store(stage.store.folder)
    outcome = stage.run(film)
    (problem,) = outcome.failed.values()
    assert "was damaged" in problem.message
    assert stage.desk.done == []
    again = stage.run(film)
    assert not again.failed
    assert path.read_bytes() == content


def test_what_another_story_left_open_names_that_story_first(stage: Stage, tmp_path: Path) -> None:
    one = take("a")
    given = document(one, {})
    lost = Intent(fingerprint(given), "a", 1, "acme", "one", {}, given, None)
    stage.journal.intend(lost, cap=None)
    stage.run(graph(one))
    assert "at work" not in _advice(stage)
    with Journal.open(tmp_path / "journal.db", story="another.yaml", effects=Hands().effects()) as journal:
        stage.journal = journal
        stage.run(graph(one), settles=True)
    assert f"if a run of '{STORY}' is at work" in _advice(stage)


def _advice(stage: Stage) -> str:
    (doubted,) = (event for event in stage.events if isinstance(event, Doubted))
    return doubted.next_step
