"""The embedded sandbox: the vendors played on loopback, and the environment that leads a run to them."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from seedance_pipe.effects import Effects


@contextmanager
def serving(folder: Path | None, *, port: int = 0) -> Iterator[Mapping[str, str]]:
    """Serve the sandbox while the block runs; gives the variables that point a run at it.

    Tasks and clips are kept in `folder`, or only in memory. Raises PipeError when the port is taken.
    """
    from seedance_pipe.sandbox.app import serve

    with serve(folder, port=port) as server:
        yield leading_to(server.address)


def leading_to(address: str, *, key: str = "sandbox") -> Mapping[str, str]:
    """The variables that point a run at the sandbox that is served at `address`, such as `http://127.0.0.1:8787`."""
    return {
        "ARK_BASE_URL": f"{address}/api/v3",
        "ARK_API_KEY": key,
        "RIVYA_BASE_URL": address,
        "RIVYA_API_KEY": key,
        "RUNBASE_BASE_URL": f"{address}/api/v1",
        "RUNBASE_API_KEY": key,
        "RUNWARE_BASE_URL": f"{address}/v1",
        "RUNWARE_API_KEY": key,
        "SEEDANCE_UPLOAD_PUT": f"{address}/uploads",
        "SEEDANCE_UPLOAD_PUBLIC": f"{address}/uploads",
    }


def hastened(effects: Effects, times: float) -> Effects:
    """`effects` on a clock that runs so many times faster: a second that is waited for is over that much sooner,
    and a pace, which is measured on the same clock, is that much quicker.
    """
    return replace(
        effects,
        monotonic=lambda: effects.monotonic() * times,
        sleep=lambda seconds: effects.sleep(seconds / times),
    )


def wait_for_stop() -> int:
    """Returns the number of the first signal that asks the process to end: Ctrl-C's or SIGTERM."""
    came: list[int] = []
    stopped = threading.Event()

    def take(number: int, _: object) -> None:
        came.append(number)
        stopped.set()

    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, take)
    stopped.wait()
    return came[0]
