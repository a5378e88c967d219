"""Runware: what its API expects and what its answers mean (runware.md, 2026-11-21).

Everything is one address: a POST of an array of task objects, polls and uploads too. The id of a task is ours.
"""

from __future__ import annotations

import base64
import json
import re
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence

from seedance_pipe.document import Json, JsonPath, fill, freeze, thaw
from seedance_pipe.plan.history import Receipt
from seedance_pipe.spec.story import Shot
from seedance_pipe.units import Money
from seedance_pipe.vendor.adapter import (
    Accepted,
    Barred,
    Busy,
    Doubt,
    Doubtful,
    Facts,
    Failed,
    Lodged,
    Missed,
    Pace,
    Progress,
    Ready,
    Refused,
    Running,
    Upload,
    Verdict,
    seated,
)
from seedance_pipe.vendor.answer import TOO_MUCH, Answered, Call, amount, look, text, whole
from seedance_pipe.vendor.runware_words import (
    KEY_VARIABLE,
    Fault,
    Kind,
    clear,
    failed,
    faults,
    items,
    named,
    silent,
)

# Sections 1, 3, 4 and 5. The vendor has no hard limits and suggests two to four steady requests at once, and
# polls that begin after a pause and grow apart. How many polls fit into one array is not documented: 20 is our
# choice. How long results and tasks are kept is not documented. Uploads are deleted 30 days after their last use.
FACTS = Facts(
    vendor="runware",
    title="Runware",
    key_variable=KEY_VARIABLE,
    base_variable="RUNWARE_BASE_URL",
    base="https://api.runware.ai/v1",
    concurrency=4,
    pace=Pace(first=2.0, longest=10.0, calls=4.0, burst=4, submissions=2.0),
    results_kept=None,
    tasks_kept=None,
    doubt=Doubt.SAME_ID,
    batch=20,
    most_takes=4,
    uploads_kept=29 * 24 * 3600.0,
)

_TASK = "videoInference"
_PATIENCE = 3600.0
_NAME = re.compile(r"[!-~]{1,256}")
_BARRING = frozenset({Kind.ACCOUNT, Kind.MONEY})
_FLAGGED = "the vendor's content check marks the clip as not safe for everybody (NSFWContent)"


def frozen(body: Json, *, shot: Shot, last_frame: bool, draw: Callable[[int], int], takes: int = 1) -> Json:
    """The task object. Its UUID is drawn for this request alone, so sending it again can never pay twice:
    the vendor refuses an id that it has (section 3, `conflictTaskUUID`).
    """
    task: dict[str, Json] = {
        "taskType": _TASK,
        "taskUUID": _uuid(draw),
        "model": shot.model.wire,
        "deliveryMethod": "async",
        "includeCost": True,
    }
    if takes > 1:
        task["numberResults"] = takes
    return freeze({**task, **(body if isinstance(body, Mapping) else {})})


def submission(request: Json, media: Mapping[JsonPath, str]) -> Call:
    return _post([fill(request, media)])


def verdict(answer: Answered, request: Json) -> Verdict:
    """Sections 3 and 4: the body is read first and the status second, for refusals come with 200 as well.

    An acknowledgement that names no task is believed when it is of our type: it answers a request for one task.
    A busy vendor is sent the same UUID again, which is why any status will do for it. A code of the vendor's own
    trouble, a 5xx and a code that no page lists with 200 tell nothing.
    """
    ours = text(look(request, "taskUUID"))
    wrong = [one for one in faults(answer) if one.task in ("", ours)]
    if clear(answer.status) and (
        any(one.kind is Kind.TAKEN for one in wrong)
        or any(_acknowledges(item, ours) for item in items(answer.document, "data"))
    ):
        return Accepted(ours)
    return _turned_down(answer, wrong) or Doubtful(_summary(answer, wrong))


def poll(tasks: Sequence[str]) -> Call:
    """One array with a task for each of the tasks asked after, once each. That polls may share an array follows
    from the rule for all tasks; no page says it of polls [A].
    """
    wanted = dict.fromkeys(seated(task)[0] for task in tasks)
    return _post([{"taskType": "getResponse", "taskUUID": task} for task in wanted])


def progress(answer: Answered, task: str, *, shot: Shot) -> Progress:
    """What became of one seat of a task (section 3).

    Takes of one submission come in any order and some before others, so none is given out before all are
    known: then the clips in the vendor's order, and the failures after them. A single error while nothing else
    of the task is listed counts for all its takes [A]. A poll never tells that a task is not there: an id that
    the vendor never had is answered like one that is at work.
    """
    ours, number, count = seated(task)
    listed = [item for item in items(answer.document, "data") if named(item) == ours]
    wrong = [one for one in faults(answer) if one.task in ("", ours)]
    clips = _clips(listed)
    failures = sorted((one for one in wrong if one.task == ours and one.ends), key=lambda one: one.reason)
    pending = [item for item in listed if not _clip(item) and not failed(item)]
    known = len(clips) + len(failures) >= count or (failures and not clips)
    if len(clips) >= count or (known and not pending):
        return _ready(clips[number - 1]) if number <= len(clips) else _failure(failures, number - len(clips))
    if pending or clips:
        return _running(pending, len(clips), count)
    return _unanswered(answer, wrong)


