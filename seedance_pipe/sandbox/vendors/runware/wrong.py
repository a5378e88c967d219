"""Runware's way of saying no: an item of `errors` for each task that failed.

runware.md sections 2 and 4, 2026-11-21. The vendor publishes no list of codes. Those used here are real ones of
the reference's list, or made of its patterns `invalid…` and `missing…` and the parameter's name, which is assumed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from seedance_pipe.sandbox.wrong import Wrong

_DOCUMENTATION = "https://runware.ai/docs"


def error_item(wrong: Wrong, task: Mapping[str, Any], *, page: str = "") -> dict[str, Any]:
    """With what identifies the task as far as it was told; `page` lies below the vendor's docs."""
    item: dict[str, Any] = {"code": wrong.code, "message": wrong.message}
    if wrong.at:
        item["parameter"] = wrong.at if isinstance(wrong.at, str) else list(wrong.at)
    item |= {key: task[key] for key in ("taskType", "taskUUID") if isinstance(task.get(key), str)}
    if page:
        item["documentation"] = f"{_DOCUMENTATION}/{page}{_anchor(wrong.at)}"
    if wrong.allowed:
        item["allowedValues"] = list(wrong.allowed)
    return item


def invalid(parameter: str, reason: str, *, allowed: Sequence[Any] = ()) -> Wrong:
    """A value that is not taken."""
    message = f"Invalid value for '{parameter}': {reason}."
    return Wrong(400, f"invalid{_named(parameter)}", message, parameter, allowed=allowed)


def missing(parameter: str) -> Wrong:
    return Wrong(400, f"missing{_named(parameter)}", f"The parameter '{parameter}' is required.", parameter)


def unsupported(parameter: str, allowed: Sequence[str]) -> Wrong:
    """A key that is not known there. That it is refused, with the known ones listed, third parties report."""
    message = f"The parameter '{parameter}' is not supported here."
    return Wrong(400, "unsupportedParameter", message, parameter, allowed=allowed)


def _named(parameter: str) -> str:
    """`inputs.frameImages.0` as codes name it: `FrameImages`."""
    last = [word for word in parameter.split(".") if not word.isdecimal()][-1]
    return last[:1].upper() + last[1:]


def _anchor(parameter: str | Sequence[str]) -> str:
    first = parameter if isinstance(parameter, str) else parameter[0]
    return f"#request-{first.replace('.', '-').lower()}" if first else ""
