"""From a videoInference task to its orders: each parameter's rule, and those between parameters.

runware.md sections 3, 6 and 7, 2026-11-21. Unknown keys are refused, which is documented for the platform and
assumed for these models. `routing` is taken and ignored (its meaning is not documented); `inputs.draftId`, known
by name alone, and the old top-level `frameImages` are refused. `webhookURL` and `uploadEndpoint` are checked, but
the sandbox delivers nothing to them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from seedance_pipe.sandbox.commission import Commission
from seedance_pipe.sandbox.intake import Medium
from seedance_pipe.sandbox.painter import Form
from seedance_pipe.sandbox.settings import Settings
from seedance_pipe.sandbox.vendors.runware.facts import MODELS, Model, frames_of
from seedance_pipe.sandbox.vendors.runware.fields import Fields
from seedance_pipe.sandbox.vendors.runware.pictures import Pictures
from seedance_pipe.sandbox.vendors.runware.wrong import invalid, missing
from seedance_pipe.sandbox.wrong import Wrong
from seedance_pipe.units import Size

PARAMETERS = (
    "taskType",
    "taskUUID",
    "model",
    "positivePrompt",
    "inputs",
    "width",
    "height",
    "resolution",
    "duration",
    "seed",
    "numberResults",
    "providerSettings",
    "deliveryMethod",
    "outputType",
    "outputFormat",
    "outputQuality",
    "ttl",
    "includeCost",
    "safety",
    "webhookURL",
    "uploadEndpoint",
    "routing",
)
_MOST_SEED = (1 << 63) - 1
_MOST_TTL = 1 << 31
_PLACES: Mapping[Any, str] = {"first": "first", "last": "last", 0: "first", -1: "last"}
_FORMS: Mapping[str, Form] = {"MP4": "mp4", "WEBM": "webm", "MOV": "mov"}
_SIZED = ("inputs.frameImages", "width", "height", "resolution")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order(Commission):
    """One result, and what a poll will tell of it. `task_uuid` is the submission's, as the client wrote it."""

    vendor = "runware"

    task_uuid: str
    width: int
    height: int
    include_cost: bool
    checked: bool
    camera_fixed: bool
    draft: bool
    ttl: int | None

    @property
    def size(self) -> Size:
        return Size(self.width, self.height)

    def cost(self) -> Decimal:
        """USD. What a draft costs is not documented, so it costs what the clip would."""
        return MODELS[self.model].cost(self.size, self.frames, sound=self.sound)

    def marks(self) -> list[str]:
        return [word for word, on in (("draft", self.draft), ("cameraFixed", self.camera_fixed)) if on]


def read_orders(task: Mapping[str, Any], pictures: Pictures, draw: Callable[[int], int]) -> list[Order]:
    """One for each result, each with a seed of its own: drawn from 32 bits, or counted up from that of the request
    (runware.md section 3; that they count up is assumed). Raises Wrong for the first parameter that is not taken.
    """
    model = _model(task, pictures.settings)
    fields = Fields(task, PARAMETERS)
    _check_platform(fields)
    switches = fields.within("providerSettings", ("bytedance",)).within("bytedance", model.switches)
    draft = switches.flag("draft", False)
    places = _frames(fields, model, pictures)
    first, last = places.get("first"), places.get("last")
    prompt = fields.text("positivePrompt", least=2, most=3000)
    size = _size(fields, model, places, draft=draft)
    order = Order(
        task_uuid=fields.uuid("taskUUID"),
        model=model.air,
        prompt=prompt,
        width=size.width,
        height=size.height,
        frames=frames_of(_seconds(fields, model)),
        seed=fields.integer("seed", 0, least=0, most=_MOST_SEED),
        form=_FORMS[fields.choice("outputFormat", "MP4", tuple(_FORMS))],
        ttl=fields.integer("ttl", 60, least=60, most=_MOST_TTL) if "ttl" in fields else None,
        include_cost=fields.flag("includeCost", False),
        checked=_is_checked(fields),
        camera_fixed=switches.flag("cameraFixed", False),
        sound=model.sounds and switches.flag("audio", True),
        draft=draft,
        first=first.digest if first else None,
        last=last.digest if last else None,
    )
    seeds = [
        (order.seed + number) % (_MOST_SEED + 1) if "seed" in fields else draw(1 << 32)
        for number in range(fields.integer("numberResults", 1, least=1, most=4))
    ]
    return [replace(order, seed=seed) for seed in seeds]


