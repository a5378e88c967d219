"""What a shot asks of its model, before the model is heard: portable keys, the vendor's own words, and media."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from seedance_pipe.spec.diagnostic import Place
from seedance_pipe.spec.medium import Kind, Role, Source


class Placed(Protocol):
    """Something that knows its place, and need not work it out before it is asked."""

    @property
    def place(self) -> Place: ...


@dataclass(frozen=True, slots=True)
class Given:
    """What a story says: `key` as a person writes it (`params.draft`), `where` it stands (`shot 'beach'`).

    `at` is the value in the file, `name` the key before it.
    """

    value: Any
    key: str
    where: str
    at: Placed
    name: Placed

    @property
    def place(self) -> Place:
        return self.at.place


@dataclass(frozen=True, slots=True)
class Brought:
    """A medium that a shot brings; `given` is the key that names it."""

    role: Role
    kind: Kind
    source: Source
    given: Given

    @property
    def hole(self) -> str:
        """The hole that it fills in a model's list of items."""
        return self.role.value if self.role is not Role.REFERENCE else f"references.{self.kind.value}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """All that one shot asks of its model. `keys` are portable keys with plain values, the prompt among them;
    `params` the mappings of the vendor's own parameters, the shot's after that of the defaults.

    `unsure` are the keys that were left out because they are wrong: what follows from their absence is not told.
    """

    where: str
    at: Placed
    keys: Mapping[str, Given]
    params: Sequence[Given]
    media: Sequence[Brought]
    takes: int
    unsure: frozenset[str] = frozenset()
