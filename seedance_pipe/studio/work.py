"""What a person wishes of a run, and the work that it comes to once its guards have let it through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from seedance_pipe.effects import Effects
from seedance_pipe.plan.history import History, Submission
from seedance_pipe.plan.make import Plan
from seedance_pipe.run.journal import Journal
from seedance_pipe.run.store import Store
from seedance_pipe.spec.cap import NO_CAPS, Caps
from seedance_pipe.spec.repair import Repair
from seedance_pipe.studio.home import Home
from seedance_pipe.studio.pinning import choose


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a person asked of a run. `more` is how many further takes of which shots, `repairs` what becomes of
    those that continue a shot; `cap` bounds all that the story ever spends.
    """

    shots: Sequence[str] = ()
    force: Sequence[str] = ()
    more: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    repairs: Mapping[str, Repair] = field(default_factory=lambda: MappingProxyType({}))
    only: bool = False
    jobs: int | None = None
    keep_going: bool = False
    cap: Caps = field(default_factory=lambda: NO_CAPS)
    allow_unknown_cost: bool = False
    yes: bool = False
    force_output: bool = False


@dataclass(frozen=True, slots=True)
class Work:
    """A run that its guards have let through: what to do, with which memory. `picks` are the takes by order's
    digest that the film is to use from now on, `asks` those that are made besides the story's. `strays` are
    open submissions that the story no longer asks for; they are paid for, so they are fetched before anything is
    bought. `repairs` are the ways that were chosen, by order's digest; `made` is the story's home with the shots
    as they are made, its chains repaired.
    """

    where: Home
    wishes: Wishes
    plan: Plan
    history: History
    picks: Mapping[str, int]
    strays: tuple[Submission, ...]
    journal: Journal
    store: Store
    effects: Effects
    asks: Mapping[str, frozenset[int]]
    repairs: Mapping[str, Repair]
    made: Home

    def choose(self) -> None:
        """Write down what was chosen. A pick is of what a shot orders as it is written, or as it is made."""
        choose(self.where, self.effects, picks=self.picks, repairs=self.repairs)
        if self.made.story is not self.where.story:
            choose(self.made, self.effects, picks=self.picks)
