"""The easel: one clip is painted at a time, in a thread of its own, when somebody first asks for it."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from seedance_pipe.sandbox.painter import Scene, last_picture, paint
from seedance_pipe.sandbox.shelf import Shelf


class Easel:
    """Paints scenes onto a shelf."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sandbox-easel")
        self._painting: dict[str, Future[Path]] = {}

    async def is_painted(self, name: str, scene: Scene, *, patience: float) -> bool:
        """Whether `<name>.<form>` is on the shelf; if not, it is begun and waited for, `patience` seconds at most.

        Raises what painting raised.
        """
        if self._shelf.result(f"{name}.{scene.form}").exists():
            return True
        painting = self._painting.get(name)
        if painting is None:
            painting = self._painting[name] = self._worker.submit(self._paint, name, scene)
        done, _ = await asyncio.wait([asyncio.wrap_future(painting)], timeout=patience)
        if not done:
            return False
        self._painting.pop(name, None)
        done.pop().result()
        return True

    async def last_picture(self, name: str) -> None:
        """See to it that `<name>.png`, the last frame of the clip painted as MP4 or MOV, is on the shelf."""
        picture = self._shelf.result(f"{name}.png")
        if not picture.exists():
            clips = [self._shelf.result(f"{name}.{form}") for form in ("mp4", "mov")]
            clip = next(clip for clip in clips if clip.exists())
            make = self._worker.submit(self._shelf.make, picture, lambda part: last_picture(clip, part))
            await asyncio.wrap_future(make)

    def close(self) -> None:
        self._worker.shutdown(wait=True, cancel_futures=True)

    def _paint(self, name: str, scene: Scene) -> Path:
        return self._shelf.make(self._shelf.result(f"{name}.{scene.form}"), lambda part: paint(scene, part))
