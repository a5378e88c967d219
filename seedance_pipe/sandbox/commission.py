"""What will be made, whichever vendor was asked for it."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from seedance_pipe.document import Json, freeze
from seedance_pipe.sandbox.painter import RATE, Form, Scene
from seedance_pipe.sandbox.shelf import Shelf
from seedance_pipe.units import Size


@dataclass(frozen=True, slots=True, kw_only=True)
class Commission(ABC):
    """Pictures are named by their digest."""

    vendor: ClassVar[str]

    model: str
    prompt: str
    frames: int
    seed: int
    sound: bool
    first: str | None = None
    last: str | None = None
    references: tuple[str, ...] = ()
    form: Form = "mp4"

    @classmethod
    def parse(cls, document: Json) -> Self:
        assert isinstance(document, Mapping)
        return cls(**dict(document))  # type: ignore[arg-type]  # written by `document` below

    def document(self) -> Json:
        return freeze(dataclasses.asdict(self))

    @property
    @abstractmethod
    def size(self) -> Size:
        """Pixels of the clip."""

    @property
    def lane(self) -> str:
        """Those of one lane share a limit on how many run at once."""
        return f"{self.vendor} {self.model}"

    def marks(self) -> Sequence[str]:
        """What else the clip tells of itself."""
        return ()

    def scene(self, shelf: Shelf) -> Scene:
        words = (self.model, str(self.size), f"{self.frames / RATE:.2f} s", f"seed {self.seed}", *self.marks())
        return Scene(
            prompt=self.prompt,
            note=" | ".join(words),
            size=self.size,
            frames=self.frames,
            seed=self.seed,
            sound=self.sound,
            first=shelf.medium(self.first) if self.first else None,
            last=shelf.medium(self.last) if self.last else None,
            references=tuple(shelf.medium(digest) for digest in self.references),
            form=self.form,
        )
