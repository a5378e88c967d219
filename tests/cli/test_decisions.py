"""A person's word on what no machine can find out, said on the command line against a vendor's API over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from seedance_pipe.effects import Effects
from seedance_pipe.run.lock import hold
from seedance_pipe.sandbox.app import serve
from seedance_pipe.sandbox.faults import Fault
from seedance_pipe.sandbox.settings import Settings
from tests.conftest import Pipe
from tests.studio.vendor import Vendor

STORY = """\
version: 1
model: runbase/seedance-1-pro
defaults: {duration: 5}
shots:
  - id: wave
    prompt: A wave breaks
"""


@pytest.fixture
def vendor(tmp_path: Path, pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> Iterator[Vendor]:
    with serve(tmp_path / "vendor", settings=Settings(queued_seconds=0.02, running_seconds=0.05)) as server:
        served = Vendor(server.address)
        for name, value in served.environ.items():
            monkeypatch.setenv(name, value)
        yield served


@pytest.fixture
def doubted(pipe: Pipe, tmp_path: Path, vendor: Vendor) -> Path:
    """A story whose only take the vendor accepted without a word; it has no way to ask (Runbase)."""
    path = tmp_path / "surf.yaml"
    path.write_text(STORY)
    fault = {"where": "accepted", "what": "close"}
    vendor.set_faults([Fault.parse(fault)])
    told = pipe("run", path, "--yes")
    assert told.code == 4
    assert "seedance-pipe resolve surf.yaml wave --lost" in told.err
    return path


def test_what_is_lost_cost_nothing_and_is_stale_with_that_reason(pipe: Pipe, doubted: Path) -> None:
    told = pipe("resolve", doubted, "wave", "--lost")
    assert (told.code, told.out) == (0, "wave#1  given up: the next run asks for it anew\n")
    assert "given up by a person: the vendor had nothing of it" in pipe("plan", doubted).out
    assert pipe("status", doubted, "--json").json["unknown"] == 0
    again = pipe("resolve", doubted, "wave", "--lost")
    assert again.code == 1
    assert "take 1 of shot 'wave' is not in doubt: it is given up already, and a run asks anew" in again.err


def test_buying_anew_wants_a_persons_word_and_then_buys_once_more(
    pipe: Pipe, doubted: Path, vendor: Vendor
) -> None:
    told = pipe("resolve", doubted, "wave", "--resubmit")
    assert told.code == 5
    assert "a price that nobody knows" in told.err
    (closed,) = pipe("resolve", doubted, "wave", "--resubmit", "--yes", "--json").json
    assert (closed["state"], closed["charged"]) == ("abandoned", None)
    assert pipe("run", doubted, "--yes").code == 0
    assert len(vendor.ledger()) == 2


def test_an_adopted_task_is_fetched_and_nothing_is_bought(pipe: Pipe, doubted: Path, vendor: Vendor) -> None:
    (task,) = vendor.ledger()
    told = pipe("resolve", doubted, "wave", "--adopt", task["id"])
    assert told.code == 0, told.err
    assert pipe("run", doubted, "--yes").code == 0
    assert len(vendor.ledger()) == 1
    again = pipe("resolve", doubted, "wave", "--adopt", task["id"])
    assert "it is made and here" in again.err


def test_a_task_that_the_vendor_does_not_know_is_not_adopted(pipe: Pipe, doubted: Path) -> None:
    told = pipe("resolve", doubted, "wave", "--adopt", "run_nobody")
    assert told.code == 1
    assert "knows no task run_nobody" in told.err
    assert "in doubt" in pipe("status", doubted).out
    assert "is not the name of a task" in pipe("resolve", doubted, "wave", "--adopt", "a b").err


def test_without_a_key_nothing_is_adopted(pipe: Pipe, doubted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RUNBASE_API_KEY")
    assert pipe("resolve", doubted, "wave", "--adopt", "run_1").code == 6
    assert pipe("resolve", doubted, "wave", "--lost").code == 0


def test_a_doubt_of_a_renamed_shot_is_found_by_the_name_that_the_journal_knows(pipe: Pipe, doubted: Path) -> None:
    doubted.write_text(STORY.replace("id: wave", "id: surf").replace("A wave", "The surf"))
    told = pipe("resolve", doubted, "surf", "--lost")
    assert told.code == 1
    assert "shot 'surf' was never asked for" in told.err
    assert pipe("resolve", doubted, "wave", "--lost").code == 0


def test_wrong_usage_is_told(pipe: Pipe, doubted: Path) -> None:
    assert "say one thing" in pipe("resolve", doubted, "wave").err
    assert pipe("resolve", doubted, "wave", "--lost", "--resubmit").code == 2
    told = pipe("resolve", doubted, "wavy", "--lost")
    assert told.code == 2
    assert "did you mean 'wave'?" in told.err
    assert (
        "take 2 of shot 'wave' was never asked for" in pipe("resolve", doubted, "wave", "--lost", "--take", 2).err
    )


def test_no_decision_is_taken_while_a_run_has_the_story(pipe: Pipe, doubted: Path) -> None:
    with hold(doubted.parent / ".seedance" / "locks" / "surf.yaml.lock", Effects()):
        assert pipe("resolve", doubted, "wave", "--lost").code == 7


def test_status_shows_a_doubt_with_commands_that_can_be_copied(pipe: Pipe, doubted: Path) -> None:
    told = pipe("status", doubted, "--state", doubted.parent / ".seedance")
    command = f"seedance-pipe resolve {doubted} wave --state {doubted.parent / '.seedance'} --lost"
    assert command in told.out
    (doubt,) = pipe("status", doubted, "--json").json["doubts"]
    (ident,) = doubt.pop("ids")
    assert doubt == {
        "steps": ["wave#1"],
        "stray": False,
        "prompt": "A wave breaks",
        "resolve": "wave",
        "settled_with": None,
    }
    assert pipe("resolve", doubted, "wave", "--lost", "--id", ident).code == 0
    assert pipe("status", doubted, "--json").json["doubts"] == []


def test_a_task_that_the_vendor_has_is_given_up_with_a_word_and_no_terminal_means_no(
    pipe: Pipe, doubted: Path, vendor: Vendor
) -> None:
    (task,) = vendor.ledger()
    assert pipe("resolve", doubted, "wave", "--adopt", task["id"]).code == 0
    assert pipe("resolve", doubted, "wave", "--lost").code == 5
    (closed,) = pipe("resolve", doubted, "wave", "--lost", "--yes", "--json").json
    assert (closed["state"], closed["charged"]) == ("abandoned", {"amount": "0", "currency": "USD"})


def test_a_task_and_a_clip_made_elsewhere_are_adopted(pipe: Pipe, doubted: Path, vendor: Vendor) -> None:
    (task,) = vendor.ledger()
    told = pipe("adopt", doubted, "wave", "--task", task["id"])
    assert told.code == 1
    assert "take 1 of shot 'wave' is in doubt" in told.err
    assert pipe("resolve", doubted, "wave", "--lost").code == 0
    told = pipe("adopt", doubted, "wave", "--task", task["id"])
    assert (told.code, told.out) == (
        0,
        f"wave#1  task {task['id']}: taken in, price unknown; the next run fetches it\n",
    )
    assert pipe("run", doubted, "--yes").code == 0
    assert len(vendor.ledger()) == 1
    clip = doubted.with_name("by hand.mp4")
    clip.write_bytes(Path(pipe("status", doubted, "--json").json["takes"][0]["clip"]).read_bytes())
    adopted = pipe("adopt", doubted, "wave", "--file", clip, "--take", 2, "--json").json
    assert (adopted["step"], adopted["submission"], adopted["unknown"]) == ("wave#2", None, 0)
    assert Path(adopted["clip"]).is_file()
    told = pipe("adopt", doubted, "wave", "--file", clip, "--take", 3)
    assert "taken in, it cost nothing; the next run makes the film with it" in told.out
    assert clip.is_file()


def test_what_is_wrong_with_an_adoption_is_told(pipe: Pipe, doubted: Path) -> None:
    assert "say one thing" in pipe("adopt", doubted, "wave").err
    assert pipe("adopt", doubted, "wave", "--task", "a", "--file", "b").code == 2
    assert "did you mean 'wave'?" in pipe("adopt", doubted, "wavy", "--task", "a").err
    assert pipe("adopt", doubted, "wave", "--task", "a", "--take", 0).code == 2


def test_cancelling_says_what_it_could_not_and_what_there_is_to_do(pipe: Pipe, doubted: Path) -> None:
    told = pipe("cancel", doubted)
    assert told.code == 1
    assert told.out.startswith(
        "wave#1  not cancelled  Runbase may have it or not; `seedance-pipe resolve surf.yaml"
    )
    (left,) = pipe("cancel", doubted, "wave", "--json").json
    assert (left["step"], left["cancelled"], left["ended"]) == ("wave#1", False, False)
    assert left["submission"]["state"] == "intent"
    assert pipe("resolve", doubted, "wave", "--lost").code == 0
    told = pipe("cancel", doubted)
    assert (told.code, told.out) == (0, "Nothing is open: there is nothing to cancel.\n")
    assert pipe("cancel", doubted, "--json").json == []
    assert "did you mean 'wave'?" in pipe("cancel", doubted, "wavy").err


def test_a_rehearsed_task_is_decided_in_the_rehearsal(pipe: Pipe, short: Path) -> None:
    """Nothing needs a key, and the embedded sandbox is asked."""
    told = pipe("adopt", short, "wave", "--task", "cgt-nobody", "--sandbox")
    assert told.code == 1
    assert "ModelArk knows no task cgt-nobody" in told.err
    assert pipe("cancel", short, "--sandbox").code == 0
    assert not (short.parent / ".seedance" / "journal.db").exists()
