"""The sandbox as a server: loopback only, closed to web pages; its files; a ledger that a kill does not harm."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from seedance_pipe.errors import GuardRefused, PipeError
from seedance_pipe.sandbox import Settings
from seedance_pipe.sandbox.app import serve
from tests.sandbox.stage import PRO, WAVE, Stage, data_uri, fetched, image, picture, stage


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.com"])
def test_only_loopback_is_served(host: str) -> None:
    with pytest.raises(GuardRefused, match="not served"), serve(None, host=host):
        pass


def test_a_port_that_is_taken_is_named() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PipeError, match=f"port {port}"), serve(None, port=port):
            pass


def test_the_server_is_gone_when_its_block_ends() -> None:
    before = threading.active_count()
    with serve(None) as running:
        assert fetched(f"{running.address}/ledger").json() == {"tasks": []}
    with pytest.raises(httpx.ConnectError):
        fetched(f"{running.address}/ledger")
    assert threading.active_count() == before


@pytest.mark.parametrize("path", ["/ledger", "/faults", "/files/x.mp4", "/api/v3/models"])
def test_another_name_for_the_host_and_a_web_page_are_turned_away(shared: Stage, path: str) -> None:
    port = urlsplit(shared.address).port

    def refused(**headers: str) -> bool:
        answer = shared.http.get(f"{shared.address}{path}", headers=headers)
        return answer.text in ("This host is not served here", "The sandbox does not serve web pages")

    assert refused(Host=f"evil.example:{port}")
    assert refused(Host="127.0.0.1")
    assert not refused(Host=f"localhost:{port}")
    assert refused(Origin="https://evil.example")


def test_a_link_is_for_get_alone_and_dies_after_a_day(sandbox: Stage) -> None:
    url = sandbox.finished(sandbox.create(PRO, duration=2))["content"]["video_url"]
    bare = httpx.Client(trust_env=False, verify=False)
    with bare:
        whole = bare.get(url)
        assert (whole.status_code, whole.headers["content-type"]) == (200, "video/mp4")
        assert whole.headers["x-content-type-options"] == "nosniff"
        assert bare.get(url, headers={"Range": "bytes=0-9"}).content == whole.content[:10]
        assert bare.head(url).status_code == 403
        assert bare.get(url.replace("X-Tos-Expires=86400", "X-Tos-Expires=99999")).status_code == 403
        assert bare.get(url.split("?")[0]).status_code == 403
        sandbox.clock.now = sandbox.began + 35 + 86_399
        assert bare.get(url).status_code == 200
        sandbox.clock.pass_by(1)
        assert bare.get(url).status_code == 403


def test_a_last_frame_can_be_had_more_than_once(sandbox: Stage) -> None:
    task = sandbox.finished(sandbox.create(PRO, duration=2, return_last_frame=True))
    first, second = (fetched(task["content"]["last_frame_url"]) for _ in range(2))
    assert first.headers["content-type"] == "image/png"
    assert first.content == second.content


def test_the_clip_of_a_deleted_task_is_gone(sandbox: Stage) -> None:
    task = sandbox.create(PRO, duration=2)
    url = sandbox.finished(task)["content"]["video_url"]
    sandbox.http.delete(f"{sandbox.tasks}/{task}")
    assert fetched(url).status_code == 404


def test_an_upload_is_read_back_under_its_name(sandbox: Stage) -> None:
    data = picture(400, 400)
    url = f"{sandbox.address}/uploads/0a1b.png"
    assert sandbox.http.put(url, content=data).status_code == 200
    answer = fetched(url)
    assert (answer.content, answer.headers["content-type"]) == (data, "image/png")
    assert sandbox.http.get(f"{sandbox.address}/uploads/other.png").status_code == 404


@pytest.mark.parametrize("name", [".hidden", "a b", "%2e%2e", "..%2fledger.db", "x" * 300])
def test_an_upload_has_a_plain_name(sandbox: Stage, name: str) -> None:
    answer = sandbox.http.put(f"{sandbox.address}/uploads/{name}", content=b"x")
    assert answer.status_code in (400, 404)
    assert sandbox.http.get(f"{sandbox.address}/uploads/{name}").status_code == 404


def test_an_upload_has_a_largest_size(sandbox: Stage) -> None:
    chunk = bytes(1 << 20)
    answer = sandbox.http.put(f"{sandbox.address}/uploads/a.mp4", content=(chunk for _ in range(201)))
    assert answer.status_code == 413


def test_a_poll_says_running_while_the_clip_is_being_painted() -> None:
    with stage(settings=Settings(queued_seconds=0, running_seconds=0, paint_patience=0)) as sandbox:
        task = sandbox.create(PRO, resolution="1080p", duration=4)
        first = sandbox.get(task)
        assert (first["status"], "content" in first) == ("running", False)
        assert sandbox.ledger()[0]["charged"]
        while sandbox.get(task)["status"] == "running":
            threading.Event().wait(0.1)
        assert sandbox.get(task)["status"] == "succeeded"


SERVER = """
import sys, threading
from pathlib import Path
from seedance_pipe.sandbox.app import serve
from seedance_pipe.sandbox import Settings
settings = Settings(queued_seconds=0, running_seconds=0.2, paint_patience=20)
with serve(Path(sys.argv[1]), settings=settings) as running:
    print(running.address, flush=True)
    threading.Event().wait()
