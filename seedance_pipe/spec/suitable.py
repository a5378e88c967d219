"""Whether a model takes the media of a shot: each by itself, and all of them together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction

from seedance_pipe.spec.asset import Assets
from seedance_pipe.spec.medium import Address, FromShot, Kind, LocalFile, Medium
from seedance_pipe.spec.model import MediaLimits, Model, Range
from seedance_pipe.spec.problems import Problems
from seedance_pipe.spec.sniff import word
from seedance_pipe.spec.story import Shot
from seedance_pipe.spec.supply import NAMES, Supply
from seedance_pipe.spec.wanted import Brought
from seedance_pipe.units import Size

_PARTS = {Kind.IMAGE: "the last frame", Kind.VIDEO: "the clip"}
_UPLOADS = "set SEEDANCE_UPLOAD_PUT and SEEDANCE_UPLOAD_PUBLIC to a place on the web where files can be put"


def check_media(media: Sequence[Brought], model: Model, supply: Supply) -> None:
    """Tell what the model does not take about the media of one shot."""
    for brought in media:
        for why in _complaints(brought, model, supply):
            _tell(brought, why, supply.problems)
    for last, why in _together(media, model):
        _tell(last, why, supply.problems)


def check_clips(shots: Iterable[Shot], problems: Problems) -> None:
    """Tell the shots whose reference videos, with clips that are still to be made, can last too long."""
    known = {shot.id: shot for shot in shots}
    for shot in known.values():
        limits = shot.model.media.get(Kind.VIDEO)
        clips = [medium for medium in shot.media if medium.kind is Kind.VIDEO]
        if limits is None or not any(isinstance(clip.source, FromShot) for clip in clips):
            continue
        seconds = sum((_longest(clip, known) for clip in clips), Fraction(0))
        if limits.total_seconds is not None and seconds > limits.total_seconds:
            told = f"the reference videos of shot '{shot.id}' can last {float(seconds):g} seconds in all"
            problems.error(clips[-1].place, f"{told}; {shot.model.familiar} takes {_number(limits.total_seconds)}")


def _complaints(brought: Brought, model: Model, supply: Supply) -> Iterator[str]:
    limits = model.media.get(brought.kind)
    if limits is None:
        return
    source = brought.source
    if isinstance(source, Address):
        if source.url.startswith("asset:") and not limits.assets:
            yield f"{model.familiar} takes no asset:// addresses"
        return
    if not (limits.inline or limits.upload or supply.uploads):
        only = f"{model.familiar} takes a {NAMES[brought.kind]} by its address only"
        if isinstance(source, LocalFile):
            yield f"{only}, and '{source.name}' has none; give its https:// address, or {_UPLOADS}"
        else:
            yield f"{only}, and {_PARTS[brought.kind]} of shot '{source.shot}' has none; {_UPLOADS}"
    if isinstance(source, LocalFile):
        yield from (
            f"'{source.name}' {why}" for why in _file_complaints(source, limits, model.familiar, supply.assets)
        )


def _file_complaints(file: LocalFile, limits: MediaLimits, model: str, assets: Assets) -> Iterator[str]:
    if limits.types and file.type not in limits.types:
        yield f"is {word(file.type)}; {model} takes {', '.join(word(type_) for type_ in limits.types)}"
        return
    if limits.bytes is not None and file.bytes > limits.bytes:
        yield f"has {_megabytes(file.bytes)}; {model} takes at most {_megabytes(limits.bytes)}"
    if file.size is not None:
        yield from _size_complaints(file.size, limits, model)
    if file.seconds is not None and _outside(file.seconds, limits.seconds):
        yield f"lasts {float(file.seconds):.1f} seconds; {model} takes {_span(limits.seconds)}"
    measured = assets.measured(file)
    if measured is None:
        return
    if measured.frame_rate is not None and _outside(measured.frame_rate, limits.frame_rate):
        yield f"has {_number(measured.frame_rate)} frames a second; {model} takes {_span(limits.frame_rate)}"
    for codec in measured.codecs:
        if limits.codecs and codec not in limits.codecs:
            yield f"is coded as {codec}; {model} takes {', '.join(limits.codecs)}"


def _size_complaints(size: Size, limits: MediaLimits, model: str) -> Iterator[str]:
    if _outside(Fraction(size.width), limits.sides) or _outside(Fraction(size.height), limits.sides):
        yield f"is {size}; {model} takes sides of {_span(limits.sides)} pixels"
    elif _outside(Fraction(size.width, size.height), limits.aspect):
        yield f"is {size}, {size.aspect:.2f} times as wide as high; {model} takes {_span(limits.aspect)}"
    elif _outside(Fraction(size.width * size.height), limits.pixels):
        yield f"is {size}, {size.width * size.height} pixels in all; {model} takes {_span(limits.pixels)}"


def _together(media: Sequence[Brought], model: Model) -> Iterator[tuple[Brought, str]]:
    """What is too much in all, each with the last medium that adds to it."""
    for kind, limits in model.media.items():
        long = [
            (one, one.source.seconds) for one in media if one.kind is kind and isinstance(one.source, LocalFile)
        ]
        seconds = sum((lasts for _, lasts in long if lasts is not None), Fraction(0))
        if len(long) > 1 and limits.total_seconds is not None and seconds > limits.total_seconds:
            told = f"the {NAMES[kind]}s of this shot last {float(seconds):.1f} seconds in all"
            yield long[-1][0], f"{told}; {model.familiar} takes {_number(limits.total_seconds)}"
    # Inside a request three bytes are written as four letters.
    heavy = [
        (one, 4 * -(-one.source.bytes // 3))
        for one in media
        if isinstance(one.source, LocalFile)
        and one.kind in model.media
        and model.media[one.kind].carries(one.source.bytes)
    ]
    length = sum(letters for _, letters in heavy)
    if model.body_bytes and length > model.body_bytes:
        told = f"the files of this shot make a request of {_megabytes(length)}"
        yield heavy[-1][0], f"{told}; {model.familiar} takes at most {_megabytes(model.body_bytes)}"


def _longest(clip: Medium, shots: Mapping[str, Shot]) -> Fraction:
    """The greatest length of a reference video, in whole seconds for a clip that is still to be made."""
    if isinstance(clip.source, FromShot) and clip.source.shot in shots:
        other = shots[clip.source.shot]
        return Fraction(other.footage.longest // other.model.frame_rate)
    return (clip.source.seconds or Fraction(0)) if isinstance(clip.source, LocalFile) else Fraction(0)


def _tell(brought: Brought, why: str, problems: Problems) -> None:
    problems.error(brought.given.place, f"{brought.given.key} in {brought.given.where}: {why}")


def _outside(value: Fraction, allowed: Range | None) -> bool:
    return allowed is not None and not allowed[0] <= value <= allowed[1]


def _span(allowed: Range | None) -> str:
    return f"{_number(allowed[0])} to {_number(allowed[1])}" if allowed else ""


def _number(value: Fraction) -> str:
    return f"{float(value):.10g}"


def _megabytes(length: int) -> str:
    return f"{length / 1_000_000:.1f} MB"
