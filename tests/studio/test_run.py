"""Runs against a vendor's API over HTTP, with a key and an address in the environment, as with the real one."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from seedance_pipe.effects import Effects
from seedance_pipe.sandbox.app import serve
from seedance_pipe.sandbox.faults import Fault, What, Where
from seedance_pipe.sandbox.settings import Settings
from seedance_pipe.studio.rehearsal import hastened
from tests.conftest import Pipe
from tests.studio.vendor import Vendor

FASTER = 50


@pytest.fixture
def vendor(tmp_path: Path, pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> Iterator[Vendor]:
    """A vendor that the environment of this test leads to. `pipe` comes first, because it empties that."""
    with serve(tmp_path / "vendor", settings=Settings(queued_seconds=0.02, running_seconds=0.05)) as server:
        served = Vendor(server.address)
        for name, value in served.environ.items():
            monkeypatch.setenv(name, value)
        yield served


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Runs of this process wait a fiftieth of their pauses, which are noted here. A `program` waits as it is."""
    noted: list[float] = []
    faster = hastened(Effects(), FASTER)

    async def sleep(seconds: float) -> None:
        noted.append(seconds)
        await faster.sleep(seconds)

    monkeypatch.setattr("seedance_pipe.studio.run.Effects", lambda: replace(faster, sleep=sleep))
    return noted


def fail(where: Where, what: What, **fields: object) -> Fault:
    return Fault.parse({"where": where.value, "what": what.value, **fields})


