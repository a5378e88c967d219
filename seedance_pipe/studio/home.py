"""A story's home: the story as read, and where its state and its film lie."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from seedance_pipe.spec.cut import LOCK_FILE
from seedance_pipe.spec.edition import AS_WRITTEN, Edition
from seedance_pipe.spec.medium import Measured
from seedance_pipe.spec.reader import Reading, read_story
from seedance_pipe.spec.secret import keys_of
from seedance_pipe.spec.story import Story
from seedance_pipe.studio.models import catalogue


@dataclass(frozen=True, slots=True)
class Home:
    """`state` is absolute. A rehearsal has a state and an output of its own, so that a rehearsed clip never
    stands for a paid one.
    """

    story: Story
    state: Path
    rehearsal: bool

    @property
    def name(self) -> str:
        """The story file's name: what the journal knows the story by."""
        return self.story.path.name

    @property
    def journal(self) -> Path:
        return self.state / "journal.db"

    @property
    def store(self) -> Path:
        return self.state / "store"

    @property
    def lock(self) -> Path:
        return self.state / "locks" / f"{self.name}.lock"

    @property
    def lockfile(self) -> Path:
        """`seedance.lock` of the story's folder; a rehearsal has one of its own."""
        return (self.state if self.rehearsal else self.story.root) / LOCK_FILE

    @property
    def lockfile_guard(self) -> Path:
        """What a run holds while it writes the lock file."""
        return self.state / "locks" / f"{LOCK_FILE}.lock"

    @property
    def output(self) -> str:
        """The film's path relative to the story's folder, as the journal remembers it."""
        return self.story.output.relative_to(self.story.root).as_posix()


def read(
    path: Path,
    *,
    shown: str | None = None,
    rehearsal: bool = False,
    edition: Edition = AS_WRITTEN,
    environ: Mapping[str, str] = os.environ,
) -> Reading:
    """The story at `path` with every problem in it; no story when one of them is an error. `shown` is how messages
    name it.
    """
    from seedance_pipe.vendor.uploads import uploads

    target = rehearsal or uploads(environ) is not None
    keys = keys_of(environ)
    return read_story(
        path,
        catalogue(),
        shown=shown,
        edition=edition,
        uploads=target,
        loopback=rehearsal,
        measure=_measure,
        keys=keys,
    )


def _measure(path: Path) -> Measured:
    from seedance_pipe.media.probe import measure

    return measure(path)


def home(story: Story, *, state: Path | None = None, rehearsal: bool = False) -> Home:
    """The state of `story` lies in `.seedance` beside it, or in the folder `state`."""
    folder = (state or story.root / ".seedance").absolute()
    if not rehearsal:
        return Home(story, folder, rehearsal)
    film = story.output.relative_to(story.root)
    inside = film.relative_to("out") if film.parts[0] == "out" and len(film.parts) > 1 else film
    return Home(replace(story, output=story.root / "out" / "sandbox" / inside), folder / "sandbox", rehearsal)
