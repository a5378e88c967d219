"""What is painted first, and what becomes of a painting that fails."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from seedance_pipe.sandbox.easel import Easel
from seedance_pipe.sandbox.painter import Scene
from seedance_pipe.sandbox.shelf import Shelf
from seedance_pipe.units import Size


@pytest.fixture
def easel(tmp_path: Path) -> Iterator[Easel]:
    easel = Easel(Shelf(tmp_path, "http://127.0.0.1", "secret"))
    yield easel
    easel.close()


def scene(prompt: str) -> Scene:
    return Scene(prompt, "", Size(64, 64), 2, seed=1, sound=False)


def test_a_client_that_waits_for_one_clip_does_not_wait_for_all_that_a_list_named(
    easel: Easel, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, begun = threading.Event(), threading.Event()
    painted: list[str] = []

    def paint(scene: Scene, target: Path) -> None:
        begun.set()
        assert go_on.wait(30)
        painted.append(scene.prompt)
        target.write_bytes(b"clip")

    async def ask() -> None:
        assert not await easel.is_painted("a", scene("a"), patience=0)
        await asyncio.to_thread(begun.wait, 30)
        for name in ("b", "c", "d"):
            assert not await easel.is_painted(name, scene(name), patience=0)
        waiting = asyncio.create_task(easel.is_painted("b", scene("b"), patience=30))
        await asyncio.sleep(0)
        go_on.set()
        assert await waiting
        for name in ("c", "d"):
            assert await easel.is_painted(name, scene(name), patience=30)

    monkeypatch.setattr("seedance_pipe.sandbox.easel.paint", paint)
    asyncio.run(ask())
    assert painted[:2] == ["a", "b"]
    assert sorted(painted[2:]) == ["c", "d"]


def test_a_painting_that_fails_is_told_and_may_be_asked_for_again(
    easel: Easel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def paint(scene: Scene, target: Path) -> None:
        raise OSError("no colour left")

    async def ask() -> None:
        with pytest.raises(OSError, match="no colour left"):
            await easel.is_painted("a", scene("a"), patience=30)
        monkeypatch.undo()
        assert await easel.is_painted("a", scene("a"), patience=30)

    monkeypatch.setattr("seedance_pipe.sandbox.easel.paint", paint)
    asyncio.run(ask())
