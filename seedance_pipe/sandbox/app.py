"""The sandbox as a server on loopback: put together here, run in a thread of its own, out of others' reach."""

from __future__ import annotations

import asyncio
import logging
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from seedance_pipe.effects import Effects
from seedance_pipe.errors import GuardRefused, PipeError
from seedance_pipe.sandbox import control, files
from seedance_pipe.sandbox.easel import Easel
from seedance_pipe.sandbox.faults import Faults
from seedance_pipe.sandbox.jobs import Jobs
from seedance_pipe.sandbox.ledger import Ledger
from seedance_pipe.sandbox.settings import Settings
from seedance_pipe.sandbox.shelf import Shelf
from seedance_pipe.sandbox.toxic import Arrivals
from seedance_pipe.sandbox.vendors.modelark import routes as modelark
from seedance_pipe.sandbox.vendors.rivya import routes as rivya
from seedance_pipe.sandbox.vendors.runbase import routes as runbase
from seedance_pipe.sandbox.vendors.runware import routes as runware
from seedance_pipe.sandbox.wire import OpenProtocol
from seedance_pipe.sandbox.world import World

_LOG = logging.getLogger(__name__)
_LOOPBACK = "127.0.0.1"
_START_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Running:
    """A sandbox that answers at `address`, such as `http://127.0.0.1:8787`."""

    address: str


@contextmanager
def serve(
    folder: Path | None,
    *,
    port: int = 0,
    host: str = _LOOPBACK,
    settings: Settings | None = None,
    effects: Effects | None = None,
) -> Iterator[Running]:
    """Serve the vendors while the block runs. Port 0 takes a free one.

    Tasks, clips and uploads are kept in `folder` and found there again; None keeps them only while the block runs.
    Of `effects` the clock `now` and `draw` are used. Raises GuardRefused for a host other than 127.0.0.1, and
    PipeError when the port is taken.
    """
    if host != _LOOPBACK:
        raise GuardRefused(f"the sandbox is not served on {host}", next_step=f"use {_LOOPBACK}")
    with _home(folder) as home, closing(_bound(port)) as bound:
        address = f"http://{_LOOPBACK}:{bound.getsockname()[1]}"
        with _world(home, address, settings or Settings(), effects or Effects()) as world, _thread(world, bound):
            yield Running(address)


def application(world: World) -> ASGIApp:
    """All vendors and the sandbox's own routes, behind the guard."""
    vendors = [vendor.routes(world) for vendor in (modelark, rivya, runbase, runware)]
    routes = [*chain.from_iterable(vendors), *files.routes(world), *control.routes(world)]
    played = Arrivals(Starlette(routes=routes), world.faults, but=control.PATHS)
    return _Guard(played, host=world.shelf.address.removeprefix("http://"))


class _Guard:
    """Lets in what was meant for us and came from no web page: the exact Host (a foreign name would be DNS
    rebinding), and no Origin, which browsers send with each request that could change things (security W2, W3).
    """

    def __init__(self, app: ASGIApp, *, host: str) -> None:
        self._app = app
        self._hosts = (host, host.replace(_LOOPBACK, "localhost"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        refusal = None
        if headers.get("host") not in self._hosts:
            refusal = PlainTextResponse("This host is not served here", 400)
        elif "origin" in headers:
            refusal = PlainTextResponse("The sandbox does not serve web pages", 403)
        try:
            await (refusal or self._app)(scope, receive, send)
        except Exception:
            # The client has its 500; uvicorn, kept silent about connections that break off, would not tell us why.
            _LOG.exception("the sandbox has a bug")


@contextmanager
def _home(folder: Path | None) -> Iterator[Path]:
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="sandbox-") as temporary:
            yield Path(temporary)
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    yield folder


def _bound(port: int) -> socket.socket:
    # asyncio turns Nagle's delay off (40 ms a request) only where the protocol is named.
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((_LOOPBACK, port))
    except OSError as error:
        bound.close()
        raise PipeError(
            f"the sandbox cannot listen on port {port}: {error.strerror}", next_step="choose another with --port"
        ) from error
    return bound


@contextmanager
def _world(home: Path, address: str, settings: Settings, effects: Effects) -> Iterator[World]:
    with closing(Ledger(home / "ledger.db")) as ledger:
        shelf = Shelf(home, address, ledger.secret())
        with closing(Easel(shelf)) as easel:
            jobs = Jobs(ledger, settings=settings, now=effects.now)
            faults = Faults(settings.faults)
            yield World(settings, jobs, shelf, easel, faults, effects.now, effects.draw)


class _Server(uvicorn.Server):
    """Ends when it is told to. uvicorn's own looks for that ten times a second, and then waits a tenth for open
    connections even when there are none.

    It is the Door that faults shut, too.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._told = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._shut: socket.socket | None = None
        self._opening: set[asyncio.Task[None]] = set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self.lifespan.state["door"] = self
        await super().startup(sockets=sockets)

    def shut(self, seconds: float) -> None:
        """Keeps the port, so that nobody else gets it, but does not listen there. Shut again, it stays shut."""
        if self._shut is not None:
            return
        port = int(self.servers[0].sockets[0].getsockname()[1])
        for server in self.servers:
            server.close()
        self._shut = _bound(port)
        task = asyncio.create_task(self._open_again(self._shut, seconds))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    async def _open_again(self, door: socket.socket, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self._shut = None
        await super().startup(sockets=[door])

    def end(self) -> None:
        """From another thread."""
        self.should_exit = True
        if self._loop is not None:
            with suppress(RuntimeError):  # The loop is closed: it has ended by itself.
                self._loop.call_soon_threadsafe(self._told.set)

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), timeout=1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._shut is not None:
            self._shut.close()
        if self.server_state.connections or self.server_state.tasks:
            await super().shutdown(sockets)
            return
        for server in self.servers:
            server.close()


@contextmanager
def _thread(world: World, bound: socket.socket) -> Iterator[None]:
    """The server in a thread, so that it takes no signals: up when the block begins, gone when it ends."""
    config = uvicorn.Config(
        application(world),
        http=OpenProtocol,
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    server = _Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, name="sandbox", daemon=True)
    thread.start()
    deadline = time.monotonic() + _START_SECONDS
    while not server.started and thread.is_alive() and time.monotonic() < deadline:
        time.sleep(0.005)
    try:
        yield
    finally:
        server.end()
        thread.join()
