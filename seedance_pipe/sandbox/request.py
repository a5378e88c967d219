"""Reading a request: its key, its body, and fields with JSON's types taken strictly."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from starlette.requests import Request

from seedance_pipe.sandbox.wrong import Wrong


class TooLarge(Exception):
    """A request body over its limit."""


def key_of(request: Request) -> str | None:
    """The key of an `Authorization: Bearer` header; None without one."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() or None if scheme.lower() == "bearer" else None


async def body_of(request: Request, *, most: int) -> bytes:
    """The whole body, read only as far as `most` bytes. Raises TooLarge."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > most:
            raise TooLarge
    return bytes(data)


async def json_of(request: Request, *, most: int, large: Wrong, broken: Wrong) -> tuple[bytes, Any]:
    """The body and the value that it stands for. Raises `large` over `most` bytes, `broken` for no JSON."""
    try:
        data = await body_of(request, most=most)
        body = json.loads(data)
        # Half a surrogate pair is no character, NaN no number: no answer could repeat either.
        json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    except TooLarge:
        raise large from None
    except (ValueError, RecursionError):
        raise broken from None
    return data, body


class Fields:
    """The fields of one object: `true` is no number, 5.0 no integer.

    `at` is the object's path, such as `inputs`, or empty; `refuse` makes the vendor's refusal of a path and a
    reason, which every reader raises. A reader's `default` stands for a field that was not sent.
    """

    def __init__(self, sent: Mapping[str, Any], refuse: Callable[[str, str], Wrong], *, at: str = "") -> None:
        self._sent = sent
        self._refuse = refuse
        self._at = at

    def __contains__(self, key: object) -> bool:
        return key in self._sent

    def path(self, key: str) -> str:
        return f"{self._at}.{key}" if self._at else key

    def flag(self, key: str, default: bool) -> bool:
        value = self._sent.get(key, default)
        if not isinstance(value, bool):
            raise self._refuse(self.path(key), "it must be a boolean")
        return value

    def integer(self, key: str, default: int, *, least: int, most: int) -> int:
        if key not in self._sent:
            return default
        value = self._sent[key]
        if not isinstance(value, int) or isinstance(value, bool):
            raise self._refuse(self.path(key), "it must be an integer")
        if not least <= value <= most:
            raise self._refuse(self.path(key), f"it must be from {least} to {most}")
        return value

    def choice(self, key: str, default: str, choices: Sequence[str]) -> str:
        """One of a few texts."""
        value = self._sent.get(key, default)
        if key in self._sent and value not in choices:
            wrong = self._refuse(self.path(key), f"it must be one of the texts {', '.join(filter(None, choices))}")
            wrong.allowed = choices
            raise wrong
        return str(value)
