"""Faults, each seen from the client's side of a real connection."""

from __future__ import annotations

import gzip
import socket
import time
from contextlib import suppress
from typing import Any

import httpx
import pytest

from seedance_pipe.sandbox import Fault, Settings, What, Where
from seedance_pipe.sandbox.faults import Faults
from tests.sandbox.stage import PRO, WAVE, Stage, fetched, stage

REQUEST = {"model": PRO, "content": [WAVE], "resolution": "480p", "duration": 2}


def clip(sandbox: Stage) -> str:
    """The address of a finished clip."""
    task = sandbox.create(PRO, duration=2)
    return str(sandbox.finished(task)["content"]["video_url"])


@pytest.mark.parametrize("what", ["close", "reset"])
def test_a_lost_answer_leaves_a_task_on_the_ledger(sandbox: Stage, what: str) -> None:
    sandbox.fail({"where": "accepted", "what": what})
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        sandbox.post(REQUEST)
    assert len(sandbox.ledger()) == 1
    assert len(sandbox.listed()) == 1


@pytest.mark.parametrize("what", ["close", "reset"])
def test_a_connection_lost_before_acceptance_leaves_none(sandbox: Stage, what: str) -> None:
    sandbox.fail({"where": "create", "what": what})
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        sandbox.post(REQUEST)
    assert sandbox.ledger() == []


@pytest.mark.parametrize(
    ("where", "status", "code", "kind", "tasks"),
    [
        ("create", 500, "InternalServiceError", "InternalServerError", 0),
        ("create", 503, "ServerOverloaded", "InternalServerError", 0),
        ("create", 502, "Elsewhere", "InternalServerError", 0),
        ("create", 402, "Elsewhere", "BadRequest", 0),
        ("create", 400, "InputImageSensitiveContentDetected", "BadRequest", 0),
        ("create", 429, "ServerOverloaded", "TooManyRequests", 0),
        ("create", 429, "InflightBatchsizeExceeded", "TooManyRequests", 0),
        ("create", 403, "AccountOverdueError", "Forbidden", 0),
        ("accepted", 500, "InternalServiceError", "InternalServerError", 1),
    ],
)
def test_an_error_answer_before_or_after_acceptance(
    sandbox: Stage, where: str, status: int, code: str, kind: str, tasks: int
) -> None:
    sandbox.fail({"where": where, "what": "answer", "status": status, "code": code})
    answer = sandbox.post(REQUEST)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.json()["error"]["type"] == kind
    assert len(sandbox.ledger()) == tasks
    assert sandbox.post(REQUEST).status_code == 200


def test_an_answer_can_be_a_page_a_redirect_or_nonsense(sandbox: Stage) -> None:
    kinds: list[dict[str, Any]] = [
        {"what": "html", "status": 502},
        {"what": "redirect"},
        {"what": "nonsense"},
    ]
    sandbox.fail(*({"where": "accepted", **kind} for kind in kinds))
    page, redirect, nonsense = (sandbox.post(REQUEST) for _ in kinds)
    assert (page.status_code, page.text[:9]) == (502, "<!doctype")
    assert redirect.is_redirect
    assert nonsense.status_code == 200
    with pytest.raises(ValueError, match="Expecting value"):
        nonsense.json()
    assert len(sandbox.ledger()) == 3


def test_an_answer_cut_short_after_some_bytes(sandbox: Stage) -> None:
    sandbox.fail({"where": "accepted", "what": "close", "at": 5})
    with pytest.raises(httpx.RemoteProtocolError, match="5 bytes"):
        sandbox.post(REQUEST)


@pytest.mark.parametrize("where", ["create", "accepted", "get"])
def test_a_late_answer_is_the_right_one(sandbox: Stage, where: str) -> None:
    sandbox.fail({"where": where, "what": "late", "seconds": 0.01})
    assert sandbox.get(sandbox.create())["status"] == "queued"


def test_a_late_answer_is_not_there_before_its_time(sandbox: Stage) -> None:
    sandbox.fail({"where": "accepted", "what": "late", "seconds": 0.5})
    with pytest.raises(httpx.ReadTimeout):
        sandbox.http.post(sandbox.tasks, json=REQUEST, timeout=0.1)
    assert len(sandbox.ledger()) == 1


def test_a_status_can_go_backwards_once(sandbox: Stage) -> None:
    task = sandbox.create(duration=2)
    sandbox.finished(task)
    sandbox.fail({"where": "get", "what": "backwards"})
    back = sandbox.get(task)
    assert (back["status"], back["updated_at"], "content" in back) == ("queued", sandbox.began, False)
    assert sandbox.get(task)["status"] == "succeeded"


