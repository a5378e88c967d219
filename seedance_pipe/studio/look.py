"""Looking at a story without touching anything: its plan, and where it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import MappingProxyType

from seedance_pipe.effects import Effects
from seedance_pipe.media.revision import REVISIONS
from seedance_pipe.plan.freshness import Fresh
from seedance_pipe.plan.graph import StepKind
from seedance_pipe.plan.history import History
from seedance_pipe.plan.make import Plan, as_repaired, asking, make, picking, with_more_takes, with_new_takes
from seedance_pipe.plan.recall import remembering
from seedance_pipe.plan.repair import repairing
from seedance_pipe.plan.unroll import Methods
from seedance_pipe.plan.ways import choices
from seedance_pipe.report.standing import Forecast, Standing
from seedance_pipe.run import lockfile
from seedance_pipe.run.budget import Total
from seedance_pipe.run.journal import Journal
from seedance_pipe.run.store import Store
from seedance_pipe.spec.repair import Repair
from seedance_pipe.studio.home import Home
from seedance_pipe.units import Digest

Present = Callable[[Digest], bool]
"""Whether the store has a file, for all that the plan is to know."""

METHODS = Methods(**{kind.value: revision for kind, revision in REVISIONS.items()})


def plan(where: Home, *, force: Sequence[str] = (), effects: Effects | None = None) -> Plan:
    """What a run would do. Changes nothing and sends nothing."""
    return forecast(where, force=force, effects=effects).plan


def forecast(
    where: Home,
    *,
    force: Sequence[str] = (),
    more: Mapping[str, int] = MappingProxyType({}),
    repairs: Mapping[str, Repair] = MappingProxyType({}),
    effects: Effects | None = None,
) -> Forecast:
    """What a run would do, and the money before it. Changes nothing and sends nothing."""
    with memory(where, effects or Effects()) as (journal, past):
        history = repairing(where.story, past, repairs)
        made = as_made(where, history).story if force or more else where.story
        picked = picking(history, with_new_takes(made, history, force))
        asked = asking(picked, with_more_takes(made, picked, more))
        total = Total() if journal is None else journal.total()
        planned = make(where.story, asked, METHODS)
        ways = choices(where.story, planned, asked, now=repairs)
        return Forecast(planned, total, frozenset(history.latest), ways)


def as_made(where: Home, history: History) -> Home:
    """`where` with the shots that its chains are repaired with: takes are known by what these order."""
    return replace(where, story=as_repaired(where.story, history, METHODS))


def status(where: Home, *, effects: Effects | None = None) -> Standing:
    """Where the story stands. Changes nothing and sends nothing."""
    from seedance_pipe.vendor.registry import VENDORS, settles

    with memory(where, effects or Effects()) as (journal, history):
        planned = make(where.story, history, METHODS)
        total = Total() if journal is None else journal.total()
        accounts = {} if journal is None else journal.accounts()
    store = Store(where.store)
    clips = {
        one.step.key: store.path(one.verdict.outputs["clip"])
        for one in planned.steps
        if one.step.kind is StepKind.TAKE and isinstance(one.verdict, Fresh)
    }
    settling = {name: one.FACTS.key_variable for name, one in VENDORS.items() if settles(name)}
    sharing = frozenset(name for name, one in VENDORS.items() if one.FACTS.most_takes > 1)
    return Standing(planned, history, total, clips, accounts, settling, sharing)


@contextmanager
def memory(where: Home, effects: Effects) -> Iterator[tuple[Journal | None, History]]:
    """The journal, if there is one, open for as long as the history that it gave is read."""
    journal = Journal.look(where.journal, story=where.name, effects=effects)
    if journal is None:
        yield None, history_of(where, None, Store(where.store))
        return
    with journal:
        yield journal, history_of(where, journal, Store(where.store))


def history_of(where: Home, journal: Journal | None, store: Store, present: Present | None = None) -> History:
    """What the journal remembers, and beyond that the lock file. `present` says which files of the store count, if
    not all do. Raises StoryInvalid for a lock file that is none.
    """
    there = present or store.has
    past = History() if journal is None else journal.history(there, in_place(where, journal))
    return remembering(past, lockfile.read(where.lockfile), where.story, where.output, there)


def in_place(where: Home, journal: Journal) -> Mapping[str, Digest]:
    """The film by its path, if it is where we put it and nobody has touched it since."""
    delivery = journal.deliveries().get(where.output)
    if delivery is None:
        return {}
    try:
        found = where.story.output.stat()
    except OSError:
        return {}
    untouched = (found.st_size, found.st_mtime_ns) == (delivery.size, delivery.mtime_ns)
    return {where.output: delivery.digest} if untouched else {}
