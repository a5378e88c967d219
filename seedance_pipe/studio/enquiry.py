"""Enquiries: what a vendor says of a task that a person names, outside of any run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace

import anyio

from seedance_pipe.effects import Effects
from seedance_pipe.errors import PipeError, VendorFailed
from seedance_pipe.plan.history import State
from seedance_pipe.report.words import plain
from seedance_pipe.run.journal import Journal, held_already
from seedance_pipe.spec.story import Shot
from seedance_pipe.studio.home import Home
from seedance_pipe.studio.rehearsal import serving
from seedance_pipe.vendor.account import Account, accounts
from seedance_pipe.vendor.adapter import Barred, Gone, Missed, Progress, seat, seated
from seedance_pipe.vendor.cancel import told_of
from seedance_pipe.vendor.line import Line, line
from seedance_pipe.vendor.redact import Redactor
from seedance_pipe.vendor.registry import CANCELS, VENDORS
from seedance_pipe.vendor.transport import Api, trust

_LONGEST = 256


def checked_name(vendor: str, task: str) -> str:
    """The name that the vendor itself has for `task`. Raises PipeError when that can be none."""
    facts = VENDORS[vendor].FACTS
    if not (0 < len(task) <= _LONGEST and task.isascii() and task.isprintable() and " " not in task):
        raise PipeError(f"'{plain(task)}' is not the name of a task of {facts.title}")
    return seated(task)[0] if facts.most_takes > 1 else task


def nobody_has(journal: Journal, vendor: str, task: str) -> None:
    """Raises PipeError when a take has this task of the vendor's, or a share in it, and did not give it up."""
    most = VENDORS[vendor].FACTS.most_takes
    shares = (seat(task, place, count) for count in range(2, most + 1) for place in range(1, count + 1))
    for name in (task, *shares):
        for one in journal.holders(name):
            if one.vendor == vendor and one.state is not State.ABANDONED:
                raise held_already(task, one)


def enquire(where: Home, shot: Shot, task: str, *, takes: int = 1, effects: Effects) -> Progress:
    """How the vendor of `shot` says that `task` is, which is for so many takes.

    Raises Missing without a key, and VendorFailed when the vendor does not know the task or cannot be asked.
    """
    vendor = shot.model.vendor
    with led(where, effects) as there:
        told = anyio.run(_asked, accounts(there.environ, [vendor])[vendor], shot, seat(task, 1, takes), there)
    title = VENDORS[vendor].FACTS.title
    match told:
        case Gone(code, reason):
            raise VendorFailed(
                f"{title} knows no task {task} ({code}: {reason})", next_step="check the task's name", code=code
            )
        case Barred(code, reason, next_step):
            raise VendorFailed(f"{title} does not tell of task {task}: {reason}", next_step=next_step, code=code)
        case Missed(reason):
            raise VendorFailed(f"{title} could not be asked after task {task}: {reason}", next_step="try again")
    return told


@contextmanager
def led(where: Home, effects: Effects) -> Iterator[Effects]:
    """`effects` as they lead to the vendors: a rehearsal's to the embedded sandbox, which is served meanwhile."""
    if not where.rehearsal:
        yield effects
        return
    with serving(where.state / "vendors") as leading:
        yield replace(effects, environ={**effects.environ, **leading})


@asynccontextmanager
async def opened(account: Account, effects: Effects) -> AsyncIterator[Line]:
    """A line to one vendor, for questions and cancellations."""
    async with Api(account, effects=effects, context=trust(effects.environ)) as api:
        vendor = account.vendor
        yield line(
            VENDORS[vendor],
            account,
            api,
            Redactor([account.key]),
            effects=effects,
            cancelling=CANCELS.get(vendor),
        )


async def _asked(account: Account, shot: Shot, task: str, effects: Effects) -> Progress:
    async with opened(account, effects) as vendor:
        return await told_of(vendor, task, shot, effects=effects)
