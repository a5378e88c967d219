"""The easel: one clip is painted at a time, in a thread of its own, when somebody first asks for it.

What was asked for last comes first: a list of tasks asks for all of them, and must not keep a client that waits
for one of them until the others are painted.
"""

from __future__ import annotations

import asyncio
import threading
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
        self._waiting: dict[str, tuple[Scene, Future[Path]]] = {}
        self._turn = threading.Lock()

    async def is_painted(self, name: str, scene: Scene, *, patience: float) -> bool:
        """Whether `<name>.<form>` is on the shelf; if not, it is begun and waited for, `patience` seconds at most.

        Raises what painting raised.
        """
        if self._shelf.result(f"{name}.{scene.form}").exists():
            return True
        painting = self._wanted_next(name, scene)
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

    def _wanted_next(self, name: str, scene: Scene) -> Future[Path]:
        known = self._painting.get(name)
        painting = self._painting[name] = known or Future()
        with self._turn:
            if known is None or self._waiting.pop(name, None) is not None:
                self._waiting[name] = (scene, painting)
        if known is None:
            self._worker.submit(self._paint_next)
        return painting

    def _paint_next(self) -> None:
        with self._turn:
            name, (scene, painting) = self._waiting.popitem()
        target = self._shelf.result(f"{name}.{scene.form}")
        try:
            painting.set_result(self._shelf.make(target, lambda part: paint(scene, part)))
        except Exception as error:
            painting.set_exception(error)
