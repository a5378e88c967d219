"""Tasks on a clock: what happens does not depend on when somebody looks, and no lane runs more than it may."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from seedance_pipe.sandbox import Limits, Settings
from seedance_pipe.sandbox.jobs import Jobs
from seedance_pipe.sandbox.ledger import Ledger, Status, Task
from seedance_pipe.sandbox.shelf import Shelf
from seedance_pipe.sandbox.vendors.modelark.fetching import Fetching
from seedance_pipe.sandbox.vendors.modelark.order import read_order
from seedance_pipe.sandbox.vendors.modelark.report import task_id
from tests.sandbox.stage import Clock

IN_MEMORY = Path(":memory:")
ROOM = 2
SETTINGS = Settings(limits=Limits(concurrent=ROOM))


def task(
    name: str, *, at: float, run: float = 10, queue: float = 1, expires: int = 1000, priority: int = 0
) -> Task:
    return Task(
        id=name,
        lane="lane",
        created_at=at,
        order={},
        request="",
        words="",
        prompt="",
        tokens=1,
        queue_seconds=queue,
        run_seconds=run,
        expires_after=expires,
        vendor="modelark",
        priority=priority,
    )


TASKS = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 20), st.integers(0, 5), st.integers(1, 60), st.integers(0, 2)),
    min_size=1,
    max_size=8,
)


def history(
    given: list[tuple[int, ...]], looks: list[int]
) -> list[tuple[str, Status, float | None, float | None]]:
    """How the tasks stand at second 500 if somebody also looked at the given seconds."""
    with closing(Ledger(IN_MEMORY)) as ledger:
        clock = Clock(0)
        jobs = Jobs(ledger, settings=SETTINGS, now=clock)
        made = sorted((at, f"{number}", *rest) for number, (at, *rest) in enumerate(given))
        for at, name, run, queue, expires, priority in made:
            for look in sorted(look for look in looks if clock.now < look <= at):
                clock.now = look
                jobs.everything()
            clock.now = at
            jobs.add(task(name, at=at, run=run, queue=queue, expires=expires, priority=priority))
        for look in (*sorted(look for look in looks if look > clock.now), 500):
            clock.now = look
            jobs.everything()
        return [(job.id, job.status, job.started_at, job.ended_at) for job in ledger.tasks()]


@given(TASKS, st.lists(st.integers(0, 100), max_size=10))
def test_looking_does_not_change_what_happens(given: list[tuple[int, ...]], looks: list[int]) -> None:
    assert history(given, looks) == history(given, [])


@given(TASKS)
def test_no_more_run_at_once_than_there_is_room_for(given: list[tuple[int, ...]]) -> None:
    spans = [(start, end) for _, _, start, end in history(given, []) if start is not None and end is not None]
    for moment, _ in spans:
        assert sum(start <= moment < end for start, end in spans) <= ROOM


@given(TASKS)
def test_every_task_is_over_in_the_end(given: list[tuple[int, ...]]) -> None:
    for _, status, start, end in history(given, []):
        assert status in (Status.SUCCEEDED, Status.EXPIRED)
        assert end is not None
        assert start is None or start <= end


def test_a_task_that_waits_too_long_expires_and_never_runs() -> None:
    first, second, third = (
        task(name, at=0, run=50, expires=expires) for name, expires in (("a", 99), ("b", 99), ("c", 9))
    )
    with closing(Ledger(IN_MEMORY)) as ledger:
        clock = Clock(0)
        jobs = Jobs(ledger, settings=SETTINGS, now=clock)
        for job in (first, second, third):
            jobs.add(job)
        clock.now = 500
        assert [(job.status, job.started_at, job.ended_at) for job in jobs.everything()] == [
            (Status.SUCCEEDED, 1, 51),
            (Status.SUCCEEDED, 1, 51),
            (Status.EXPIRED, None, 9),
        ]


def test_an_id_that_was_given_is_not_given_again(tmp_path: Path) -> None:
    drawn = iter([1] * 10 + [2] * 5)
    body = {"model": "seedance-1-0-pro-250528", "content": [{"type": "text", "text": "x"}], "seed": 1}
    shelf = Shelf(tmp_path, "http://127.0.0.1:1", "secret")
    order = read_order(body, lambda model: Fetching(model, shelf, SETTINGS), lambda _: None, lambda _: 0)
    with closing(Ledger(IN_MEMORY)) as ledger:
        jobs = Jobs(ledger, settings=SETTINGS, now=Clock(0))
        names = []
        for _ in range(2):
            names.append(jobs.new_id(lambda: task_id(order, now=0, draw=lambda _: next(drawn))))
            jobs.add(task(names[-1], at=0))
    assert tuple(names) == ("cgt-19700101080000-11111", "cgt-19700101080000-22222")
