"""The sound of a sandbox clip: a quiet chord of the scene's own, with a slow swell, as long as the picture."""

from __future__ import annotations

import hashlib
from fractions import Fraction

import av
import numpy as np
import numpy.typing as npt
from av.container import OutputContainer

SAMPLE_RATE = 48_000
_LOUDNESS = 0.05
_STEPS = (0, 3, 5, 7, 10, 12)
"""Semitones of a pentatonic scale, so that neighbouring shots sound well together."""


def tone(seed: int, prompt: str, samples: int) -> npt.NDArray[np.float32]:
    """Mono samples between -0.05 and 0.05; other seeds and prompts sound another note."""
    note = int.from_bytes(hashlib.sha256(f"{seed} {prompt}".encode()).digest()[:2])
    semitones = _STEPS[note % len(_STEPS)] + 12 * (note // 256 % 2)
    pitch = 110 * 2 ** (semitones / 12)
    time = np.arange(samples, dtype=np.float32) / SAMPLE_RATE
    chord = np.sin(2 * np.pi * pitch * time) + np.sin(2 * np.pi * pitch * 1.5 * time) / 2
    swell = 0.7 + 0.3 * np.sin(2 * np.pi * 0.4 * time)
    return np.asarray(_LOUDNESS / 1.5 * chord * swell, dtype=np.float32)


def encode_tone(container: OutputContainer, seed: int, prompt: str, *, seconds: Fraction, codec: str) -> None:
    """Add it to the container as a mono track of that codec: `aac`, `libopus`."""
    stream = container.add_stream(codec, rate=SAMPLE_RATE, options={"flags": "+bitexact"})
    assert isinstance(stream, av.AudioStream)
    stream.layout, stream.bit_rate = "mono", 64_000
    samples = tone(seed, prompt, int(seconds * SAMPLE_RATE))
    frame = av.AudioFrame.from_ndarray(samples[None, :], format="fltp", layout="mono")
    frame.sample_rate, frame.pts = SAMPLE_RATE, 0
    frame.time_base = Fraction(1, SAMPLE_RATE)
    for packet in (*stream.encode(frame), *stream.encode(None)):
        container.mux(packet)
