"""What every vendor may do wrong, and what becomes of the take and of the money then."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from seedance_pipe.plan.history import State
from seedance_pipe.sandbox.faults import What, Where
from tests.conformance.outcomes import Copies
from tests.conformance.performance import Production, fault, since
from tests.conformance.vendors import VENDORS, Vendor
from tests.studio.vendor import KEYS

pytestmark = pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.name)


@pytest.fixture(scope="module", autouse=True)
def quickly_painted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What the clips show is of no interest here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("seedance_pipe.sandbox.easel.paint", Copies(tmp_path_factory.mktemp("painted")).paint)
        yield


@pytest.fixture
def wave(production: Production, vendor: Vendor) -> Production:
    """A story of one shot."""
    production.write({"prompt": "A wave"}, model=vendor.model, **vendor.short)
    return production


def test_each_refusal_buys_nothing_says_why_and_lets_the_next_run_buy(wave: Production, vendor: Vendor) -> None:
    before = wave.ledger()
    for name, (status, code) in vendor.refusals.items():
        wave.fail(fault(Where.CREATE, What.ANSWER, status=status, code=code))
        ended = wave.run()
        assert ended.code == 1, (name, ended)
        assert code in ended.failures, name
        assert wave.submissions()[-1].state is State.REFUSED
    assert since(wave.ledger(), before) == []
    assert wave.run().code == 0
    assert len(since(wave.ledger(), before)) == 1


def test_a_refused_key_names_the_variable_to_look_at_and_not_the_key(wave: Production, vendor: Vendor) -> None:
    status, code = vendor.refusals["the key"]
    wave.fail(fault(Where.CREATE, What.ANSWER, status=status, code=code))
    ended = wave.run()
    assert vendor.key in ended.failures
    assert not [key for key in KEYS.values() if key in repr(ended)]


def test_a_prompt_that_is_not_let_through_buys_nothing(production: Production, vendor: Vendor) -> None:
    production.write({"prompt": "A wave sandbox:refuse"}, model=vendor.model, **vendor.short)
    before = production.ledger()
    ended = production.run()
    assert ended.code == 1
    assert "s0" in ended.failures
    assert since(production.ledger(), before) == []
    assert production.submissions()[-1].state is State.REFUSED


def test_a_generation_that_fails_is_said_to_and_bought_anew_by_the_next_run(
    production: Production, vendor: Vendor
) -> None:
    production.write({"prompt": "A wave sandbox:fail"}, model=vendor.model, **vendor.short)
    before = production.ledger()
    assert production.run().code == 1
    assert production.submissions()[-1].state is State.FAILED
    assert production.run().code == 1
    entries = since(production.ledger(), before)
    assert len(entries) == 2, "under a name of its own"
    assert not [entry for entry in entries if entry["charged"]]


def test_a_busy_vendor_is_asked_again_until_it_accepts(wave: Production, vendor: Vendor) -> None:
    before = wave.ledger()
    wave.fail(*(fault(Where.CREATE, What.ANSWER, status=status, code=code) for status, code in vendor.busy * 2))
    ended = wave.run()
    assert ended.code == 0, ended.failures or ended.error
    assert len(since(wave.ledger(), before)) == 1
    assert f"{vendor.title} did not take it yet" in ended.notes
    assert len(wave.submissions()) == 1


@pytest.mark.parametrize("number", range(3))
def test_an_answer_that_tells_nothing_is_settled_where_the_vendor_takes_the_same_again_and_else_in_doubt(
    wave: Production, vendor: Vendor, number: int
) -> None:
    status, code = vendor.doubtful[number]
    what = What.ANSWER if code else What.HTML
    before = wave.ledger()
    wave.fail(fault(Where.CREATE, what, status=status, code=code))
    if vendor.resends:
        _settled(wave)
    else:
        _in_doubt(wave)
    assert len(since(wave.ledger(), before)) == vendor.resends


@pytest.mark.parametrize("what", [What.CLOSE, What.RESET, What.HTML, What.NONSENSE], ids=lambda what: what.value)
def test_a_lost_answer_is_found_where_the_vendor_allows_it_and_is_never_paid_twice(
    wave: Production, vendor: Vendor, what: What
) -> None:
    before = wave.ledger()
    wave.fail(fault(Where.ACCEPTED, what, status=502))
    if vendor.finds:
        _settled(wave)
    else:
        _in_doubt(wave)
    assert len(since(wave.ledger(), before)) == 1


Forgetful = Callable[[Production], None]


@pytest.fixture
def forgetful(monkeypatch: pytest.MonkeyPatch) -> Forgetful:
    """A run that loses its answers and finds out nothing, as one that was killed."""

    def run(production: Production) -> None:
        production.fail(fault(Where.ACCEPTED, What.CLOSE, matching="A wave"))
        with monkeypatch.context() as killed:
            killed.setattr("seedance_pipe.studio.perform.settles", lambda vendor: False)
            assert production.run().code == 4
        production.fail()

    return run


def test_a_doubt_of_an_earlier_run_is_settled_and_what_hangs_on_it_is_made(
    production: Production, vendor: Vendor, forgetful: Forgetful
) -> None:
    production.write({"prompt": "A wave"}, {"prompt": "A calm"}, model=vendor.model, **vendor.short)
    before = production.ledger()
    forgetful(production)
    assert len(since(production.ledger(), before)) == 2
    ended = production.run()
    assert ended.code == (0 if vendor.finds else 4), ended
    assert ("its answer had been lost" in ended.notes) == vendor.finds
    assert len(since(production.ledger(), before)) == 2


def test_a_doubt_of_a_story_that_has_moved_on_is_settled_or_told_too(
    wave: Production, vendor: Vendor, forgetful: Forgetful
) -> None:
    before = wave.ledger()
    forgetful(wave)
    wave.write({"prompt": "A calm"}, model=vendor.model, **vendor.short)
    assert wave.run().code == (0 if vendor.finds else 4)
    states = [submission.state for submission in wave.submissions()]
    assert states == [State.STORED if vendor.finds else State.INTENT, State.STORED]
    assert len(since(wave.ledger(), before)) == 2


def test_without_a_key_a_doubt_is_told_as_it_is(
    wave: Production, vendor: Vendor, forgetful: Forgetful, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgetful(wave)
    with monkeypatch.context() as keyless:
        keyless.setattr(Production, "environ", {})
        ended = wave.run()
    assert ended.code == 4, ended
    assert wave.run().code == (0 if vendor.finds else 4)


def _settled(wave: Production) -> None:
    ended = wave.run()
    assert ended.code == 0, ended.failures or ended.error
    assert "its answer had been lost" in ended.notes
    assert wave.submissions()[-1].state is State.STORED
    assert len(wave.submissions()) == 1


def _in_doubt(wave: Production) -> None:
    assert wave.run().code == 4
    assert wave.submissions()[-1].state is State.INTENT
    had = wave.ledger()
    assert wave.run().code == 4
    assert since(wave.ledger(), had) == [], "nothing was sent again"
    assert len(wave.submissions()) == 1


@pytest.mark.parametrize(
    ("what", "status"),
    [
        (What.ANSWER, 500),
        (What.ANSWER, 429),
        (What.HTML, 503),
        (What.CLOSE, 0),
        (What.RESET, 0),
        (What.NONSENSE, 0),
    ],
    ids=["500", "429", "page", "close", "reset", "nonsense"],
)
def test_a_poll_that_fails_says_nothing_of_the_task(
    wave: Production, vendor: Vendor, what: What, status: int
) -> None:
    before = wave.ledger()
    code = vendor.busy[0][1] if status == 429 else "internalServerError"
    wave.fail(fault(Where.GET, what, status=status or 500, code=code, times=2))
    ended = wave.run()
    assert ended.code == 0, ended.failures or ended.error
    assert "could not be asked after" in ended.notes
    assert len(since(wave.ledger(), before)) == 1


def test_a_poll_that_is_barred_ends_the_run_and_the_next_one_fetches_what_is_paid(
    wave: Production, vendor: Vendor
) -> None:
    before = wave.ledger()
    status, code = vendor.barring
    wave.fail(fault(Where.GET, What.ANSWER, status=status, code=code, times=None))
    ended = wave.run()
    assert ended.code == 1
    assert vendor.key in ended.failures
    assert wave.submissions()[-1].state is State.SUBMITTED
    wave.fail()
    assert wave.run().code == 0
    assert len(since(wave.ledger(), before)) == 1


def test_a_task_that_the_vendor_does_not_know_for_a_while_is_not_bought_again(
    wave: Production, vendor: Vendor
) -> None:
    before = wave.ledger()
    status, code = vendor.unknown
    wave.fail(fault(Where.GET, What.ANSWER, status=status, code=code, times=4))
    assert wave.run().code in (0, 1)
    wave.fail()
    assert wave.run().code == 0
    assert len(since(wave.ledger(), before)) == 1


@pytest.mark.parametrize("at", [0, 1, 2000])
def test_a_download_that_breaks_off_is_gone_on_with(wave: Production, vendor: Vendor, at: int) -> None:
    before = wave.ledger()
    wave.fail(fault(Where.FILE, What.CLOSE, at=at))
    ended = wave.run()
    assert ended.code == 0, ended.failures or ended.error
    assert wave.film.is_file()
    assert len(since(wave.ledger(), before)) == 1


@pytest.mark.parametrize("status", [403, 404])
def test_an_address_that_is_no_longer_good_is_asked_for_anew(
    wave: Production, vendor: Vendor, status: int
) -> None:
    before = wave.ledger()
    wave.fail(fault(Where.FILE, What.ANSWER, status=status, code="AccessDenied"))
    ended = wave.run()
    assert ended.code == 0, ended.failures or ended.error
    assert len(since(wave.ledger(), before)) == 1


def test_a_clip_that_cannot_be_had_today_is_fetched_by_a_later_run_and_not_bought_again(
    wave: Production, vendor: Vendor
) -> None:
    before = wave.ledger()
    wave.fail(fault(Where.FILE, What.ANSWER, status=403, code="AccessDenied", times=None))
    ended = wave.run()
    assert ended.code == 1
    assert wave.submissions()[-1].state is State.READY
    wave.fail()
    assert wave.run().code == 0
    assert len(since(wave.ledger(), before)) == 1
