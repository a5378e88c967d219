"""The film: clips of one format joined, with one sound track coded once, and checked before anybody sees it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate, pairwise
from pathlib import Path

from seedance_pipe.media import ffmpeg, filtergraph, sound
from seedance_pipe.media.clip import probe
from seedance_pipe.media.ffmpeg import Ffmpeg, Progress
from seedance_pipe.media.filtergraph import Window
from seedance_pipe.media.format import Format
from seedance_pipe.media.seam import Seam, meet
from seedance_pipe.media.splice import Spliced, splice
from seedance_pipe.media.verify import Expected, verify
from seedance_pipe.media.worker import fed, in_thread, tell_loop

_START_SECONDS = 60
_SECONDS_PER_CODED = 60
_SECONDS_PER_COPIED = 2


Report = Callable[[float], None]
"""Is told the part done, from 0 to 1, in the event loop's own thread."""


async def normalise(
    clip: Path,
    result: Path,
    *,
    target: Format,
    before: Path | None,
    tool: Ffmpeg,
    report: Report,
) -> Seam | None:
    """Codes a clip again to `target` as a QuickTime file with uncompressed sound, so that only the film's one AAC
    pass loses any. With `before`, the last frame of the clip before, a first frame equal to it is left out; what
    was found of that is returned. Raises MediaFailed.
    """
    found = await in_thread(probe, clip)
    seam = None if before is None else await in_thread(meet, before, clip)
    whole = found.timing.frames
    if not (found.timing.steady and found.timing.rate == target.rate):
        whole = max(1, round(found.timing.seconds * target.rate))
    skip = 1 if seam is not None and seam.same and whole > 1 else 0
    window = Window(frames=whole - skip, skip=skip)
    feed = None
    if target.channels:
        begin, end = (sound.samples_until(number, target.rate) for number in (skip, whole))
        feed = fed(sound.placed(clip, count=end - begin, channels=target.channels, skip=begin))

    def tell(progress: Progress) -> None:
        report(min(1.0, (progress.frames or 0) / window.frames))

    arguments = filtergraph.normalising(clip, result, clip=found, target=target, window=window)
    deadline = _START_SECONDS + _SECONDS_PER_CODED * float(found.timing.seconds)
    await ffmpeg.run(tool, arguments, deadline=deadline, report=tell, feed=feed)
    await in_thread(verify, result, Expected("the clip", window.frames, target))
    return seam and replace(seam, dropped=bool(skip))


async def join(
    clips: Sequence[Path],
    result: Path,
    *,
    target: Format,
    seams: Mapping[int, Path],
    tool: Callable[[], Ffmpeg],
    report: Report,
) -> dict[int, Seam]:
    """Writes the film of `clips` to `result`. `seams` gives, for a clip that goes on from the one before it, the
    frame that was handed over; the doubled picture goes if a copy allows it, else it is held for two frames.
    What was done is returned by clip. `tool` is called only if the film has sound. Raises MediaFailed.
    """
    found = {index: await in_thread(meet, frame, clips[index]) for index, frame in seams.items()}
    droppable = frozenset(index - 1 for index, seam in found.items() if seam.same)
    silent = result if not target.channels else result.with_name("pictures.mp4")

    def work() -> Spliced:
        return splice(
            clips,
            silent,
            target=target,
            droppable=droppable,
            movflags="" if target.channels else "+faststart",
            report=lambda part: tell_loop(report, part / 2),
        )

    spliced = await in_thread(work)
    if target.channels:
        await _add_sound(clips, spliced, silent, result, target=target, tool=await in_thread(tool), report=report)
        silent.unlink()
    await in_thread(verify, result, Expected("the film", sum(spliced.frames), target))
    return {index: replace(seam, dropped=index - 1 in spliced.shortened) for index, seam in found.items()}


async def _add_sound(
    clips: Sequence[Path],
    spliced: Spliced,
    silent: Path,
    result: Path,
    *,
    target: Format,
    tool: Ffmpeg,
    report: Report,
) -> None:
    seconds = float(sum(spliced.frames) / target.rate)
    marks = [sound.samples_until(number, target.rate) for number in accumulate(spliced.frames, initial=0)]

    def blocks() -> Generator[bytes, None, None]:
        for clip, (begin, end) in zip(clips, pairwise(marks), strict=True):
            heard = sound.placed(clip, count=end - begin, channels=target.channels)
            yield from sound.eased(heard, count=end - begin, channels=target.channels)

    def tell(progress: Progress) -> None:
        report(min(1.0, 0.5 + (progress.seconds or 0.0) / seconds / 2))

    arguments = filtergraph.adding_sound(silent, result, target=target)
    deadline = _START_SECONDS + _SECONDS_PER_COPIED * seconds
    await ffmpeg.run(tool, arguments, deadline=deadline, report=tell, feed=fed(blocks()))
