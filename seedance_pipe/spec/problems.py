"""The problems of one story as they are found: each once, whoever finds it again."""

from __future__ import annotations

from collections.abc import Iterable

from seedance_pipe.spec.diagnostic import Diagnostic, Place, Severity


class Problems:
    def __init__(self, found: Iterable[Diagnostic] = ()) -> None:
        self._found = dict.fromkeys(found)

    def error(self, place: Place, message: str) -> None:
        self._found[Diagnostic(place, Severity.ERROR, message)] = None

    def warning(self, place: Place, message: str) -> None:
        self._found[Diagnostic(place, Severity.WARNING, message)] = None

    @property
    def fatal(self) -> bool:
        return any(diagnostic.severity is Severity.ERROR for diagnostic in self._found)

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """By place, then by words."""
        return tuple(sorted(self._found, key=lambda one: (one.place, one.severity.value, one.message)))
