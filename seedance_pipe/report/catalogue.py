"""The models as text: one line each, or one of them with every parameter, size and price."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from seedance_pipe.document import thaw
from seedance_pipe.report.table import columns
from seedance_pipe.spec.model import Model, Rate


def models_text(models: Iterable[Model]) -> str:
    """A table of all models."""
    head = ("MODEL", "SHORT NAME", "SIZES", "LENGTH", "FRAMES", "REFERENCES", "SOUND", "USD PER MILLION TOKENS")
    return columns([head, *(_row(model) for model in models)])


def model_text(model: Model) -> str:
    """One model: what it is, each parameter with its type, range, default and story key, sizes and prices."""
    document = thaw(model.document)
    lines = [f"{model.name}  {model.title}", document.get("description", ""), ""]
    if model.aliases:
        lines.append(f"Also called: {', '.join(model.aliases)}")
    if model.retirement:
        lines.append(f"Retired on {model.retirement.on}; successor: {model.retirement.successor}")
    lines += ["", "Parameters (story key, or the vendor's own name under `params`):"]
    lines += _indented([_parameter(name, one) for name, one in document["properties"].items()])
    lines += ["", "Sizes in pixels:"]
    lines += _indented([(resolution, ratio, str(size)) for (resolution, ratio), size in model.sizes.items()])
    lines += ["", *_prices(model), "", "Sources:"]
    lines += [f"  {source['title']} (seen {source['seen']})" for source in document["x-model"].get("sources", ())]
    return "\n".join(lines) + "\n"


def _row(model: Model) -> tuple[str, ...]:
    properties = thaw(model.document)["properties"]
    abilities = model.abilities
    frames = [name for name, can in (("first", abilities.first_frame), ("last", abilities.last_frame)) if can]
    return (
        model.name,
        model.short,
        " ".join(properties.get("resolution", {}).get("enum", ())),
        _range(properties.get("duration", {})),
        " ".join(frames) or "-",
        ", ".join(f"{count} {kind.value}" for kind, count in abilities.references.items() if count) or "-",
        "yes" if abilities.audio else "-",
        _price_span(model) + (f"; retired {model.retirement.on}" if model.retirement else ""),
    )


def _price_span(model: Model) -> str:
    if model.price is None:
        return "unknown"
    amounts = [rate.per_million for rate in model.price.rates]
    low, high = min(amounts), max(amounts)
    return f"{low}" if low == high else f"{low} to {high}"


def _prices(model: Model) -> Iterator[str]:
    if model.price is None:
        yield "Price: not published."
        return
    yield f"Price in {model.price.currency} per million tokens, as of {model.price.seen} ({model.price.source}):"
    yield from _indented([(str(rate.per_million), _condition(rate)) for rate in model.price.rates])


def _condition(rate: Rate) -> str:
    """What a rate asks for, and what part of the tokens it counts."""
    asked = [f"{fact} {' or '.join(_json(value) for value in values)}" for fact, values in rate.when.items()]
    part = [f"{rate.factor} of the tokens"] if rate.factor != 1 else []
    return ", ".join([*asked, *part]) or "otherwise"


def _parameter(name: str, schema: Mapping[str, Any]) -> tuple[str, ...]:
    key = schema.get("x-key")
    shown = key if key else f"params.{name}"
    if schema.get("x-owned"):
        shown = f"({name}: set by the program)"
    default = f"default {_json(schema['default'])}" if "default" in schema else ""
    note = "undocumented: " + schema["x-undocumented"] if "x-undocumented" in schema else ""
    return (shown, _range(schema), default, note or schema.get("description", ""))


def _range(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        values = schema["enum"]
        if len(values) > 12:
            return f"{values[0]}, {values[1]}, … {values[-1]}"
        return " ".join(str(value) for value in values)
    if "anyOf" in schema:
        return " or ".join(_range(part) for part in schema["anyOf"])
    if "const" in schema:
        return "auto" if schema["const"] == -1 else str(schema["const"])
    if "minimum" in schema and "maximum" in schema:
        return f"{schema['minimum']}-{schema['maximum']}"
    return str(schema.get("type", ""))


def _json(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _indented(rows: list[tuple[str, ...]]) -> list[str]:
    return [f"  {line}" for line in columns(rows).splitlines()]
