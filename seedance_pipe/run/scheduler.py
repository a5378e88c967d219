"""The scheduler: carries out a graph, each step as soon as what it needs is there and its lane has room.

It decides nothing that the plan does not: freshness is asked again once a step's inputs are known. A step
that waits is an entry in a heap, so only the steps at work are tasks.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

import anyio
import anyio.abc
import anyio.lowlevel
import anyio.to_thread

from seedance_pipe.document import Json
from seedance_pipe.errors import InDoubt, PipeError
from seedance_pipe.plan import freshness
from seedance_pipe.plan.fingerprint import document, fingerprint
from seedance_pipe.plan.freshness import judge
from seedance_pipe.plan.graph import DRAFT, Graph, Step, StepKey, StepKind
from seedance_pipe.plan.history import History, Made, State, Submission
from seedance_pipe.run.chain import chains, needed_by, usual_effort
from seedance_pipe.run.craft import Craft, Job
from seedance_pipe.run.event import Emit, Started
from seedance_pipe.run.journal import Journal
from seedance_pipe.run.outcome import Ends, Outcome
from seedance_pipe.run.store import Store
from seedance_pipe.run.submission import OPEN, doubted
from seedance_pipe.units import Digest, Fingerprint, Money

_BREATH = 200
"""So many steps are judged before others get their turn."""


async def perform(
    graph: Graph,
    history: History,
    *,
    crafts: Mapping[StepKind, Craft],
    journal: Journal,
    store: Store,
    lane: Callable[[Step], str],
    lanes: Mapping[str, int],
    emit: Emit,
    settles: Callable[[Submission], bool] = lambda submission: False,
    advice: Callable[[Submission], str] = lambda submission: "",
    keep_going: bool = False,
    effort: Callable[[Step], float] = usual_effort,
) -> Outcome:
    """Make what is not fresh. `lanes` says how many steps of a lane may be at work at once; within a lane
    what an earlier run began comes first, then the step with the longest chain of `effort` still to do.

    After a failure nothing starts that hangs on it and, unless `keep_going`, no take is bought any more; what
    is under way is finished. A step in doubt stops only what hangs on it, and so does a take of an earlier run
    that nothing hangs on: another was asked for in its place. Any exception but a PipeError is our bug: it ends
    the run and is raised as it is. When cancelled, crafts shield what they must finish.

    A doubt of this story goes to its craft once, where `settles` says that the craft can settle it: it waits for
    nobody and takes no room in its lane, for the vendor is not at work for it while we find out. Of one that it
    cannot settle, `advice` says what would change that.
    """
    above = needed_by(graph)
    run = _Run(
        graph=graph,
        history=history,
        crafts=crafts,
        journal=journal,
        store=store,
        lane=lane,
        settles=settles,
        advice=advice,
        keep_going=keep_going,
        above=above,
        chains=chains(graph, above, effort),
        room=dict(lanes),
        ends=Ends(emit),
    )
    try:
        async with anyio.create_task_group() as tasks:
            await run.carry_out(tasks)
    except ExceptionGroup as group:
        raise _first(group) from None
    return run.ends.outcome()


def keeping(store: Store) -> Callable[[Path], Awaitable[Digest]]:
    """`Job.keep` for a job whose files go to `store`: in a thread, and not to be interrupted."""

    async def keep(path: Path) -> Digest:
        kept: list[Digest] = []
        with anyio.CancelScope(shield=True):
            kept.append(await anyio.to_thread.run_sync(store.keep, path))
        return kept[0]

    return keep


def _first(group: ExceptionGroup[Exception]) -> Exception:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, ExceptionGroup) else error


@dataclass(frozen=True, slots=True)
class _Ready:
    """A step whose inputs are known and that has to be carried out."""

    step: Step
    given: Json
    mark: Fingerprint
    digests: Mapping[str, Digest]
    resumed: bool


@dataclass(slots=True)
class _Run:
    """One run of one graph: what is made, what waits for what, and what is at work."""

    graph: Graph
    history: History
    crafts: Mapping[StepKind, Craft]
    journal: Journal
    store: Store
    lane: Callable[[Step], str]
    settles: Callable[[Submission], bool]
    advice: Callable[[Submission], str]
    keep_going: bool
    above: Mapping[StepKey, Sequence[StepKey]]
    chains: Mapping[StepKey, float]
    room: dict[str, int]
    ends: Ends

    steps: dict[StepKey, Step] = field(init=False)
    places: dict[StepKey, int] = field(init=False)
    awaits: dict[StepKey, int] = field(init=False)
    due: deque[Step] = field(init=False)
    queues: dict[str, list[tuple[bool, float, int, _Ready]]] = field(init=False)
    leaders: dict[Fingerprint, StepKey] = field(default_factory=dict)
    twins: dict[StepKey, list[StepKey]] = field(default_factory=dict)
    held: list[_Ready] = field(default_factory=list)
    doubts: list[_Ready] = field(default_factory=list)
    stopped_by: StepKey | None = None
    working: int = 0
    news: anyio.Event = field(default_factory=anyio.Event)

    def __post_init__(self) -> None:
        steps = self.graph.steps
        self.steps = {step.key: step for step in steps}
        self.places = {step.key: place for place, step in enumerate(steps)}
        self.awaits = {step.key: len({need.step for need in step.needs}) for step in steps}
        self.due = deque(step for step in steps if not step.needs)
        self.queues = {name: [] for name in self.room}

    async def carry_out(self, tasks: anyio.abc.TaskGroup) -> None:
        while True:
            self.news = anyio.Event()
            await self._judge_due()
            self._start(tasks)
            if self.working:
                await self.news.wait()
            elif not self._take_up():
                break
        for ready in self.held:
            assert self.stopped_by is not None
            self._block(ready.step.key, by=self.stopped_by)

    # What to do

    async def _judge_due(self) -> None:
        judged = 0
        while self.due:
            self._judge(self.due.popleft())
            judged += 1
            if judged % _BREATH == 0:
                await anyio.lowlevel.checkpoint()

    def _judge(self, step: Step) -> None:
        digests = self._gather(step)
        given = document(step, digests)
        mark = fingerprint(given)
        if mark in self.leaders:
            self._join(step, mark, self.leaders[mark])
            return
        match judge(step, given, mark, self.history):
            case freshness.Fresh(outputs):
                self._found(step, mark, outputs)
            case freshness.InDoubt(submission) if self._settled_here(submission):
                self.leaders[mark] = step.key
                self.doubts.append(_Ready(step, given, mark, digests, resumed=True))
            case freshness.InDoubt(submission):
                self._doubt(step.key, _unsettled(submission, self.journal.story, self.advice(submission)))
            case verdict:
                self.leaders[mark] = step.key
                self._line_up(_Ready(step, given, mark, digests, isinstance(verdict, freshness.InFlight)))

    def _join(self, step: Step, mark: Fingerprint, leader: StepKey) -> None:
        """Let a step have what another of the same fingerprint comes to: the same thing is never bought twice."""
        if leader in self.ends.outputs:
            self._found(step, mark, self.ends.outputs[leader])
        elif leader in self.ends.failed or leader in self.ends.doubted:
            self._block(step.key, by=leader)
        else:
            self.twins.setdefault(leader, []).append(step.key)

    def _gather(self, step: Step) -> dict[str, Digest]:
        digests: dict[str, Digest] = dict(step.given)
        for need in step.needs:
            outputs = self.ends.outputs[need.step]
            if need.output in outputs:
                digests[need.slot] = outputs[need.output]
            elif not need.optional:
                raise LookupError(f"{step.key} needs {need.output} of {need.step}, which gave none")
        return digests

    def _line_up(self, ready: _Ready) -> None:
        key = ready.step.key
        entry = (not ready.resumed, -self.chains[key], self.places[key], ready)
        heapq.heappush(self.queues[self.lane(ready.step)], entry)

    def _settled_here(self, submission: Submission | None) -> bool:
        """Whether it is in doubt, no other story's run can be at work on it, and the craft may settle it."""
        return (
            submission is not None
            and submission.state is State.INTENT
            and submission.story == self.journal.story
            and self.settles(submission)
        )

    def _start(self, tasks: anyio.abc.TaskGroup) -> None:
        doubts, self.doubts = self.doubts, []
        for ready in doubts:
            self.working += 1
            tasks.start_soon(self._work, ready, None)
        for lane, queue in self.queues.items():
            while queue and self.room[lane]:
                ready = heapq.heappop(queue)[-1]
                if self.stopped_by and not self.keep_going and self._would_buy(ready):
                    self.held.append(ready)
                    continue
                self.room[lane] -= 1
                self.working += 1
                tasks.start_soon(self._work, ready, lane)

    def _take_up(self) -> bool:
        """Line up what was held back and has been bought since, with others. Whether there was any."""
        held, self.held = self.held, []
        for ready in held:
            if self._would_buy(ready):
                self.held.append(ready)
            else:
                self._line_up(ready)
        return len(self.held) < len(held)

    def _would_buy(self, ready: _Ready) -> bool:
        """Whether `ready` is a take that nobody has asked a vendor for. A craft may have, together with others."""
        if ready.step.kind is not StepKind.TAKE or ready.resumed:
            return False
        submission = self.journal.submission(ready.mark)
        return submission is None or submission.state not in (State.SUBMITTED, State.READY)

    # Doing it

    async def _work(self, ready: _Ready, lane: str | None) -> None:
        """Carry a step out. `lane` is None for a doubt that is being settled."""
        try:
            outputs = await self._perform(ready)
        except InDoubt as error:
            if lane is not None and self._settled_here(self.journal.submission(ready.mark)):
                self.doubts.append(replace(ready, resumed=True))
            else:
                self._doubt(ready.step.key, error)
        except PipeError as error:
            key = ready.step.key
            self.ends.fail(key, error, self._charged(ready))
            if self.above[key] or self.twins.get(key) or not ready.resumed:
                self.stopped_by = self.stopped_by or key
            self._block_above(key)
        else:
            self._finish(ready, outputs)
        if lane is not None:
            self.room[lane] += 1
        self.working -= 1
        self.news.set()

    async def _perform(self, ready: _Ready) -> Mapping[str, Digest]:
        step = ready.step
        self.ends.emit(Started(step.key, ready.resumed))
        with self.store.scratch() as scratch:
            # The vendor has the draft, and our copy of its clip is for people.
            read = {slot: digest for slot, digest in ready.digests.items() if slot != DRAFT}
            inputs = {slot: await self._input(digest) for slot, digest in read.items()}
            job = Job(step, ready.mark, ready.given, inputs, ready.digests, scratch, keeping(self.store))
            outputs = MappingProxyType(dict(await self.crafts[step.kind].perform(job, self.ends.emit)))
            self.journal.made(Made(ready.mark, step.key, ready.given, outputs))
        return outputs

    async def _input(self, digest: Digest) -> Path:
        """A file of the store, its content checked when this run first needs it."""
        path = self.store.path(digest)
        if self.store.trusted(digest) or await anyio.to_thread.run_sync(self.store.check, digest):
            return path
        raise PipeError(
            f"{path} was damaged; it is set aside in {self.store.folder / 'damaged'}",
            next_step="run again: it is fetched or made again, and not bought again",
        )

    # What came of it

    def _found(self, step: Step, mark: Fingerprint, outputs: Mapping[str, Digest]) -> None:
        self.journal.latest(step.key, mark)
        self.ends.find(step.key, outputs)
        self._release(step.key)

    def _finish(self, ready: _Ready, outputs: Mapping[str, Digest]) -> None:
        key = ready.step.key
        self.ends.finish(key, outputs, self._charged(ready))
        self._release(key)
        for twin in self.twins.pop(key, ()):
            self._found(self.steps[twin], ready.mark, outputs)

    def _release(self, key: StepKey) -> None:
        for above in self.above[key]:
            self.awaits[above] -= 1
            if not self.awaits[above]:
                self.due.append(self.steps[above])

    def _doubt(self, key: StepKey, error: InDoubt) -> None:
        self.ends.doubt(key, error)
        self._block_above(key)

    def _block_above(self, key: StepKey) -> None:
        for waiting in (*self.twins.pop(key, ()), *self.above[key]):
            self._block(waiting, by=key)

    def _block(self, key: StepKey, *, by: StepKey) -> None:
        pending = [key]
        while pending:
            key = pending.pop()
            if key not in self.ends.blocked:
                self.ends.block(key, by)
                pending += reversed([*self.twins.pop(key, ()), *self.above[key]])

    def _charged(self, ready: _Ready) -> Money | None:
        """What the vendor charged for this step in this run, as far as it told."""
        if ready.step.kind is not StepKind.TAKE:
            return None
        now, before = self.journal.submission(ready.mark), self.history.submissions.get(ready.mark)
        if now is None or now.state in OPEN:
            return None
        ended_before = before is not None and before.id == now.id and before.state not in OPEN
        return None if ended_before else now.charged


def _unsettled(submission: Submission, story: str, first: str) -> InDoubt:
    if submission.story != story:
        first = f"if a run of '{submission.story}' is at work, let it end and run again; if not, "
    shot, vendor, model = submission.shot, submission.vendor, submission.model
    return doubted(submission, shot=shot, vendor=vendor, model=model, first=first)
