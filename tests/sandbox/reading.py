"""Reading sandbox clips as a person would: which prompt stands on a frame, how alike two pictures are."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from seedance_pipe.sandbox.slate import caption, caption_box
from seedance_pipe.units import Size

Pixels = npt.NDArray[np.uint8]


def frames(clip: Path | bytes) -> list[Pixels]:
    """All frames, RGB."""
    source = io.BytesIO(clip) if isinstance(clip, bytes) else str(clip)
    with av.open(source, format="mov") as container:
        return [
            frame.reformat(format="rgb24", src_colorspace="ITU709").to_ndarray()
            for frame in container.decode(video=0)
        ]


def alike(one: Pixels, other: Pixels) -> float:
    """Peak signal-to-noise ratio in dB; above 35 two pictures look the same."""
    error = np.mean((one.astype(np.float64) - other.astype(np.float64)) ** 2)
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


def legible(frame: Pixels, prompts: Sequence[str]) -> int | None:
    """Which of the prompts stands on the frame, or None."""
    size = Size(frame.shape[1], frame.shape[0])
    box = caption_box(size)
    seen = frame[box.top : box.top + box.height, box.left : box.left + box.width]
    likeness = [alike(seen, np.asarray(caption(prompt, size))) for prompt in prompts]
    best = int(np.argmax(likeness))
    return best if likeness[best] > 28 else None


def fitted(picture: bytes, size: Size) -> Pixels:
    """The picture as a first frame shows it: filling the size, the rest cut off evenly."""
    opened = Image.open(io.BytesIO(picture)).convert("RGB")
    return np.asarray(ImageOps.fit(opened, (size.width, size.height), Image.Resampling.LANCZOS))
