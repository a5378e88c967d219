"""What holding a story, its lock file and its store against each other came to, as values, as text and as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from seedance_pipe.plan.graph import StepKey
from seedance_pipe.report.upkeep import files
from seedance_pipe.report.words import plain


@dataclass(frozen=True, slots=True)
class Fault:
    """`what` is wrong with `step`, and what a person can do: two clauses."""

    step: StepKey
    what: str
    next_step: str


@dataclass(frozen=True, slots=True)
class Verified:
    """`film` is the film's path relative to the story's folder; `steps` lead to it, and `files` of the store were
    read for them.
    """

    film: str
    steps: int
    files: int
    faults: tuple[Fault, ...] = ()


def verified_text(one: Verified) -> str:
    if not one.faults:
        return plain(f"{one.film} is what the story asks for: {files(one.files)} are as they were made.") + "\n"
    lines = [f"{fault.step}: {fault.what}; {fault.next_step}" for fault in one.faults]
    count = "1 fault" if len(lines) == 1 else f"{len(lines)} faults"
    lines.append(f"{count}: {one.film} is not proven.")
    return "".join(f"{plain(line)}\n" for line in lines)


def verified_data(one: Verified) -> dict[str, Any]:
    faults = [{"step": fault.step, "what": fault.what, "next_step": fault.next_step} for fault in one.faults]
    return {"film": one.film, "ok": not faults, "steps": one.steps, "files": one.files, "faults": faults}
