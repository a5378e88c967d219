"""The ffmpeg that is remembered between runs, and when the memory is not believed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from seedance_pipe.errors import Missing
from seedance_pipe.media.ffmpeg import find
from seedance_pipe.studio.tool import ffmpeg


@pytest.fixture
def counted(tmp_path: Path) -> dict[str, str]:
    """An environment whose ffmpeg writes down each time that it is started."""
    real = find(os.environ)
    script = tmp_path / "ffmpeg"
    script.write_text(f'#!/bin/sh\necho started >> "{tmp_path}/starts"\nexec "{real.path}" "$@"\n')
    script.chmod(0o755)
    return {"SEEDANCE_FFMPEG": str(script)}


def starts(tmp_path: Path) -> int:
    return len((tmp_path / "starts").read_text().splitlines())


def test_an_ffmpeg_is_asked_once_and_again_only_when_its_file_changed(
    tmp_path: Path, counted: dict[str, str]
) -> None:
    first = ffmpeg(counted, tmp_path / "cache")
    assert ffmpeg(counted, tmp_path / "cache") == first
    assert starts(tmp_path) == 1
    os.utime(counted["SEEDANCE_FFMPEG"], (1, 1))
    assert ffmpeg(counted, tmp_path / "cache").mtime_ns == 1_000_000_000
    assert starts(tmp_path) == 2


@pytest.mark.parametrize("memory", ["", "[]", '{"path": "x"}', '{"path": "/x", "size": "no"}'])
def test_a_broken_memory_is_forgotten(tmp_path: Path, counted: dict[str, str], memory: str) -> None:
    (tmp_path / "ffmpeg.json").write_text(memory)
    assert ffmpeg(counted, tmp_path).path == Path(counted["SEEDANCE_FFMPEG"])


def test_a_cache_that_cannot_be_written_stops_nothing(tmp_path: Path, counted: dict[str, str]) -> None:
    (tmp_path / "file").write_text("")
    assert ffmpeg(counted, tmp_path / "file" / "below").version


def test_a_remembered_ffmpeg_that_is_gone_is_missing(tmp_path: Path, counted: dict[str, str]) -> None:
    ffmpeg(counted, tmp_path / "cache")
    Path(counted["SEEDANCE_FFMPEG"]).unlink()
    with pytest.raises(Missing):
        ffmpeg(counted, tmp_path / "cache")