def program(story: Path, *options: str, vendor: Vendor) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "seedance_pipe", "run", str(story), *options]
    environ = {**os.environ, **vendor.environ}
    return subprocess.Popen(command, env=environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def until(running: subprocess.Popen[str], told: str) -> None:
    """Read the program's talk until a line holds `told`."""
    assert running.stderr is not None
    for line in running.stderr:
        if told in line:
            return
    raise AssertionError(f"the program never said '{told}'")


def test_with_a_key_and_an_address_the_program_makes_the_film_at_that_server(
    pipe: Pipe, short: Path, vendor: Vendor, pauses: list[float]
) -> None:
    told = pipe("run", short, "--json")
    assert told.code == 0, told.err
    assert sum(1.6 <= pause <= 2.4 for pause in pauses) == 2, "each take is first asked for after two seconds"
    assert (short.parent / "out" / "short.mp4").is_file()
    tasks = vendor.ledger()
    assert [task["status"] for task in tasks] == ["succeeded", "succeeded"]
    charged = sum(
        float(line["charged"]["amount"]) for line in told.lines if line.get("charged") and "step" in line
    )
    assert charged == pytest.approx(sum(task["tokens"] for task in tasks) / 1e6)
    assert pipe("run", short).code == 0
    assert len(vendor.ledger()) == 2


def test_no_key_and_no_signed_address_is_in_any_file_or_stream(pipe: Pipe, short: Path, vendor: Vendor) -> None:
    vendor.set_faults([fail(Where.FILE, What.CLOSE, at=1000), fail(Where.GET, What.ANSWER)])
    told = pipe("run", short, "--json")
    assert told.code == 0, told.err
    seen = (told.out + told.err).encode()
    for path in short.parent.rglob("*"):
        if path.is_file() and "vendor" not in path.parts[len(short.parent.parts) :][0]:
            seen += path.read_bytes()
    for secret in (b"canary-key-0123456789abcdef", b"Y2FuYXJ5LWtleS0wMTIzNDU2Nzg5YWJjZGVm", b"X-Tos-"):
        assert secret not in seen


UNCLEAR = {"status": 500, "code": "InternalServiceError"}


def test_a_task_whose_answer_was_lost_is_found_and_paid_for_once(pipe: Pipe, short: Path, vendor: Vendor) -> None:
    vendor.set_faults([fail(Where.ACCEPTED, What.CLOSE, matching="wave")])
    told = pipe("run", short)
    assert told.code == 0, told.err
    assert "wave#1: its answer had been lost; ModelArk lists it as task" in told.err
    assert (short.parent / "out" / "short.mp4").is_file()
    assert len(vendor.ledger()) == 2


def test_what_no_list_shows_is_in_doubt_is_never_sent_again_and_the_rest_is_made(
    pipe: Pipe, short: Path, vendor: Vendor
) -> None:
    short.write_text(short.read_text() + "  - {id: gull, prompt: A gull cries}\n")
    vendor.set_faults([fail(Where.CREATE, What.ANSWER, matching="wave", **UNCLEAR)])
    told = pipe("run", short)
    assert told.code == 4
    assert "wave#1: in doubt" in told.err
    assert "gull#1: made" in told.err
    assert "In doubt: wave#1" in told.out
    assert len(vendor.ledger()) == 1
    again = pipe("run", short)
    assert again.code == 4
    assert len(vendor.ledger()) == 1, "nothing was sent again"
    status = pipe("status", short)
    assert "wave#1  in doubt" in status.out
    assert "Reserved for what is open: $0.0196" in status.out
    assert pipe("plan", short).out.count("blocked") >= 1
    forced = pipe("run", short, "--force", "wave")
    assert forced.code == 4, "the first take is still in doubt"
    assert "wave#2: made" in forced.err
    assert (short.parent / "out" / "short.mp4").is_file(), "and the film goes on with the second"
    assert len(vendor.ledger()) == 3


def test_a_refused_shot_stops_what_hangs_on_it_and_the_next_run_buys_only_what_failed(
    pipe: Pipe, short: Path, vendor: Vendor
) -> None:
    short.write_text(short.read_text() + "  - {id: gull, prompt: A gull cries}\n")
    vendor.set_faults([fail(Where.FATE, What.FAIL, matching="wave", code="OutputVideoSensitiveContentDetected")])
    told = pipe("run", short, "--keep-going")
    assert told.code == 1
    assert "wave#1: failed" in told.err
    assert "Failed: wave#1." in told.out
    assert "foam#1" in told.out
    assert not (short.parent / "out" / "short.mp4").exists()
    again = pipe("plan", short).out
    assert "last time failed: the finished video was held back" in again
    assert again.count("OutputVideoSensitiveContentDetected") == 1
    assert pipe("run", short).code == 0
    assert len(vendor.ledger()) == 4


def test_a_key_that_the_vendor_refuses_is_exit_1_with_its_reason(pipe: Pipe, short: Path, vendor: Vendor) -> None:
    vendor.set_faults([fail(Where.CREATE, What.ANSWER, status=401, code="AuthenticationError")])
    told = pipe("run", short)
    assert told.code == 1
    assert "ARK_API_KEY" in told.err
    assert vendor.ledger() == []


def test_a_cap_holds_over_all_runs_of_a_story(pipe: Pipe, short: Path, vendor: Vendor) -> None:
    assert pipe("run", short, "--max-cost", "0.0392").code == 0
    edited = short.read_text().replace("A wave breaks", "A great wave breaks")
    short.write_text(edited)
    told = pipe("run", short, "--max-cost", "0.07")
    assert told.code == 5
    assert "$0.0392 spent" in told.err
    assert len(vendor.ledger()) == 2


def test_ctrl_c_stops_at_once_says_what_is_still_running_and_the_next_run_pays_for_nothing_twice(
    pipe: Pipe, short: Path, vendor: Vendor
) -> None:
    running = program(short, vendor=vendor)
    until(running, "wave#1: submitted")
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=10)
    assert running.returncode == 130
    assert "still at the vendors: 1 take" in out
    assert "Traceback" not in err
    assert pipe("run", short).code == 0
    assert len(vendor.ledger()) == 2


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_run_that_is_told_to_end_says_what_is_still_running(
    short: Path, vendor: Vendor, number: signal.Signals, code: int
) -> None:
    running = program(short, vendor=vendor)
    until(running, "wave#1: submitted")
    running.send_signal(number)
    out, _ = running.communicate(timeout=10)
    assert running.returncode == code
    assert "still at the vendors: 1 take" in out


