"""The outcome table (outcomes.yaml), and playing its cells: each a shot of a story that is carried out as
`seedance-pipe run` does it, with the toxic set for the moment at which its verb is about to be used.

Time passes when somebody sleeps, for the run and for the vendor, and never else.
"""

from __future__ import annotations

import enum
import hashlib
import io
import random
import socket
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from shutil import copyfile
from typing import Any

import anyio.lowlevel
import httpx
import pytest
import yaml
from PIL import Image

from seedance_pipe.effects import Effects
from seedance_pipe.errors import PipeError
from seedance_pipe.plan.history import State, Submission
from seedance_pipe.plan.make import Plan
from seedance_pipe.run.event import Doubted, Emit, Event, Failed, Moved, Noted, Started
from seedance_pipe.run.store import Store
from seedance_pipe.sandbox.faults import Fault
from seedance_pipe.sandbox.painter import Scene, paint
from seedance_pipe.studio.run import run
from seedance_pipe.studio.work import Wishes
from seedance_pipe.units import Size
from tests.conformance.performance import Ended, Production, still
from tests.conformance.vendors import Vendor

NOON = 1_795_262_400.0
"""2026-11-21 12:00 UTC."""

ABYSS = "[" * 100_000
TABLE = Path(__file__).with_name("outcomes.yaml")


class Verb(enum.Enum):
    """The columns; a create is played before the vendor accepts it, after that, and as the second sending that
    settles a doubt.
    """

    CREATE = "create"
    ACCEPTED = "accepted"
    RESENT = "resent"
    POLL = "poll"
    LIST = "list"
    DOWNLOAD = "download"
    UPLOAD = "upload"

    @property
    def column(self) -> str:
        return "create" if self in (Verb.ACCEPTED, Verb.RESENT) else self.value


_WHERE = {
    Verb.CREATE: "create",
    Verb.ACCEPTED: "accepted",
    Verb.RESENT: "create",
    Verb.POLL: "get",
    Verb.LIST: "list",
    Verb.DOWNLOAD: "file",
    Verb.UPLOAD: "upload",
}
_BEFORE = {
    Verb.CREATE: "submitting",
    Verb.ACCEPTED: "submitting",
    Verb.POLL: "submitted",
    Verb.LIST: "settling",
    Verb.DOWNLOAD: "fetching",
    Verb.UPLOAD: "started",
}
"""The word of a run after which the verb's first call is the next one."""


@dataclass(frozen=True, slots=True)
class Row:
    toxic: str
    entry: Mapping[str, Any]

    @property
    def slow(self) -> bool:
        return bool(self.entry.get("slow"))

    def expected(self, verb: Verb, vendor: Vendor) -> str | None:
        """The class that the table names; None where the cell does not apply."""
        column = self.entry.get(verb.column)
        found = None if column is None else str(_for(column, vendor))
        never = {
            # Nothing is accepted, so an answer that is only slow or packed is none that accepts; what is only late
            # does become a task.
            Verb.CREATE: found == "accepted" or self.entry["fault"].get("what") == "late",
            # The vendor would be lying, or there is no answer yet that could go wrong.
            Verb.ACCEPTED: found in ("refused", "busy", "not sent") or self._arrives,
            # Several are on their way at once, so only what the prompt tells apart can be played.
            Verb.RESENT: found in ("accepted", "not sent") or self._arrives or self.slow,
        }
        return None if never.get(verb) else found

    @property
    def _arrives(self) -> bool:
        return self.entry["fault"].get("where") == "arrival"

    def fault(self, verb: Verb, vendor: Vendor, *, matching: str = "") -> Fault | None:
        """None stands for a port where nobody listens."""
        told = {name: _for(value, vendor) for name, value in self.entry["fault"].items()}
        if told.get("refuse"):
            return None
        if told.get("text") == "abyss":
            told["text"] = ABYSS
        return Fault.parse({"where": _WHERE[verb], "matching": matching, **told})


def _for(value: Any, vendor: Vendor) -> Any:
    if not isinstance(value, dict):
        return value
    return value[vendor.name] if vendor.name in value else value["else"]


def rows() -> tuple[Row, ...]:
    return tuple(Row(entry["toxic"], entry) for entry in yaml.safe_load(TABLE.read_text(encoding="utf-8")))


class Clock:
    """Seconds that pass while somebody sleeps. `leap` is what the clock on the wall has jumped besides."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.leap = 0.0
        self._chance = random.Random(5)

    def now(self) -> float:
        return NOON + self.seconds + self.leap

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        await anyio.lowlevel.checkpoint()

    def effects(self, environ: Mapping[str, str]) -> Effects:
        """What is drawn differs from run to run."""
        chance = self._chance.randrange
        return Effects(now=self.now, monotonic=self.monotonic, sleep=self.sleep, draw=chance, environ=environ)


class Copies:
    """Paints one small clip of each container: what it shows is of no interest here."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._painted: dict[str, Path] = {}

    def paint(self, scene: Scene, target: Path) -> None:
        if scene.form not in self._painted:
            clip = self._folder / f"clip.{scene.form}"
            small = replace(scene, prompt="", note="", size=Size(320, 320), frames=24, first=None, last=None)
            paint(replace(small, references=(), sound=False), clip)
            self._painted[scene.form] = clip
        copyfile(self._painted[scene.form], target)


