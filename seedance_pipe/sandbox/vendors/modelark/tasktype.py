"""2.5's task types: what is refused at submit, and what fails only later. modelark.md section 4, 2026-11-21.

Documented is that a named type is checked at submit and that a ratio other than `adaptive` fails later. Assumed:
which of the two codes a refusal has, and that only `edit` and `extend` need a video. What the model would infer
from a prompt is not played (a fault can make a task fail with `InvalidParameter.TaskTypeMismatch`).
"""

from __future__ import annotations

from seedance_pipe.sandbox.vendors.modelark.content import Content
from seedance_pipe.sandbox.vendors.modelark.facts import Model
from seedance_pipe.sandbox.vendors.modelark.parameters import Parameters
from seedance_pipe.sandbox.vendors.modelark.wrong import invalid
from seedance_pipe.sandbox.wrong import Wrong

_FIELD = "omni_reference_task_type"
_MISMATCH = "InvalidParameter.TaskTypeMismatch"
_CONSTRAINT = "InvalidParameter.TaskTypeConstraint"
_FOLLOWS = ("", "adaptive")
_EDITED_SECONDS = (4, 30)


def check_task_type(content: Content, parameters: Parameters) -> None:
    """Raises Wrong when a type is named that does not go with the rest of the request."""
    if parameters.task_type == "auto":
        return
    if content.mode != "r2v":
        raise invalid(_FIELD, "it goes with reference media only", code=_MISMATCH)
    if parameters.task_type == "reference":
        return
    if content.video_seconds is None:
        raise invalid(_FIELD, f"to {parameters.task_type} needs a reference video", code=_MISMATCH)
    if parameters.ratio not in _FOLLOWS:
        raise _broken("ratio", f"to {parameters.task_type} needs adaptive")
    if parameters.task_type == "edit":
        _check_edit(content.video_seconds, parameters)


def late_failure(content: Content, parameters: Parameters, model: Model) -> str:
    """The code with which an accepted task will fail; empty for one that will not."""
    frames = model.infers and content.mode in ("i2v", "flf2v")
    return _CONSTRAINT if frames and parameters.ratio not in _FOLLOWS else ""


def _check_edit(seconds: float, parameters: Parameters) -> None:
    if parameters.duration != -1:
        raise _broken("duration", "to edit needs -1")
    if not _EDITED_SECONDS[0] <= round(seconds, 1) <= _EDITED_SECONDS[1]:
        raise _broken("content", "a video to edit lasts from 4 to 30 seconds")


def _broken(param: str, reason: str) -> Wrong:
    return invalid(param, reason, code=_CONSTRAINT)
