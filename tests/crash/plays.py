"""What is played to the programs that are killed: the stories, told to each vendor, and the vendors themselves."""

from __future__ import annotations

import enum
import hashlib
import os
import random
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from seedance_pipe.effects import Effects
from seedance_pipe.sandbox import easel, painter
from seedance_pipe.sandbox.app import serve
from seedance_pipe.sandbox.faults import Fault, What, Where
from seedance_pipe.sandbox.painter import Scene
from seedance_pipe.sandbox.settings import Settings
from seedance_pipe.vendor.adapter import Doubt
from tests.studio.vendor import Vendor

HEAD = """\
version: 1
model: MODEL
defaults: {duration: SECONDS, resolution: 480p, ratio: "1:1", takes: TAKES}
shots:
"""
SIDE_BY_SIDE = """\
  - {id: one, prompt: "first NAME"}
  - {id: two, prompt: "second NAME", continues: one}
  - {id: three, prompt: "third NAME"}
"""
IN_A_CHAIN = """\
  - {id: one, prompt: "first NAME"}
  - {id: two, prompt: "second NAME", continues: one}
  - {id: three, prompt: "third NAME", continues: two}
"""
SHOTS = {"one": "first", "two": "second", "three": "third"}


@dataclass(frozen=True)
class Play:
    """What of a story is told to one vendor. Shot two begins with a frame that the program hands over: inside the
    request, by an upload to the vendor, or by the upload target, as the vendor will have it.

    `longest` is the time by which a kill comes at the latest, in seconds. `policy` says which doubts may be
    left after a run that nobody killed.
    """

    model: str
    seconds: int = 2
    takes: int = 1
    longest: float = 0.7
    policy: Doubt = Doubt.PERSON

    def story(self, name: str, shots: str = SIDE_BY_SIDE) -> str:
        filled = (HEAD + shots).replace("MODEL", self.model).replace("SECONDS", str(self.seconds))
        return filled.replace("TAKES", str(self.takes)).replace("NAME", name)


PLAYS = {
    "modelark": Play("modelark/seedance-1-0-pro-fast", policy=Doubt.LIST),
    "rivya": Play("rivya/seedance-1-0-lite", seconds=5, policy=Doubt.SAME_KEY),
    "runbase": Play("runbase/seedance-1.5-pro", seconds=4),
    "runware": Play("runware/seedance-1-0-pro-fast", takes=2, policy=Doubt.SAME_ID),
}


def prompts(name: str) -> Mapping[str, str]:
    """The digest of each shot's prompt, as the vendor's ledger has it."""
    return {shot: hashlib.sha256(f"{first} {name}".encode()).hexdigest() for shot, first in SHOTS.items()}


class Answer(enum.Enum):
    """What the vendor answers to the first request for each shot, which it accepts."""

    ARRIVES = "arrives"
    LOST = "lost"
    ERROR = "500"

    def faults(self, name: str) -> Sequence[Fault]:
        if self is Answer.ARRIVES:
            return ()
        lost = Fault(Where.ACCEPTED, What.CLOSE if self is Answer.LOST else What.ANSWER, status=500)
        return [replace(lost, matching=f"{first} {name}") for first in SHOTS.values()]


_ROOM = 4 << 30


@contextmanager
def quick_folder() -> Iterator[Path]:
    """An empty folder in memory, where the system has room for one: a kill takes nothing from a file that was
    written, so to flush it to a disk would cost time and show nothing.
    """
    memory = Path("/dev/shm")
    there = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free >= _ROOM
    where = memory if there else None
    with tempfile.TemporaryDirectory(dir=where, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


AT_ONCE = Settings(queued_seconds=0.005, running_seconds=0.01)


@contextmanager
def vendors(folder: Path, faults: Sequence[Fault] = ()) -> Iterator[Vendor]:
    """All vendors with an empty ledger. What they draw is the same each time, so that they paint the same."""
    drawn = random.Random(1)
    effects = Effects(draw=drawn.randrange)
    with serve(folder, settings=replace(AT_ONCE, faults=tuple(faults)), effects=effects) as server:
        yield Vendor(server.address)


@contextmanager
def painting_once(folder: Path) -> Iterator[None]:
    """While it lasts, a scene is painted once for all the vendors of this process, and copied from then on."""
    painted: dict[str, Path] = {}
    folder.mkdir(parents=True)

    def copy(scene: Scene, target: Path) -> None:
        # Pictures that come with a request lie under the digest of their content.
        pictures = (scene.first, scene.last, *scene.references)
        names = [picture and picture.name for picture in pictures]
        bare = str((replace(scene, first=None, last=None, references=()), names))
        if bare not in painted:
            kept = folder / str(len(painted))
            painter.paint(scene, kept)
            painted[bare] = kept
        shutil.copyfile(painted[bare], target)

    easel.paint = copy  # type: ignore[attr-defined]
    try:
        yield
    finally:
        easel.paint = painter.paint  # type: ignore[attr-defined]
