"""A diagnostic: what is wrong with a story, at its place in the file, in one format for every kind of problem."""

from __future__ import annotations

import enum
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A stretch of one line: `line` and `column` count from 1 in characters; `width` is at least 1."""

    file: str
    line: int
    column: int
    width: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Severity(enum.Enum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    place: Place
    severity: Severity
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.severity.value}: {self.message}"