def _model(task: Mapping[str, Any], settings: Settings) -> Model:
    name = task.get("model")
    if name is None:
        raise missing("model")
    model = MODELS.get(name) if isinstance(name, str) else None
    if model is None:
        raise invalid("model", "there is no such model", allowed=tuple(MODELS))
    if name in settings.retired:
        raise Wrong(404, "modelNotFound", f"The model '{name}' does not exist any more.", "model")
    if name in settings.not_open:
        raise Wrong(403, "forbidden", f"This key may not use the model '{name}'.", "model")
    return model


def _check_platform(fields: Fields) -> None:
    fields.choice("deliveryMethod", "async", ("async",))
    fields.choice("outputType", "URL", ("URL",))
    fields.integer("outputQuality", 95, least=20, most=99)
    for name in ("webhookURL", "uploadEndpoint"):
        fields.address(name)
    if "routing" in fields and not isinstance(fields["routing"], Mapping):
        raise invalid("routing", "it must be an object")


def _is_checked(fields: Fields) -> bool:
    safety = fields.within("safety", ("checkContent", "mode"))
    mode = safety.choice("mode", "none", ("none", "fast", "full"))
    return safety.flag("checkContent", False) or mode != "none"


def _seconds(fields: Fields, model: Model) -> float:
    least, most = model.seconds
    if model.tenths:
        return fields.tenths("duration", 5, least=least, most=most)
    if "duration" in fields and fields["duration"] == "auto":
        # The model picks; which length it takes is its own affair, so the default stands for it.
        return 5
    return fields.integer("duration", 5, least=int(least), most=int(most))


def _frames(fields: Fields, model: Model, pictures: Pictures) -> dict[str, Medium]:
    """The pictures by place. Unlabelled, one is the first frame and the second of two the last."""
    inputs = fields.within("inputs", ("frameImages",))
    if "frameImages" not in inputs:
        return {}
    path, sent = inputs.path("frameImages"), inputs["frameImages"]
    if not isinstance(sent, list) or not 1 <= len(sent) <= model.images:
        raise invalid(path, f"it must be a list of 1 to {model.images}")
    places: dict[str, Medium] = {}
    for number, entry in enumerate(sent):
        at = f"{path}.{number}"
        place, text, spot = _frame(entry, at, unlabelled=("first", "last")[number])
        if place in places:
            raise invalid(path, f"there is more than one {place} frame")
        if place == "last" and model.images == 1:
            raise invalid(at, f"the model {model.air} takes a first frame only")
        places[place] = pictures.frame(text, spot)
    return places


def _frame(entry: Any, at: str, *, unlabelled: str) -> tuple[str, str, str]:
    """The place of a picture, its text and where that stands: `"<picture>"` or `{image, frame}`."""
    if isinstance(entry, str):
        return unlabelled, entry, at
    fields = Fields(entry, ("image", "frame"), at=at)
    image = fields["image"]
    if not isinstance(image, str):
        raise invalid(fields.path("image"), "it must be a string")
    if "frame" not in fields:
        return unlabelled, image, fields.path("image")
    frame = fields["frame"]
    place = _PLACES.get(frame) if isinstance(frame, str) or type(frame) is int else None
    if place is None:
        raise invalid(fields.path("frame"), "it must be one of first, last, 0, -1", allowed=tuple(_PLACES))
    return place, image, fields.path("image")


def _size(fields: Fields, model: Model, places: Mapping[str, Medium], *, draft: bool) -> Size:
    """Exact pixels, or those of the resolution that are nearest to the first picture; 16:9 without (assumed)."""
    if "width" in fields or "height" in fields:
        size = _pixels(fields, model)
    else:
        if "resolution" not in fields and not places:
            reason = "One of inputs.frameImages, width with height, or resolution is required."
            raise Wrong(400, "missingResolution", reason, _SIZED)
        resolution = fields.choice("resolution", model.adapts_at, tuple(model.sizes))
        shown = places.get("first") or places.get("last")
        size = model.nearest(resolution, shown.size.aspect if shown and shown.size else 16 / 9)
    if draft and size not in model.sizes["480p"].values():
        # The vendor's page says so of every request with provider settings, which live ones contradict.
        raise invalid("providerSettings.bytedance.draft", "a draft is made in 480p only")
    return size


def _pixels(fields: Fields, model: Model) -> Size:
    width = fields.integer("width", 0, least=1, most=1 << 16)
    height = fields.integer("height", 0, least=1, most=1 << 16)
    if "resolution" in fields:
        reason = "resolution cannot be combined with width and height."
        raise Wrong(400, "incompatibleParameters", reason, ("resolution", "width", "height"))
    if not width or not height:
        raise missing("width" if not width else "height")
    size = Size(width, height)
    if size not in model.pairs():
        reason = f"The model {model.air} does not make {size}."
        allowed = [str(pair) for pair in model.pairs()]
        raise Wrong(400, "unsupportedDimensions", reason, ("width", "height"), allowed=allowed)
    return size
