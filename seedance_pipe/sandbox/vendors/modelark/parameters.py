"""The top-level fields of a create request, one rule each: modelark.md section 4, 2026-11-21.

`null` is absent; unknown keys are ignored; a known key that the model lacks is refused whatever its value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from seedance_pipe.sandbox.request import Fields
from seedance_pipe.sandbox.vendors.modelark.facts import RATIOS, Model
from seedance_pipe.sandbox.vendors.modelark.wrong import invalid

KNOWN = frozenset(
    {
        "resolution",
        "ratio",
        "duration",
        "frames",
        "seed",
        "camera_fixed",
        "watermark",
        "generate_audio",
        "return_last_frame",
        "draft",
        "service_tier",
        "execution_expires_after",
        "priority",
        "callback_url",
        "safety_identifier",
        "tools",
        "output_format",
        "omni_reference_task_type",
    }
)
_MOST_SEED = 2_147_483_647
"""The upper bound on which all sources agree (section 4, notes)."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """As sent, with the documented defaults filled in; `ratio` may still be adaptive, `duration` and `seed` -1.

    `ratio` is empty when none was sent. `frames`, when there, beats `duration`.
    """

    resolution: str
    ratio: str
    duration: int
    frames: int | None
    seed: int
    camera_fixed: bool
    watermark: bool
    generate_audio: bool
    return_last_frame: bool
    draft: bool
    service_tier: str
    execution_expires_after: int
    priority: int
    safety_identifier: str | None
    output_format: Literal["mp4", "mov"]
    task_type: str


def read_parameters(body: Mapping[str, Any], model: Model) -> Parameters:
    """Raises Wrong for the first field that is not taken."""
    sent = {key: value for key, value in body.items() if key in KNOWN and value is not None}
    _refuse_what_the_model_lacks(sent, model)
    _check_callback(_text(sent, "callback_url", ""))
    fields = Fields(sent, invalid)
    least = model.least_expiry
    parameters = Parameters(
        resolution=_resolution(sent, model),
        ratio=fields.choice("ratio", "", (*RATIOS, "adaptive")),
        duration=_duration(sent, model),
        frames=_frames(fields),
        seed=fields.integer("seed", -1, least=-1, most=_MOST_SEED),
        camera_fixed=fields.flag("camera_fixed", False),
        watermark=fields.flag("watermark", False),
        generate_audio=fields.flag("generate_audio", True),
        return_last_frame=fields.flag("return_last_frame", False),
        draft=fields.flag("draft", False),
        service_tier=fields.choice("service_tier", "default", ("default", "flex")),
        execution_expires_after=fields.integer("execution_expires_after", 172_800, least=least, most=259_200),
        priority=fields.integer("priority", 0, least=0, most=9),
        safety_identifier=_text(sent, "safety_identifier", None, most=64),
        output_format="mov" if fields.choice("output_format", "mp4", ("mp4", "mov")) == "mov" else "mp4",
        task_type=fields.choice("omni_reference_task_type", "auto", ("auto", "reference", "edit", "extend")),
    )
    if parameters.draft:
        _check_draft(sent, parameters)
    if parameters.service_tier == "flex" and parameters.priority:
        raise invalid("priority", "it cannot be used with the flex service tier")
    return parameters


def _refuse_what_the_model_lacks(sent: Mapping[str, Any], model: Model) -> None:
    for key in sorted(model.refused & sent.keys()):
        code = "InvalidParameter.UnsupportedParameter" if key == "service_tier" else "InvalidParameter"
        raise invalid(key, f"it is not supported by the model {model.id} and must be empty", code=code)


def _resolution(sent: Mapping[str, Any], model: Model) -> str:
    value = str(_text(sent, "resolution", model.resolution)).lower()
    if value not in model.resolutions:
        raise invalid("resolution", f"the model {model.id} makes {', '.join(model.resolutions)}")
    return value


def _duration(sent: Mapping[str, Any], model: Model) -> int:
    if model.picks_seconds and sent.get("duration") == -1:
        return -1
    least, most = model.seconds
    return Fields(sent, invalid).integer("duration", model.duration, least=least, most=most)


def _frames(fields: Fields) -> int | None:
    if "frames" not in fields:
        return None
    frames = fields.integer("frames", 0, least=29, most=289)
    if frames % 4 != 1:
        raise invalid("frames", "it must be 25 + 4n")
    return frames


def _check_draft(sent: Mapping[str, Any], parameters: Parameters) -> None:
    """A draft is 480p (which must be said, as leaving it out is undocumented), without last frame and flex."""
    if "resolution" not in sent or parameters.resolution != "480p":
        raise invalid("resolution", "a draft is made in 480p only")
    if parameters.return_last_frame:
        raise invalid("return_last_frame", "it is not supported for drafts")
    if parameters.service_tier == "flex":
        raise invalid("service_tier", "flex is not supported for drafts")


def _check_callback(url: str) -> None:
    try:
        parts = urlsplit(url)
    except ValueError:
        raise invalid("callback_url", "it is not an address") from None
    if url and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise invalid("callback_url", "it is not an address")


def _text(sent: Mapping[str, Any], key: str, default: Any, *, most: int = 4096) -> Any:
    value = sent.get(key, default)
    if key in sent and not isinstance(value, str):
        raise invalid(key, "it must be a string")
    if key in sent and len(value) > most:
        raise invalid(key, f"it must have at most {most} characters")
    return value
