"""What a filled form asks to be made: the picture's shape, its length in frames, and whether there is sound."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from seedance_pipe.spec.form import ADAPTIVE, Filled, Form
from seedance_pipe.spec.story import Footage
from seedance_pipe.spec.wording import limits, singles
from seedance_pipe.units import Size

_RATIO = re.compile(r"[0-9]+:[0-9]+")


def footage(form: Form, order: Filled) -> Footage:
    """What a request with its defaults filled in asks to be made."""
    resolution, ratio = _shape(form, order)
    frames, longest = _length(form, order)
    audio = form.value("audio", order) in (True, "true")
    return Footage(resolution, ratio, frames, longest, audio)


def _shape(form: Form, order: Filled) -> tuple[str, str | None]:
    if form.pixels is not None and form.pixels.width in order:
        size = Size(order[form.pixels.width], order[form.pixels.height])
        return form.shapes.get(size, ("", f"{size.width}:{size.height}"))
    resolution, ratio = str(form.value("resolution", order) or ""), form.value("ratio", order)
    if isinstance(ratio, str) and _RATIO.fullmatch(ratio):
        return resolution, ratio
    # One size that is not known may be the one that the picture leads to.
    named = (str(one) for one in singles(form.part("ratio")) if _RATIO.fullmatch(str(one)))
    known = all((resolution, one) in form.model.sizes for one in named)
    return resolution, None if known else ADAPTIVE


def _length(form: Form, order: Filled) -> tuple[int | None, int]:
    """The frames of the clip, None when the model chooses, and the most that there may be."""
    frames = form.value("frames", order)
    if frames is not None:
        return int(frames), int(frames)
    part = form.part("duration")
    seconds = form.value("duration", order)
    if seconds is None or seconds == part.get("x-auto"):
        return None, _frames(_most(part), part, form.model.frame_rate)
    made = _frames(seconds, part, form.model.frame_rate)
    return made, made


def _frames(seconds: Any, part: Mapping[str, Any], rate: int) -> int:
    """A clip has one frame more than its seconds say (modelark.md sections 2 and 7, 2026-11-21), or the nearest
    number that the model can make; of two equally near ones the greater, which costs more.
    """
    ladder = part.get("x-frames")
    if ladder is None:
        return round(rate * float(seconds)) + 1
    least, most, step = ladder["least"], ladder["most"], ladder["step"]
    steps = (rate * Fraction(str(seconds)) + 1 - least) / step + Fraction(1, 2)
    nearest = least + step * (steps // 1)
    return int(min(max(nearest, least), most))


def _most(part: Mapping[str, Any]) -> float | str:
    """The greatest number of seconds that a duration's schema lets through, 0 when it names none."""
    numbers = [single for single in singles(part) if single != part.get("x-auto")]
    return limits(part)[1] or max(numbers, key=float, default=0)
