"""The outcomes of a call, against real sockets (security.md 4.2)."""

from __future__ import annotations

import gzip
import json
import logging
import socket
import ssl
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
import trustme

from seedance_pipe.errors import Missing
from seedance_pipe.vendor.account import Account
from seedance_pipe.vendor.address import Target
from seedance_pipe.vendor.answer import Answered, Call, NotSent, Outcome, Part, Unclear
from seedance_pipe.vendor.transport import ANSWER_LIMIT, Api, Cut, Web, trust
from tests.vendor.stage import Act, Pause, Reply, Reset, Stage, reply
from tests.vendor.world import KEY, NOW, Clock

pytestmark = pytest.mark.anyio
AUTHORITY = trustme.CA()
POST = Call("POST", "tasks", b'{"model":"m"}')


@asynccontextmanager
async def an_api(base: str) -> AsyncIterator[Api]:
    effects = Clock().effects()
    async with Api(Account("modelark", base, KEY), effects=effects, context=trust({})) as api:
        yield api
    await anyio.wait_all_tasks_blocked()  # so that sockets which were given up are closed, too


async def outcome(stage: Stage, *answer: Act, call: Call = POST, deadline: float = 5.0) -> Outcome:
    stage.on(call.method, "/", answer)
    async with an_api(f"{stage.address}/api/v3") as api:
        return await api.send(call, deadline=deadline)


async def test_an_answer_is_its_status_and_its_document(stage: Stage) -> None:
    assert await outcome(stage, *reply(201, {"id": "x", "n": [1.0]})) == Answered(201, {"id": "x", "n": (1,)})
    (seen,) = stage.seen
    assert seen.target == "/api/v3/tasks"
    assert seen.body == POST.body
    assert seen.headers["authorization"] == f"Bearer {KEY}"
    assert seen.headers["content-type"] == "application/json"
    assert seen.headers["accept-encoding"] == "identity"


async def test_a_form_is_sent_as_multipart_with_its_texts_and_its_files(stage: Stage) -> None:
    form = (Part("file", b"\x89PNG\r\n\r\n", "0a1b.png", "image/png"), Part("kind", b"image"))
    assert await outcome(stage, *reply(200, {}), call=Call("POST", "files", form=form)) == Answered(200, {})
    (seen,) = stage.seen
    kind, _, boundary = seen.headers["content-type"].partition("; boundary=")
    assert kind == "multipart/form-data"
    file, text, end = seen.body.split(f"--{boundary}".encode())[1:]
    assert b'Content-Disposition: form-data; name="file"; filename="0a1b.png"' in file
    assert b"Content-Type: image/png" in file
    assert file.endswith(b"\r\n\r\n\x89PNG\r\n\r\n\r\n")
    assert text == b'\r\nContent-Disposition: form-data; name="kind"\r\n\r\nimage\r\n'
    assert end == b"--\r\n"
    assert seen.headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("base", ["/v1", "/api/v3", ""])
async def test_an_empty_path_is_the_base_address_itself(stage: Stage, base: str) -> None:
    stage.on("POST", "/", reply(200, {}))
    async with an_api(stage.address + base) as api:
        await api.send(Call("POST", "", b"[]"), deadline=5)
    assert stage.seen[0].target == (base or "/")


