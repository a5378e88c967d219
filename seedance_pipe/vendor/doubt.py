"""Doubt: finding out whether a vendor has a request that got no clear answer (design section 6)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import assert_never

import anyio
import anyio.lowlevel

from seedance_pipe.document import Json, leaves
from seedance_pipe.errors import InDoubt, PipeError
from seedance_pipe.plan.history import Submission
from seedance_pipe.vendor.adapter import Accepted, Barred, Busy, Doubt, Doubtful, Missed, Refused
from seedance_pipe.vendor.again import Again
from seedance_pipe.vendor.answer import NotSent
from seedance_pipe.vendor.assets import Assets, Filled
from seedance_pipe.vendor.pace import growing
from seedance_pipe.vendor.take import Take

_MARK = re.compile(r"sha256:[0-9a-f]{64}")
# security.md 4.3: so many looks at the lists over so many seconds, and by so much may the vendor's clock differ.
_LOOKS = 4
_LOOKING_SECONDS = 120.0
_LONGEST_SECONDS = 600.0
_CLOCKS_SECONDS = 600.0
_RETRY_AFTER_SECONDS = 120.0


async def settle(take: Take, together: Sequence[Submission], *, assets: Assets) -> None:
    """Find out, by the policy of its vendor, what became of one request, which is for all of `together`. When this
    returns, the vendor has it, and the journal knows. Raises InDoubt when that cannot be told.
    """
    match take.line.adapter.FACTS.doubt:
        case Doubt.SAME_ID | Doubt.SAME_KEY:
            await _send_again(take, together, assets)
        case Doubt.LIST:
            await _search(take, together)
        case Doubt.PERSON:
            raise take.doubted(take.own(together), "it gives no way to find out")
        case _ as never:
            assert_never(never)


async def _send_again(take: Take, together: Sequence[Submission], assets: Assets) -> None:
    """The vendor takes the same id, or the same key, for the same request, whenever it comes. A clear no now says
    nothing of the first time, so it settles nothing.
    """
    own, facts = take.own(together), take.line.adapter.FACTS
    passed = take.effects.now() - own.at
    if facts.keys_kept is not None and passed > facts.keys_kept:
        raise take.doubted(own, f"after {facts.keys_kept / 3600:g} hours it may not know our key any more")
    if facts.keys_kept is not None and passed < -_CLOCKS_SECONDS:
        # A clock that was set back does not tell how long ago that was.
        raise take.doubted(own, "by the clock of this machine it was asked in the future")
    take.moved("settling")
    again = Again(take.effects)
    async with take.line.door:
        filled = await _filled(take, own, assets)
        call = take.line.adapter.submission(own.request, filled.media)
        while True:
            await take.line.paid_turn()
            await anyio.lowlevel.checkpoint_if_cancelled()
            with anyio.CancelScope(shield=True):
                answer = await take.line.submit(call, own.request)
            # Nothing is awaited before the journal knows, so no stop can come in between.
            match answer:
                case Accepted():
                    take.accepted(together, answer)
                    take.noted(
                        f"its answer had been lost, so {take.vendor} was sent the same request again, under the "
                        f"same name: it has it as task {answer.task}, which is paid for once"
                    )
                    return
                case Refused(_, reason):
                    assets.refused(filled, take.line)
                    raise _still(take, own, reason)
                case Doubtful(reason):
                    raise _still(take, own, reason)
                case Busy() | NotSent():
                    pause = again.pause(answer)
                    if pause is None:
                        raise _still(take, own, answer.reason)
                    await take.effects.sleep(pause)
                case _ as never:
                    assert_never(never)


def _still(take: Take, own: Submission, reason: str) -> InDoubt:
    return take.doubted(own, f"it was sent again under the same name, and that settled nothing: {reason}", then="")


async def _filled(take: Take, own: Submission, assets: Assets) -> Filled:
    """What goes into the holes that the journal's copy of the request has. Raises InDoubt without the files."""
    if not _has_holes(own.request):
        return Filled({})
    if not all(medium.hole for medium in take.shot.media):
        raise take.doubted(own, "the story has moved on, and the files that go into the request are not at hand")
    try:
        return await assets.fill(take.job, take.shot, take.line)
    except PipeError as problem:
        raise take.doubted(
            own, f"the files that go into the request cannot be had: {problem.message}"
        ) from problem


def _has_holes(request: Json) -> bool:
    return any(isinstance(leaf, str) and _MARK.fullmatch(leaf) for _, leaf in leaves(request))


async def _search(take: Take, together: Sequence[Submission]) -> None:
    """Look through the vendor's lists, at once and again with growing pauses: a task may not be listed as soon as
    it is made. Time alone never says that there is none.
    """
    own, line = take.own(together), take.line
    assert line.searching is not None
    kept = line.adapter.FACTS.tasks_kept
    if not line.searching.recognisable(own.request):
        raise take.doubted(own, "nothing in the request would tell its task from others")
    if kept is not None and take.effects.now() - own.at >= kept:
        raise take.doubted(own, f"it lists the tasks of {kept / 86_400:g} days only")
    take.moved("settling")
    began, looks, missed = take.effects.monotonic(), 0, ""
    pauses = growing(15.0, 60.0, take.effects)
    while True:
        pause = next(pauses)
        seen = await _look(take, own)
        if isinstance(seen, Missed):
            missed = f"; of its lists the last could not be had: {seen.reason}"
            pause = max(pause, min(seen.retry_after or 0.0, _RETRY_AFTER_SECONDS))
        else:
            looks, missed = looks + 1, ""
            if _adopted(take, own, seen - take.journal.tasks()):
                return
        waited = take.effects.monotonic() - began
        if (looks >= _LOOKS and waited >= _LOOKING_SECONDS) or waited >= _LONGEST_SECONDS:
            found = f"after {looks} looks at its lists over {waited:.0f} s it shows no task of ours"
            raise take.doubted(own, found + missed)
        await take.effects.sleep(pause)


def _mistakable(take: Take, own: Submission, other: Submission) -> bool:
    """Whether a task on the list could be that of `other` just as well: both drew the same mark by chance."""
    assert take.line.searching is not None
    alike = other.id != own.id and other.vendor == own.vendor
    return alike and take.line.searching.alike(own.request, other.request)


def _adopted(take: Take, own: Submission, tasks: frozenset[str]) -> bool:
    """Whether there was one task that is ours; the journal then has its name. Raises InDoubt for several."""
    if len(tasks) > 1:
        raise take.doubted(own, f"more than one task could be ours: {', '.join(sorted(tasks))}")
    if tasks and any(_mistakable(take, own, other) for other in take.journal.in_doubt()):
        raise take.doubted(
            own, f"another request in doubt bears the same mark, so task {min(tasks)} may be its own"
        )
    for task in tasks:
        take.accepted((own,), Accepted(task), found=True)
        take.noted(f"its answer had been lost; {take.vendor} lists it as task {task}, which is ours by its mark")
    return bool(tasks)


async def _look(take: Take, own: Submission) -> frozenset[str] | Missed:
    """The tasks, on all pages of all lists, that can only come of our request."""
    assert take.line.searching is not None
    found: frozenset[str] = frozenset()
    for name in take.line.searching.lists():
        page, more = 1, True
        while more:
            seen = await take.line.listed(own.request, name, page, since=own.at - _CLOCKS_SECONDS)
            if isinstance(seen, Barred):
                raise take.doubted(own, f"its tasks cannot be listed: {seen.reason} ({seen.next_step})")
            if isinstance(seen, Missed):
                return seen
            found, page, more = found | seen.tasks, page + 1, seen.more
    return found
