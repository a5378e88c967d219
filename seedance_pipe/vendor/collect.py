"""Collecting what a task made: fetched at once, looked at, kept, and only then written down as ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from anyio import to_thread

from seedance_pipe.errors import MediaFailed, VendorFailed
from seedance_pipe.plan.history import State, Submission
from seedance_pipe.units import Digest
from seedance_pipe.vendor.adapter import Ready
from seedance_pipe.vendor.download import Downloads, Fetched
from seedance_pipe.vendor.follow import follow
from seedance_pipe.vendor.take import Take

_ATTEMPTS = 3
_CLOCKS_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Checks:
    """Functions that raise MediaFailed for a file that is not a whole clip, or not a whole picture."""

    clip: Callable[[Path], object]
    picture: Callable[[Path], object]


async def collect(
    take: Take, submission: Submission, ready: Ready, *, downloads: Downloads, checks: Checks
) -> Mapping[str, Digest]:
    """The digests of the clip and, where the vendor gave one, its last frame: kept and in the journal.

    Raises VendorFailed when the clip cannot be had, MediaFailed when what came is none. The journal then
    still says that it is ready, so the next run tries again; unless the vendor has thrown it away.
    """
    if submission.state is State.SUBMITTED:
        take.journal.ready(submission.id, ready.receipt)
        submission = replace(submission, state=State.READY, receipt=ready.receipt)
    take.moved("fetching", task=submission.task or "")
    clip = take.job.scratch / "clip"
    ready = await _fetch_clip(take, submission, ready, clip, downloads=downloads, checks=checks)
    if ready.remark:
        take.noted(ready.remark)
    frame = take.job.scratch / "last_frame"
    has_frame = await _fetch_frame(take, ready, frame, downloads=downloads, checks=checks)
    outputs = {"clip": await take.job.keep(clip)}
    if has_frame:
        outputs["last_frame"] = await take.job.keep(frame)
    if submission.state is not State.STORED:
        take.journal.stored(submission.id, outputs)
    return outputs


async def _fetch_clip(
    take: Take, submission: Submission, ready: Ready, clip: Path, *, downloads: Downloads, checks: Checks
) -> Ready:
    """Fetch and check the clip; the vendor is asked for fresh addresses when these do not serve."""
    home = take.line.account.loopback
    for attempt in range(_ATTEMPTS):
        last = attempt == _ATTEMPTS - 1
        if await downloads.fetch(ready.clip, clip, loopback=home) is Fetched.WHOLE:
            try:
                await to_thread.run_sync(checks.clip, clip)
            except MediaFailed as problem:
                take.effects.disk.remove(clip)
                if last:
                    raise MediaFailed(
                        f"{take.name}: what {take.vendor} gives out is not a whole clip: {problem.message}",
                        next_step="run again: it is paid for, and is fetched before anything is bought",
                    ) from problem
            else:
                return ready
        if not last:
            ready = await follow(take, submission, wait=attempt > 0)
    raise _not_to_be_had(take, submission, ready)


async def _fetch_frame(take: Take, ready: Ready, frame: Path, *, downloads: Downloads, checks: Checks) -> bool:
    """Whether the vendor's own last frame could be had. Without it the frame is taken from the clip."""
    if ready.last_frame is None:
        return False
    why = "its address is no longer good"
    try:
        if await downloads.fetch(ready.last_frame, frame, loopback=take.line.account.loopback) is Fetched.WHOLE:
            await to_thread.run_sync(checks.picture, frame)
            return True
    except (VendorFailed, MediaFailed) as problem:
        why = problem.message
    take.noted(f"the vendor's last frame could not be had ({why}); it is taken from the clip")
    return False


def _not_to_be_had(take: Take, submission: Submission, ready: Ready) -> VendorFailed:
    kept, expires = take.line.adapter.FACTS.results_kept, ready.receipt.expires
    if kept is None or expires is None or take.effects.now() <= expires + _CLOCKS_SECONDS:
        return take.failed(
            f"{take.vendor} gives no address at which the clip can be fetched",
            next_step="run again: it is paid for, and is fetched before anything is bought; "
            f"if that stays so, `run --force {take.shot.id}` buys a new take",
        )
    reason = f"{take.vendor} kept it for {kept / 3600:g} hours, and now refuses to give it out"
    if submission.state is not State.STORED:
        charged = ready.receipt.charged
        take.journal.failed(submission.id, code="lapsed", reason=reason, charged=charged)
    next_step = take.how_to_replace(submission)
    return take.failed(f"a paid clip is lost: {reason}", next_step=next_step, code="lapsed")
