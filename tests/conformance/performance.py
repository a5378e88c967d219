"""Stories carried out as `seedance-pipe run` does it, on a hastened clock, against any address of the vendors."""

from __future__ import annotations

import io
import random
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from PIL import Image

from seedance_pipe.effects import Effects
from seedance_pipe.errors import PipeError
from seedance_pipe.plan.history import History, Submission
from seedance_pipe.plan.make import Plan
from seedance_pipe.report.standing import Standing
from seedance_pipe.run.event import Emit, Event, Failed, Noted
from seedance_pipe.run.journal import Journal
from seedance_pipe.run.store import Store
from seedance_pipe.sandbox.faults import Fault, What, Where
from seedance_pipe.studio import look
from seedance_pipe.studio.home import Home, home, read
from seedance_pipe.studio.rehearsal import hastened
from seedance_pipe.studio.run import run
from seedance_pipe.studio.work import Wishes
from tests.studio.vendor import Vendor as Server

FASTER = 200


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended: its exit code, and all that was said of it."""

    code: int
    events: tuple[Event, ...]
    error: str = ""

    @property
    def failures(self) -> str:
        return "\n".join(f"{one.message} {one.next_step}" for one in self.events if isinstance(one, Failed))

    @property
    def notes(self) -> str:
        return "\n".join(one.message for one in self.events if isinstance(one, Noted))


@dataclass
class Production:
    """One story in a folder of its own, and the server that it is made at."""

    folder: Path
    server: Server
    path: Path = field(init=False)

    def __post_init__(self) -> None:
        self.path = self.folder / "story.yaml"

    def write(self, *shots: Mapping[str, Any], **keys: Any) -> None:
        """The story of these shots; the keys are those of `defaults`, and `model`."""
        model = keys.pop("model")
        numbered = [{"id": f"s{number}", "prompt": f"Wave {number}", **shot} for number, shot in enumerate(shots)]
        told = {"version": 1, "model": model, "defaults": keys, "shots": numbered}
        self.path.write_text(yaml.safe_dump(told, sort_keys=False), encoding="utf-8")

    def picture(self, name: str = "still.png", tint: int = 40) -> str:
        """A still that every model takes, beside the story."""
        (self.folder / name).write_bytes(still(tint))
        return name

    @property
    def home(self) -> Home:
        told = read(self.path, environ=self.environ)
        assert told.story is not None, [str(one) for one in told.diagnostics]
        return home(told.story)

    @property
    def environ(self) -> Mapping[str, str]:
        return self.server.environ

    def run(self, **wishes: Any) -> Ended:
        events: list[Event] = []

        @contextmanager
        def listening(plan: Plan) -> Iterator[Emit]:
            yield events.append

        effects = hastened(Effects(environ=self.environ), FASTER)
        try:
            result = run(self.home, Wishes(yes=True, **wishes), showing=listening, effects=effects)
        except PipeError as error:
            return Ended(error.exit_code, tuple(events), f"{error.message}; {error.next_step}")
        return Ended(result.exit_code, tuple(events))

    def plan(self) -> Plan:
        return look.plan(self.home)

    def status(self) -> Standing:
        return look.status(self.home)

    def submissions(self) -> list[Submission]:
        """In the order in which they were begun."""
        where = self.home
        journal = Journal.look(where.journal, story=where.name, effects=Effects())
        if journal is None:
            return []
        with journal:
            known: History = journal.history(Store(where.store).has, {})
        return sorted(known.submissions.values(), key=lambda one: one.at)

    def clips(self) -> list[Path]:
        return [path for _, path in sorted(self.status().clips.items())]

    @property
    def film(self) -> Path:
        return self.folder / "out" / "story.mp4"

    def ledger(self) -> list[dict[str, Any]]:
        return self.server.ledger()

    def fail(self, *faults: Fault) -> None:
        self.server.set_faults(faults)


def fault(where: Where, what: What, **fields: Any) -> Fault:
    return Fault(where, what, **fields)


def still(tint: int) -> bytes:
    """A picture that is new for each `tint`, of a size and shape that all vendors take."""
    speckles = random.Random(tint)
    picture = Image.new("RGB", (640, 640), (tint % 256, 90, 140))
    for _ in range(60):
        left, top = speckles.randrange(600), speckles.randrange(600)
        picture.paste((speckles.randrange(256), speckles.randrange(256), 60), (left, top, left + 40, top + 40))
    data = io.BytesIO()
    picture.save(data, format="PNG")
    return data.getvalue()


def since(entries: Iterable[Mapping[str, Any]], before: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The entries of a ledger that were not in it before."""
    known = {entry["id"] for entry in before}
    return [entry for entry in entries if entry["id"] not in known]
