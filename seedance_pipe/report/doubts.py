"""Doubts: the paid requests of which nobody knows whether the vendor has them, with all that is known of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from shlex import quote
from typing import Any

from seedance_pipe.document import canonical
from seedance_pipe.plan.freshness import InDoubt
from seedance_pipe.plan.history import State, Submission
from seedance_pipe.plan.unroll import take_key
from seedance_pipe.report.standing import Standing
from seedance_pipe.report.words import first_words, plain, short_names
from seedance_pipe.run.submission import at_most, when

_TOLD = (
    ("--adopt TASK", "it is there: the next run fetches it"),
    ("--lost", "it is not there, and cost nothing"),
    ("--resubmit", "buy it anew, which may pay twice"),
)


@dataclass(frozen=True, slots=True)
class Calling:
    """How a person called the program: the story as they named it, and the options that name its state."""

    story: str
    options: str = ""


@dataclass(frozen=True, slots=True)
class Doubt:
    """One request. `takes` are all that went out in it; `option` tells it from others of its shot, where there are
    any; `stray` says that the story no longer asks for it.
    """

    takes: tuple[Submission, ...]
    option: str
    stray: bool

    @property
    def first(self) -> Submission:
        return self.takes[0]

    @property
    def names(self) -> Sequence[str]:
        return [take_key(one.shot, one.take) for one in self.takes]


def doubts(standing: Standing) -> Sequence[Doubt]:
    """Those of the story in its order, and then the strays."""
    asked = (one.verdict.submission for one in standing.plan.steps if isinstance(one.verdict, InDoubt))
    own = {one.id: one for one in asked}
    strays = {one.id: one for one in standing.strays if one.state is State.INTENT}
    requests: dict[tuple[str, ...], list[Submission]] = {}
    for one in (*own.values(), *strays.values()):
        request = canonical(one.request) if one.vendor in standing.sharing else one.id
        requests.setdefault((one.story, one.shot, one.vendor, request), []).append(one)
    groups = [tuple(group) for group in requests.values()]
    names = short_names(group[0].id for group in groups)
    return [
        Doubt(group, _option(group[0], groups, names), stray=all(one.id in strays for one in group))
        for group in groups
    ]


def doubt_lines(standing: Standing, calling: Calling) -> Iterator[str]:
    """What is known of each doubt, and the commands that settle it; nothing where there is none."""
    for doubt in doubts(standing):
        first = doubt.first
        moved_on = "; the story no longer asks for it" if doubt.stray else ""
        yield f"In doubt: {', '.join(doubt.names)}{moved_on}"
        price = at_most(first) + (" each" if len(doubt.takes) > 1 and first.reserved else "")
        words = first_words(first)
        yield plain(f"  {first.vendor}/{first.model}, asked {when(first)}, {price}{f': {words}' if words else ''}")
        yield f"  {_way(first, standing.settling)} Look in its console for a task of that time, then say what is:"
        command = _command(first, doubt.option, standing, calling)
        width = max(len(option) for option, _ in _TOLD)
        for option, meaning in _TOLD:
            yield f"    {command} {option.ljust(width)}  {meaning}"


def doubt_data(doubt: Doubt, settling: Mapping[str, str]) -> dict[str, Any]:
    first = doubt.first
    return {
        "ids": [one.id for one in doubt.takes],
        "steps": list(doubt.names),
        "stray": doubt.stray,
        "prompt": first_words(first).strip('"'),
        "resolve": f"{first.shot}{doubt.option}",
        "settled_with": settling.get(first.vendor),
    }


def _option(first: Submission, groups: Sequence[Sequence[Submission]], names: Mapping[str, str]) -> str:
    others = [group for group in groups if group[0].shot == first.shot and group[0].id != first.id]
    if not others:
        return ""
    takes = {one.take for group in others for one in group}
    return f" --id {names[first.id]}" if first.take in takes else f" --take {first.take}"


def _way(submission: Submission, settling: Mapping[str, str]) -> str:
    if submission.vendor in settling:
        return f"A run with {settling[submission.vendor]} set tries to find out by itself. If it cannot:"
    return f"{submission.vendor} gives a program no way to find out."


def _command(first: Submission, option: str, standing: Standing, calling: Calling) -> str:
    story = calling.story
    if first.story != standing.plan.story.path.name:
        # Another story of the folder asked for the same take, and decides.
        story = story.removesuffix(standing.plan.story.path.name) + first.story
    return f"seedance-pipe resolve {quote(story)} {first.shot}{option}{calling.options}"