def test_fates_of_tasks(sandbox: Stage) -> None:
    sandbox.fail(
        {"where": "fate", "what": "queue", "seconds": 1000},
        {"where": "fate", "what": "stuck"},
        {"where": "fate", "what": "expire"},
        {"where": "fate", "what": "fail", "code": "OutputVideoSensitiveContentDetected"},
    )
    tasks = [sandbox.create() for _ in range(4)]
    sandbox.clock.pass_by(900)
    shown = [sandbox.get(task) for task in tasks]
    assert [task["status"] for task in shown] == ["queued", "running", "expired", "failed"]
    assert shown[3]["error"]["code"] == "OutputVideoSensitiveContentDetected"
    assert [entry["charged"] for entry in sandbox.ledger()] == [False] * 4


def test_a_fault_happens_so_many_times_for_the_prompts_it_names(sandbox: Stage) -> None:
    sandbox.fail({"where": "create", "what": "answer", "times": 2, "matching": "storm"})
    storm = {**REQUEST, "content": [{"type": "text", "text": "A storm"}]}
    assert [sandbox.post(body).status_code for body in (REQUEST, storm, storm, storm)] == [200, 500, 500, 200]
    assert sandbox.http.get(f"{sandbox.address}/faults").json() == []


def test_faults_can_be_given_with_the_settings() -> None:
    always = Fault(Where.LIST, What.ANSWER, times=None)
    never = Fault(Where.GET, What.ANSWER, times=0)
    with stage(settings=Settings(faults=(never, always))) as sandbox:
        assert [sandbox.http.get(sandbox.tasks).status_code for _ in range(3)] == [500] * 3
        left = sandbox.http.get(f"{sandbox.address}/faults").json()
        assert [(fault["where"], fault["times"]) for fault in left] == [("list", None)]
        sandbox.fail()
        assert sandbox.http.get(sandbox.tasks).status_code == 200


def test_deleting_and_uploading_can_fail_too(sandbox: Stage) -> None:
    sandbox.fail({"where": "delete", "what": "answer"}, {"where": "upload", "what": "answer", "status": 507})
    assert sandbox.http.delete(f"{sandbox.tasks}/{sandbox.create()}").status_code == 500
    assert sandbox.http.put(f"{sandbox.address}/uploads/a.png", content=b"x").status_code == 507


@pytest.mark.parametrize("status", [403, 404])
def test_a_link_can_be_dead_for_a_while(sandbox: Stage, status: int) -> None:
    url = clip(sandbox)
    sandbox.fail({"where": "file", "what": "answer", "status": status})
    assert [fetched(url).status_code for _ in range(2)] == [status, 200]


@pytest.mark.parametrize("what", ["close", "reset"])
@pytest.mark.parametrize("at", [0, 1, 5000])
def test_a_download_can_break_off_at_any_byte(sandbox: Stage, what: str, at: int) -> None:
    url = clip(sandbox)
    sandbox.fail({"where": "file", "what": what, "at": at})
    got = b""
    with (
        pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)),
        httpx.stream("GET", url, trust_env=False, verify=False) as answer,
    ):
        for chunk in answer.iter_raw():
            got += chunk
    assert len(got) == at
    whole = fetched(url).content
    rest = fetched(url, headers={"Range": f"bytes={at}-"})
    assert rest.status_code == 206
    assert got + rest.content == whole


def test_a_download_can_have_the_wrong_length(sandbox: Stage) -> None:
    url = clip(sandbox)
    whole = fetched(url).content
    sandbox.fail({"where": "file", "what": "length", "at": -7}, {"where": "file", "what": "length", "at": 7})
    assert fetched(url).content == whole[:-7]
    with pytest.raises(httpx.RemoteProtocolError):
        fetched(url)


def test_a_download_can_be_too_large_a_page_or_elsewhere(sandbox: Stage) -> None:
    url = clip(sandbox)
    size = len(fetched(url).content)
    sandbox.fail(
        {"where": "file", "what": "oversize", "at": 3_000_000},
        {"where": "file", "what": "html", "status": 200},
        {"where": "file", "what": "redirect"},
    )
    assert len(fetched(url).content) == size + 3_000_000
    page = fetched(url)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert fetched(url).headers["location"].startswith("https://")


def test_a_download_can_drip(sandbox: Stage) -> None:
    url = clip(sandbox)
    sandbox.fail({"where": "file", "what": "drip", "seconds": 0.001})
    pieces = []
    with httpx.stream("GET", url, trust_env=False, verify=False) as answer:
        pieces.extend(answer.iter_raw())
    assert len(pieces) > 10
    assert b"".join(pieces) == fetched(url).content