def test_a_second_run_of_the_same_story_is_told_who_holds_it(pipe: Pipe, short: Path, vendor: Vendor) -> None:
    vendor.set_faults([fail(Where.FATE, What.QUEUE, seconds=30)])
    running = program(short, vendor=vendor)
    until(running, "wave#1: submitted")
    told = pipe("run", short)
    assert told.code == 7
    assert f"process {running.pid}" in told.err
    running.kill()
    running.communicate()


def test_a_task_that_the_story_no_longer_asks_for_is_fetched_before_anything_is_bought(
    pipe: Pipe, short: Path, vendor: Vendor
) -> None:
    running = program(short, vendor=vendor)
    until(running, "wave#1: submitted")
    running.kill()
    running.communicate()
    original = short.read_text()
    short.write_text(original.replace("A wave breaks", "Another wave breaks"))
    assert "the story no longer asks for it" in pipe("status", short).out
    told = pipe("run", short)
    assert told.code == 0, told.err
    assert told.err.index("wave#1 of an earlier story: made") < told.err.index("wave#1: started")
    short.write_text(original)
    plan = pipe("plan", short).out
    assert "wave#1  fresh" in plan, "what was paid for is there when the story goes back"
    assert len(vendor.ledger()) == 3


def test_a_clip_that_the_store_lost_is_fetched_again_and_never_bought_again(
    pipe: Pipe, short: Path, vendor: Vendor
) -> None:
    assert pipe("run", short).code == 0
    clip = Path(pipe("status", short, "--json").json["takes"][0]["clip"])
    clip.unlink()
    assert "fetch" in pipe("plan", short).out
    assert pipe("run", short).code == 0
    assert clip.is_file()
    assert len(vendor.ledger()) == 2


def test_a_damaged_journal_is_said_to_be_one_and_left_alone(pipe: Pipe, short: Path, vendor: Vendor) -> None:
    state = short.parent / ".seedance"
    state.mkdir()
    (state / "journal.db").write_bytes(b"this is not a database at all, but it is long enough to be looked at")
    told = pipe("run", short)
    assert told.code == 1
    assert "is not a journal" in told.err
    assert vendor.ledger() == []


def test_the_journal_and_its_folder_are_for_their_owner_alone(pipe: Pipe, short: Path, vendor: Vendor) -> None:
    assert pipe("run", short, "wave", "--only").code == 0
    state = short.parent / ".seedance"
    assert state.stat().st_mode & 0o777 == 0o700
    assert (state / "journal.db").stat().st_mode & 0o777 == 0o600
    acts = sqlite3.connect(state / "journal.db").execute("SELECT act FROM entry ORDER BY id").fetchall()
    assert [act for (act,) in acts][:4] == ["intent", "submitted", "ready", "stored"]


