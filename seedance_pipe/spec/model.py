"""A model: what one JSON Schema file says of one vendor's model, as frozen values.

The schema is the language (design D1): its properties are the vendor's own request parameters, and `x-`
annotations say which portable key feeds which parameter, what the model can do and what it costs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from seedance_pipe.document import Json
from seedance_pipe.spec.medium import Kind
from seedance_pipe.units import Size


@dataclass(frozen=True, slots=True)
class Rate:
    """One line of a price list: it applies when every fact of `when` has one of the values listed for it.

    `factor` multiplies the counted tokens (drafts are billed at a part of their tokens).
    """

    when: Mapping[str, tuple[Json, ...]]
    per_million: Decimal
    factor: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class TokenPrice:
    """floor(width * height * frames / 1024) tokens at a rate per million; the first rate that applies wins."""

    currency: str
    rates: tuple[Rate, ...]
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
class Model:
    """`name` is `<vendor>/<model>` as in a story; `wire` is the name that the vendor's API knows.

    `sizes` maps (resolution, ratio) to pixels. `frame_rate` is frames per second. `document` is the schema
    itself, for the spec floor only.
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
    price: TokenPrice | None
    retirement: Retirement | None
    document: Json
