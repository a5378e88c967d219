"""The embedded sandbox: the vendors played on loopback, and the environment that leads a run to them."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def serving(folder: Path | None, *, port: int = 0) -> Iterator[Mapping[str, str]]:
    """Serve the sandbox while the block runs; gives the variables that point a run at it.

    Tasks and clips are kept in `folder`, or only in memory. Raises PipeError when the port is taken.
    """
    from seedance_pipe.sandbox.app import serve

    with serve(folder, port=port) as server:
        yield {
            "ARK_BASE_URL": f"{server.address}/api/v3",
            "ARK_API_KEY": "sandbox",
            "SEEDANCE_UPLOAD_PUT": f"{server.address}/uploads",
            "SEEDANCE_UPLOAD_PUBLIC": f"{server.address}/uploads",
        }


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
