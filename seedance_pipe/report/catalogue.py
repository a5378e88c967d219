"""The models as text: one line each, or one of them with all that its file says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from seedance_pipe.document import thaw
from seedance_pipe.report.parameters import Line, parameters, plainly, resolutions, seconds
from seedance_pipe.report.table import columns
from seedance_pipe.spec.medium import Kind
from seedance_pipe.spec.model import Model, Rate, Unpriced

_HEAD = ("MODEL", "SHORT NAME", "SIZES", "SECONDS", "FRAMES", "REFERENCES", "SOUND", "PRICE")
_UNITS = {"tokens": "per million tokens", "take": "a take"}
_REFERENCES = {Kind.IMAGE: "image", Kind.VIDEO: "video", Kind.AUDIO: "sound"}


def models_text(models: Iterable[Model]) -> str:
    """A table of all models."""
    return columns([_HEAD, *(_row(model) for model in models)])


def model_text(model: Model) -> str:
    """One model: what it is, each parameter, sizes, prices, what its media must be like, and the sources."""
    document = thaw(model.document)
    lines = [f"{model.name}  {model.title}", document["description"], ""]
    if model.aliases:
        lines.append(f"Also called: {', '.join(model.aliases)}")
    if model.retirement:
        lines.append(f"Retired on {model.retirement.on}; successor: {model.retirement.successor}")
    lines.append(f"Clips have {model.frame_rate} frames a second.")
    if model.drafting:
        asks, days = ".".join(map(str, model.drafting.asks)), model.drafting.days
        lines.append(f"With {asks}: true it makes drafts; a final is made from a draft's task, for {days} days.")
    lines += ["", "Parameters: the vendor's own name, who sets it, type, range and default:"]
    lines += _parameters(list(parameters(model)))
    lines += ["", "Sizes in pixels:" if model.sizes else "Sizes in pixels: not documented."]
    lines += _indented([(resolution, ratio, str(size)) for (resolution, ratio), size in model.sizes.items()])
    lines += ["", *_prices(model), "", "Media:" if document["x-media"] else "Media: none."]
    lines += _indented([row for kind, asked in document["x-media"].items() for row in _media(kind, asked)])
    if model.body_bytes:
        lines.append(f"  A request has at most {model.body_bytes} bytes.")
    lines += ["", "Sources:"]
    lines += [f"  {source['title']} (seen {source['seen']})" for source in document["x-model"]["sources"]]
    return "\n".join(lines) + "\n"


def _row(model: Model) -> tuple[str, ...]:
    abilities = model.abilities
    frames = [name for name, can in (("first", abilities.first_frame), ("last", abilities.last_frame)) if can]
    references = [
        f"{count} {_REFERENCES[kind]}{'s' if count > 1 else ''}" for kind, count in abilities.references.items()
    ]
    return (
        model.name,
        model.familiar if model.aliases else "-",
        " ".join(resolutions(model)) or "-",
        seconds(model),
        ", ".join(frames) or "-",
        ", ".join(references) or "-",
        "yes" if abilities.audio else "-",
        _price_span(model) + (f"; retired {model.retirement.on}" if model.retirement else ""),
    )


def _price_span(model: Model) -> str:
    """`$1.20-2.40 per million tokens`, `25 rivya credits a take`, or that nobody knows."""
    price = model.price
    if isinstance(price, Unpriced):
        return "unknown"
    amounts = [rate.amount for rate in price.rates]
    low, high = min(amounts), max(amounts)
    amount = f"{low}" if low == high else f"{low}-{high}"
    told = f"${amount}" if price.currency == "USD" else f"{amount} {price.currency}"
    about = "about " if price.about else ""
    return f"{about}{told} {_UNITS[price.unit]}"


def _prices(model: Model) -> Iterator[str]:
    price = model.price
    if isinstance(price, Unpriced):
        yield f"Price: unknown; {price.why} (as of {price.seen}; {price.source})."
        return
    yield f"Price in {price.currency} {_UNITS[price.unit]}, as of {price.seen} ({price.source}):"
    only = len(price.rates) == 1
    yield from _indented([(str(rate.amount), _condition(rate, only=only)) for rate in price.rates])
    if price.about:
        yield f"  Not exact: {price.about}."


def _condition(rate: Rate, *, only: bool) -> str:
    """What a rate asks for, and what part of the tokens it counts; the only one may ask for nothing."""
    asked = [f"{fact} {' or '.join(plainly(value) for value in values)}" for fact, values in rate.when.items()]
    part = [f"{rate.factor} of the tokens"] if rate.factor != 1 else []
    return ", ".join([*asked, *part]) or ("" if only else "otherwise")


def _parameters(lines: list[Line]) -> Iterator[str]:
    """A row for each parameter, and under it in words what it is."""
    rows = [
        (line.name, _setter(line), line.type, line.range, f"default {line.default}" if line.default else "")
        for line in lines
    ]
    for row, line in zip(_indented(rows), lines, strict=True):
        yield row
        if line.description:
            yield f"      {line.description}"
        if line.undocumented:
            yield f"      Not documented: {line.undocumented}."


def _setter(line: Line) -> str:
    if line.keys:
        return ", ".join(line.keys)
    return "the program" if line.owned else "params"


def _media(kind: str, asked: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """What is asked of a picture, video or sound, one line each; the first has its kind."""
    for index, (name, value) in enumerate(asked.items()):
        yield (kind if index == 0 else "", name.replace("_", " "), _limit(name, value))


def _limit(name: str, value: Any) -> str:
    if name in ("forms", "types", "codecs"):
        return ", ".join(value)
    return f"{value[0]} to {value[1]}" if isinstance(value, list) else f"at most {value}"


def _indented(rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"  {line}" for line in columns(rows).splitlines()] if rows else []
