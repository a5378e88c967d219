"""What a person decides about paid requests that no run can settle, against the vendors' APIs over HTTP."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from seedance_pipe.errors import GuardRefused, Missing, PipeError, VendorFailed
from seedance_pipe.plan.history import Decision, State
from seedance_pipe.run.event import Doubted, Failed
from seedance_pipe.sandbox.faults import Fault, What, Where
from tests.studio.desk import MODELARK, RIVYA, RUNBASE, RUNWARE, Desk
from tests.studio.vendor import Vendor

UNHEARD = Fault(Where.ACCEPTED, What.CLOSE)
"""The vendor accepts one request, and its answer is lost."""
NO_LIST = Fault(Where.LIST, What.ANSWER, times=None, status=401, code="AuthenticationError")
NO_POLL = Fault(Where.GET, What.ANSWER, times=None, status=401, code="AuthenticationError")
STUCK = Fault(Where.FATE, What.STUCK)
WAVE = "id: wave, prompt: A wave breaks"


@pytest.fixture
def desk(tmp_path: Path, vendor: Vendor) -> Desk:
    desk = Desk(tmp_path / "surf.yaml", vendor, RUNBASE)
    desk.write(WAVE)
    return desk


def doubts(desk: Desk) -> list[Doubted]:
    return [event for event in desk.events if isinstance(event, Doubted)]


# From the lost answer to the film


def test_a_lost_answer_becomes_a_film_by_the_task_that_a_person_finds(desk: Desk) -> None:
    assert desk.lose(UNHEARD).exit_code == 4
    assert desk.run().exit_code == 4, "nothing is sent again, however often it runs"
    (task,) = desk.vendor.ledger()
    (adopted,) = desk.resolve("wave", task["id"])
    assert (adopted.state, adopted.task) == (State.SUBMITTED, task["id"])
    ended = desk.run()
    assert ended.exit_code == 0
    assert ended.film is not None
    assert ended.film.is_file()
    assert desk.bought() == 1


@pytest.mark.parametrize(("decision", "unknown"), [(Decision.LOST, 0), (Decision.RESUBMIT, 1)])
def test_what_is_given_up_is_bought_anew_and_the_film_made(desk: Desk, decision: Decision, unknown: int) -> None:
    assert desk.lose(UNHEARD).exit_code == 4
    (closed,) = desk.resolve("wave", decision)
    assert closed.state is State.ABANDONED
    with desk.journal() as journal:
        assert journal.total().unknown == unknown
    ended = desk.run()
    assert (ended.exit_code, desk.bought()) == (0, 2)
    assert ended.film is not None


@pytest.mark.parametrize("decision", [Decision.LOST, "adopt"])
def test_what_the_list_of_a_vendor_does_not_settle_a_person_does(
    tmp_path: Path, vendor: Vendor, decision: object
) -> None:
    desk = Desk(tmp_path / "surf.yaml", vendor, MODELARK)
    desk.write(WAVE)
    assert desk.lose(UNHEARD, NO_LIST).exit_code == 4
    (task,) = vendor.ledger()
    desk.resolve("wave", task["id"] if decision == "adopt" else Decision.LOST)
    assert desk.run().exit_code == 0
    assert desk.bought() == (1 if decision == "adopt" else 2)


def test_a_vendor_that_takes_the_same_request_again_needs_no_person(tmp_path: Path, vendor: Vendor) -> None:
    desk = Desk(tmp_path / "surf.yaml", vendor, RIVYA)
    desk.write(WAVE)
    assert desk.lose(UNHEARD).exit_code == 0
    assert desk.bought() == 1
    with pytest.raises(PipeError, match="not in doubt: it is made and here"):
        desk.resolve("wave", Decision.LOST)


def test_all_takes_of_one_request_are_decided_at_once(tmp_path: Path, vendor: Vendor) -> None:
    desk = Desk(tmp_path / "surf.yaml", vendor, RUNWARE)
    desk.write(f"{WAVE}, takes: 3")
    busy = Fault(Where.CREATE, What.ANSWER, times=None, status=500)
    assert desk.lose(Fault(Where.ACCEPTED, What.CLOSE, times=None), busy).exit_code == 4
    assert desk.states() == [State.INTENT] * 3
    shown = desk.status()
    assert "In doubt: wave#1, wave#2, wave#3\n" in shown
    assert "resolve surf.yaml wave --lost" in shown.replace(str(desk.story), "surf.yaml")
    closed = desk.resolve("wave", Decision.LOST, take=2)
    assert [(one.take, one.state) for one in closed] == [(number, State.ABANDONED) for number in (1, 2, 3)]
    assert desk.run().exit_code == 0
    assert desk.states() == [State.STORED] * 3


# What a person is asked


def test_a_person_who_says_no_changes_nothing_and_hears_the_price(tmp_path: Path, vendor: Vendor) -> None:
    desk = Desk(tmp_path / "surf.yaml", vendor, MODELARK)
    desk.write(WAVE)
    desk.lose(UNHEARD, NO_LIST)
    questions: list[str] = []

    def no(question: str) -> bool:
        questions.append(question)
        return False

    with pytest.raises(GuardRefused, match="not confirmed") as refusal:
        desk.resolve("wave", Decision.RESUBMIT, yes=False, ask=no)
    assert refusal.value.next_step == "nothing was changed"
    (question,) = questions
    assert question == "What was asked for may be charged all the same. Buy 1 take anew for at most $0.0196?"
    assert desk.states() == [State.INTENT]
    with pytest.raises(GuardRefused, match=r"nobody is there to confirm .* at most \$0.0196 more"):
        desk.resolve("wave", Decision.RESUBMIT, yes=False)
    (closed,) = desk.resolve("wave", Decision.RESUBMIT, yes=False, ask=lambda question: True)
    assert closed.state is State.ABANDONED


@pytest.mark.parametrize("decision", Decision)
def test_a_task_that_never_ends_is_given_up_only_with_a_persons_word(desk: Desk, decision: Decision) -> None:
    assert desk.lose(STUCK, NO_POLL).exit_code == 1
    (task,) = desk.vendor.ledger()
    with pytest.raises(GuardRefused, match="nobody is there to confirm that 1 take may be paid for twice"):
        desk.resolve("wave", decision, yes=False)
    questions: list[str] = []
    desk.resolve("wave", decision, yes=False, ask=lambda question: not questions.append(question))
    assert f"The vendor has 1 take as task {task['id']}, and may still make and charge it." in questions[0]
    assert desk.run().exit_code == 0
    assert desk.bought() == 2


def test_a_run_that_waits_in_vain_names_the_way_out(desk: Desk) -> None:
    desk.lose(STUCK, NO_POLL)
    desk.later = 86_400 * 30
    assert desk.run().exit_code == 1
    told = [event.next_step for event in desk.events if isinstance(event, Failed)]
    assert "seedance-pipe resolve surf.yaml wave --lost` if it cost nothing" in told[-1]
    assert "nothing is bought before it is known" in told[-1]


# What a vendor says of the task that a person names


def test_a_vendor_that_cannot_be_asked_leaves_the_doubt(desk: Desk) -> None:
    desk.lose(UNHEARD)
    (task,) = desk.vendor.ledger()
    desk.vendor.set_faults([replace(NO_POLL, code="invalid_api_key")])
    with pytest.raises(VendorFailed, match=f"does not tell of task {task['id']}") as barred:
        desk.resolve("wave", task["id"])
    assert "RUNBASE_API_KEY" in barred.value.next_step
    desk.vendor.set_faults([Fault(Where.GET, What.CLOSE, times=None)])
    with pytest.raises(VendorFailed, match=f"could not be asked after task {task['id']}") as missed:
        desk.resolve("wave", task["id"])
    assert missed.value.next_step == "try again"
    desk.vendor.set_faults([Fault(Where.GET, What.CLOSE, times=2)])
    with pytest.raises(VendorFailed, match="knows no task run_nobody"):
        desk.resolve("wave", "run_nobody")
    assert desk.states() == [State.INTENT]
    (adopted,) = desk.resolve("wave", task["id"])
    assert adopted.state is State.SUBMITTED, "a poll or two that come to nothing are made again"


def test_a_task_that_another_take_has_is_not_adopted(desk: Desk) -> None:
    desk.write("id: gull, prompt: A gull cries")
    assert desk.run().exit_code == 0
    (gull,) = desk.vendor.ledger()
    desk.write("id: gull, prompt: A gull cries", WAVE)
    assert desk.lose(UNHEARD).exit_code == 4
    with pytest.raises(PipeError, match=r"that of take 1 of shot 'gull' \(story 'surf.yaml'\) already"):
        desk.resolve("wave", gull["id"])


def test_without_the_model_a_task_cannot_be_asked_after(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.lose(UNHEARD)
    (task,) = desk.vendor.ledger()
    kept = desk.home
    empty = type("Catalogue", (), {"find": lambda self, name: None})()
    monkeypatch.setattr("seedance_pipe.studio.decide.catalogue", lambda: empty)
    from seedance_pipe.studio import decide

    with pytest.raises(Missing, match="is no longer known"):
        decide.adopt(kept, decide.Which("wave"), task["id"], effects=desk.effects)


# Doubts of an edited shot


def test_two_requests_of_an_edited_shot_are_told_apart_by_their_ids(desk: Desk) -> None:
    assert desk.lose(UNHEARD).exit_code == 4
    desk.write("id: wave, prompt: Another wave breaks")
    assert desk.lose(UNHEARD).exit_code == 4
    with pytest.raises(PipeError, match="2 requests of shot 'wave' are in doubt: --id ") as several:
        desk.resolve("wave", Decision.LOST)
    assert '"A wave breaks"; --id' in several.value.message
    assert several.value.message.endswith('"Another wave breaks"')
    first, second = desk.submissions()
    shown = desk.status()
    for one in (first, second):
        assert f"wave --id {one.id[:8]} --lost" in shown
    assert "In doubt: wave#1; the story no longer asks for it\n" in shown
    with pytest.raises(PipeError, match="no request of shot 'wave' has an id that begins with 'x'"):
        desk.resolve("wave", Decision.LOST, ident="x")
    with pytest.raises(PipeError, match="2 requests of take 1 of shot 'wave'"):
        desk.resolve("wave", Decision.LOST, take=1)
    (closed,) = desk.resolve("wave", Decision.LOST, ident=second.id[:8])
    assert closed.id == second.id
    (closed,) = desk.resolve("wave", Decision.LOST)
    assert closed.id == first.id


def test_takes_in_doubt_by_themselves_are_told_apart_by_their_number(desk: Desk) -> None:
    desk.write(f"{WAVE}, takes: 2")
    assert desk.lose(Fault(Where.ACCEPTED, What.CLOSE, times=2)).exit_code == 4
    shown = desk.status()
    assert "wave --take 1 --lost" in shown
    assert "wave --take 2 --lost" in shown
    with pytest.raises(PipeError, match="2 requests of shot 'wave' are in doubt"):
        desk.resolve("wave", Decision.LOST)
    (closed,) = desk.resolve("wave", Decision.LOST, take=2)
    assert closed.take == 2


# A doubt that is left is always told of


def test_a_doubt_that_the_story_no_longer_asks_for_ends_every_run_with_its_own_code(desk: Desk) -> None:
    assert desk.lose(UNHEARD).exit_code == 4
    desk.write("id: gull, prompt: A gull cries")
    desk.events.clear()
    ended = desk.run()
    assert ended.exit_code == 4
    assert ended.film is not None, "all the rest is made"
    assert ended.doubted == ("wave#1 of an earlier story",)
    (told,) = doubts(desk)
    assert "seedance-pipe resolve surf.yaml wave --lost" in told.next_step
    assert desk.run().exit_code == 4, "also when there is nothing else to do"
    desk.resolve("wave", Decision.LOST)
    assert desk.run().exit_code == 0


def test_a_stray_doubt_that_the_run_settles_is_none_any_more(tmp_path: Path, vendor: Vendor) -> None:
    desk = Desk(tmp_path / "surf.yaml", vendor, MODELARK)
    desk.write(WAVE)
    assert desk.lose(UNHEARD, NO_LIST).exit_code == 4
    desk.write("id: gull, prompt: A gull cries")
    desk.events.clear()
    assert desk.lose(NO_LIST).exit_code == 4
    (told,) = doubts(desk)
    assert "its tasks cannot be listed" in told.message
    assert desk.run().exit_code == 0
    assert desk.states() == [State.STORED] * 2


@pytest.mark.parametrize("shot", [WAVE, "id: gull, prompt: A gull cries"])
def test_without_the_key_that_would_settle_a_doubt_the_run_names_it(
    tmp_path: Path, vendor: Vendor, shot: str
) -> None:
    desk = Desk(tmp_path / "surf.yaml", vendor, MODELARK)
    desk.write(WAVE)
    assert desk.lose(UNHEARD, NO_LIST).exit_code == 4
    if shot != WAVE:
        desk.head = RUNBASE
    desk.write(shot)
    desk.without = {"ARK_API_KEY"}
    desk.events.clear()
    assert desk.run().exit_code == 4
    (told,) = doubts(desk)
    assert told.next_step.startswith("set ARK_API_KEY and run again, which may find out by itself; or look for")


# What status shows


def test_status_shows_what_is_known_of_a_doubt_and_the_commands_that_settle_it(
    tmp_path: Path, vendor: Vendor
) -> None:
    desk = Desk(tmp_path / "my surf.yaml", vendor, MODELARK)
    desk.write(WAVE)
    desk.lose(UNHEARD, NO_LIST)
    shown = desk.status()
    assert "In doubt: wave#1\n" in shown
    assert "modelark/seedance-1-0-pro-fast-251015, asked 20" in shown
    assert 'UTC, at most $0.0196: "A wave breaks"\n' in shown
    assert "A run with ARK_API_KEY set tries to find out by itself. If it cannot: Look in" in shown
    assert f"seedance-pipe resolve '{desk.story}' wave --adopt TASK  it is there" in shown


def test_status_of_a_story_shows_the_doubt_of_another_that_asked_for_the_same_take(desk: Desk) -> None:
    assert desk.lose(UNHEARD).exit_code == 4
    other = Desk(desk.story.with_name("twin.yaml"), desk.vendor, desk.head)
    other.write("id: twin, prompt: A wave breaks")
    assert other.run().exit_code == 4
    shown = other.status()
    assert "runbase gives a program no way to find out." in shown
    assert f"seedance-pipe resolve {desk.story} wave --lost" in shown
    assert other.bought() == 1