@pytest.mark.parametrize("at", [0, 7, 40, 9999])
def test_an_answer_can_break_off_within_its_head(sandbox: Stage, at: int) -> None:
    sandbox.fail({"where": "accepted", "what": "torn", "at": at})
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        sandbox.post(REQUEST)
    assert len(sandbox.ledger()) == 1


@pytest.mark.parametrize("at", [0, 5])
def test_a_server_can_fall_silent_while_it_still_listens(sandbox: Stage, at: int) -> None:
    sandbox.fail({"where": "accepted", "what": "half", "at": at, "seconds": 20})
    with pytest.raises(httpx.RemoteProtocolError):
        sandbox.post(REQUEST)
    assert len(sandbox.ledger()) == 1


def test_a_server_that_fell_silent_does_not_wait_for_its_client_for_ever(sandbox: Stage) -> None:
    """A client that reads to the end and does not go: the connection is reset under it."""
    sandbox.fail({"where": "list", "what": "half", "seconds": 0.05})
    with socket.create_connection(place(sandbox), timeout=20) as client:
        client.sendall(asking(sandbox, "/api/v3/contents/generations/tasks"))
        assert client.recv(100) == b""
        with pytest.raises(OSError, match=r"reset|pipe"):
            for _ in range(1000):
                client.sendall(b"X" * 65536)


def test_nobody_listens_for_a_while() -> None:
    with stage() as sandbox:
        sandbox.fail({"where": "list", "what": "refuse", "seconds": 1})
        with pytest.raises(httpx.RemoteProtocolError):
            sandbox.http.get(sandbox.tasks)
        with pytest.raises(httpx.ConnectError):
            sandbox.http.get(sandbox.tasks)
        assert answering_again(sandbox)
        assert sandbox.http.get(sandbox.tasks).status_code == 200


def answering_again(sandbox: Stage) -> bool:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with suppress(httpx.ConnectError):
            return sandbox.http.get(f"{sandbox.address}/faults").status_code == 200
        time.sleep(0.05)
    return False


def test_a_sandbox_at_which_nobody_listens_can_be_left() -> None:
    with stage() as sandbox:
        sandbox.fail({"where": "list", "what": "refuse", "seconds": 3600})
        with pytest.raises(httpx.RemoteProtocolError):
            sandbox.http.get(sandbox.tasks)
        with pytest.raises(httpx.ConnectError):
            sandbox.http.get(sandbox.tasks)


def test_a_port_that_is_shut_can_be_shut_again() -> None:
    """Two requests were on their way, and each of them shuts it."""
    with (
        stage() as sandbox,
        socket.create_connection(place(sandbox)) as one,
        socket.create_connection(place(sandbox)) as other,
    ):
        for client in (one, other):
            client.settimeout(20)
            client.sendall(asking(sandbox, "/faults"))
            answer = b""
            while not answer.endswith(b"[]"):
                answer += client.recv(1000)
        sandbox.fail(*[{"where": "list", "what": "refuse", "seconds": 0.2}] * 2)
        for client in (one, other):
            client.sendall(asking(sandbox, "/api/v3/contents/generations/tasks"))
            assert client.recv(1000) == b""
        assert answering_again(sandbox)


def place(sandbox: Stage) -> tuple[str, int]:
    host, _, port = sandbox.address.removeprefix("http://").partition(":")
    return host, int(port)


def asking(sandbox: Stage, path: str) -> bytes:
    host, port = place(sandbox)
    return f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer k\r\n\r\n".encode()


def test_a_request_can_be_left_unread(sandbox: Stage) -> None:
    sandbox.fail({"where": "arrival", "what": "deaf", "seconds": 0.05, "matching": "POST /api/v3"})
    assert sandbox.http.get(sandbox.tasks).status_code == 200
    with pytest.raises((httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError)):
        sandbox.http.post(sandbox.tasks, content=b" " * 8_000_000)
    assert sandbox.ledger() == []


@pytest.mark.parametrize("what", ["close", "reset", "half", "torn"])
def test_a_connection_can_be_lost_on_arrival(sandbox: Stage, what: str) -> None:
    sandbox.fail({"where": "arrival", "what": what, "at": 5 if what == "torn" else 0})
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        sandbox.post(REQUEST)
    assert sandbox.ledger() == []


