"""Makes the small files beside it, which the wrong stories bring: `python tests/wrong/assets/make.py`."""

from __future__ import annotations

import struct
import wave
import zlib
from pathlib import Path

import av
import numpy as np
from PIL import Image

HERE = Path(__file__).resolve().parent


def picture(name: str, width: int, height: int, *, kind: str = "PNG") -> None:
    Image.new("L", (width, height), 120).save(HERE / name, format=kind)


def clip(name: str, seconds: int, side: int, *, rate: int = 24, codec: str = "libx264") -> None:
    with av.open(str(HERE / name), "w", format="mp4") as container:
        stream = container.add_stream(codec, rate=rate)
        stream.width = stream.height = side
        stream.pix_fmt = "yuv420p"
        grey = np.full((side, side, 3), 120, dtype=np.uint8)
        for _ in range(seconds * rate):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format="rgb24")))
        container.mux(stream.encode())


def sound(name: str, seconds: int) -> None:
    with wave.open(str(HERE / name), "wb") as file:
        file.setparams((1, 2, 1000, 0, "NONE", "not compressed"))
        file.writeframes(bytes(2 * 1000 * seconds))


def claimed(name: str, width: int, height: int) -> None:
    """A PNG that is a header alone."""
    header = struct.pack(">4sIIBBBBB", b"IHDR", width, height, 8, 0, 0, 0, 0)
    length, check = struct.pack(">I", len(header) - 4), struct.pack(">I", zlib.crc32(header))
    (HERE / name).write_bytes(b"\x89PNG\r\n\x1a\n" + length + header + check)


def main() -> None:
    picture("stairs.png", 640, 360)
    picture("small.png", 200, 200)
    picture("wide.png", 1600, 400)
    picture("giant.png", 6400, 3200)
    picture("really_a_jpeg.png", 640, 360, kind="JPEG")
    picture("old.ppm", 64, 64, kind="PPM")
    clip("wave.mp4", 2, 720)
    clip("blink.mp4", 1, 720)
    clip("stamp.mp4", 2, 320)
    clip("slow.mp4", 3, 720, rate=12)
    clip("odd.mp4", 2, 640, codec="mpeg4")
    clip("long.mp4", 9, 720)
    sound("waves.wav", 2)
    sound("storm.wav", 16)
    sound("gulls.wav", 9)
    claimed("bomb.png", 60000, 60000)
    (HERE / "notes.png").write_text("not a picture at all\n", encoding="utf-8")
    (HERE / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 40)


if __name__ == "__main__":
    main()
