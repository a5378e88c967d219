"""Verifying: that a story, its lock file and its store give its film. No journal is asked, and nothing changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from seedance_pipe.errors import PipeError
from seedance_pipe.plan.freshness import Fresh, New, Stale, Undelivered, Upstream
from seedance_pipe.plan.history import History
from seedance_pipe.plan.make import Planned, make
from seedance_pipe.plan.recall import remembering
from seedance_pipe.plan.unroll import FILM
from seedance_pipe.report.verified import Fault, Verified
from seedance_pipe.report.words import reasons
from seedance_pipe.run import lockfile
from seedance_pipe.run.store import Store
from seedance_pipe.spec.cut import LOCK_FILE
from seedance_pipe.studio.home import Home
from seedance_pipe.studio.look import METHODS
from seedance_pipe.studio.sums import digest_of
from seedance_pipe.units import Digest

_RUN_IT = f"run the story, and commit {LOCK_FILE} with it"
_BRING_IT = "bring it with `seedance-pipe import-store`; a run fetches it, or asks before it buys it again"


def verify(where: Home) -> Verified:
    """Whether every step that leads to the film is pinned as the story asks for it, every pinned file is in the
    store with the content of its name, and the film at its path is the pinned one. Raises StoryInvalid for a lock
    file that is none, and PipeError for a disk that refuses.
    """
    lock = lockfile.read(where.lockfile)
    if where.output not in lock.films:
        return Verified(where.output, 0, 0, (Fault(FILM, f"{LOCK_FILE} tells nothing of it", _RUN_IT),))
    # Whether the files are there is asked below, so that a missing one does not hide what else is wrong.
    history = remembering(History(), lock, where.story, where.output, lambda digest: True)
    plan = make(where.story, history, METHODS, only=[FILM])
    looking = _Looking(where, history, Store(where.store))
    faults = tuple(fault for planned in plan.steps for fault in looking.faults(planned))
    return Verified(where.output, len(plan.steps), len(looking.seen), faults)


@dataclass(frozen=True, slots=True)
class _Looking:
    """`seen` says of each file that was looked at what is wrong with it, None where nothing is."""

    where: Home
    history: History
    store: Store
    seen: dict[Digest, Fault | None] = field(default_factory=dict)

    def faults(self, planned: Planned) -> Iterator[Fault]:
        step = planned.step.key
        match planned.verdict:
            case Fresh(outputs):
                yield from self._files(planned, dict(outputs))
            case Stale((Undelivered(), *_)) if planned.mark is not None:
                outputs = self.history.made[planned.mark].outputs
                yield from self._files(planned, dict(outputs))
                yield from self._film(outputs["film"])
            case Stale(every) if any(isinstance(reason, New) for reason in every):
                yield Fault(step, f"{LOCK_FILE} does not tell of it", _RUN_IT)
            case Stale(every) if not all(isinstance(reason, Upstream) for reason in every):
                told = "; ".join(reasons(planned))
                yield Fault(step, f"the story and {LOCK_FILE} differ: {told}", f"check out both, or {_RUN_IT}")

    def _files(self, planned: Planned, outputs: dict[str, Digest]) -> Iterator[Fault]:
        for name, digest in outputs.items():
            if digest in self.seen:
                continue
            # A vendor's own last frame is a convenience, and its loss is none.
            if name == "last_frame" and not self.store.has(digest):
                continue
            self.seen[digest] = fault = self._file(planned, name, digest)
            if fault is not None:
                yield fault

    def _file(self, planned: Planned, name: str, digest: Digest) -> Fault | None:
        if not self.store.has(digest):
            return Fault(planned.step.key, f"its {name} {digest[:12]} is not in the store", _BRING_IT)
        path = self.store.path(digest)
        if _content(path) == digest:
            return None
        return Fault(planned.step.key, f"its {name} is damaged in the store: {path}", _BRING_IT)

    def _film(self, film: Digest) -> Iterator[Fault]:
        path, name = self.where.story.output, self.where.output
        if not path.exists():
            yield Fault(FILM, f"{name} is not there", "run the story: it is copied there")
        elif _content(path) != film:
            yield Fault(FILM, f"{name} is not the film that {LOCK_FILE} names", "move it away, and run the story")


def _content(path: Path) -> Digest | None:
    """The digest of a file's content, None where it cannot be read as one."""
    try:
        return digest_of(path)
    except (OSError, PipeError):
        return None
