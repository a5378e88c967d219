"""Cancelling open tasks at ModelArk's played API, which deletes what has ended, and at vendors that cannot."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from seedance_pipe.errors import Missing
from seedance_pipe.plan.history import State
from seedance_pipe.run.event import Failed
from seedance_pipe.sandbox.app import serve
from seedance_pipe.sandbox.faults import Fault, What, Where
from seedance_pipe.sandbox.settings import Settings
from tests.studio.desk import MODELARK, RUNBASE, Desk
from tests.studio.vendor import Vendor

WAVE, GULL = "id: wave, prompt: A wave breaks", "id: gull, prompt: A gull cries"
QUEUED = Fault(Where.FATE, What.QUEUE, seconds=600)
STUCK = Fault(Where.FATE, What.STUCK)
NO_POLL = Fault(Where.GET, What.ANSWER, times=None, status=401, code="AuthenticationError")
NO_LIST = Fault(Where.LIST, What.ANSWER, times=None, status=401, code="AuthenticationError")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A story whose take waits in the vendor's queue."""
    with serve(tmp_path / "vendor", settings=Settings(queued_seconds=0.02, running_seconds=0.05)) as server:
        desk = Desk(tmp_path / "surf.yaml", Vendor(server.address), MODELARK)
        desk.write(WAVE)
        yield desk


def told(desk: Desk, shot: str | None = None) -> list[tuple[str, bool, bool, str, str]]:
    return [(one.submission.shot, one.cancelled, one.ended, one.why, one.next_step) for one in desk.cancel(shot)]


def test_a_task_that_waits_is_cancelled_costs_nothing_and_is_bought_anew_by_a_run_alone(desk: Desk) -> None:
    assert desk.lose(QUEUED, NO_POLL).exit_code == 1
    assert desk.states() == [State.SUBMITTED]
    assert told(desk) == [("wave", True, True, "cost nothing", "the next run buys it anew")]
    (one,) = desk.submissions()
    assert (one.state, one.code) == (State.FAILED, "cancelled")
    assert one.charged is not None
    assert not one.charged.amount
    assert [task["status"] for task in desk.vendor.ledger()] == ["cancelled"]
    assert "a person cancelled it while it waited" in desk.status()
    assert told(desk) == [], "nothing is open any more"
    assert desk.run().exit_code == 0
    assert desk.bought() == 2


def test_a_task_at_work_cannot_be_stopped_and_is_fetched(desk: Desk) -> None:
    desk.lose(Fault(Where.FATE, What.STUCK), NO_POLL)
    assert told(desk) == [
        ("wave", False, False, "is at work already, and cannot be stopped", "the next run fetches it")
    ]
    assert desk.states() == [State.SUBMITTED]


def test_what_is_made_is_neither_deleted_nor_bought_again(desk: Desk) -> None:
    desk.lose(NO_POLL)
    while desk.vendor.ledger()[0]["status"] != "succeeded":
        assert told(desk)[0][1:3] == (False, False)
    assert told(desk) == [("wave", False, False, "is made already, and paid for", "the next run fetches it")]
    assert desk.run().exit_code == 0
    assert desk.bought() == 1


@pytest.mark.parametrize("what", [What.CLOSE, What.ANSWER, What.NONSENSE])
def test_when_the_answer_to_a_cancellation_is_lost_the_task_is_asked_after(desk: Desk, what: What) -> None:
    desk.lose(QUEUED, NO_POLL)
    desk.vendor.set_faults([Fault(Where.DELETE, what)])
    assert told(desk) == [("wave", True, True, "cost nothing", "the next run buys it anew")]


def test_what_the_vendor_does_not_tell_is_not_concluded(desk: Desk) -> None:
    desk.lose(QUEUED, NO_POLL)
    desk.vendor.set_faults([Fault(Where.GET, What.CLOSE, times=None)])
    ((_, cancelled, ended, why, next_step),) = told(desk)
    assert (cancelled, ended) == (False, False)
    assert why.startswith("could not be asked after (")
    assert next_step == "`cancel` may be tried again, and the next run asks after it too"
    desk.vendor.set_faults([NO_POLL])
    ((_, cancelled, ended, why, next_step),) = told(desk)
    assert (cancelled, ended) == (False, False)
    assert why.startswith("could not be cancelled: the vendor refused the key")
    assert "ARK_API_KEY" in next_step
    assert desk.states() == [State.SUBMITTED]


def test_a_task_that_was_cancelled_in_the_console_has_ended(desk: Desk) -> None:
    desk.lose(QUEUED, NO_POLL)
    (task,) = desk.vendor.ledger()
    desk.vendor.delete(task["id"])
    ((_, cancelled, ended, why, _),) = told(desk)
    assert (cancelled, ended) == (False, True)
    assert why.startswith("had ended already: the task was cancelled")
    assert desk.states() == [State.FAILED]


def test_each_open_task_is_told_of_and_one_shot_may_be_chosen(desk: Desk) -> None:
    desk.head = "model: modelark/seedance-1-0-pro-fast\ndefaults: {duration: 5}"
    desk.write(WAVE, GULL, "id: surf, prompt: Surf, model: runbase/seedance-1-pro")
    unheard = Fault(Where.ACCEPTED, What.CLOSE, matching="gull")
    surf = Fault(Where.FATE, What.STUCK, matching="Surf")
    wave = Fault(Where.FATE, What.QUEUE, matching="wave", seconds=600)
    assert desk.lose(unheard, surf, wave, NO_POLL, NO_LIST, keep_going=True).exit_code == 4
    assert told(desk, "surf") == [
        ("surf", False, False, "Runbase has no way to cancel", "the next run fetches it")
    ]
    rest = {shot: (cancelled, why, next_step) for shot, cancelled, _, why, next_step in told(desk)}
    assert rest["wave"][0] is True
    assert rest["gull"][:2] == (False, "ModelArk may have it or not")
    assert "seedance-pipe resolve surf.yaml gull" in rest["gull"][2]
    assert rest["surf"][0] is False


def test_without_the_key_nothing_is_sent_and_without_a_need_none_is_asked_for(desk: Desk) -> None:
    desk.without = {"ARK_API_KEY"}
    assert told(desk) == []
    desk.without = set()
    desk.lose(QUEUED, NO_POLL)
    desk.without = {"ARK_API_KEY"}
    with pytest.raises(Missing, match="ARK_API_KEY is not set"):
        desk.cancel()


def test_a_task_of_an_edited_shot_is_cancelled_too(desk: Desk) -> None:
    desk.lose(QUEUED, NO_POLL)
    desk.write(GULL)
    assert told(desk, "wave")[0][1] is True
    desk.events.clear()
    assert desk.run().exit_code == 0
    assert not [event for event in desk.events if isinstance(event, Failed)]


def test_a_clip_that_could_not_be_fetched_yet_is_left_to_the_next_run(desk: Desk) -> None:
    assert desk.lose(Fault(Where.FILE, What.CLOSE, times=None)).exit_code == 1
    assert desk.states() == [State.READY]
    assert told(desk) == [("wave", False, False, "is made already, and paid for", "the next run fetches it")]


def test_a_vendor_that_cannot_cancel_is_not_asked(desk: Desk) -> None:
    desk.head = RUNBASE
    desk.write(WAVE)
    desk.lose(STUCK, NO_POLL)
    desk.without = {"RUNBASE_API_KEY"}
    assert told(desk)[0][3] == "Runbase has no way to cancel"
