"""The record of one shot in the words of a person, for what a rehearsal does not come to."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from seedance_pipe.plan.fingerprint import document
from seedance_pipe.plan.history import History, State, Submission
from seedance_pipe.plan.make import make
from seedance_pipe.plan.unroll import unroll
from seedance_pipe.report.record import Record, record_data, record_text, steps_of
from seedance_pipe.report.review import review
from seedance_pipe.spec.medium import Kind, Role
from seedance_pipe.units import Money
from tests.builders import METHODS, frame_from, shot, story, submission

CLIP = frame_from("wave", Role.REFERENCE, Kind.VIDEO)
FILM = story(shot("wave", "one"), shot("foam", "two", media=(CLIP,)))


def record_of(name: str, *sent: Submission) -> Record:
    told = review(make(FILM, History(submissions={one.fingerprint: one for one in sent}), METHODS))
    chosen = next(one for one in FILM.shots if one.id == name)
    return Record(told, chosen, steps_of(told, chosen), sent, ())


def sent(state: State) -> Submission:
    step = unroll(FILM, History(), METHODS).steps[0]
    return submission(step, document(step, {}), state)


def test_a_clip_that_is_handed_over_is_told_on_both_sides() -> None:
    assert "\nThe clip is the reference of foam.\n" in record_text(record_of("wave"))
    assert "\nIts reference is the clip of wave.\n" in record_text(record_of("foam"))
    assert record_data(record_of("foam"))["uses"] == [{"shot": "wave", "what": "the clip"}]


@pytest.mark.parametrize(
    ("state", "told"),
    [(State.SUBMITTED, "acme task task-1  at most $0.2500"), (State.FAILED, "acme task task-1  charge unknown")],
)
def test_what_is_open_is_told_with_what_it_costs_at_most_and_what_nobody_knows_as_unknown(
    state: State, told: str
) -> None:
    assert told in record_text(record_of("wave", sent(state)))


def test_a_doubt_has_no_task_and_a_bill_that_came_out_otherwise_shows_both_amounts() -> None:
    assert "UTC  intent  acme  at most $0.2500\n" in record_text(record_of("wave", sent(State.INTENT)))
    dearer = replace(sent(State.FAILED), charged=Money(Decimal("0.50")))
    assert "charged $0.5000 ($0.2500 expected)" in record_text(record_of("wave", dearer))


def test_what_a_vendor_said_cannot_drive_a_terminal() -> None:
    refused = replace(sent(State.REFUSED), reason="no \x1b[31m", code="Bad")
    assert "\x1b" not in record_text(record_of("wave", refused))
    assert record_data(record_of("wave", refused))["submissions"][0]["code"] == "Bad"


def test_a_value_that_no_line_of_the_story_gives_is_the_programs() -> None:
    odd = story(shot("a", "one", camera="fixed"))
    told = review(make(odd, History(), METHODS))
    text = record_text(Record(told, odd.shots[0], steps_of(told, odd.shots[0]), (), ()))
    assert '  camera          the program     "fixed"\n' in text
    values = record_data(Record(told, odd.shots[0], steps_of(told, odd.shots[0]), (), ()))["values"]
    assert values[1] == {"path": "camera", "value": "fixed", "key": None, "place": None}
