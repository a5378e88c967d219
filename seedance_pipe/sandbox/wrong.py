"""A refusal, whichever vendor says it; how it is written down is each vendor's own affair."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class Wrong(Exception):
    """`status` is HTTP's, `code` and `message` are the vendor's. `at` is the path of the field that is wrong, or
    several for a rule between fields; `allowed` are the values (or keys) that would have been taken.
    """

    def __init__(
        self, status: int, code: str, message: str, at: str | Sequence[str] = "", *, allowed: Sequence[Any] = ()
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.at = at
        self.allowed = allowed
