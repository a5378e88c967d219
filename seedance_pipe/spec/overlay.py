"""One shot's keys laid over the story's defaults: what holds for a key, and what it says once filled in."""

from __future__ import annotations

from collections.abc import Iterable

from seedance_pipe.spec.diagnostic import Place
from seedance_pipe.spec.problems import Problems
from seedance_pipe.spec.source import ScalarNode
from seedance_pipe.spec.syntax import Entry, Sheet
from seedance_pipe.spec.variable import Scope
from seedance_pipe.spec.wanted import Given

DEFAULTS = "defaults"


class Overlay:
    """`where` names the shot in messages. `unsure` grows with every key whose value is wrong, or may be meant by
    a misspelt one: what follows from the absence of such a key is better not told.
    """

    def __init__(self, own: Sheet, defaults: Sheet, scope: Scope, where: str, problems: Problems) -> None:
        self.where = where
        self.unsure = {*own.unsure, *defaults.unsure}
        self._own = own
        self._defaults = defaults
        self._scope = scope
        self._problems = problems

    def own(self, name: str) -> Entry | None:
        """The shot's own entry."""
        return self._own.get(name)

    def entry(self, name: str) -> tuple[Entry, str] | None:
        """What holds for a key, the shot's own entry or else the default; and where it stands."""
        own = self._own.get(name)
        if own is not None:
            return own, self.where
        default = self._defaults.get(name)
        # A wrong value of the shot's own is no reason to look at the default: it was not meant.
        return (default, DEFAULTS) if default is not None and name not in self._own.wrong else None

    def layers(self, name: str) -> Iterable[tuple[Entry, str]]:
        """All that is merged under a key, the nearest last."""
        pairs = ((self._defaults.get(name), DEFAULTS), (self._own.get(name), self.where))
        return [(entry, where) for entry, where in pairs if entry is not None]

    def given(self, name: str) -> Given | None:
        """The plain value of a key."""
        found = self.entry(name)
        if found is None:
            return None
        entry, where = found
        return Given(entry.value, name, where, entry.node, entry.key)

    def text(self, key: str, entry: Entry, where: str) -> Given | None:
        """The text of `key` with its variables filled in; None when it is wrong, which is then told."""
        assert isinstance(entry.node, ScalarNode), "the story's schema lets only text through"
        text = self._scope.text(entry.node)
        if text is None:
            self.unsure.add(_first_word(key))
            return None
        if not text.strip():
            self.refuse(key, entry.node.place, f"{key} in {where} is empty")
            return None
        return Given(text.strip(), key, where, entry.node, entry.key)

    def refuse(self, key: str, place: Place, message: str) -> None:
        """Tell that the value of `key` cannot be used."""
        self.unsure.add(_first_word(key))
        self._problems.error(place, message)


def _first_word(key: str) -> str:
    return key.partition("[")[0]