def test_a_gateway_can_answer_before_the_vendor_has_read_anything(sandbox: Stage) -> None:
    sandbox.fail(
        {"where": "arrival", "what": "html", "status": 503, "retry_after": "9"},
        {"where": "arrival", "what": "redirect"},
        {"where": "arrival", "what": "late", "seconds": 0.01},
    )
    page = sandbox.post(REQUEST)
    assert (page.status_code, page.headers["retry-after"], page.text[:9]) == (503, "9", "<!doctype")
    assert sandbox.post(REQUEST).is_redirect
    assert sandbox.ledger() == []
    assert sandbox.post(REQUEST).status_code == 200
    assert len(sandbox.ledger()) == 1


@pytest.mark.parametrize("when", ["7", "Sun, 22 Nov 2026 12:00:00 GMT", "soon"])
def test_an_error_answer_can_say_when_to_come_again(sandbox: Stage, when: str) -> None:
    sandbox.fail({"where": "create", "what": "answer", "status": 429, "code": "Busy", "retry_after": when})
    assert sandbox.post(REQUEST).headers["retry-after"] == when


def test_an_answer_can_have_any_body(sandbox: Stage) -> None:
    sandbox.fail({"where": "accepted", "what": "body", "text": "[[]]"})
    answer = sandbox.post(REQUEST)
    assert (answer.status_code, answer.json(), answer.headers["content-type"]) == (200, [[]], "application/json")
    assert len(sandbox.ledger()) == 1


def test_an_answer_can_be_packed_unasked_as_a_bomb_or_torn(sandbox: Stage) -> None:
    sandbox.fail(*({"where": "accepted", "what": "packed", "at": at} for at in (0, 20_000_000, -5)))
    plain, bomb = sandbox.post(REQUEST), sandbox.post(REQUEST)
    assert plain.headers["content-encoding"] == "gzip"
    assert set(plain.json()) == {"id"}
    assert int(bomb.headers["content-length"]) < 100_000
    assert len(bomb.content) > 20_000_000
    torn = sandbox.http.send(sandbox.http.build_request("POST", sandbox.tasks, json=REQUEST), stream=True)
    packed = b"".join(torn.iter_raw())
    assert len(packed) == int(torn.headers["content-length"])
    with pytest.raises(EOFError):
        gzip.decompress(packed)


def test_a_list_can_hold_every_item_twice(sandbox: Stage) -> None:
    task = sandbox.create()
    sandbox.fail({"where": "list", "what": "twice"})
    assert sandbox.listed() == [task, task]
    assert sandbox.listed() == [task]


def test_a_body_can_drip_in_small_drops(sandbox: Stage) -> None:
    sandbox.fail({"where": "accepted", "what": "drip", "at": 3, "seconds": 0.001})
    request = sandbox.http.build_request("POST", sandbox.tasks, json=REQUEST)
    answer = sandbox.http.send(request, stream=True)
    pieces = list(answer.iter_raw())
    assert len(pieces) > 3
    assert b"".join(pieces).startswith(b'{"id":')


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"where": "arrival", "what": "answer"}, "a fault 'answer' cannot happen at 'arrival'"),
        ({"where": "get", "what": "deaf"}, "a fault 'deaf' cannot happen at 'get'"),
        ({"where": "file", "what": "twice"}, "a fault 'twice' cannot happen at 'file'"),
        ({"where": "fate", "what": "close"}, "a fault 'close' cannot happen at 'fate'"),
        ({"where": "list", "what": "backwards"}, "a fault 'backwards' cannot happen at 'list'"),
        ({"where": "get", "what": "stuck"}, "a fault 'stuck' cannot happen at 'get'"),
        ({"where": "get"}, "a fault needs 'what'"),
        ({"where": "get", "what": "close", "tims": 2}, "a fault has no 'tims'"),
        ({"where": "nowhere", "what": "close"}, "'nowhere' is not a valid Where"),
    ],
)
def test_a_fault_that_cannot_be_is_refused(shared: Stage, entry: dict[str, Any], reason: str) -> None:
    answer = shared.http.put(f"{shared.address}/faults", json=[entry])
    assert (answer.status_code, answer.json()["error"]) == (400, reason)


@pytest.mark.parametrize("body", [b"{", b"5", b'["x"]', b" " * ((1 << 20) + 1)])
def test_a_list_of_faults_that_is_none_is_refused(shared: Stage, body: bytes) -> None:
    assert shared.http.put(f"{shared.address}/faults", content=body).status_code == 400


@pytest.mark.parametrize("what", What)
@pytest.mark.parametrize("where", Where)
def test_every_possible_fault_has_a_json_form_that_means_it(where: Where, what: What) -> None:
    try:
        fault = Fault(where, what, times=3, matching="x", at=4)
    except ValueError:
        return
    assert Fault.parse(fault.document()) == fault
    assert Faults([fault]).take(where, "not here") is None
    assert Faults([fault]).take(where, "x") == fault
