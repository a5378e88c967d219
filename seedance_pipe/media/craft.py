"""The craft of the cutting room: it does the steps that no vendor does, from a take's last frame to the film."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from seedance_pipe.errors import MediaFailed
from seedance_pipe.media import frame
from seedance_pipe.media.assemble import join, normalise
from seedance_pipe.media.clip import probe
from seedance_pipe.media.ffmpeg import Ffmpeg
from seedance_pipe.media.format import Format, Way, common_format, read_format, why_not_copied, write_format
from seedance_pipe.media.probe import check_picture
from seedance_pipe.media.worker import in_thread, tell_loop
from seedance_pipe.plan.graph import StepKind
from seedance_pipe.run.craft import Craft, Job
from seedance_pipe.run.event import Emit, Moved, Noted
from seedance_pipe.units import Digest

SHAPE_TOLERANCE = 0.02
"""Part by which a vendor's picture may differ in shape from the clip whose last frame it is said to be."""


def craft(ffmpeg: Callable[[], Ffmpeg]) -> Craft:
    """The craft for frames, formats, clips and films.

    `ffmpeg` is called in a thread when a step first needs it, and its answer is kept; it may raise Missing.
    """
    return _CuttingRoom(functools.cache(ffmpeg))


@dataclass(frozen=True, slots=True)
class _CuttingRoom:
    ffmpeg: Callable[[], Ffmpeg]

    async def perform(self, job: Job, emit: Emit) -> Mapping[str, Digest]:
        try:
            return await self._perform(job, emit)
        except OSError as error:
            reason = f"{error.filename}: {error.strerror}" if error.filename else str(error)
            raise MediaFailed(reason, next_step="check the disk and its free space, and run again") from error

    async def _perform(self, job: Job, emit: Emit) -> Mapping[str, Digest]:
        match job.step.kind:
            case StepKind.FRAME:
                return await _frame(job, emit)
            case StepKind.FORMAT:
                return await self._format(job, emit)
            case StepKind.CLIP:
                return await self._clip(job, emit)
            case StepKind.FILM:
                return await self._film(job, emit)
            case StepKind.TAKE:
                raise ValueError("takes are made by vendors")
            case _ as never:
                assert_never(never)

    async def _format(self, job: Job, emit: Emit) -> Mapping[str, Digest]:
        clips = _in_order(_numbered(job, "clip"))
        report = _mover(job, emit, "reading")
        result = job.scratch / "format.json"

        def work() -> tuple[Format, str]:
            probes = []
            for index, clip in enumerate(clips):
                tell_loop(report, index / len(clips))
                probes.append(probe(clip))
            return common_format(probes), why_not_copied(probes)

        found, why = await in_thread(work)
        coder = (await in_thread(self.ffmpeg)).version if found.way is Way.NORMALISE else ""
        write_format(found, result, coder=coder)
        if why:
            emit(Noted(job.step.key, f"all clips are coded again as {_spoken(found)}, because {why}"))
        return {"format": await job.keep(result)}

    async def _clip(self, job: Job, emit: Emit) -> Mapping[str, Digest]:
        target = await in_thread(read_format, job.inputs["format"])
        if target.way is Way.COPY:
            return {"clip": job.digests["clip"]}
        result = job.scratch / "clip.mov"
        seam = await normalise(
            job.inputs["clip"],
            result,
            target=target,
            before=job.inputs.get("before"),
            tool=await in_thread(self.ffmpeg),
            report=_mover(job, emit, "coding"),
        )
        if seam is not None:
            emit(Noted(job.step.key, str(seam)))
        return {"clip": await job.keep(result)}

    async def _film(self, job: Job, emit: Emit) -> Mapping[str, Digest]:
        target = await in_thread(read_format, job.inputs["format"])
        result = job.scratch / "film.mp4"
        # Clips that were coded again have lost their doubled pictures already.
        seams = _numbered(job, "seam") if target.way is Way.COPY else {}
        done = await join(
            _in_order(_numbered(job, "clip")),
            result,
            target=target,
            seams=seams,
            tool=self.ffmpeg,
            report=_mover(job, emit, "joining"),
        )
        for index, seam in sorted(done.items()):
            emit(Noted(job.step.key, f"clip {index + 1}: {seam}"))
        return {"film": await job.keep(result)}


async def _frame(job: Job, emit: Emit) -> Mapping[str, Digest]:
    """The vendor's own last frame as it is, if it is a picture of the clip's shape; else the one we take."""
    clip = job.inputs["clip"]
    given = job.inputs.get("last_frame")
    if given is not None:
        try:
            await in_thread(_check_vendors_frame, given, clip)
            return {"frame": job.digests["last_frame"]}
        except MediaFailed as error:
            emit(Noted(job.step.key, f"the vendor's last frame is not used: {error.message}"))
    result = job.scratch / "frame.png"
    await in_thread(_take_last_frame, clip, result)
    return {"frame": await job.keep(result)}


def _check_vendors_frame(picture: Path, clip: Path) -> None:
    size = check_picture(picture).size
    shown = probe(clip).shown_size
    if abs(size.aspect / shown.aspect - 1) > SHAPE_TOLERANCE:
        raise MediaFailed(f"it is {size} and the clip {shown}")


def _take_last_frame(clip: Path, result: Path) -> None:
    frame.save_png(frame.last_frame(clip), result)


def _spoken(target: Format) -> str:
    return f"{target.size} at {float(target.rate):g} frames per second"


def _mover(job: Job, emit: Emit, status: str) -> Callable[[float], None]:
    return lambda part: emit(Moved(job.step.key, status, fraction=part))


def _numbered(job: Job, name: str) -> dict[int, Path]:
    """The inputs `name/0`, `name/1`, … by number."""
    return {
        int(number): path
        for slot, path in job.inputs.items()
        for head, _, number in (slot.partition("/"),)
        if head == name and number
    }


def _in_order(numbered: Mapping[int, Path]) -> list[Path]:
    return [numbered[index] for index in sorted(numbered)]
