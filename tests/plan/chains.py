"""Chains of shots at a model that takes first and last frames, read from stories as a person writes them."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from seedance_pipe.plan.freshness import Stale
from seedance_pipe.plan.graph import StepKind
from seedance_pipe.plan.history import History
from seedance_pipe.plan.make import Plan, as_repaired, make
from seedance_pipe.plan.unroll import unroll
from seedance_pipe.spec.reader import read_story
from seedance_pipe.spec.repair import Repair
from seedance_pipe.spec.story import Story
from seedance_pipe.studio.models import catalogue
from tests.builders import METHODS, done

HEAD = 'version: 1\nmodel: MODEL\ndefaults: {duration: 5, resolution: 480p, ratio: "16:9"}\nshots:\n'
NOTHING = History()


@dataclass(frozen=True)
class Link:
    """A shot of a chain, as it is written: `more` are further keys."""

    id: str
    prompt: str
    after: str = ""
    more: str = ""


def chain(*links: Link, model: str = "modelark/seedance-1-0-pro") -> Story:
    shots = (
        f'  - {{id: {one.id}, prompt: "{one.prompt}"'
        + (f", continues: {one.after}" if one.after else "")
        + (f", {one.more}" if one.more else "")
        + "}\n"
        for one in links
    )
    return read(HEAD.replace("MODEL", model) + "".join(shots))


@functools.cache
def read(text: str) -> Story:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "story.yaml")
        path.write_text(text, encoding="utf-8")
        reading = read_story(path, _CATALOGUE, uploads=True)
    assert reading.story is not None, reading.diagnostics
    return reading.story


def row(ways: Sequence[Repair], changed: Collection[int] = ()) -> Story:
    """A chain `s0`, `s1`, … of so many shots, each repaired in its way; those `changed` say something else."""

    def written(word: str) -> Story:
        picture = "first_frame: https://example.org/a.png"
        links = (
            Link(f"s{index}", f"shot {index}{word}", f"s{index - 1}" if index else "", "" if index else picture)
            for index in range(len(ways))
        )
        return chain(*links)

    before, after = written(""), written(" anew")
    shots = [(after if index in changed else before).shots[index] for index in range(len(ways))]
    return replace(before, shots=tuple(replace(one, repair=way) for one, way in zip(shots, ways, strict=True)))


def made(story: Story, before: History = NOTHING) -> History:
    """The history once a run has made all of `story`, whose past was `before`."""
    now = done(unroll(as_repaired(story, before, METHODS), before, METHODS))
    return History(
        made={**before.made, **now.made},
        submissions={**before.submissions, **now.submissions},
        latest={**before.latest, **now.latest},
        repairs=before.repairs,
        picks=before.picks,
        asked=before.asked,
        delivered=now.delivered,
    )


def plan_of(story: Story, history: History) -> Plan:
    return make(story, history, METHODS)


def bought(plan: Plan) -> list[str]:
    return [
        str(one.step.key)
        for one in plan.steps
        if one.step.kind is StepKind.TAKE and isinstance(one.verdict, Stale)
    ]


def given(plan: Plan, key: str) -> Mapping[str, str]:
    return next(one.step.given for one in plan.steps if one.step.key == key)


_CATALOGUE = catalogue()
