"""The transport: the only module that touches the network. It sends calls, opens downloads and decides nothing.

Two clients that share nothing (design D12): `Api` holds a key and talks to one base address; `Web` holds no
key at all and goes where the address guard lets it. Neither follows a redirect, keeps a cookie, or reads
proxies, .netrc or anything else from the environment but SSL_CERT_FILE: a proxy could not connect to the
address that was checked, and would see the requests that the key pays for.
"""

from __future__ import annotations

import json
import logging
import ssl
import zlib
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from types import MappingProxyType, TracebackType
from typing import Any, Self

import anyio
import httpx

from seedance_pipe import __version__
from seedance_pipe.document import Json, freeze
from seedance_pipe.effects import Effects
from seedance_pipe.errors import Missing
from seedance_pipe.vendor.account import Account
from seedance_pipe.vendor.address import Target
from seedance_pipe.vendor.answer import Answered, Call, NotSent, Outcome, Part, Unclear

ANSWER_LIMIT = 4 * 1024 * 1024
"""The greatest answer of an API in bytes, once unpacked."""

_CONNECT_SECONDS = 15.0
_AGENT = f"seedance_pipe/{__version__}"

# At its finest level this library logs headers, and so the signed address that a redirect points to. Its loggers
# are switched off one by one, because a level that is set on one of them would outdo one that is set above.
for _part in ("connection", "http11", "http2", "proxy", "socks"):
    logging.getLogger(f"httpcore.{_part}").disabled = True


class Cut(Exception):
    """A connection without a key broke, or never came about; `args[0]` says why in plain words."""


def trust(environ: Mapping[str, str]) -> ssl.SSLContext:
    """What TLS trusts: the file that SSL_CERT_FILE names, else the certificates that come with httpx.

    Raises Missing when that file cannot be used.
    """
    named = environ.get("SSL_CERT_FILE", "")
    if not named:
        return httpx.create_ssl_context(trust_env=False)
    try:
        return ssl.create_default_context(cafile=named)
    except OSError as error:
        raise Missing(
            f"SSL_CERT_FILE names {named}, which cannot be used: {error.strerror or 'it holds no certificate'}",
            next_step="correct the variable or unset it",
        ) from None


class Api:
    """One vendor's API with one key. The key is sent to addresses under the account's base and nowhere else."""

    def __init__(self, account: Account, *, effects: Effects, context: ssl.SSLContext) -> None:
        self._account = account
        self._effects = effects
        self._itself = httpx.URL(account.base)
        self._base = httpx.URL(account.base + "/")
        # A kept connection that the vendor is just closing would put a paid call in doubt: those get their own.
        alone = httpx.Limits(max_connections=100, max_keepalive_connections=0)
        shared = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=20.0)
        self._alone = httpx.AsyncHTTPTransport(verify=context, trust_env=False, limits=alone)
        self._shared = httpx.AsyncHTTPTransport(verify=context, trust_env=False, limits=shared)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._alone.aclose()
        await self._shared.aclose()

    async def send(self, call: Call, *, deadline: float) -> Outcome:
        """What came of `call` within `deadline` seconds by the clock on the wall; never raises for the network."""
        left = False

        async def watch(event: str, _: Mapping[str, Any]) -> None:
            nonlocal left
            left = left or event.endswith("send_request_headers.started")

        request = self._request(call, deadline, watch)
        transport = self._shared if call.method == "GET" else self._alone
        try:
            with anyio.fail_after(deadline), _plain_errors():
                response = await transport.handle_async_request(request)
                try:
                    return await self._answer(response)
                finally:
                    with anyio.CancelScope(shield=True):
                        await response.aclose()
        except (Cut, TimeoutError) as problem:
            reason = str(problem) or f"no whole answer within {deadline:g} s"
        return Unclear(reason) if left else NotSent(reason)

    def _request(self, call: Call, deadline: float, watch: Any) -> httpx.Request:
        headers = {
            **call.headers,
            "Authorization": f"Bearer {self._account.key}",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": _AGENT,
        }
        if call.body:
            headers["Content-Type"] = "application/json"
        return httpx.Request(
            call.method,
            self._address(call.path),
            headers=headers,
            content=call.body or None,
            files=[_field(part) for part in call.form] or None,
            extensions={"timeout": _timeouts(deadline), "trace": watch},
        )

    def _address(self, path: str) -> httpx.URL:
        if not path:
            return self._itself
        address = self._base.join(path)
        home = (self._base.scheme, self._base.host, self._base.port)
        if (address.scheme, address.host, address.port) != home or not address.path.startswith(self._base.path):
            raise ValueError("a call left the base address of its account")
        return address

    async def _answer(self, response: httpx.Response) -> Answered:
        body = await _bounded(response)
        document: Json = None
        if body is not None:
            with suppress(ValueError, RecursionError):
                document = freeze(json.loads(body, parse_constant=_no_constant))
        wait = _seconds(response.headers.get("Retry-After", ""), self._effects)
        return Answered(response.status_code, document, wait)


