"""A story at a played vendor, run as the program runs it but with shorter pauses, and a person who decides."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from seedance_pipe.effects import Effects
from seedance_pipe.plan.history import Decision, State, Submission
from seedance_pipe.report.doubts import Calling
from seedance_pipe.report.standing import Adopted, GivenBack, Result
from seedance_pipe.report.table import status_text
from seedance_pipe.run.event import Event
from seedance_pipe.run.journal import Journal
from seedance_pipe.sandbox.faults import Fault
from seedance_pipe.studio import adopt, cancel, decide, look
from seedance_pipe.studio.home import Home, home, read
from seedance_pipe.studio.rehearsal import hastened
from seedance_pipe.studio.run import run
from seedance_pipe.studio.work import Wishes
from tests.crash.nursery import FASTER
from tests.studio.vendor import Vendor


@dataclass
class Desk:
    """`later` is how many seconds after now the person is; `without` are the variables that they lack."""

    story: Path
    vendor: Vendor
    head: str
    later: float = 0.0
    without: set[str] = field(default_factory=set)
    events: list[Event] = field(default_factory=list)

    @property
    def effects(self) -> Effects:
        environ = {**os.environ, **self.vendor.environ}
        for name in self.without:
            environ.pop(name)
        return replace(hastened(Effects(environ=environ), FASTER), now=lambda: time.time() + self.later)

    @property
    def home(self) -> Home:
        told = read(self.story, environ=self.effects.environ).story
        assert told is not None
        return home(told)

    def write(self, *shots: str, name: str = "") -> None:
        path = self.story.with_name(name) if name else self.story
        path.write_text(f"version: 1\n{self.head}\nshots:\n" + "".join(f"  - {{{shot}}}\n" for shot in shots))

    def run(self, **wishes: Any) -> Result:
        return run(self.home, Wishes(yes=True, **wishes), showing=self._showing, effects=self.effects)

    def lose(self, *faults: Fault, **wishes: Any) -> Result:
        """A run during which the vendor behaves so."""
        self.vendor.set_faults(faults)
        ended = self.run(**wishes)
        self.vendor.set_faults([])
        return ended

    def status(self) -> str:
        return status_text(look.status(self.home, effects=self.effects), calling=Calling(str(self.story)))

    def resolve(
        self,
        shot: str,
        decision: Decision | str,
        *,
        take: int | None = None,
        ident: str = "",
        yes: bool = True,
        ask: Callable[[str], bool] | None = None,
    ) -> Sequence[Submission]:
        which = decide.Which(shot, take, ident)
        if isinstance(decision, str):
            return decide.adopt(self.home, which, decision, effects=self.effects)
        return decide.give_up(self.home, which, decision, yes=yes, ask=ask, effects=self.effects)

    def adopt(self, shot: str, what: str | Path, *, take: int | None = None) -> Adopted:
        if isinstance(what, Path):
            return adopt.adopt_file(self.home, shot, what, take=take, effects=self.effects)
        return adopt.adopt_task(self.home, shot, what, take=take, effects=self.effects)

    def cancel(self, shot: str | None = None) -> Sequence[GivenBack]:
        return cancel.cancel_open(self.home, shot, effects=self.effects)

    def bought(self) -> int:
        return len(self.vendor.ledger())

    def journal(self) -> Journal:
        path = self.story.parent / ".seedance" / "journal.db"
        return Journal.open(path, story=self.story.name, effects=self.effects)

    def submissions(self) -> list[Submission]:
        with self.journal() as journal:
            history = journal.history(lambda digest: True, {})
            return sorted(history.submissions.values(), key=lambda one: (one.shot, one.take, one.at))

    def states(self) -> list[State]:
        return [one.state for one in self.submissions()]

    def _showing(self, plan: Any) -> Any:
        from contextlib import nullcontext

        return nullcontext(self.events.append)


RUNBASE = "model: runbase/seedance-1-pro\ndefaults: {duration: 5}"
MODELARK = 'model: modelark/seedance-1-0-pro-fast\ndefaults: {duration: 2, resolution: 480p, ratio: "1:1"}'
RUNWARE = 'model: runware/seedance-1-0-pro-fast\ndefaults: {duration: 2, resolution: 480p, ratio: "1:1"}'
RIVYA = "model: rivya/seedance-1-0-pro\ndefaults: {duration: 5, resolution: 480p}"
