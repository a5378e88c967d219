"""Small clips for the tests, made by a real ffmpeg, and a bench on which one step is carried out."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from seedance_pipe.document import freeze
from seedance_pipe.media.container import opened, picture_stream
from seedance_pipe.media.ffmpeg import Ffmpeg
from seedance_pipe.plan.graph import Step, StepKey, StepKind
from seedance_pipe.run.craft import Craft, Job
from seedance_pipe.run.event import Event
from seedance_pipe.units import Digest, Fingerprint

X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-bf", "2", "-b_strategy", "0")


@dataclass(frozen=True)
class Camera:
    """Shoots clips with a real ffmpeg into one folder."""

    tool: Ffmpeg
    folder: Path

    def raw(self, *arguments: str | Path) -> None:
        command = [str(self.tool.path), "-nostdin", "-v", "error", "-y", *map(str, arguments)]
        subprocess.run(command, check=True, env=dict(self.tool.environ), capture_output=True)

    def shoot(
        self,
        name: str,
        *options: str,
        size: str = "160x96",
        rate: str = "24",
        frames: int = 24,
        scene: str = "testsrc2",
        sound: str | None = None,
    ) -> Path:
        """`sound` is a lavfi source; it lasts as long as the pictures unless `options` say otherwise."""
        path = self.folder / name
        seconds = frames / float(Fraction(rate))
        pictures = f"{scene}=s={size}:r={rate}" if "=" not in scene else f"{scene}:s={size}:r={rate}"
        if sound is None:
            self.raw("-f", "lavfi", "-i", pictures, "-frames:v", str(frames), *X264, *options, path)
            return path
        # With sound the pictures are counted at their source: -frames:v would make ffmpeg 5.1 end the sound too.
        inputs = ["-f", "lavfi", "-i", f"{pictures},trim=end_frame={frames}"]
        inputs += ["-f", "lavfi", "-t", str(seconds), "-i", sound, "-c:a", "aac"]
        self.raw(*inputs, *X264, *options, path)
        return path


@dataclass
class Bench:
    """Carries out one step with files in place of a store: `kept` are its outputs by digest."""

    folder: Path
    craft: Craft
    events: list[Event] = field(default_factory=list)
    kept: dict[Digest, Path] = field(default_factory=dict)

    def job(self, kind: StepKind, inputs: Mapping[str, Path]) -> Job:
        scratch = self.folder / f"scratch{len(self.kept)}-{len(self.events)}-{kind.value}"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        digests = {slot: self.add(path) for slot, path in inputs.items()}

        async def keep(path: Path) -> Digest:
            assert path.parent == scratch
            return self.add(path)

        return Job(
            step=Step(StepKey(kind.value), kind, freeze({})),
            fingerprint=Fingerprint("f"),
            given=freeze({}),
            inputs=dict(inputs),
            digests=digests,
            scratch=scratch,
            keep=keep,
        )

    def add(self, path: Path) -> Digest:
        digest = Digest(hashlib.sha256(path.read_bytes()).hexdigest())
        self.kept[digest] = path
        return digest

    async def make(self, kind: StepKind, **inputs: Path) -> Path:
        named = {slot.replace("_", "/") if slot != "last_frame" else slot: path for slot, path in inputs.items()}
        outputs = await self.craft.perform(self.job(kind, named), self.events.append)
        assert set(outputs) == {kind.value}
        return self.kept[outputs[kind.value]]

    async def film(self, *clips: Path, seams: Mapping[int, Path] | None = None) -> Path:
        """The whole cutting room: format, each clip, and the film."""
        seams = seams or {}
        numbered = {f"clip_{index}": clip for index, clip in enumerate(clips)}
        common = await self.make(StepKind.FORMAT, **numbered)
        ready: dict[str, Path] = {}
        for index, clip in enumerate(clips):
            before = {"before": seams[index]} if index in seams else {}
            ready[f"clip_{index}"] = await self.make(StepKind.CLIP, clip=clip, format=common, **before)
        held = {f"seam_{index}": frame for index, frame in seams.items()}
        return await self.make(StepKind.FILM, format=common, **ready, **held)

    @property
    def notes(self) -> list[str]:
        return [event.message for event in self.events if hasattr(event, "message")]


def pictures(path: Path) -> list[np.ndarray]:
    """Every picture that a player shows, as grey levels, in the order of showing."""
    with opened(path) as container:
        frames = sorted(container.decode(picture_stream(container)), key=lambda frame: frame.pts or 0)
        return [frame.to_ndarray(format="gray").astype(np.int16) for frame in frames]


def samples(path: Path) -> np.ndarray:
    """The sound as one row a channel, at its own rate."""
    with opened(path) as container:
        blocks = [frame.to_ndarray() for frame in container.decode(container.streams.audio[0])]
        layout = container.streams.audio[0].layout.nb_channels
    flat = [block if block.shape[0] == layout else block.reshape(-1, layout).T for block in blocks]
    return np.concatenate(flat, axis=1)


def loudness(row: np.ndarray) -> float:
    """Root of the mean square."""
    return float(np.sqrt(np.mean(np.square(row, dtype=np.float64))))


def facts(path: Path) -> tuple[str, str, float, int]:
    """Size, rate, seconds and number of sound tracks, as a player's header gives them."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        seconds = float((stream.duration or 0) * (stream.time_base or 0))
        return f"{stream.width}x{stream.height}", str(stream.average_rate), seconds, len(container.streams.audio)
