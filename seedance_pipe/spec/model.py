"""A model: what one JSON Schema file says of one vendor's model, as frozen values; and the catalogue of all.

The schema is the language (design D1): its properties are the vendor's own request parameters, and `x-`
annotations say which portable key feeds which parameter, what the model can do and what it costs.
`schemas/model.schema.json` documents that vocabulary.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from seedance_pipe.document import Json, JsonPath
from seedance_pipe.errors import StoryInvalid
from seedance_pipe.spec.medium import Kind
from seedance_pipe.units import Size


@dataclass(frozen=True, slots=True)
class Rate:
    """One line of a price list: it applies when every fact of `when` has one of the values listed for it.

    `amount` is for a million tokens or for a take, as the price's unit says. `factor` multiplies the counted
    tokens (drafts are billed at a part of their tokens).
    """

    when: Mapping[str, tuple[Json, ...]]
    amount: Decimal
    factor: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class Price:
    """What a clip costs: width * height * frames / 1024 tokens at a rate per million, or an amount for each take.
    The first rate that applies wins. Tokens are whole, rounded down, unless `parts` says that parts count, too.
    `about` says why the bill may be another; empty where it may not.
    """

    unit: Literal["tokens", "take"]
    currency: str
    rates: tuple[Rate, ...]
    seen: date
    source: str
    about: str = ""
    parts: bool = False


@dataclass(frozen=True, slots=True)
class Unpriced:
    """The vendor names no price before the task is there; `why` is a clause for people."""

    why: str
    seen: date
    source: str


@dataclass(frozen=True, slots=True)
class Abilities:
    """What the model takes beside text, and what it gives beside the clip.

    `references` holds the greatest number of references for each kind that it takes.
    """

    first_frame: bool
    last_frame: bool
    references: Mapping[Kind, int]
    audio: bool
    draft: bool
    returns_last_frame: bool
    prompt_optional: bool


@dataclass(frozen=True, slots=True)
class Retirement:
    on: date
    successor: str


@dataclass(frozen=True, slots=True)
class Drafting:
    """The vendor makes finals from the tasks of drafts. The parameter `asks` is true in the request for a draft,
    whose task can be used for `days` after it was asked for.
    """

    asks: JsonPath
    days: int


Range = tuple[Fraction, Fraction]
"""The least and the greatest value, both allowed."""


@dataclass(frozen=True, slots=True)
class MediaLimits:
    """What the model asks of a picture, video or sound; None and empty mean no limit.

    `inline` says that the request may carry the file's own bytes, `assets` that the vendor's `asset://`
    addresses are taken, `upload` that the vendor keeps files of ours. Where both ways are open, files of up to
    `inline_bytes` go inside. `bytes` is the greatest length of a file, `sides` and `pixels` are in pixels,
    `aspect` is width / height, `total_seconds` is for all media of the kind in one request.
    """

    inline: bool
    assets: bool
    types: tuple[str, ...]
    bytes: int | None
    upload: bool = False
    inline_bytes: int | None = None
    sides: Range | None = None
    aspect: Range | None = None
    pixels: Range | None = None
    frame_rate: Range | None = None
    seconds: Range | None = None
    total_seconds: Fraction | None = None
    codecs: tuple[str, ...] = ()

    def carries(self, length: int) -> bool:
        """Whether a file of `length` bytes goes inside the request."""
        return self.inline and (self.inline_bytes is None or length <= self.inline_bytes)


@dataclass(frozen=True, slots=True)
class Model:
    """`name` is `<vendor>/<model>` as in a story; `wire` is the name that the vendor's API knows.

    `sizes` maps (resolution, ratio) to pixels, as far as they are known before a clip is made. `frame_rate` is
    frames per second. `document` is the schema
    itself, for the spec floor only. `body_bytes` is the greatest length of a request, 0 where none is known;
    `most_seed` the greatest seed, None where none is named. `drafting` is None where no take is made
    from the task of another.
    """

    name: str
    vendor: str
    wire: str
    revision: str
    title: str
    aliases: tuple[str, ...]
    abilities: Abilities
    sizes: Mapping[tuple[str, str], Size]
    frame_rate: int
    price: Price | Unpriced
    retirement: Retirement | None
    document: Json
    media: Mapping[Kind, MediaLimits] = field(default_factory=lambda: MappingProxyType({}))
    body_bytes: int = 0
    most_seed: int | None = None
    drafting: Drafting | None = None

    @property
    def familiar(self) -> str:
        """The name that messages use, and that a story may write: the first alias, or the name."""
        return (self.aliases or (self.name,))[0]


class _Models(Mapping[str, Model]):
    """The models by name, each checked and built when it is first asked for: a story needs one or two."""

    def __init__(self, documents: Mapping[str, tuple[Path, Mapping[str, Any]]], meta: Path) -> None:
        self._documents = documents
        self._meta = meta
        self._built: dict[str, Model] = {}

    def __getitem__(self, name: str) -> Model:
        if name not in self._built:
            from seedance_pipe.spec.dialect import build

            path, document = self._documents[name]
            self._built[name] = build(document, path.name, self._meta)
        return self._built[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._documents)

    def __len__(self) -> int:
        return len(self._documents)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """`models` maps each model's own name to it, `aliases` each other name to a model's own, `files` a model's own
    name to the file that describes it.
    """

    models: Mapping[str, Model]
    aliases: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    files: Mapping[str, Path] = field(default_factory=lambda: MappingProxyType({}))

    def find(self, name: str) -> Model | None:
        """The model of that name or alias (`<vendor>/<model>`). Raises StoryInvalid when its file is wrong."""
        own = self.aliases.get(name, name)
        return self.models.get(own)

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that `find` knows: own names first, then aliases."""
        return (*self.models, *self.aliases)


def load_catalogue(folder: Path) -> Catalogue:
    """The models of `<folder>/<vendor>/**/*.schema.json`, which obey `<folder>/model.schema.json`.

    Only names are read here; a model is checked against the meta-schema when it is first looked up. Raises
    StoryInvalid when a file is not JSON, names no model, or takes a name that another has.
    """
    documents: dict[str, tuple[Path, Mapping[str, Any]]] = {}
    aliases: dict[str, str] = {}
    for path in sorted(folder.glob("*/**/*.schema.json")):
        document, name, others = _names(path)
        taken = {*documents, *aliases} & {name, *others}
        if taken:
            raise StoryInvalid(f"{path.name}: another model is called {min(taken)} already")
        documents[name] = (path, document)
        aliases.update(dict.fromkeys(others, name))
    files = {name: path for name, (path, _) in documents.items()}
    models = _Models(documents, folder / "model.schema.json")
    return Catalogue(models, MappingProxyType(aliases), MappingProxyType(files))


def _names(path: Path) -> tuple[Mapping[str, Any], str, list[str]]:
    try:
        document = json.loads(path.read_bytes())
        known = document["x-model"]
        vendor = known["vendor"]
        return document, f"{vendor}/{known['wire']}", [f"{vendor}/{alias}" for alias in known["aliases"]]
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise StoryInvalid(f"{path.name} is not a model's schema: {problem}") from None