UNCLEAR: dict[str, Reply] = {
    "closed without a word": [],
    "reset": [Reset()],
    "reset within the head": [b"HTTP/1.1 200 OK\r\nContent-", Reset()],
    "no HTTP": [b"SSH-2.0-OpenSSH_9.2\r\n"],
    "half a body": [b'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"id":'],
    "a body that breaks off within a chunk": [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{"],
    "two lengths": [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}"],
}


@pytest.mark.parametrize("answer", UNCLEAR.values(), ids=UNCLEAR.keys())
async def test_a_request_without_a_whole_answer_is_unclear(stage: Stage, answer: Reply) -> None:
    result = await outcome(stage, *answer)
    assert isinstance(result, Unclear)
    assert result.reason


@pytest.mark.parametrize("drip", [[Pause(9)], [b"HTTP/1.1 200 OK\r\n\r\n", *[b" ", Pause(0.1)] * 90]])
async def test_a_silent_or_dripping_answer_ends_at_the_deadline(stage: Stage, drip: list[Act]) -> None:
    assert await outcome(stage, *drip, deadline=0.3) == Unclear("no whole answer within 0.3 s")


UNREADABLE: dict[str, Reply] = {
    "html": reply(502, b"<html>Bad Gateway</html>"),
    "nothing": reply(502),
    "half a json": reply(502, b'{"id":'),
    "not a number": reply(502, b'{"id": NaN}'),
    "infinity": reply(502, b'{"id": 1e999}'),
    "depth": reply(502, b"[" * 100_000),
    "latin-1": reply(502, b'{"id": "\xe9"}'),
    "too long": reply(502, b'"' + b"a" * ANSWER_LIMIT + b'"'),
    "a gzip bomb": reply(502, gzip.compress(b" " * (40 * 1024 * 1024)), Content_Encoding="gzip"),
    "a false gzip": reply(502, b"{}", Content_Encoding="gzip"),
    "half a gzip": reply(502, gzip.compress(b"{}")[:-6], Content_Encoding="gzip"),
    "another packing": reply(502, b"{}", Content_Encoding="br"),
}


@pytest.mark.parametrize("answer", UNREADABLE.values(), ids=UNREADABLE.keys())
async def test_a_body_that_is_no_json_within_bounds_is_no_document(stage: Stage, answer: Reply) -> None:
    assert await outcome(stage, *answer) == Answered(502, None)


async def test_a_bomb_is_not_unpacked_past_the_limit(stage: Stage) -> None:
    bomb = gzip.compress(b" " * (60 * 1024 * 1024))
    tracemalloc.start()
    try:
        await outcome(stage, *reply(502, bomb, Content_Encoding="gzip"))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 5 * ANSWER_LIMIT


async def test_a_packed_answer_within_bounds_is_unpacked(stage: Stage) -> None:
    packed = gzip.compress(json.dumps({"id": "x"}).encode())
    assert await outcome(stage, *reply(200, packed, Content_Encoding="gzip")) == Answered(200, {"id": "x"})


async def test_a_redirect_is_an_answer_and_is_not_followed(stage: Stage) -> None:
    there = f"{stage.address}/api/v3/elsewhere"
    assert await outcome(stage, *reply(307, Location=there)) == Answered(307, None)
    assert len(stage.seen) == 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("Wed, 18 Nov 2026 11:06:50 GMT", 10.0),
        ("Wed, 18 Nov 2020 11:06:50 GMT", 0.0),
        ("soon", None),
        ("-1", None),
        ("²", None),
        ("9" * 400, 999_999_999.0),
    ],
)
async def test_retry_after_is_seconds_or_a_date(stage: Stage, header: str, seconds: float | None) -> None:
    assert NOW == 1_795_000_000
    result = await outcome(stage, *reply(429, {}, Retry_After=header.encode().decode("latin-1")))
    assert result == Answered(429, {}, seconds)


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize(
    "base", ["http://127.0.0.1:{port}", "https://nowhere.invalid", "https://127.0.0.1:{port}"]
)
async def test_a_request_of_which_nothing_left_is_not_sent(base: str) -> None:
    async with an_api(base.format(port=unused_port())) as api:
        result = await api.send(POST, deadline=5)
    assert isinstance(result, NotSent)
    assert "no connection" in result.reason


async def test_a_failed_handshake_is_not_sent(stage: Stage) -> None:
    async with an_api(stage.address.replace("http:", "https:")) as api:
        assert isinstance(await api.send(POST, deadline=0.5), NotSent)
    assert stage.seen == []


async def test_a_handshake_that_never_ends_is_not_sent() -> None:
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(anyio.abc.SocketAttribute.local_port)
    async with listener, an_api(f"https://127.0.0.1:{port}") as api:
        assert isinstance(await api.send(POST, deadline=0.3), NotSent)


