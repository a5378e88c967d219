"""Joining clips that can be copied, against ffmpeg's own concat demuxer, in turn (figures.md T7: at most 1.2x).

    python -m tests.benchmarks.join [CLIPS [ROUNDS]]

Prints processor seconds (children included) and the median of the ratios of each round, with and without sound.
The demuxer's film is quicker wrong than right: where clips differ it still exits 0 (media.md section 5).
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import anyio

from seedance_pipe.media.assemble import join
from seedance_pipe.media.clip import probe
from seedance_pipe.media.ffmpeg import Ffmpeg, find
from seedance_pipe.media.format import Way, common_format

SCENE = "testsrc2=s=1280x720:r=24"
TONE = "sine=440:r=48000"
CONCAT_SOUND = ("-af", "aresample=async=1:min_hard_comp=0.1:first_pts=0", "-c:a", "aac", "-b:a", "128k")


def processor_seconds(work: Callable[[], None]) -> float:
    before = os.times()
    work()
    return sum(after - earlier for after, earlier in zip(os.times()[:4], before[:4], strict=True))


def shoot(tool: Ffmpeg, path: Path, *, sound: bool) -> None:
    heard = ("-f", "lavfi", "-i", TONE) if sound else ()
    coding = ("-c:v", "libx264", "-preset", "fast", "-pix_fmt", "yuv420p", "-c:a", "aac", "-t", "5")
    call(tool, "-f", "lavfi", "-i", SCENE, *heard, *coding, str(path))


def call(tool: Ffmpeg, *arguments: str) -> None:
    subprocess.run([str(tool.path), "-nostdin", "-v", "error", "-y", *arguments], check=True)


def ours(tool: Ffmpeg, clips: list[Path], result: Path) -> None:
    target = common_format([probe(clips[0])])
    assert target.way is Way.COPY

    async def work() -> None:
        await join(clips, result, target=target, seams={}, tool=lambda: tool, report=lambda part: None)

    anyio.run(work)


def theirs(tool: Ffmpeg, clips: list[Path], result: Path, *, sound: bool) -> None:
    listed = result.with_suffix(".ffconcat")
    listed.write_text("ffconcat version 1.0\n" + "".join(f"file '{clip.name}'\n" for clip in clips))
    heard = CONCAT_SOUND if sound else ()
    call(tool, "-f", "concat", "-i", str(listed), "-c:v", "copy", *heard, "-movflags", "+faststart", str(result))


def compare(tool: Ffmpeg, folder: Path, *, clips: int, rounds: int, sound: bool) -> None:
    first = folder / "000000.mp4"
    shoot(tool, first, sound=sound)
    names = [first]
    for number in range(1, clips):
        names.append(folder / f"{number:06}.mp4")
        names[-1].unlink(missing_ok=True)
        names[-1].hardlink_to(first)
    ratios = []
    for number in range(rounds):
        mine = processor_seconds(lambda: ours(tool, names, folder / "ours.mp4"))
        other = processor_seconds(lambda: theirs(tool, names, folder / "theirs.mp4", sound=sound))
        ratios.append(mine / other)
        print(f"  round {number + 1}: ours {mine:.2f} s, demuxer {other:.2f} s, ratio {ratios[-1]:.2f}")
    kind = "with sound" if sound else "without sound"
    print(f"{clips} clips of 5 s, 720p, {kind}: median ratio {statistics.median(ratios):.2f}")


def main(clips: int = 100, rounds: int = 5) -> None:
    tool = find(os.environ)
    print(f"ffmpeg {tool.version}")
    with tempfile.TemporaryDirectory() as folder:
        for sound in (True, False):
            compare(tool, Path(folder), clips=clips, rounds=rounds, sound=sound)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