def _field(part: Part) -> tuple[str, tuple[str | None, bytes, str | None]]:
    return part.name, (part.file or None, part.content, part.type or None)


@dataclass(frozen=True, slots=True)
class Reply:
    """The head of a download; `headers` has lower-case names. `pieces` gives the body as it comes, 64 KiB
    at most each."""

    status: int
    headers: Mapping[str, str]
    pieces: AsyncIterator[bytes]


class Web:
    """The client without a key: gets results and puts files for a vendor to read."""

    def __init__(self, *, context: ssl.SSLContext) -> None:
        limits = httpx.Limits(max_connections=50, max_keepalive_connections=0)
        self._transport = httpx.AsyncHTTPTransport(verify=context, trust_env=False, limits=limits)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._transport.aclose()

    @asynccontextmanager
    async def get(self, target: Target, *, headers: Mapping[str, str], silence: float) -> AsyncIterator[Reply]:
        """Open a download, by the first of the target's addresses that lets us connect.

        Raises Cut, also while the body is read and when nothing comes for `silence` seconds.
        """
        with _plain_errors():
            response = await self._connect(target, headers, silence)
            try:
                named = {name.lower(): value for name, value in response.headers.items()}
                yield Reply(response.status_code, MappingProxyType(named), response.aiter_raw())
            finally:
                with anyio.CancelScope(shield=True):
                    await response.aclose()

    async def put(self, address: str, content: bytes, type_: str, *, deadline: float) -> int:
        """Send a file to an address that the user configured, and return the status. Raises Cut."""
        headers = {"Content-Type": type_, "User-Agent": _AGENT}
        extensions = {"timeout": _timeouts(deadline)}
        request = httpx.Request("PUT", address, headers=headers, content=content, extensions=extensions)
        try:
            with anyio.fail_after(deadline), _plain_errors():
                response = await self._transport.handle_async_request(request)
                with anyio.CancelScope(shield=True):
                    await response.aclose()
                return response.status_code
        except TimeoutError:
            raise Cut(f"not done within {deadline:g} s") from None

    async def _connect(self, target: Target, headers: Mapping[str, str], silence: float) -> httpx.Response:
        *others, last = target.addresses
        for address in others:
            with suppress(httpx.ConnectError, httpx.ConnectTimeout):
                return await self._transport.handle_async_request(_to(target, address, headers, silence))
        return await self._transport.handle_async_request(_to(target, last, headers, silence))


def _to(target: Target, address: str, headers: Mapping[str, str], silence: float) -> httpx.Request:
    """A request to one checked address, which names the host to TLS and to the server as if by its name."""
    url = httpx.URL(scheme=target.scheme, host=address, port=target.port, path="/")
    named = {**headers, "Host": target.authority, "Accept-Encoding": "identity", "User-Agent": _AGENT}
    # `target` keeps a signed query byte for byte; the URL type would quote it anew.
    extensions = {
        "timeout": _timeouts(silence),
        "sni_hostname": target.host,
        "target": target.request.encode("ascii"),
    }
    return httpx.Request("GET", url, headers=named, extensions=extensions)


def _timeouts(seconds: float) -> dict[str, float]:
    # Half at most: the connection is given up, and closed, before the deadline of the whole call can cut in.
    connect = min(_CONNECT_SECONDS, seconds / 2)
    return {"connect": connect, "pool": connect, "read": seconds, "write": seconds}


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Turns the library's errors into Cut, in words that hold no address and no header."""
    try:
        yield
    except (httpx.ConnectTimeout, httpx.PoolTimeout):
        raise Cut("no connection in time") from None
    except httpx.ConnectError as error:
        raise Cut(f"no connection ({error})") from None
    except httpx.TimeoutException:
        raise Cut("no answer in time") from None
    except (httpx.NetworkError, ssl.SSLError):
        raise Cut("the connection broke") from None
    except httpx.HTTPError as error:
        raise Cut(f"the answer broke off or was no HTTP ({type(error).__name__})") from None


async def _bounded(response: httpx.Response) -> bytes | None:
    """The body, unpacked; None when it is longer than the limit or packed in a way that we do not read.

    The unpacker is ours because it stops at the limit: httpx's would unpack a whole piece at once.
    """
    packing = response.headers.get("Content-Encoding", "identity").strip().lower()
    if packing not in ("identity", "", "gzip"):
        return None
    unpack = zlib.decompressobj(wbits=31) if packing == "gzip" else None
    body = bytearray()
    async for piece in response.aiter_raw():
        try:
            body += unpack.decompress(piece, ANSWER_LIMIT + 1 - len(body)) if unpack else piece
        except zlib.error:
            return None
        if len(body) > ANSWER_LIMIT:
            return None
    return None if unpack and not unpack.eof else bytes(body)


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is not JSON")


def _seconds(header: str, effects: Effects) -> float | None:
    """The seconds that a Retry-After header asks for, given as a number or as a date."""
    header = header.strip()
    if header.isascii() and header.isdigit():
        return float(header[:9])
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - effects.now())
    except (ValueError, TypeError, OverflowError):
        return None
