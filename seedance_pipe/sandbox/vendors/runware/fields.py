"""Reading a task's fields: what Runware has beside booleans, integers and choices."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from seedance_pipe.sandbox import request
from seedance_pipe.sandbox.vendors.runware.wrong import invalid, missing, unsupported

_UUID_4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE)


class Fields(request.Fields):
    """The fields of one object, of which all must be `known`."""

    def __init__(self, sent: Any, known: Sequence[str], *, at: str = "") -> None:
        if not isinstance(sent, Mapping):
            raise invalid(at, "it must be an object")
        super().__init__(sent, invalid, at=at)
        for key in sent:
            if key not in known:
                raise unsupported(self.path(str(key)), tuple(known))

    def __getitem__(self, key: str) -> Any:
        """The value as it was sent. Raises Wrong when it was not."""
        if key not in self._sent:
            raise missing(self.path(key))
        return self._sent[key]

    def within(self, key: str, known: Sequence[str]) -> Fields:
        """The fields of the object there; none when it was not sent."""
        return Fields(self._sent.get(key, {}), known, at=self.path(key))

    def uuid(self, key: str) -> str:
        """A UUID v4, as it was written."""
        return _uuid(self[key], self.path(key))

    def text(self, key: str, *, least: int, most: int) -> str:
        value = self[key]
        if not isinstance(value, str):
            raise invalid(self.path(key), "it must be a string")
        if not least <= len(value) <= most:
            raise invalid(self.path(key), f"it must have {least} to {most} characters")
        return value

    def tenths(self, key: str, default: float, *, least: float, most: float) -> float:
        """A number in steps of 0.1."""
        value = self._sent.get(key, default)
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise invalid(self.path(key), "it must be a number")
        if not least <= value <= most:
            raise invalid(self.path(key), f"it must be from {least} to {most}")
        if abs(value * 10 - round(value * 10)) > 1e-9:
            raise invalid(self.path(key), "it must be a multiple of 0.1")
        return value

    def address(self, key: str) -> None:
        """Checks that a URL, if it was sent, is one."""
        value = self._sent.get(key, "https://nowhere.invalid")
        try:
            parts = urlsplit(value) if isinstance(value, str) else None
        except ValueError:
            parts = None
        if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
            raise invalid(self.path(key), "it must be a URL")


def uuid_of(task: Mapping[str, Any]) -> str:
    """A task's `taskUUID`, whatever else it holds. Raises Wrong."""
    if "taskUUID" not in task:
        raise missing("taskUUID")
    return _uuid(task["taskUUID"], "taskUUID")


def _uuid(value: Any, at: str) -> str:
    if not is_uuid(value):
        raise invalid(at, "it must be a UUID v4")
    return str(value)


def is_uuid(value: Any) -> bool:
    return isinstance(value, str) and _UUID_4.fullmatch(value) is not None