def test_a_forced_run_that_cannot_begin_does_not_buy_a_new_take_later(
    pipe: Pipe, short: Path, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = pipe("plan", short).out
    with monkeypatch.context() as keyless:
        keyless.delenv("ARK_API_KEY")
        assert pipe("run", short, "--force", "wave").code == 6
    assert pipe("plan", short).out == before


def test_a_forced_shot_is_made_though_only_others_are_named(pipe: Pipe, short: Path, vendor: Vendor) -> None:
    short.write_text(short.read_text() + "  - {id: gull, prompt: A gull cries}\n")
    told = pipe("run", short, "wave", "--only", "--force", "gull")
    assert told.code == 0, told.err
    assert "gull#2: made" in told.err
    assert "foam" not in told.err


def test_naming_one_shot_leaves_nothing_behind_that_is_at_the_vendor_or_in_doubt(
    pipe: Pipe, short: Path, vendor: Vendor
) -> None:
    short.write_text(short.read_text() + "  - {id: gull, prompt: A gull cries}\n  - {id: crab, prompt: A crab}\n")
    vendor.set_faults([fail(Where.ACCEPTED, What.CLOSE, matching="gull"), fail(Where.FATE, What.QUEUE, seconds=3)])
    running = program(short, "gull", "crab", "--only", vendor=vendor)
    until(running, "crab#1: submitted")
    running.kill()
    running.communicate()
    told = pipe("run", short, "wave", "--only")
    assert "crab#1: resumed" in told.err
    assert "crab#1: made" in told.err
    assert "gull#1: its answer had been lost" in told.err
    assert "gull#1: made" in told.err
    assert told.code == 0


def test_a_reader_that_has_gone_stops_no_run_and_leaves_no_doubt(pipe: Pipe, short: Path, vendor: Vendor) -> None:
    short.write_text(short.read_text().split("  - id: foam")[0])
    running = program(short, "--json", vendor=vendor)
    assert running.stdout is not None
    running.stdout.readline()
    running.stdout.close()
    running.wait(timeout=60)
    assert running.stderr is not None
    running.stderr.close()
    assert pipe("plan", short).out.endswith("Nothing to do: the film is up to date.\n")
    assert len(vendor.ledger()) == 1


def test_a_doubt_is_told_without_a_key_because_nothing_would_be_sent(
    pipe: Pipe, short: Path, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor.set_faults([fail(Where.CREATE, What.ANSWER, **UNCLEAR)])
    assert pipe("run", short).code == 4
    monkeypatch.delenv("ARK_API_KEY")
    assert pipe("run", short).code == 4


def test_a_cap_that_holds_for_what_is_bought_lets_two_equal_shots_through(
    pipe: Pipe, short: Path, vendor: Vendor
) -> None:
    short.write_text(short.read_text().split("  - id: foam")[0] + "  - {id: again, prompt: A wave breaks}\n")
    assert pipe("run", short, "--max-cost", "0.0195").code == 5
    assert pipe("plan", short, "--json").json["bill"]["most"] == [{"amount": "0.0196", "currency": "USD"}]
    assert pipe("run", short, "--max-cost", "0.0196").code == 0
    assert len(vendor.ledger()) == 1


def test_a_take_that_another_story_asks_for_at_this_moment_is_not_called_a_case_for_force_alone(
    pipe: Pipe, short: Path, vendor: Vendor
) -> None:
    other = short.with_name("other.yaml")
    other.write_text(short.read_text())
    vendor.set_faults([fail(Where.CREATE, What.LATE, seconds=3)])
    running = program(short, "wave", "--only", vendor=vendor)
    until(running, "wave#1: submitting")
    told = pipe("run", other)
    assert told.code == 4
    assert "if a run of 'short.yaml' is at work, let it end and run again" in told.err
    running.communicate(timeout=60)
    assert running.returncode == 0
    assert pipe("run", other).code == 0
    assert len(vendor.ledger()) == 2


def test_without_an_ffmpeg_that_is_needed_the_run_says_what_is_missing(
    pipe: Pipe, short: Path, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    short.write_text(short.read_text() + '    ratio: "16:9"\n')
    assert pipe("run", short, "foam", "--only").code == 0
    monkeypatch.setenv("SEEDANCE_FFMPEG", str(short.parent / "nowhere"))
    told = pipe("run", short)
    assert told.code == 6, told.err
    assert "there is no ffmpeg at" in told.err
    assert len(vendor.ledger()) == 2


def test_a_film_is_not_written_outside_its_storys_folder_through_a_link(
    pipe: Pipe, short: Path, vendor: Vendor
) -> None:
    elsewhere = short.parent / "vendor" / "elsewhere"
    elsewhere.mkdir(parents=True)
    story = short.parent / "inside" / "short.yaml"
    story.parent.mkdir()
    story.write_text(short.read_text())
    (story.parent / "out").symlink_to(elsewhere)
    told = pipe("run", story, "--force-output")
    assert told.code == 5
    assert "leads out of the story's folder" in told.err
    assert vendor.ledger() == []