@pytest.mark.parametrize("path", ["https://evil.example/x", "//evil.example/x", "/other", "../../x", "../v3x"])
async def test_the_key_never_leaves_the_base_address(stage: Stage, path: str) -> None:
    async with an_api(f"{stage.address}/api/v3") as api:
        with pytest.raises(ValueError, match="left the base address"):
            await api.send(Call("GET", path), deadline=5)
    assert stage.seen == []


async def test_the_environments_proxies_and_netrc_are_not_read(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password netrc-secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert await outcome(stage, *reply(200, {})) == Answered(200, {})
    assert stage.seen[0].headers["authorization"] == f"Bearer {KEY}"


async def test_the_library_logs_no_header_and_no_address(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await outcome(stage, *reply(302, Location="https://x.example/?X-Tos-Signature=canary"))
    assert "canary" not in caplog.text
    assert KEY not in caplog.text


def test_an_account_hides_its_key() -> None:
    assert KEY not in repr(Account("modelark", "https://a.example", KEY))


@asynccontextmanager
async def over_tls(stage: Stage) -> AsyncIterator[int]:
    """The stage behind a certificate for `clips.example`."""
    from anyio.abc import SocketAttribute, SocketStream
    from anyio.streams.tls import TLSStream

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("clips.example").configure_cert(context)

    async def serve(raw: SocketStream) -> None:
        async with raw:
            try:
                stream = await TLSStream.wrap(
                    raw, server_side=True, ssl_context=context, standard_compatible=False
                )
            except (ssl.SSLError, anyio.EndOfStream, anyio.BrokenResourceError):
                return
            await stage.serve(stream)

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, serve)
        yield listener.extra(SocketAttribute.local_port)
        group.cancel_scope.cancel()
    await anyio.wait_all_tasks_blocked()


async def fetch(target: Target, context: ssl.SSLContext) -> bytes:
    async with Web(context=context) as web, web.get(target, headers={}, silence=5) as got:
        return b"".join([piece async for piece in got.pieces])


async def test_a_download_connects_to_the_checked_address_under_the_hosts_own_name(stage: Stage) -> None:
    signed = "/a%2fb/clip.mp4?sig=a%2Bb'(c)|%7e&x=1;y=[2]"
    stage.on("GET", "/", reply(200, b"clip"))
    async with over_tls(stage) as port:
        # Nothing listens on the first address: the next is tried.
        target = Target("https", "clips.example", port, ("127.0.0.99", "127.0.0.1"), signed)
        with AUTHORITY.cert_pem.tempfile() as trusted:
            assert await fetch(target, trust({"SSL_CERT_FILE": trusted})) == b"clip"
    (seen,) = stage.seen
    assert seen.target == signed
    assert seen.headers["host"] == f"clips.example:{port}"
    assert "authorization" not in seen.headers
    assert seen.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(("host", "trusting"), [("other.example", True), ("clips.example", False)])
async def test_a_certificate_for_another_name_or_of_nobody_is_refused(
    stage: Stage, tmp_path: Path, host: str, trusting: bool
) -> None:
    trusted = tmp_path / "trusted.pem"
    AUTHORITY.cert_pem.write_to_path(str(trusted))
    file = str(trusted) if trusting else ""
    async with over_tls(stage) as port:
        with pytest.raises(Cut, match="no connection"):
            await fetch(Target("https", host, port, ("127.0.0.1",), "/"), trust({"SSL_CERT_FILE": file}))
    assert stage.seen == []


@pytest.mark.parametrize("content", [None, "not a certificate"])
def test_a_certificate_file_that_cannot_be_used_is_missing(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(Missing, match="SSL_CERT_FILE"):
        trust({"SSL_CERT_FILE": str(path)})


async def test_putting_a_file_ends_at_its_deadline(stage: Stage) -> None:
    stage.on("PUT", "/", [Pause(9)])
    async with Web(context=trust({})) as web:
        with pytest.raises(Cut):
            await web.put(f"{stage.address}/x", b"x", "image/png", deadline=0.2)
