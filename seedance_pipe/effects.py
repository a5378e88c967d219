"""The outside world, handed in: clocks, sleep, chance, the environment and the disk.

The core takes these as arguments, so a test drives time, chance and faults by hand and no module needs a patch.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from seedance_pipe.disk import DISK, Disk


async def _sleep(seconds: float) -> None:
    import anyio

    await anyio.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Effects:
    """`now` is Unix seconds and is only for display and for times that a vendor states; `monotonic` measures
    durations; `draw(n)` is an unguessable integer from 0 to n - 1.
    """

    now: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = _sleep
    draw: Callable[[int], int] = secrets.randbelow
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    disk: Disk = DISK
