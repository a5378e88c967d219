"""The sound of a clip on the film's sample grid: exactly as many samples as its pictures last, silence where none.

Copying AAC across clips adds about 30 ms at each seam (media.md section 5), so sound is always decoded, placed
here in 32-bit floats, and coded as AAC once, when the film is joined.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream

from seedance_pipe.errors import MediaFailed
from seedance_pipe.media.container import SOUND_ONLY, opened, picture_stream, sound_stream

RATE = 48_000
"""Samples per second of every film."""

_GAP_SAMPLES = RATE // 50
_EDGE_SAMPLES = RATE // 200
_BLOCK_BYTES = 256 * 1024
_CHANGING = "the clip's sound changes its form on the way"

Samples = np.ndarray[tuple[int, ...], np.dtype[np.float32]]
"""Rows of one float a channel, 1.0 at full level."""


def samples_until(frame: int, rate: Fraction) -> int:
    """How many samples come before that frame of the film: rounded from its start, so errors do not add up."""
    return round(Fraction(frame * RATE) / rate)


def placed(path: Path, *, count: int, channels: int, skip: int = 0) -> Generator[bytes, None, None]:
    """`count` samples of `channels` channels (1 or 2), interleaved 32-bit floats, in blocks of about 256 KiB.

    Sample 0 is heard with the first picture, or `skip` samples after it. What the clip does not cover is
    silent; a mono clip has its full level on both of two channels. Raises MediaFailed.
    """
    heard = _aligned(path, begin=skip, end=skip + count, channels=channels)
    return _gathered(_fitted(heard, count, channels))


def eased(blocks: Iterable[bytes], *, count: int, channels: int) -> Iterator[bytes]:
    """The blocks of `placed` with their first and last 5 ms swelling from silence and falling back to it.

    Without that a cut from one sound to the next is heard as a click, as their waves do not meet.
    """
    at = 0
    for block in blocks:
        rows = np.frombuffer(block, dtype=np.float32).reshape(-1, channels)
        end = at + len(rows)
        if at < _EDGE_SAMPLES or end > count - _EDGE_SAMPLES:
            places = np.arange(at, end)
            nearest = np.minimum(places, count - 1 - places)
            rows = rows * np.clip(nearest / _EDGE_SAMPLES, 0, 1).astype(np.float32)[:, None]
        yield rows.tobytes()
        at = end


def _fitted(blocks: Iterable[Samples], count: int, channels: int) -> Iterator[Samples]:
    missing = count
    for block in blocks:
        yield block[:missing]
        missing -= len(block)
        if missing <= 0:
            return
    while missing > 0:
        yield _silence(min(missing, RATE), channels)
        missing -= RATE


def _gathered(blocks: Iterable[Samples]) -> Generator[bytes, None, None]:
    """Larger blocks, because each one costs a change of threads."""
    pending = bytearray()
    for block in blocks:
        pending += block.tobytes()
        if len(pending) >= _BLOCK_BYTES:
            yield bytes(pending)
            pending.clear()
    if pending:
        yield bytes(pending)


def _aligned(path: Path, *, begin: int, end: int, channels: int) -> Iterator[Samples]:
    """The clip's sound from sample `begin` to about sample `end` (0 is its first picture), without gaps."""
    made = begin
    for at, block in _decoded(path, channels):
        gap = min(at, end) - made
        if gap > 0:
            yield _silence(gap, channels)
            made += gap
        rest = block[max(0, made - at) :]
        yield rest
        made += len(rest)


def _decoded(path: Path, channels: int) -> Iterator[tuple[int, Samples]]:
    """Each block with the place of its first sample; places move on by what was heard, and jump over gaps."""
    with opened(path, decoders=SOUND_ONLY) as container:
        pictures = picture_stream(container)
        heard = sound_stream(container)
        if heard is None:
            return
        start = round((pictures.start_time or 0) * (pictures.time_base or Fraction(1)) * RATE)
        scale = (heard.time_base or Fraction(1, heard.rate)) * RATE
        convert = _converter(heard, channels)
        at = expected = None
        for frame in container.decode(heard):
            place = (frame.pts or 0) * scale.numerator // scale.denominator - start
            if at is None or expected is None:
                at = place
            elif place - expected > _GAP_SAMPLES:
                at += place - expected
            expected = place + frame.samples * RATE // frame.sample_rate
            for block in convert(frame):
                yield at, block
                at += len(block)
        for block in convert(None) if at is not None else ():
            yield at or 0, block


def _converter(heard: AudioStream, channels: int) -> Callable[[AudioFrame | None], Iterator[Samples]]:
    """From decoded frames to samples; None asks for what a resampler still holds.

    A resampler that goes from mono to stereo takes 3 dB away (media.md section 6), so mono is never given to one
    as anything else.
    """
    form = (heard.rate, heard.layout.nb_channels, heard.format.name)
    if heard.rate == RATE and heard.layout.nb_channels <= channels and heard.format.name in ("flt", "fltp"):
        return lambda frame: _as_it_is(frame, form, channels)
    layout = "mono" if channels == 1 or heard.layout.nb_channels == 1 else "stereo"
    resampler = AudioResampler("flt", layout, RATE)
    return lambda frame: _resampled(resampler, frame, channels)


def _as_it_is(frame: AudioFrame | None, form: tuple[int, int, str], channels: int) -> Iterator[Samples]:
    if frame is None:
        return
    if (frame.sample_rate, frame.layout.nb_channels, frame.format.name) != form:
        raise MediaFailed(_CHANGING)
    yield _spread(frame, channels)


def _resampled(resampler: AudioResampler, frame: AudioFrame | None, channels: int) -> Iterator[Samples]:
    try:
        parts = resampler.resample(frame)
    except ValueError as error:
        raise MediaFailed(_CHANGING) from error
    for part in parts:
        yield _spread(part, channels)


def _spread(frame: AudioFrame, channels: int) -> Samples:
    """A row for each moment, with mono on every channel at its full level."""
    planes = np.asarray(frame.to_ndarray(), dtype=np.float32)
    rows = planes.T if frame.format.is_planar else planes.reshape(-1, frame.layout.nb_channels)
    return np.repeat(rows, channels, axis=1) if rows.shape[1] < channels else rows


def _silence(count: int, channels: int) -> Samples:
    return np.zeros((count, channels), dtype=np.float32)
