"""A machine of all that can befall a story: edits, runs, deaths, faults, damage and decisions, in any order.

After each of them the ledger, the journal and the files must tell the same truth; in the end, with nothing wrong
any more, the film must come to be.
"""

from __future__ import annotations

import atexit
import errno
import hashlib
import json
import os
import shutil
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from seedance_pipe.effects import Effects
from seedance_pipe.plan.history import Decision, State, Submission
from seedance_pipe.report.data import plan_data, status_data
from seedance_pipe.run.lock import hold
from seedance_pipe.sandbox.faults import Fault, What, Where
from seedance_pipe.spec.cap import NO_CAPS, Caps
from seedance_pipe.studio import look
from seedance_pipe.studio.decide import Which, adopt, give_up
from seedance_pipe.units import Money
from tests.builders import capped
from tests.faults.gate import CONNECT, PROCESS, Counting, Deadly, Failing, Gate, dying, gated, guarding, open_files
from tests.faults.stage import PARTS, ROOMY, Ending, Film, stage
from tests.properties.truth import cases, cost, file_problems, money_problems

WORDS = ("a wave breaks", "the foam runs back", "a gull cries", "it rains", "a lamp turns", "a bell", "low tide")
NAMES = ("one", "two", "three", "four")
_HOUR = 3600.0
_MEMORY = Path("/dev/shm")
_PAINTED = Path(tempfile.mkdtemp())
atexit.register(shutil.rmtree, _PAINTED, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Spot:
    """A shot as it is written: `words` and `takes` of it, and whether it continues the one before."""

    name: str
    words: str
    takes: int = 1
    continues: bool = False


FAULTS = {
    "a lost answer": Fault(Where.ACCEPTED, What.CLOSE),
    "a 500 after acceptance": Fault(Where.ACCEPTED, What.ANSWER, status=500),
    "a 500 instead of acceptance": Fault(Where.CREATE, What.ANSWER, status=500),
    "a refusal": Fault(Where.CREATE, What.ANSWER, status=400, code="InvalidParameter"),
    "a vendor that is busy": Fault(Where.CREATE, What.ANSWER, status=429, code="TooManyRequests", times=2),
    "a task that fails": Fault(Where.FATE, What.FAIL, code="InternalServiceError"),
    "addresses that lapse": Fault(Where.FILE, What.ANSWER, status=403, times=2),
    "addresses that stay lapsed": Fault(Where.FILE, What.ANSWER, status=404, times=8),
    "a download that is cut": Fault(Where.FILE, What.CLOSE, at=1000, times=2),
    "polls that fail": Fault(Where.GET, What.ANSWER, status=500, times=3),
    "polls without sense": Fault(Where.GET, What.NONSENSE, times=2),
    "a status that goes back": Fault(Where.GET, What.BACKWARDS),
}

WHATS = ("words", "words", "words", "vendor", "takes", "chain", "name", "order", "more", "less")


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of the story, at the shot with this place; those that change nothing are none."""

    what: str
    place: int
    words: str
    vendor: str


_EDITS = st.builds(
    Edit, st.sampled_from(WHATS), st.integers(0, 2), st.sampled_from(WORDS), st.sampled_from(sorted(PARTS))
)
_UNCLEAR = ("a lost answer", "a 500 after acceptance", "a 500 instead of acceptance")
_TROUBLE = st.lists(st.sampled_from(sorted(FAULTS)), min_size=1, max_size=2, unique=True)


class Machine(RuleBasedStateMachine):
    """One story, and the vendors that it is made with."""

    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()
        folder = self._stack.enter_context(tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None))
        self.stage = self._stack.enter_context(stage(Path(folder), painted=_PAINTED))
        self.film = Film(self.stage, "modelark", "story", Path(folder) / "story")
        self.film.folder.mkdir()
        self.spots = [Spot("one", WORDS[0])]
        self.cap: Caps = NO_CAPS
        self.spoiled: set[str] = set()
        self.damaged = False

    # The story

    @initialize(
        vendor=st.sampled_from(sorted(PARTS)),
        cap=st.sampled_from([None, None, None, "0.2", "1"]),
        chained=st.booleans(),
    )
    def begin(self, vendor: str, cap: str | None, chained: bool) -> None:
        self.film.vendor = vendor
        self.spots = [Spot("one", WORDS[0]), Spot("two", WORDS[1], continues=chained)]
        if cap is not None:
            dollars = Decimal(cap)
            self.cap = capped(Money(dollars), Money(dollars * 200, "rivya credits"))
        self._write()

    @rule(edit=_EDITS)
    def edit(self, edit: Edit) -> None:
        place = edit.place % len(self.spots)
        spot = self.spots[place]
        match edit.what:
            case "vendor":
                self.film.vendor = edit.vendor
            case "words":
                self.spots[place] = replace(spot, words=edit.words)
            case "takes":
                self.spots[place] = replace(spot, takes=3 - spot.takes)
            case "chain":
                self.spots[place] = replace(spot, continues=not spot.continues)
            case "name":
                self.spots[place] = replace(spot, name=self._free())
            case "order":
                self.spots.reverse()
            case "more" if len(self.spots) < 3:
                self.spots.append(Spot(self._free(), edit.words))
            case "less" if len(self.spots) > 1:
                del self.spots[place]
        self._write()

    # Runs

    @rule()
    def run(self) -> None:
        self._clean()

    @rule(edit=_EDITS)
    def edit_and_run(self, edit: Edit) -> None:
        self.edit(edit)
        self._clean()

    @rule(place=st.integers(0, 2))
    def force(self, place: int) -> None:
        self._ended(self.film.run(cap=self.cap, force=(self.spots[place % len(self.spots)].name,)))

    @rule(at=st.integers(1, 320), edit=_EDITS)
    def die(self, at: int, edit: Edit) -> None:
        self.edit(edit)
        self._die(at)

    @rule(
        at=st.integers(1, 320),
        number=st.sampled_from([errno.EIO, errno.ENOSPC, errno.EMFILE, errno.EACCES]),
        times=st.sampled_from([1, 5, 1 << 40]),
        edit=_EDITS,
    )
    def fail(self, at: int, number: int, times: int, edit: Edit) -> None:
        self.edit(edit)
        gate = Failing(at, number, times, lambda effect: effect not in (CONNECT, PROCESS))
        (ending,) = self._under(gate)
        self._ended(ending)

    @rule(names=_TROUBLE, dies=st.none() | st.integers(1, 320), edit=_EDITS)
    def trouble(self, names: list[str], dies: int | None, edit: Edit) -> None:
        """Something is wrong at the vendor, and the program may die besides."""
        self.edit(edit)
        self.stage.vendor.set_faults([FAULTS[name] for name in names])
        if dies is None:
            self._ended(self.film.run(cap=self.cap))
        else:
            self._die(dies)
        self.stage.vendor.set_faults([])

    @rule(name=st.sampled_from(_UNCLEAR), edit=_EDITS)
    def doubt(self, name: str, edit: Edit) -> None:
        self.trouble([name], None, edit)

    @rule()
    def second_runner(self) -> None:
        effects = self._effects()
        gate = Counting()
        with hold(self.film.home(effects).lock, effects), guarding(gate):
            ending = self.film.run(cap=self.cap)
        assert ending.code == 7, ending
        assert CONNECT not in gate.passed

    # The world

    @rule(hours=st.sampled_from([-12, -1, 0, 1, 12]))
    def jump(self, hours: int) -> None:
        self.stage.clock.ahead = hours * _HOUR

    @rule(place=st.integers(0, 30), gone=st.booleans())
    def damage(self, place: int, gone: bool) -> None:
        """A file of the store is deleted, or has one bit turned."""
        files = sorted((self.film.folder / ".seedance" / "store").glob("[0-9a-f][0-9a-f]/*"))
        if not files:
            return
        path = files[place % len(files)]
        self.spoiled.add(path.parent.name + path.stem)
        self.damaged = True
        if gone:
            path.unlink()
            return
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.unlink()
        path.write_bytes(content)
        path.chmod(0o444)

    @rule()
    def lose_the_film(self) -> None:
        self.film.output.unlink(missing_ok=True)

    @rule()
    def decide(self) -> None:
        """A person looks into the vendor's ledger, and says what became of each request in doubt."""
        effects = self._effects()
        while doubts := self._doubts():
            one = doubts[0]
            which, where = Which(one.shot, one.take, one.id), self.film.home(effects)
            task = self._task_of(one)
            if task is None:
                give_up(where, which, Decision.LOST, yes=True, ask=None, effects=effects)
            else:
                adopt(where, which, task, effects=effects)

    @rule()
    def look_twice(self) -> None:
        assert self._seen() == self._seen()

    # What must be true

    @invariant()
    def the_ledger_and_the_journal_agree(self) -> None:
        tasks = self.stage.vendor.ledger()
        problems = list(money_problems(self._cases(), tasks))
        assert not problems, problems
        for currency, amount in cost(tasks).items():
            if currency in self.cap:
                assert amount <= self.cap[currency].most.amount, "more was charged than the cap lets through"

    @invariant()
    def no_file_is_torn(self) -> None:
        problems = list(file_problems(self.film.folder / ".seedance", self.film.output, self.spoiled))
        assert not problems, problems

    def teardown(self) -> None:
        try:
            if self.film.story.exists():
                self._come_to_the_end()
        finally:
            self._stack.close()

    def _come_to_the_end(self) -> None:
        """Nothing is wrong any more: a few runs and a truthful person must be enough."""
        self.stage.clock.ahead = 0.0
        for _ in range(4):
            ending = self._clean()
            if ending.code == 0 or (ending.code == 5 and self.cap):
                break
            self.decide()
        else:
            raise AssertionError(f"the film does not come to be: {ending}")
        self.the_ledger_and_the_journal_agree()
        self.no_file_is_torn()

    # Helpers

    def _die(self, at: int) -> None:
        self._under(Deadly(at))
        # A dead process holds nothing; this one lives on, and let go of all but the working folder's lock.
        for descriptor, path in open_files(self.film.folder).items():
            assert "/scratch/" in path, path
            os.close(descriptor)

    def _free(self) -> str:
        return next(name for name in NAMES if all(spot.name != name for spot in self.spots))

    def _write(self) -> None:
        part = self.film.part
        head = f"version: 1\nmodel: {part.model}\n"
        head += f'defaults: {{duration: {part.seconds}, resolution: 480p, ratio: "1:1"}}\nshots:\n'
        shots, before = [], None
        for spot in self.spots:
            chain = f", continues: {before}" if spot.continues and before else ""
            shots.append(f'  - {{id: {spot.name}, prompt: "{spot.words}", takes: {spot.takes}{chain}}}\n')
            before = spot.name
        self.film.story.write_text(head + "".join(shots), encoding="utf-8")

    def _effects(self) -> Effects:
        return self.stage.clock.effects(self.stage.vendor.environ)

    def _under(self, gate: Gate) -> list[Ending]:
        """How the run ended, or nothing where it died."""
        endings: list[Ending] = []
        with guarding(gate), dying():
            endings.append(self.film.run(gated(gate, ROOMY), cap=self.cap))
        return endings

    def _ended(self, ending: Ending) -> None:
        assert not ending.trace, ending.trace
        assert ending.code in (0, 1, 4, 5, 6), ending
        assert all(next_step for _, next_step in ending.told), ending.told

    def _clean(self) -> Ending:
        """A run with which nothing interferes. What it leaves open can only be a doubt."""
        ending = self.film.run(cap=self.cap)
        self._ended(ending)
        if ending.code in (1, 6):
            assert self.damaged, f"nothing was wrong, and yet: {ending.told}"
        self.damaged = False
        if ending.code == 0:
            assert hashlib.sha256(self.film.output.read_bytes()).hexdigest()
            self._nothing_to_do()
        open_ = [one for one in self.film.submissions() if one.state in (State.SUBMITTED, State.READY)]
        assert not open_ or ending.code == 5, f"paid for and not fetched: {open_}"
        return ending

    def _nothing_to_do(self) -> None:
        gate, before = Counting(), len(self.stage.vendor.ledger())
        with guarding(gate):
            again = self.film.run(cap=self.cap)
        assert again.code == 0, again
        assert CONNECT not in gate.passed, "a second run without changes sends nothing"
        assert len(self.stage.vendor.ledger()) == before

    def _seen(self) -> str:
        """All that can be looked at, as text."""
        effects = self._effects()
        where = self.film.home(effects)
        forecast = look.forecast(where, effects=effects)
        told = [plan_data(forecast.plan, forecast.total), status_data(look.status(where, effects=effects))]
        return json.dumps(told)

    def _cases(self) -> Any:
        return cases(self.film.folder / ".seedance" / "journal.db", WORDS)

    def _doubts(self) -> list[Submission]:
        return [one for one in self.film.submissions() if one.state is State.INTENT]

    def _task_of(self, one: Submission) -> str | None:
        """The task that the vendor has for a request in doubt, and that no other take has."""
        words = self._cases()[one.id].prompt
        prompt = hashlib.sha256(words.encode()).hexdigest()
        known = {case.task for case in self._cases().values() if case.task}
        ledger = [task for task in self.stage.vendor.ledger() if task["prompt"] == prompt]
        tasks = [task["id"] for task in ledger if task["vendor"] == one.vendor]
        if one.vendor == "runware":
            # Its ledger has a name of its own for each clip; the request has the one to ask by.
            own = json.loads(json.dumps(one.request, default=dict))
            named = {case.task for case in self._cases().values() if case.task and case.prompt == words}
            return _uuid_in(own) if len(tasks) > len(named) else None
        free = [task for task in tasks if task not in known]
        return free[0] if free else None


def _uuid_in(request: Any) -> str:
    found = [request]
    while found:
        one = found.pop()
        if isinstance(one, dict):
            if "taskUUID" in one:
                return str(one["taskUUID"])
            found += one.values()
        elif isinstance(one, list):
            found += one
    raise AssertionError("no taskUUID in a request to Runware")