"""


def test_a_killed_sandbox_has_lost_no_task_that_it_answered_for(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", SERVER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    tasks = f"{process.stdout.readline().strip()}/api/v3/contents/generations/tasks"
    key = {"Authorization": "Bearer a key"}
    body = {"model": PRO, "content": [WAVE], "resolution": "480p", "duration": 2, "seed": 9}
    with httpx.Client(headers=key, trust_env=False, verify=False) as http:
        ids = [http.post(tasks, json=body).json()["id"] for _ in range(5)]
        created = [http.get(f"{tasks}/{task}").json()["created_at"] for task in ids]
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    with serve(tmp_path) as running, httpx.Client(headers=key, trust_env=False, verify=False) as http:
        tasks = f"{running.address}/api/v3/contents/generations/tasks"
        listed = http.get(tasks).json()["items"]
        assert [task["id"] for task in listed] == ids[::-1]
        assert [task["created_at"] for task in listed] == created[::-1]
        threading.Event().wait(0.3)
        again = http.get(f"{tasks}/{ids[0]}").json()
        assert again["status"] == "succeeded"
        assert http.get(again["content"]["video_url"]).content[4:8] == b"ftyp"
        assert [entry["charged"] for entry in http.get(f"{running.address}/ledger").json()["tasks"]] == [True] * 5


def test_a_reopened_folder_knows_states_deletions_and_links(tmp_path: Path) -> None:
    with stage(tmp_path) as sandbox:
        cancelled, deleted, done, running = (sandbox.create(PRO, duration=2, seed=5) for _ in range(4))
        sandbox.http.delete(f"{sandbox.tasks}/{cancelled}")
        url = sandbox.finished(done)["content"]["video_url"]
        sandbox.http.delete(f"{sandbox.tasks}/{deleted}")
        late = sandbox.create(PRO, duration=2)
        sandbox.clock.pass_by(10)
        assert sandbox.get(late)["status"] == "running"
        whole, clock = fetched(url).content, sandbox.clock
    with stage(tmp_path, clock=clock) as sandbox:
        assert sandbox.get(cancelled)["status"] == "cancelled"
        assert sandbox.http.get(f"{sandbox.tasks}/{deleted}").status_code == 404
        assert sandbox.get(late)["status"] == "running"
        parts = urlsplit(url)
        assert fetched(f"{sandbox.address}{parts.path}?{parts.query}").content == whole
        assert sandbox.finished(late)["updated_at"] == sandbox.began + 40 + 35
        assert sandbox.get(running)["status"] == "succeeded"


def test_a_bug_of_the_sandbox_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with stage(tmp_path) as sandbox:
        task = sandbox.create(PRO, image(data_uri(picture())))
        for medium in (tmp_path / "media").iterdir():
            medium.write_bytes(b"no picture any more")
        sandbox.clock.pass_by(40)
        assert sandbox.http.get(f"{sandbox.tasks}/{task}").status_code == 500
    assert "the sandbox has a bug" in caplog.text
    assert "UnidentifiedImageError" in caplog.text


def test_the_folder_is_its_owners_alone(tmp_path: Path) -> None:
    with stage(tmp_path / "state"):
        assert (tmp_path / "state").stat().st_mode & 0o077 == 0
