"""A slice of the error injection: `python -m tests.faults --all` is all of it."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.errors import KINDS, Kind, Tally, sweep
from tests.faults.gate import CONNECT, PROCESS, Counting, gated, guarding, refusal
from tests.faults.stage import ROOMY, Stage, problems, stage

# Primes, so that the slices of different vendors and kinds fall on different effects.
SLICE = [("modelark", 0, 83), ("modelark", 3, 101), ("rivya", 4, 83), ("runbase", 1, 97), ("runware", 7, 103)]


@pytest.fixture
def on(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path) as there:
        yield there


def told(tally: Tally) -> str:
    return "\n".join(tally.problems)


@pytest.mark.parametrize(
    ("vendor", "kind", "stride"),
    [pytest.param(*one, marks=pytest.mark.long if place % 2 else ()) for place, one in enumerate(SLICE)],
)
def test_a_disk_that_fails_costs_no_money_and_no_clip(on: Stage, vendor: str, kind: int, stride: int) -> None:
    tally = Tally()
    sweep(on, vendor, KINDS[kind], tally, first=stride // 2, stride=stride)
    assert not tally.problems, told(tally)
    assert tally.films > 3
    assert tally.codes[1] > 1, "some of these errors end a run"


def test_a_connection_that_cannot_be_opened_is_tried_again(on: Stage) -> None:
    tally = Tally()
    once, burst = (kind for kind in KINDS if kind.name == "connection")
    sweep(on, "modelark", once, tally, stride=9)
    sweep(on, "rivya", burst, tally, first=2, stride=9)
    assert not tally.problems, told(tally)
    assert set(tally.refused) == {CONNECT}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.name == "process"], ids=str)
def test_an_ffmpeg_that_cannot_be_started_ends_the_run_and_the_next_one_goes_on(on: Stage, kind: Kind) -> None:
    tally = Tally()
    sweep(on, "runbase", kind, tally)
    assert not tally.problems, told(tally)
    assert set(tally.refused) == {PROCESS}


def test_nothing_that_can_fail_comes_between_a_durable_intent_and_its_request(on: Stage) -> None:
    film, gate = on.film("modelark", "counted"), Counting()
    with guarding(gate):
        assert film.run(gated(gate, ROOMY)).code == 0
    # An intent is an entry with two documents.
    intent = re.compile("(?:sql INSERT\n){3}sql COMMIT\n(.*)\n")
    assert intent.findall("\n".join(gate.passed)) == [CONNECT] * 3


def test_a_film_is_ours_though_the_run_ended_before_it_could_write_that_down(on: Stage) -> None:
    film = on.film("modelark", "unwritten")

    def gate(effect: str) -> None:
        if effect == "sql BEGIN" and film.output.exists():
            raise refusal(effect, errno.EIO)

    assert film.run(gated(gate, ROOMY)).code == 1
    assert film.run().code == 0
    assert not list(problems(film))
    film.output.write_bytes(b"a film of somebody else's")
    assert film.run().code == 5


def test_an_error_that_nobody_expects_would_be_found(on: Stage) -> None:
    def gate(effect: str) -> None:
        if effect == "replace":
            raise RuntimeError("a bug")

    film = on.film("modelark", "buggy")
    assert "RuntimeError: a bug" in film.run(gated(gate, ROOMY)).trace