def crowded(answer: Answered) -> bool:
    """A rate limit comes with 200 as well (section 4), unless it is what a generation ended with."""
    return answer.status in TOO_MUCH or any(one.kind is Kind.PACE and not one.ends for one in faults(answer))


def patience(request: Json) -> float:
    """No page says when a task ends at the latest. The vendor's own client gives up after 20 minutes: an hour is
    our choice.
    """
    return _PATIENCE


def upload(file: Upload, *, draw: Callable[[int], int]) -> Call:
    """Section 5. The vendor's newer `mediaStorage` does the same, and how it answers is not documented."""
    image = f"data:{file.type};base64,{base64.b64encode(file.content).decode('ascii')}"
    return _post([{"taskType": "imageUpload", "taskUUID": _uuid(draw), "image": image}])


def uploaded(answer: Answered) -> Lodged | Refused | Busy | Missed:
    for item in items(answer.document, "data"):
        name = text(look(item, "imageUUID"))
        if clear(answer.status) and _NAME.fullmatch(name):
            return Lodged(name)
    wrong = list(faults(answer))
    return _turned_down(answer, wrong) or Missed(_summary(answer, wrong), answer.retry_after)


def _uuid(draw: Callable[[int], int]) -> str:
    return str(uuid.UUID(int=draw(2**128), version=4))


def _post(tasks: Sequence[Json]) -> Call:
    return Call("POST", "", json.dumps(thaw(tasks), separators=(",", ":")).encode())


def _acknowledges(item: Json, ours: str) -> bool:
    return not failed(item) and (
        named(item) == ours or (not named(item) and text(look(item, "taskType")) == _TASK)
    )


def _turned_down(answer: Answered, wrong: Sequence[Fault]) -> Refused | Busy | None:
    """What the errors of an answer come to; None when they do not tell whether there is a task."""
    busy = next((one for one in wrong if one.kind is Kind.PACE), None)
    if busy is None and not wrong and answer.status == 429:
        busy = silent(answer.status)
    if busy is not None:
        return Busy(busy.name, busy.reason, answer.retry_after)
    if wrong and all(one.refuses for one in wrong):
        return Refused(wrong[0].name, wrong[0].reason, wrong[0].next_step)
    return None


def _summary(answer: Answered, wrong: Sequence[Fault]) -> str:
    return f"it answered {answer.status}" + (f": {wrong[0].reason}" if wrong else ", and said nothing of it")


def _clip(item: Json) -> str:
    return text(look(item, "videoURL"))


def _clips(listed: Iterable[Json]) -> list[Json]:
    """The finished results, each once, in an order that the order of the answer has no part in."""
    found = [item for item in listed if _clip(item)]
    numbered = all(whole(look(item, "resultIndex")) is not None for item in found)

    def place(item: Json) -> tuple[int, str]:
        if numbered:
            return whole(look(item, "resultIndex")) or 0, ""
        return 0, text(look(item, "videoUUID")) or _clip(item)

    each: dict[tuple[int, str], Json] = {}
    for item in sorted(found, key=lambda item: (place(item), text(look(item, "videoUUID")), _clip(item))):
        each.setdefault(place(item), item)
    return list(each.values())


def _ready(item: Json) -> Ready:
    """How long the address lives is not documented; it is used at once."""
    cost = amount(look(item, "cost"))
    charged = None if cost is None else Money(cost)
    receipt = Receipt(seed=whole(look(item, "seed")), tokens=None, charged=charged, expires=None)
    return Ready(receipt, _clip(item), remark=_FLAGGED if look(item, "NSFWContent") is True else "")


def _failure(failures: Sequence[Fault], number: int) -> Failed:
    """Whether failed generations are free is not documented, so what it cost stays unknown."""
    one = failures[min(number, len(failures)) - 1]
    return Failed(one.name, one.reason, one.next_step)


def _running(pending: Sequence[Json], clips: int, count: int) -> Running:
    if not pending:
        return Running(f"{clips} of {count} takes are there")
    status = text(look(pending[0], "status")) or "accepted"
    if status == "success":
        # Paid for, but with nothing to fetch: the next answer may have it.
        return Running("success, without an address")
    parts = [part for item in pending if (part := whole(look(item, "progress"))) is not None]
    return Running(status, max(0, min(100, *parts)) / 100 if parts else None)


def _unanswered(answer: Answered, wrong: Sequence[Fault]) -> Progress:
    barring = [one for one in wrong if one.kind in _BARRING]
    if barring or answer.status in (401, 403):
        one = barring[0] if barring else silent(answer.status)
        return Barred(one.name, one.reason, one.next_step)
    return Missed(_summary(answer, wrong), answer.retry_after)
