"""From a create request to an order: all that Rivya decides at submit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from seedance_pipe.sandbox.commission import Commission
from seedance_pipe.sandbox.intake import Intake
from seedance_pipe.sandbox.settings import Settings
from seedance_pipe.sandbox.shelf import Shelf
from seedance_pipe.sandbox.vendors.modelark.facts import nearest_ratio
from seedance_pipe.sandbox.vendors.rivya.facts import MODELS, MOST_TRACE, RATE, Model
from seedance_pipe.sandbox.vendors.rivya.parameters import Values, read_params
from seedance_pipe.sandbox.vendors.rivya.references import References, read_references
from seedance_pipe.sandbox.vendors.rivya.wrong import invalid
from seedance_pipe.units import Size

_KNOWN = ("model", "prompt", "params", "client_request_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order(Commission):
    """What will be made; `idempotency_key` is empty where none was sent."""

    vendor = "rivya"

    idempotency_key: str
    resolution: str
    ratio: str
    still: bool
    last_frame: bool

    @property
    def size(self) -> Size:
        return MODELS[self.model].size(self.resolution, self.ratio)

    @property
    def credits(self) -> int:
        """What it costs. That resolution and length do not change it follows from the billing type FIXED."""
        return MODELS[self.model].credits

    def marks(self) -> list[str]:
        return ["fixed camera"] if self.still else []


def read_order(
    body: Any, idempotency_key: str, *, shelf: Shelf, settings: Settings, draw: Callable[[int], int]
) -> Order:
    """The order that a create request makes; an idempotency key may be empty. Raises Wrong."""
    if not isinstance(body, Mapping):
        raise invalid("", "the body must be a JSON object")
    model = _model(body.get("model"), settings)
    prompt = _prompt(body.get("prompt"), model)
    _check_rest(body)
    params = body.get("params", {})
    values = read_params(params, model)
    scene = str(values.get("seedance_scene", "frames"))
    media = read_references(params, scene, model, Intake(shelf, settings, ("https",)))
    seed = int(values.get("seed", -1))
    return Order(
        model=model.id,
        prompt=prompt,
        idempotency_key=idempotency_key,
        resolution=str(values["resolution"]),
        ratio=_ratio(values, media),
        frames=RATE * int(values["duration"]) + 1,
        seed=seed if seed >= 0 else draw(1 << 31),
        sound=values.get("generate_audio") == "true",
        still="true" in (values.get("camera_fixed"), values.get("fixed_lens")),
        last_frame=values.get("return_last_frame") == "true",
        first=media.first,
        last=media.last,
        references=media.others,
    )


def _model(name: Any, settings: Settings) -> Model:
    model = MODELS.get(name) if isinstance(name, str) else None
    if model is None or model.id in settings.retired:
        raise invalid("model", "it must be the id of a model of /api/v1/models")
    return model


def _prompt(prompt: Any, model: Model) -> str:
    """That one character is enough is assumed."""
    if not isinstance(prompt, str) or not 1 <= len(prompt) <= model.prompt:
        raise invalid("prompt", f"{model.id} takes a text of 1 to {model.prompt} characters")
    return prompt


def _check_rest(body: Mapping[str, Any]) -> None:
    for key in body:
        if key not in _KNOWN:
            raise invalid(key, f"the request has only {', '.join(_KNOWN)}")
    trace = body.get("client_request_id", "")
    if not isinstance(trace, str) or len(trace) > MOST_TRACE:
        raise invalid("client_request_id", f"it must be a text of at most {MOST_TRACE} characters")


def _ratio(values: Values, media: References) -> str:
    """The default stands for pictures, too; `adaptive` is 16:9 where no shape is known (both assumed)."""
    ratio = str(values.get("aspect_ratio") or values["aspectRatio"])
    if ratio != "adaptive":
        return ratio
    size = media.shape.size if media.shape else None
    return nearest_ratio(size.aspect) if size else "16:9"
