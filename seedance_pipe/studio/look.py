"""Looking at a story without touching anything: its plan, and where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType

from seedance_pipe.effects import Effects
from seedance_pipe.media.revision import REVISIONS
from seedance_pipe.plan.freshness import Fresh
from seedance_pipe.plan.graph import StepKind
from seedance_pipe.plan.history import History
from seedance_pipe.plan.make import Plan, asking, make, picking, with_more_takes, with_new_takes
from seedance_pipe.plan.unroll import Methods
from seedance_pipe.report.standing import Forecast, Standing
from seedance_pipe.run.budget import Total
from seedance_pipe.run.journal import Journal
from seedance_pipe.run.store import Store
from seedance_pipe.studio.home import Home
from seedance_pipe.units import Digest

METHODS = Methods(**{kind.value: revision for kind, revision in REVISIONS.items()})


def plan(where: Home, *, force: Sequence[str] = (), effects: Effects | None = None) -> Plan:
    """What a run would do. Changes nothing and sends nothing."""
    return forecast(where, force=force, effects=effects).plan


def forecast(
    where: Home,
    *,
    force: Sequence[str] = (),
    more: Mapping[str, int] = MappingProxyType({}),
    effects: Effects | None = None,
) -> Forecast:
    """What a run would do, and the money before it. Changes nothing and sends nothing."""
    with memory(where, effects or Effects()) as (journal, history):
        picked = picking(history, with_new_takes(where.story, history, force))
        asked = asking(picked, with_more_takes(where.story, picked, more))
        total = Total() if journal is None else journal.total()
        return Forecast(make(where.story, asked, METHODS), total, frozenset(history.latest))


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
        yield None, History()
        return
    with journal:
        yield journal, history_of(where, journal, Store(where.store))


def history_of(where: Home, journal: Journal, store: Store) -> History:
    return journal.history(store.has, in_place(where, journal))


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