@dataclass
class Wire:
    """What a run sends, seen where it leaves the program: for each shot the words of the run and after each the
    calls, as method and path. `severed` sends the next calls to a port where nobody listens, and so does `down` as
    long as it says so.
    """

    dead: int
    shot: str = ""
    calls: dict[str, list[tuple[str, str, str]]] = field(default_factory=lambda: defaultdict(list))
    word: str = ""
    severed: int = 0
    down: Callable[[], bool] = lambda: False

    def heard(self, event: Event) -> str | None:
        """The word of a run that an event says, which is where the run is from now on."""
        self.shot = event.step.partition("#")[0]
        word = "started" if isinstance(event, Started) else event.status if isinstance(event, Moved) else None
        self.word = word or self.word
        return word

    def count(self, shot: str, *words: str) -> int:
        return sum(word in words for word, _, _ in self.calls[shot])

    def paths(self, shot: str, start: str) -> list[int]:
        """The places among its calls of those whose path begins so."""
        return [place for place, (_, _, path) in enumerate(self.calls[shot]) if path.startswith(start)]


@contextmanager
def wired(monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    handle = httpx.AsyncHTTPTransport.handle_async_request
    with socket.socket() as bound, monkeypatch.context() as patch:
        # Bound and not listening: the port is ours, and connections to it are refused.
        bound.bind(("127.0.0.1", 0))
        wire = Wire(bound.getsockname()[1])

        async def sent(self: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
            path = request.extensions.get("target", request.url.raw_path).decode("ascii")
            wire.calls[wire.shot].append((wire.word, request.method, path))
            if wire.severed or wire.down():
                wire.severed = max(0, wire.severed - 1)
                request.url = request.url.copy_with(port=wire.dead)
            return await handle(self, request)

        patch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", sent)
        yield wire


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run said of one shot, and what the journal and the vendor's ledger have of it afterwards."""

    events: tuple[Event, ...]
    submissions: tuple[Submission, ...]
    tasks: tuple[Mapping[str, Any], ...]
    whole: bool

    @property
    def state(self) -> State | None:
        return self.submissions[-1].state if self.submissions else None

    @property
    def notes(self) -> str:
        return "\n".join(one.message for one in self.events if isinstance(one, Noted))

    def said(self, kind: type[Event]) -> bool:
        return any(isinstance(one, kind) for one in self.events)


@dataclass
class Batch:
    """All rows of one verb at one vendor: a story of as many shots, made one after the other."""

    production: Production
    vendor: Vendor
    verb: Verb
    clock: Clock
    wire: Wire
    rows: Sequence[Row]
    patch: pytest.MonkeyPatch
    played: dict[str, Outcome] = field(default_factory=dict)
    again: dict[str, Outcome] = field(default_factory=dict)

    def play(self) -> None:
        """One run with the toxics, and one without. A doubt that comes up in the first is left to the second, as
        by a run that was killed; where settling itself is what meets the toxics, a run before them loses answers.
        """
        shots = []
        for number, _ in enumerate(self.rows):
            still = {"first_frame": self._picture(number)} if self.verb is Verb.UPLOAD else {}
            shots.append({"prompt": self._prompt(number), **still})
        self.production.write(*shots, model=self.vendor.model, **self.vendor.short)
        if self.verb in (Verb.RESENT, Verb.LIST):
            self.production.fail(Fault.parse({"where": "accepted", "what": "close", "times": None}))
            self._forgetful_run(lambda word: None)
            self._prepare()
            self.played = self._outcomes(self._run(lambda word: None))
        else:
            with self.patch.context() as patch:
                if self.rows[0].slow and self.verb in _DEADLINES:
                    patch.setattr(f"seedance_pipe.vendor.{_DEADLINES[self.verb]}", SHORT)
                self.played = self._outcomes(self._forgetful_run(self._set))
        self.production.fail()
        self.again = self._outcomes(self._run(lambda word: None))

    def number(self, row: Row) -> str:
        return f"s{self.rows.index(row)}"

    def _prompt(self, number: int) -> str:
        return f"({number}) {self.vendor.name} {self.verb.value}: {self.rows[number].toxic}"

    def _picture(self, number: int) -> str:
        """One that goes into no request where uploads are kept. What follows its end makes it a new one."""
        path = self.production.folder / f"{number}.png"
        path.write_bytes((_noise() if self.vendor.weighs else still(0)) + bytes([number]))
        return path.name

    def _prepare(self) -> None:
        """All at once: the prompt tells which is whose. A list has no prompt, and so a story of its own."""
        if self.verb is Verb.LIST:
            self.wire.calls.clear()
            self._toxic(self.rows[0])
            if self.rows[0].slow:
                self.patch.setattr(f"seedance_pipe.vendor.{_DEADLINES[self.verb]}", SHORT)
            return
        faults = (row.fault(self.verb, self.vendor, matching=f"({n})") for n, row in enumerate(self.rows))
        self.production.fail(*(fault for fault in faults if fault is not None))

    def _set(self, word: str) -> None:
        if word == _BEFORE[self.verb]:
            self._toxic(self.rows[int(self.wire.shot[1:])])

    def _toxic(self, row: Row) -> None:
        fault = row.fault(self.verb, self.vendor)
        if fault is None:
            self.wire.severed = 1
        else:
            self.production.fail(fault)

    def _forgetful_run(self, hear: Callable[[str], None]) -> list[Event]:
        with self.patch.context() as patch:
            patch.setattr("seedance_pipe.studio.perform.settles", lambda vendor: False)
            return self._run(hear)

    def _run(self, hear: Callable[[str], None]) -> list[Event]:
        heard: list[Event] = []

        def tell(event: Event) -> None:
            heard.append(event)
            word = self.wire.heard(event)
            if word is not None:
                hear(word)

        names = [f"s{number}" for number in range(len(self.rows))]
        carry_out(self.production, self.clock, tell, shots=names, only=True, jobs=1, keep_going=True)
        return heard

    def _outcomes(self, events: Sequence[Event]) -> dict[str, Outcome]:
        known, ledger = self.production.submissions(), self.production.ledger()
        store = Store(self.production.home.store)
        told = {}
        for number, row in enumerate(self.rows):
            digest = hashlib.sha256(self._prompt(number).encode()).hexdigest()
            ours = tuple(one for one in known if one.shot == f"s{number}")
            told[row.toxic] = Outcome(
                tuple(one for one in events if one.step == f"s{number}#1"),
                ours,
                tuple(entry for entry in ledger if entry["prompt"] == digest),
                bool(ours and ours[-1].outputs) and all(store.check(one) for one in ours[-1].outputs.values()),
            )
        return told

    def classified(self, row: Row) -> str:
        """The class of what happened in the run with the toxic."""
        outcome, shot = self.played[row.toxic], self.number(row)
        match self.verb:
            case Verb.CREATE | Verb.ACCEPTED:
                return _of_a_create(outcome)
            case Verb.RESENT:
                return "settled" if "its answer had been lost" in outcome.notes else "in doubt"
            case Verb.POLL:
                if outcome.said(Failed):
                    return "failed" if outcome.state is State.FAILED else "barred"
                return "missed" if "could not be asked after" in outcome.notes else "goes on"
            case Verb.LIST:
                return "goes on" if self.wire.count(shot, "settling") == _LISTS else "missed"
            case Verb.DOWNLOAD:
                return self._of_a_download(outcome, shot)
            case Verb.UPLOAD:
                if outcome.said(Failed):
                    return "refused"
                asked = self.wire.count(shot, "started")
                return "asked again" if asked > 1 else "taken" if asked else "inside the request"

    def _of_a_download(self, outcome: Outcome, shot: str) -> str:
        if outcome.said(Failed):
            return "failed"
        files = self.wire.paths(shot, "/files/")
        if files[-1] - files[0] >= len(files):
            return "lapsed"
        return "asked again" if len(files) > 1 else "whole"


SHORT = 0.4
"""Seconds that are the deadline of a call where a toxic is slow."""

_DEADLINES = {
    Verb.CREATE: "line._SUBMIT_SECONDS",
    Verb.ACCEPTED: "line._SUBMIT_SECONDS",
    Verb.POLL: "polls._SECONDS",
    Verb.LIST: "line._LIST_SECONDS",
    Verb.UPLOAD: "line._LODGE_SECONDS",
}

_LISTS = 2
"""One look goes through so many lists, each of one page."""


@cache
def _noise() -> bytes:
    data = io.BytesIO()
    Image.merge("RGB", [Image.effect_noise((640, 640), 90) for _ in range(3)]).save(data, "PNG", compress_level=1)
    assert data.tell() > 1_000_000
    return data.getvalue()


def _of_a_create(outcome: Outcome) -> str:
    if outcome.said(Doubted):
        return "in doubt"
    if "did not take it yet (no connection" in outcome.notes:
        return "not sent"
    if "did not take it yet" in outcome.notes:
        return "busy"
    return "refused" if outcome.state is State.REFUSED else "accepted"


def carry_out(production: Production, clock: Clock, tell: Emit, **wishes: Any) -> Ended:
    """A run of the production's story on that clock."""
    heard: list[Event] = []

    @contextmanager
    def listening(plan: Plan) -> Iterator[Emit]:
        def both(event: Event) -> None:
            heard.append(event)
            tell(event)

        yield both

    effects = clock.effects(production.environ)
    try:
        result = run(production.home, Wishes(yes=True, **wishes), showing=listening, effects=effects)
    except PipeError as error:
        return Ended(error.exit_code, tuple(heard), f"{error.message}; {error.next_step}")
    return Ended(result.exit_code, tuple(heard))
