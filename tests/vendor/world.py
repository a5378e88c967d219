"""What a take needs around it: a clock that a test moves, a real journal and store, and a story of one shot."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

import anyio.lowlevel
from anyio import to_thread

from seedance_pipe.document import Json
from seedance_pipe.effects import Effects
from seedance_pipe.errors import MediaFailed, PipeError
from seedance_pipe.plan.cost import Estimate
from seedance_pipe.plan.fingerprint import document, fingerprint
from seedance_pipe.plan.graph import Step, StepKey, StepKind
from seedance_pipe.plan.history import Receipt, Submission
from seedance_pipe.plan.recipe import seeded
from seedance_pipe.run.craft import Job
from seedance_pipe.run.event import Event
from seedance_pipe.run.intent import Intent
from seedance_pipe.run.journal import Journal
from seedance_pipe.run.store import Store
from seedance_pipe.spec.cap import Caps
from seedance_pipe.spec.medium import Kind
from seedance_pipe.spec.model import MediaLimits, Model
from seedance_pipe.spec.story import Shot
from seedance_pipe.units import Digest, Money
from seedance_pipe.vendor.account import Account
from seedance_pipe.vendor.buy import Budget
from seedance_pipe.vendor.collect import Checks
from seedance_pipe.vendor.line import line
from seedance_pipe.vendor.shoot import Shooting, open_shooting
from seedance_pipe.vendor.uploads import Uploads
from tests import builders
from tests.vendor.acme import Acme
from tests.vendor.stage import Stage, reply

KEY = "canary-4bC/d+E9_f8-secret"
TASK = "cgt-20261121120000-ab1cd"
TASKS = "/api/v3/contents/generations/tasks"
NOW = 1_795_000_000.0
CLIP = b"\x00\x00\x00\x18ftypisom" + b"clip" * 40_000
FRAME = b"\x89PNG\r\n\x1a\n" + b"frame" * 10
QUERY = "X-Tos-Signature=canary%2Fsigned%2bquery&X-Tos-Expires=86400"


def limits(*, inline: bool) -> MediaLimits:
    return MediaLimits(inline=inline, assets=False, types=(), bytes=10**9)


MODEL: Model = replace(
    builders.MODEL,
    name="modelark/one",
    vendor="modelark",
    media=MappingProxyType(
        {Kind.IMAGE: limits(inline=True), Kind.AUDIO: limits(inline=True), Kind.VIDEO: limits(inline=False)}
    ),
)


ACME_MODEL = replace(MODEL, name="acme/one", vendor="acme")


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._ids = itertools.count(1)
        self.slept: list[float] = []

    def draw(self, n: int) -> int:
        """The middle, so that jitter is none; but every id is another."""
        return n // 2 if n < 2**64 else next(self._ids)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds
        await anyio.lowlevel.checkpoint()

    def effects(self, **more: Any) -> Effects:
        return Effects(
            now=lambda: NOW + self.seconds,
            monotonic=lambda: self.seconds,
            sleep=more.pop("sleep", self.sleep),
            draw=more.pop("draw", self.draw),
            environ=more.pop("environ", {}),
        )


class Diary(Journal):
    """A real journal that also tells what it was asked to write, in the order of all that happens."""

    log: list[str]
    full = False

    def intend_together(
        self, intents: Sequence[Intent], *, cap: Caps | None, allow_unknown: bool = False
    ) -> tuple[Submission, ...]:
        submissions = super().intend_together(intents, cap=cap, allow_unknown=allow_unknown)
        self.log += ["intent"] * len(submissions)
        return submissions

    def submitted_together(
        self, tasks: Mapping[str, str], told: Money | None = None, *, found: bool = False
    ) -> None:
        if self.full:
            raise PipeError("the disk is full", next_step="make room")
        super().submitted_together(tasks, told, found=found)
        self.log += ["submitted"] * len(tasks)

    def ready(self, ident: str, receipt: Receipt) -> None:
        super().ready(ident, receipt)
        self.log.append("ready")

    def stored(self, ident: str, outputs: Mapping[str, Digest]) -> None:
        super().stored(ident, outputs)
        self.log.append("stored")


def task(status: str, **more: Any) -> dict[str, Any]:
    """A task object with the keys that live answers show (modelark.md section 2)."""
    return {
        "id": TASK,
        "model": "one",
        "status": status,
        "created_at": int(NOW),
        "updated_at": int(NOW) + 40,
        "service_tier": "default",
        "execution_expires_after": 216_000,
        **more,
    }


def done(stage: Stage, *, frame: bool = False, **more: Any) -> dict[str, Any]:
    content = {"video_url": f"{stage.address}/files/clip.mp4?{QUERY}"}
    if frame:
        content["last_frame_url"] = f"{stage.address}/files/frame.png?{QUERY}"
    usage = {"completion_tokens": 49_005, "total_tokens": 49_005}
    return task("succeeded", content=content, usage=usage, seed=1276, duration=5, **more)


def play(stage: Stage, *, frame: bool = False) -> None:
    """The script of a take that goes well."""
    stage.on("POST", TASKS, reply(200, {"id": TASK}))
    finished = reply(200, done(stage, frame=frame))
    stage.on("GET", f"{TASKS}/", reply(200, task("queued")), reply(200, task("running")), finished)
    stage.on("GET", "/files/clip.mp4", reply(200, CLIP, Content_Type="video/mp4"))
    stage.on("GET", "/files/frame.png", reply(200, FRAME))


def looks_like_a_clip(path: Path) -> None:
    if not path.read_bytes().startswith(b"ftyp", 4):
        raise MediaFailed("that is no clip")


def looks_like_a_picture(path: Path) -> None:
    if not path.read_bytes().startswith(b"\x89PNG"):
        raise MediaFailed("that is no picture")


@dataclass
class World:
    """One folder of state and one stage; `shoot` performs a take as a run would."""

    folder: Path
    stage: Stage
    clock: Clock = field(default_factory=Clock)
    events: list[Event] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    looks: Callable[[Path], None] = looks_like_a_clip
    played: Account | None = None
    effects: Effects = field(init=False)
    journal: Diary = field(init=False)
    store: Store = field(init=False)

    def __post_init__(self) -> None:
        self.stage.log = self.log
        self.effects = self.clock.effects()
        self.store = Store(self.folder / "store")
        self.reopen()

    def reopen(self) -> None:
        """As a new run would: everything it knows is what the journal says."""
        (self.folder / "state").mkdir(mode=0o700, exist_ok=True)
        self.journal = Diary.open(self.folder / "state" / "journal.db", story="s.yaml", effects=self.effects)
        self.journal.log = self.log
        self.journal.history(self.store.has, {})

    @property
    def account(self) -> Account:
        return self.played or Account("modelark", f"{self.stage.address}/api/v3", KEY)

    @asynccontextmanager
    async def craft(
        self,
        *,
        frames: bool = False,
        budget: Budget | None = None,
        uploads: Uploads | None = None,
        takes: Sequence[Step] = (),
        acme: Acme | None = None,
    ) -> AsyncIterator[Shooting]:
        wanted = {StepKey("stairs#1")} if frames else set()
        async with open_shooting(
            {"modelark": self.account},
            journal=self.journal,
            effects=self.effects,
            checks=Checks(self.looks, looks_like_a_picture),
            frames=wanted,
            takes=takes,
            budget=budget,
            uploads=uploads,
        ) as craft:
            ark, acme = craft.lines["modelark"], acme or Acme()
            theirs = line(acme, ark.account, ark.api, ark.redactor, effects=self.effects, lodging=acme)
            yield replace(craft, lines={**craft.lines, "acme": theirs})

    async def shoot(
        self,
        shot: Shot | None = None,
        *,
        frames: bool = False,
        budget: Budget | None = None,
        uploads: Uploads | None = None,
        digests: Mapping[str, Digest] = MappingProxyType({}),
        emit: Callable[[Event], None] | None = None,
        acme: Acme | None = None,
    ) -> Mapping[str, Digest]:
        async with self.craft(frames=frames, budget=budget, uploads=uploads, acme=acme) as craft:
            with self.store.scratch() as scratch:
                return await craft.perform(self.job(shot, scratch, digests), emit or self.events.append)

    def job(self, shot: Shot | None, scratch: Path, digests: Mapping[str, Digest], take: int = 1) -> Job:
        step = step_of(shot or a_shot(), take)
        given = document(step, digests)

        async def keep(path: Path) -> Digest:
            return await to_thread.run_sync(self.store.keep, path)

        return Job(
            step=step,
            fingerprint=fingerprint(given),
            given=given,
            inputs={slot: self.store.path(digest) for slot, digest in digests.items()},
            digests=digests,
            scratch=scratch,
            keep=keep,
        )

    def submission(
        self, shot: Shot | None = None, digests: Mapping[str, Digest] = MappingProxyType({}), take: int = 1
    ) -> Submission:
        found = self.journal.submission(fingerprint(document(step_of(shot or a_shot(), take), digests)))
        assert found is not None
        return found

    def put(self, content: bytes) -> Digest:
        path = self.folder / "handed"
        path.write_bytes(content)
        return self.store.keep(path)


def a_shot(**more: Any) -> Shot:
    return builders.shot("stairs", **{"model": MODEL, **more})


def an_acme_shot(name: str = "stairs", **more: Any) -> Shot:
    return builders.shot(name, **{"model": ACME_MODEL, **more})


def step_of(shot: Shot, take: int = 1) -> Step:
    recipe: Json = {"vendor": shot.model.vendor, "order": seeded(shot.order, shot, take), "take": take}
    return Step(
        StepKey(f"{shot.id}#{take}"),
        StepKind.TAKE,
        recipe,
        (),
        shot,
        take,
        Estimate(Money(Decimal("0.1226")), exact=True),
    )
