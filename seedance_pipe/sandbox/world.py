"""What every vendor that the sandbox plays works with: one value, made when the server starts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request

from seedance_pipe.sandbox.easel import Easel
from seedance_pipe.sandbox.faults import Faults
from seedance_pipe.sandbox.jobs import Jobs
from seedance_pipe.sandbox.settings import Settings
from seedance_pipe.sandbox.shelf import Shelf


@dataclass(frozen=True, slots=True)
class World:
    """`now` is the sandbox's clock in Unix seconds; `draw(n)` is a number from 0 to n - 1."""

    settings: Settings
    jobs: Jobs
    shelf: Shelf
    easel: Easel
    faults: Faults
    now: Callable[[], float]
    draw: Callable[[int], int]


class TooLarge(Exception):
    """A request body over its limit."""


async def body_of(request: Request, *, most: int) -> bytes:
    """The whole body, read only as far as `most` bytes. Raises TooLarge."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > most:
            raise TooLarge
    return bytes(data)
