"""libav's blocking work, done in threads: the event loop never waits for it, and cancelling never abandons it.

A thread that were left behind would go on writing into a folder that is being removed, so cancelling waits: short
work runs to its end, and long work ends when it next calls `tell_loop`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Generator
from typing import TypeVar

from anyio import from_thread, to_thread

Result = TypeVar("Result")


async def in_thread(work: Callable[..., Result], *arguments: object) -> Result:
    return await to_thread.run_sync(work, *arguments, abandon_on_cancel=False)


def tell_loop(report: Callable[[float], None], part: float) -> None:
    """From a worker's thread: calls `report` in the loop's, or ends the work if it has been cancelled."""
    from_thread.check_cancelled()
    from_thread.run_sync(report, part)


async def fed(blocks: Generator[bytes, None, None]) -> AsyncIterator[bytes]:
    """The blocks, each of them made in a thread."""
    try:
        while (block := await in_thread(next, blocks, None)) is not None:
            yield block
    finally:
        blocks.close()
