"""From a create request to an order: all that the vendor decides at submit, and the bill of success."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from seedance_pipe.sandbox.commission import Commission
from seedance_pipe.sandbox.painter import RATE
from seedance_pipe.sandbox.vendors.modelark.content import Content, read_content
from seedance_pipe.sandbox.vendors.modelark.facts import (
    DRAFT_SHARE,
    MODELS,
    Model,
    nearest_ratio,
    tokens,
    tokens_with_video,
)
from seedance_pipe.sandbox.vendors.modelark.fetching import Fetching
from seedance_pipe.sandbox.vendors.modelark.parameters import Parameters, read_parameters
from seedance_pipe.sandbox.vendors.modelark.tasktype import check_task_type, late_failure
from seedance_pipe.sandbox.vendors.modelark.wrong import invalid, missing
from seedance_pipe.sandbox.wrong import Wrong
from seedance_pipe.units import Size

_MOST_DRAWN_SEED = 99_999
"""Seeds that the vendor chose itself were small numbers (modelark.md section 2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order(Commission):
    """What will be made, and what the task object tells about it.

    `late_failure` is the code with which the task will fail because of its parameters; empty if it will not.
    """

    vendor = "modelark"

    resolution: str
    ratio: str
    counts_frames: bool
    draft: bool
    return_last_frame: bool
    service_tier: str
    execution_expires_after: int
    priority: int
    watermark: bool = False
    camera_fixed: bool = False
    safety_identifier: str | None = None
    draft_task_id: str | None = None
    video_seconds: float | None = None
    late_failure: str = ""

    @property
    def lane(self) -> str:
        return f"{self.vendor} {self.model} {self.service_tier}"

    @property
    def size(self) -> Size:
        return MODELS[self.model].size(self.resolution, self.ratio)

    def tokens(self) -> int:
        """What success is billed."""
        if self.video_seconds is not None:
            return tokens_with_video(self.size, self.video_seconds, self.frames // RATE, self.resolution)
        plain = tokens(self.size, self.frames)
        return int(plain * DRAFT_SHARE[self.sound]) if self.draft else plain

    def marks(self) -> list[str]:
        return [word for word in ("draft", "watermark", "camera_fixed") if getattr(self, word)]


def read_order(
    body: Any,
    fetching: Callable[[Model], Fetching],
    draft: Callable[[str], Order | None],
    draw: Callable[[int], int],
) -> Order:
    """The order that a create request makes. Raises Wrong.

    `draft(id)` is the order of a finished draft task or None; `draw(n)` is a number from 0 to n - 1.
    """
    if not isinstance(body, dict):
        raise invalid("", "the body must be a JSON object")
    model = _model(body.get("model"), fetching)
    content = read_content(body.get("content"), model, fetching(model))
    if content.draft is not None:
        return _final(body, model, content.draft, draft(content.draft))
    parameters = read_parameters(body, model)
    check_task_type(content, parameters)
    return _order(model, content, parameters, draw)


def _model(name: Any, fetching: Callable[[Model], Fetching]) -> Model:
    if name is None:
        raise missing("model")
    if not isinstance(name, str):
        raise invalid("model", "it must be a string")
    model = MODELS.get(name)
    if model is None:
        raise Wrong(
            404, "InvalidEndpointOrModel.NotFound", f"The model or endpoint {name} does not exist", "model"
        )
    settings = fetching(model).settings
    if name in settings.retired:
        raise Wrong(404, "InvalidEndpointOrModel.NotFound", f"The model {name} was taken out of service", "model")
    if name in settings.not_open:
        raise Wrong(404, "ModelNotOpen", f"Your account has not activated the model {name}", "model")
    return model


def _order(model: Model, content: Content, parameters: Parameters, draw: Callable[[int], int]) -> Order:
    seconds = _seconds(model, content, parameters, draw)
    counts_frames = parameters.frames is not None
    return Order(
        model=model.id,
        prompt=content.prompt,
        resolution=parameters.resolution,
        ratio=_ratio(model, content, parameters.ratio),
        frames=parameters.frames or RATE * seconds + 1,
        counts_frames=counts_frames,
        seed=parameters.seed if parameters.seed != -1 else 1 + draw(_MOST_DRAWN_SEED),
        sound=model.sounds and parameters.generate_audio,
        draft=parameters.draft,
        return_last_frame=parameters.return_last_frame,
        service_tier=parameters.service_tier,
        execution_expires_after=parameters.execution_expires_after,
        priority=parameters.priority,
        watermark=parameters.watermark,
        camera_fixed=parameters.camera_fixed,
        safety_identifier=parameters.safety_identifier,
        first=content.first.digest if content.first else None,
        last=content.last.digest if content.last else None,
        references=tuple(medium.digest for medium in content.references),
        video_seconds=content.video_seconds,
        form=parameters.output_format,
        late_failure=late_failure(content, parameters, model),
    )


def _seconds(model: Model, content: Content, parameters: Parameters, draw: Callable[[int], int]) -> int:
    """The length of the clip; what the model picks is drawn, but an edited video keeps its length (assumed)."""
    least, most = model.seconds
    if parameters.duration != -1:
        return parameters.duration
    if parameters.task_type == "edit" and content.video_seconds is not None:
        return min(max(round(content.video_seconds), least), most)
    return least + draw(most - least + 1)


def _ratio(model: Model, content: Content, ratio: str) -> str:
    """The ratio of the clip; for `adaptive` that which is nearest to the picture, or 16:9 when there is none."""
    if ratio == "adaptive" and content.mode == "t2v" and not model.adapts_text:
        raise invalid("ratio", f"adaptive is not supported by the model {model.id} for text alone")
    if ratio not in ("", "adaptive"):
        return ratio
    shapes = [content.first, *content.references]
    known = [medium.size for medium in shapes if medium is not None and medium.size is not None]
    return nearest_ratio(known[0].aspect) if known else "16:9"


def _final(body: Mapping[str, Any], model: Model, draft_id: str, draft: Order | None) -> Order:
    """The order of a final from its draft: what section 6 says is reused is, the rest is as sent.

    Whether a reused field may be sent again is undocumented for 1.5 pro; here it is checked and has no effect.
    """
    if draft is None or draft.model != model.id:
        raise invalid("content[0].draft_task", f"there is no finished draft {draft_id}")
    parameters = read_parameters(body, model)
    if parameters.draft:
        raise invalid("draft", "a final made from a draft is no draft")
    return replace(
        draft,
        resolution=parameters.resolution,
        draft=False,
        return_last_frame=parameters.return_last_frame,
        service_tier=parameters.service_tier,
        execution_expires_after=parameters.execution_expires_after,
        priority=parameters.priority,
        watermark=parameters.watermark,
        safety_identifier=parameters.safety_identifier,
        draft_task_id=draft_id,
    )
