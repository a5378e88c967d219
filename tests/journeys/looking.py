"""Looking at films and clips as a person would: frames, sound, and which prompt stands on a slate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from seedance_pipe.sandbox.slate import caption, caption_box
from seedance_pipe.units import Size

Grey = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Watched:
    """A film, decoded to its end. `frames` are grey pictures, `times` their presentation times in seconds."""

    size: Size
    rate: Fraction
    frames: tuple[Grey, ...]
    times: tuple[Fraction, ...]
    sound_seconds: float | None

    @property
    def seconds(self) -> float:
        return len(self.frames) / float(self.rate)


def watch(path: Path) -> Watched:
    with av.open(path) as film:
        stream = film.streams.video[0]
        frames, times = [], []
        for frame in film.decode(stream):
            assert frame.pts is not None
            assert frame.time_base is not None
            frames.append(frame.to_ndarray(format="gray").astype(np.float32))
            times.append(frame.pts * frame.time_base)
        size, rate = Size(stream.width, stream.height), stream.average_rate
    assert rate is not None
    return Watched(size, Fraction(rate), tuple(frames), tuple(times), _sound_seconds(path))


def _sound_seconds(path: Path) -> float | None:
    with av.open(path) as film:
        if not film.streams.audio:
            return None
        stream = film.streams.audio[0]
        samples = sum(frame.samples for frame in film.decode(stream))
        return samples / stream.rate


def prompt_on(frame: Grey, prompts: Sequence[str]) -> str:
    """The one of `prompts` whose slate the frame shows."""
    height, width = frame.shape
    size = Size(width, height)
    box = caption_box(size)
    shown = frame[box.top : box.top + box.height, box.left : box.left + box.width]

    def distance(prompt: str) -> float:
        drawn = np.asarray(caption(prompt, size).convert("L"), dtype=np.float32)
        return float(np.abs(shown - drawn).mean())

    return min(prompts, key=distance)


def prompts_in_order(film: Watched, prompts: Sequence[str]) -> Iterator[str]:
    """Each prompt as often as its slate comes into view; looked at twice a second."""
    before = ""
    for index in range(int(film.rate) - 4, len(film.frames), int(film.rate) // 2):
        found = prompt_on(film.frames[index], prompts)
        if found != before:
            yield found
        before = found


def likeness(one: Path, other: Path) -> float:
    """Peak signal to noise ratio of two pictures in dB; infinite when they are the same."""
    first, second = (np.asarray(Image.open(path).convert("RGB"), dtype=np.float64) for path in (one, other))
    error = float(((first - second) ** 2).mean())
    return float("inf") if error == 0 else 10 * float(np.log10(255**2 / error))
