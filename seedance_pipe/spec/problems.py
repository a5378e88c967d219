"""The problems of one story as they are found: each once, whoever finds it again, and no more than help."""

from __future__ import annotations

from collections.abc import Iterable

from seedance_pipe.spec.diagnostic import Diagnostic, Place, Severity

MOST = 100
"""Errors of a story that are told: whoever has so many mends some first."""


class Enough(Exception):
    """So many errors have been told that the story is looked at no further."""


class Problems:
    """`found` are those of reading the file: what stands at their places could not be read, and is not judged."""

    def __init__(self, found: Iterable[Diagnostic] = ()) -> None:
        self._found: dict[Diagnostic, None] = {}
        self._unread: set[Place] = set()
        self._errors = 0
        self.add(found)

    def add(self, found: Iterable[Diagnostic]) -> None:
        """The problems of reading one more file."""
        for one in found:
            self._found[one] = None
            self._unread.add(one.place)
            self._errors += 1

    def error(self, place: Place, message: str) -> None:
        """Raises Enough with the last error that is told."""
        error = Diagnostic(place, Severity.ERROR, message)
        if error in self._found or place in self._unread:
            return
        self._found[error] = None
        self._errors += 1
        if self._errors == MOST:
            self._found[Diagnostic(place, Severity.ERROR, f"these are {MOST} problems; there may be more")] = None
            raise Enough

    def warning(self, place: Place, message: str) -> None:
        self._found[Diagnostic(place, Severity.WARNING, message)] = None

    @property
    def fatal(self) -> bool:
        return any(diagnostic.severity is Severity.ERROR for diagnostic in self._found)

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """By place, then by words."""
        return tuple(sorted(self._found, key=lambda one: (one.place, one.severity.value, one.message)))
