"""The dialect of model files: a file is checked against the meta-schema, linted, and read into a Model."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry

from seedance_pipe.document import Json, JsonPath, freeze
from seedance_pipe.errors import StoryInvalid
from seedance_pipe.spec.medium import Kind
from seedance_pipe.spec.model import (
    Abilities,
    Drafting,
    MediaLimits,
    Model,
    Price,
    Range,
    Rate,
    Retirement,
    Unpriced,
)
from seedance_pipe.units import Size

_NESTED_QUANTIFIER = re.compile(r"\((?:[^()\\]|\\.)*(?:[^\\()][*+]|\{\d+,\d*\})(?:[^()\\]|\\.)*\)(?:[*+]|\{)")


def build(document: Mapping[str, Any], file: str, meta: Path) -> Model:
    """The model that `document` describes. Raises StoryInvalid, naming `file`, when it breaks the dialect."""
    problem = next(_problems(document, json.loads(meta.read_bytes())), None)
    if problem:
        raise StoryInvalid(f"{file}: {problem}", next_step="mend the model's file; see model.schema.json")
    known = document["x-model"]
    parts = dict(_parameters(document))
    return Model(
        name=f"{known['vendor']}/{known['wire']}",
        vendor=known["vendor"],
        wire=known["wire"],
        revision=known["revision"],
        title=document["title"],
        aliases=tuple(f"{known['vendor']}/{alias}" for alias in known["aliases"]),
        abilities=_abilities(known["abilities"]),
        sizes=MappingProxyType(dict(_sizes(document["x-sizes"]))),
        frame_rate=known["frame_rate"],
        price=_price(document["x-price"]),
        retirement=_retirement(known.get("retirement")),
        document=freeze(document),
        media=MappingProxyType({Kind(kind): _limits(limits) for kind, limits in document["x-media"].items()}),
        body_bytes=known.get("body_bytes", 0),
        most_seed=next((part.get("maximum") for part in parts.values() if part.get("x-key") == "seed"), None),
        drafting=next(
            (Drafting(path, part["x-draft"]["days"]) for path, part in parts.items() if "x-draft" in part), None
        ),
    )


def _problems(document: Mapping[str, Any], meta: Mapping[str, Any]) -> Iterator[str]:
    for error in Draft202012Validator(meta, registry=Registry()).iter_errors(document):
        yield f"{error.json_path}: {error.message}"
    for keyword, value in _keywords(document):
        if keyword == "$ref" and value.removeprefix("#/$defs/") not in document.get("$defs", {}):
            yield f"$ref leads to {value}, which is not there"
        if keyword == "pattern" and not _harmless(value):
            yield f"pattern {value!r} is no regular expression, or one that can take for ever"
    parts = dict(_parameters(document))
    if not _measured([*parts.values()]):
        yield "x-as: width needs an x-ratio, one height, and a parameter with x-key: resolution"
    drafts = sum("x-draft" in part for part in parts.values())
    holes = sum(json.dumps(part.get("x-items")).count("{draft}") for part in parts.values())
    if not drafts == holes == document["x-model"]["abilities"]["draft"]:
        yield "a model with the ability of drafts has one parameter with x-draft, and one item for {draft}"


def _measured(parts: list[Mapping[str, Any]]) -> bool:
    """Whether a request that is asked for pixels has all that it takes to know them."""
    ways = [part["x-as"] for part in parts if part.get("x-as") in ("width", "height")]
    if not ways:
        return True
    whole = any("x-ratio" in part for part in parts) and any(part.get("x-key") == "resolution" for part in parts)
    return whole and sorted(ways) == ["height", "width"]


def _parameters(schema: Mapping[str, Any], outer: JsonPath = ()) -> Iterator[tuple[JsonPath, Mapping[str, Any]]]:
    """The schemas of all properties by their paths, at any depth."""
    for name, part in schema.get("properties", {}).items():
        yield (*outer, name), part
        yield from _parameters(part, (*outer, name))


def _keywords(value: Any) -> Iterator[tuple[str, str]]:
    """Every `$ref` and `pattern` of a schema with its text."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key in ("$ref", "pattern") and isinstance(item, str):
                yield key, item
            yield from _keywords(item)
    elif isinstance(value, list):
        for item in value:
            yield from _keywords(item)


def _harmless(pattern: str) -> bool:
    """Whether the pattern compiles and repeats no group that itself repeats: such a one may never end."""
    try:
        re.compile(pattern)
    except re.error:
        return False
    return _NESTED_QUANTIFIER.search(pattern) is None


def _abilities(known: Mapping[str, Any]) -> Abilities:
    references = {Kind(kind): most for kind, most in known["references"].items()}
    return Abilities(**{**known, "references": MappingProxyType(references)})


def _sizes(table: Mapping[str, Mapping[str, list[int]]]) -> Iterator[tuple[tuple[str, str], Size]]:
    for resolution, ratios in table.items():
        for ratio, (width, height) in ratios.items():
            yield (resolution, ratio), Size(width, height)


def _price(price: Mapping[str, Any]) -> Price | Unpriced:
    seen, source = date.fromisoformat(price["seen"]), price["source"]
    if price["unit"] == "unknown":
        return Unpriced(price["why"], seen, source)
    rates = tuple(_rate(rate) for rate in price["rates"])
    about, parts = price.get("about", ""), price.get("parts", False)
    return Price(price["unit"], price["currency"], rates, seen, source, about, parts)


def _rate(rate: Mapping[str, Any]) -> Rate:
    when: dict[str, tuple[Json, ...]] = {fact: tuple(values) for fact, values in rate["when"].items()}
    amount = rate["per_million"] if "per_million" in rate else rate["amount"]
    return Rate(MappingProxyType(when), Decimal(amount), Decimal(rate.get("factor", "1")))


def _retirement(known: Mapping[str, str] | None) -> Retirement | None:
    return Retirement(date.fromisoformat(known["on"]), known["successor"]) if known else None


def _limits(known: Mapping[str, Any]) -> MediaLimits:
    total = known.get("total_seconds")
    return MediaLimits(
        inline="inline" in known["forms"],
        assets="asset" in known["forms"],
        types=tuple(known.get("types", ())),
        bytes=known.get("bytes"),
        upload="upload" in known["forms"],
        inline_bytes=known.get("inline_bytes"),
        sides=_range(known.get("sides")),
        aspect=_range(known.get("aspect")),
        pixels=_range(known.get("pixels")),
        frame_rate=_range(known.get("frame_rate")),
        seconds=_range(known.get("seconds")),
        total_seconds=None if total is None else Fraction(str(total)),
        codecs=tuple(known.get("codecs", ())),
    )


def _range(known: list[float] | None) -> Range | None:
    return (Fraction(str(known[0])), Fraction(str(known[1]))) if known else None
