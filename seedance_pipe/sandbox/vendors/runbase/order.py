"""From a run's request to an order: runbase.md sections 2 and 6, 2026-11-21.

What an unknown key, another JSON type or `null` does is not documented: all are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from seedance_pipe.sandbox.commission import Commission
from seedance_pipe.sandbox.intake import Bounds, Intake, Medium, Unfit
from seedance_pipe.sandbox.request import Fields
from seedance_pipe.sandbox.settings import Settings
from seedance_pipe.sandbox.shelf import Shelf
from seedance_pipe.sandbox.vendors.modelark.facts import NEW_PICTURES, nearest_ratio
from seedance_pipe.sandbox.vendors.runbase.facts import MODELS, RATE, RATIOS, RESOLUTION, Model
from seedance_pipe.sandbox.vendors.runbase.wrong import invalid
from seedance_pipe.sandbox.wrong import Wrong
from seedance_pipe.units import Size

_PICTURE = Bounds(most_bytes=30 << 20, formats=NEW_PICTURES)
"""What the model upstream takes; Runbase documents no limits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order(Commission):
    """What will be made."""

    vendor = "runbase"

    resolution: str
    ratio: str

    @property
    def size(self) -> Size:
        return MODELS[self.model].size(self.resolution, self.ratio)

    @property
    def cost(self) -> int:
        """Micro-dollars, by the invented prices."""
        return MODELS[self.model].cost(self.resolution, self.frames // RATE, sound=self.sound)


def read_order(body: Any, *, shelf: Shelf, settings: Settings, draw: Callable[[int], int]) -> Order:
    """The order that a request makes. Raises Wrong."""
    sent = body if isinstance(body, Mapping) else {}
    model = _model(sent, settings)
    given: Mapping[str, Any] = sent["input"]
    _check_keys(sent, given, model)
    prompt = _prompt(given.get("prompt"))
    media = _pictures(given.get("image_urls", []), model, Intake(shelf, settings, ("https",)))
    fields = Fields(given, invalid, at="input")
    first, last = (*media, None, None)[:2]
    return Order(
        model=model.id,
        prompt=prompt,
        resolution=fields.choice("resolution", RESOLUTION, model.resolutions),
        ratio=fields.choice("aspect_ratio", _ratio(first), RATIOS),
        frames=RATE * int(fields.choice("duration", model.seconds[0], model.seconds)) + 1,
        seed=draw(1 << 31),
        sound=fields.flag("generate_audio", model.sounds),
        first=first.digest if first else None,
        last=last.digest if last else None,
    )


def _model(sent: Mapping[str, Any], settings: Settings) -> Model:
    """In which order these are looked at is not documented."""
    name = sent.get("model")
    if not isinstance(name, str):
        raise Wrong(400, "missing_model", "model is missing or not a string")
    if not isinstance(sent.get("input"), Mapping):
        raise Wrong(400, "missing_input", "input is missing or not an object")
    if name not in MODELS or name in settings.retired:
        raise Wrong(400, "model_not_found", "There is no such model")
    return MODELS[name]


def _check_keys(sent: Mapping[str, Any], given: Mapping[str, Any], model: Model) -> None:
    for key in sent:
        if key not in ("model", "input"):
            raise invalid(key, "a run has model and input only")
    known = ["prompt", "aspect_ratio", "resolution", "duration", "image_urls"]
    known += ["generate_audio"] if model.sounds else []
    for key in given:
        if key not in known:
            raise invalid(f"input.{key}", f"{model.id} has only {', '.join(known)}")


def _prompt(prompt: Any) -> str:
    """Its limits are not documented; that it may not be empty is assumed."""
    if not isinstance(prompt, str) or not prompt:
        raise invalid("input.prompt", "it must be a text that is not empty")
    return prompt


def _ratio(first: Medium | None) -> str:
    """Without a ratio a clip has that nearest to its picture, as upstream, or 16:9."""
    size = first.size if first else None
    return nearest_ratio(size.aspect) if size else "16:9"


def _pictures(urls: Any, model: Model, intake: Intake) -> list[Medium]:
    """Only addresses are taken: that data URIs and plain http are refused is assumed."""
    if not isinstance(urls, list):
        raise invalid("input.image_urls", "it must be a list of texts")
    if len(urls) > model.images:
        raise invalid("input.image_urls", f"{model.id} takes at most {model.images}")
    return [_picture(url, f"input.image_urls[{index}]", intake) for index, url in enumerate(urls)]


def _picture(url: Any, at: str, intake: Intake) -> Medium:
    if not isinstance(url, str):
        raise invalid(at, "it must be a text")
    try:
        return intake.picture(url, _PICTURE)
    except Unfit as unfit:
        raise invalid(at, str(unfit)) from None
