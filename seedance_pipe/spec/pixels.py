"""For vendors that are asked for pixels: the width and height of a shot's resolution and ratio.

They are sent in place of the resolution. A shot with a picture and no ratio sends its resolution alone, and the
vendor follows the picture.
"""

from __future__ import annotations

from seedance_pipe.spec.draft import PICTURES, Draft
from seedance_pipe.spec.form import ADAPTIVE, Pixels
from seedance_pipe.spec.medium import Kind
from seedance_pipe.spec.schema import Fault
from seedance_pipe.spec.wanted import Given
from seedance_pipe.spec.wording import Subject, offer, sentence
from seedance_pipe.units import Size


def write_pixels(draft: Draft, pixels: Pixels) -> None:
    """Once the resolution has been judged: put the pixels in its place, or tell why there are none."""
    if _unclear(draft) or _given(draft, pixels):
        return
    ratio = draft.wanted.keys.get("ratio")
    if ratio is None or ratio.value == ADAPTIVE:
        if _follows(draft):
            return
        if ratio is not None:
            told = "follows a picture, and there is none; write a ratio such as"
            draft.refuse(pixels.width, ratio, f"'{ADAPTIVE}' {told} \"{pixels.ratio}\", or give a first_frame")
            return
    resolution = draft.body.get(draft.form.fields["resolution"], draft.form.part("resolution").get("default"))
    if resolution is None:
        draft.wrong.add(draft.form.fields["resolution"])
        draft.tell_shot(f"{draft.model} needs a resolution; it makes {offer(draft.form.part('resolution'))}")
        return
    name = pixels.ratio if ratio is None else str(ratio.value)
    size = draft.form.model.sizes.get((resolution, name))
    if size is not None:
        _write(draft, pixels, size, ratio)
    elif ratio is not None:
        _tell_no_size(draft, pixels, resolution, ratio)


def _unclear(draft: Draft) -> bool:
    """Whether a key that decides the size is wrong, which has been told."""
    unsure = {"ratio", "resolution", "params"} & draft.wanted.unsure
    return bool(unsure) or draft.form.fields["resolution"] in draft.wrong


def _given(draft: Draft, pixels: Pixels) -> bool:
    """Whether the shot gives the pixels itself, rightly or wrongly."""
    own = {pixels.width, pixels.height}
    return not own.isdisjoint(draft.body) or not own.isdisjoint(draft.wrong)


def _follows(draft: Draft) -> bool:
    brings = any(brought.kind is Kind.IMAGE for brought in draft.wanted.media)
    return brings or not PICTURES.isdisjoint(draft.wanted.unsure)


def _write(draft: Draft, pixels: Pixels, size: Size, ratio: Given | None) -> None:
    field = draft.form.fields["resolution"]
    source = ratio or draft.given.get(field)
    for path, length in ((pixels.width, size.width), (pixels.height, size.height)):
        draft.body[path] = draft.trial[path] = length
        if source is not None:
            draft.given[path] = Given(length, ".".join(path), source.where, source.at, source.name)
    draft.body.pop(field, None)
    draft.trial.pop(field, None)


def _tell_no_size(draft: Draft, pixels: Pixels, resolution: str, ratio: Given) -> None:
    draft.wrong.add(pixels.width)
    schema = {"enum": [*draft.form.ratios(resolution), ADAPTIVE]}
    told = sentence(Fault((), "enum", schema), ratio.value, Subject("ratio", ratio.where, draft.model))
    others = draft.peers.that_accept(draft.form.model, "ratio", ratio.value)
    draft.problems.error(ratio.place, told + others)
