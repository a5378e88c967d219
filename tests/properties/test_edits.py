"""Edits of a story's text: a cosmetic one never changes a plan, a paid one always does, and every stale step says
why, with the old value and the new.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from seedance_pipe.plan.freshness import Changed, Fresh, Stale, Upstream
from seedance_pipe.plan.graph import StepKind
from seedance_pipe.plan.history import History
from seedance_pipe.plan.make import Plan, make
from seedance_pipe.plan.unroll import unroll
from seedance_pipe.spec.reader import read_story
from seedance_pipe.spec.story import Story
from tests.builders import METHODS, done
from tests.spec.asking import CATALOGUE, FAST, PRO

WORDS = ("wave", "gull", "rock", "rain", "lamp", "boat")
DEFAULTS = {"duration": 5, "resolution": "720p", "ratio": "16:9", "seed": 7}
OTHERS: Mapping[str, tuple[Any, ...]] = {
    "duration": (4, 10),
    "resolution": ("480p", "1080p"),
    "ratio": ("9:16", "1:1"),
    "seed": (8, 99),
    "camera_fixed": (True,),
    "model": (FAST,),
    "prompt": ("Another picture altogether",),
}


@dataclass(frozen=True)
class Draft:
    """A story as its writer thinks of it: its text can be put down in many ways."""

    shots: tuple[dict[str, Any], ...]

    def written(self) -> dict[str, Any]:
        return {"version": 1, "model": PRO, "defaults": dict(DEFAULTS), "shots": [dict(one) for one in self.shots]}


@st.composite
def drafts(draw: st.DrawFn) -> Draft:
    """Two to five shots, each continuing an earlier one or none."""
    shots: list[dict[str, Any]] = []
    for number in range(draw(st.integers(2, 5))):
        words = draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=4))
        one: dict[str, Any] = {"id": f"s{number}", "prompt": f"{number} {' '.join(words)}"}
        before = draw(st.none() | st.integers(0, number - 1)) if number else None
        shots.append(one if before is None else {**one, "continues": f"s{before}"})
    return Draft(tuple(shots))


def read(folder: Path, files: Mapping[str, Any]) -> Story:
    """The story `film.yaml` among `files`, whose values are data or text."""
    for name, told in files.items():
        text = told if isinstance(told, str) else yaml.safe_dump(told, sort_keys=False)
        (folder / name).write_text(text, encoding="utf-8")
    reading = read_story(folder / "film.yaml", CATALOGUE, shown="film.yaml")
    assert reading.story is not None, [str(one) for one in reading.diagnostics]
    return reading.story


def made(story: Story) -> History:
    return done(unroll(story, History(), METHODS))


def takes(plan: Plan) -> set[str]:
    """The takes that would be bought."""
    return {one.step.key for one in plan.pending if one.step.kind is StepKind.TAKE}


def turned(told: Any) -> Any:
    """The same data with the keys of every mapping in the opposite order."""
    if isinstance(told, dict):
        return {key: turned(told[key]) for key in reversed(told)}
    return [turned(one) for one in told] if isinstance(told, list) else told


def in_variables(told: dict[str, Any]) -> dict[str, Any]:
    shots = [{**one, "prompt": f"{{{{ p{number} }}}}"} for number, one in enumerate(told["shots"])]
    return {**told, "vars": {f"p{n}": one["prompt"] for n, one in enumerate(told["shots"])}, "shots": shots}


def in_each_shot(told: dict[str, Any]) -> dict[str, Any]:
    """Without defaults: every shot says all of it."""
    return {**told, "defaults": {}, "shots": [{**told["defaults"], **one} for one in told["shots"]]}


def renamed(told: dict[str, Any]) -> dict[str, Any]:
    return yaml.safe_load(
        yaml.safe_dump(told).replace("id: s", "id: shot-").replace("continues: s", "continues: shot-")
    )


def laid_out(told: dict[str, Any]) -> str:
    """With comments, blank lines and another style of YAML."""
    text = yaml.safe_dump(told, default_flow_style=None, sort_keys=True, width=40)
    return "# A film\n\n" + text.replace("\n- ", "\n\n# the next shot\n- ")


def with_title(told: dict[str, Any]) -> dict[str, Any]:
    return {"x-note": "of no matter", "title": "Another title", **told, "cut": {"output": "out/other.mp4"}}


COSMETIC = (turned, in_variables, in_each_shot, renamed, with_title)


@settings(max_examples=60)
@given(draft=drafts(), edits=st.lists(st.sampled_from(COSMETIC), unique=True), split=st.integers(0, 5))
def test_a_cosmetic_edit_never_changes_a_plan(
    tmp_path_factory: pytest.TempPathFactory, draft: Draft, edits: list[Any], split: int
) -> None:
    folder = tmp_path_factory.mktemp("cosmetic")
    history = made(read(folder, {"film.yaml": draft.written()}))
    told = draft.written()
    for edit in edits:
        told = edit(told)
    first, rest = told["shots"][:split], told["shots"][split:]
    parts = {"part.yaml": {"defaults": told.pop("defaults"), "shots": first}}
    story = read(folder, {**parts, "film.yaml": laid_out({**told, "include": "part.yaml", "shots": rest})})
    plan = make(story, history, METHODS)
    # A film at another place is written there, and that is all.
    assert {one.step.key for one in plan.pending} <= {"film"}
    assert plan.bill.most == {}


@settings(max_examples=60)
@given(draft=drafts(), data=st.data())
def test_every_paid_change_is_planned_with_the_old_value_and_the_new(
    tmp_path_factory: pytest.TempPathFactory, draft: Draft, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("paid")
    history = made(read(folder, {"film.yaml": draft.written()}))
    number = data.draw(st.integers(0, len(draft.shots) - 1))
    key = data.draw(st.sampled_from(sorted(OTHERS)))
    value = data.draw(st.sampled_from(OTHERS[key]))
    told = draft.written()
    before = told["shots"][number].get(key, DEFAULTS.get(key))
    told["shots"][number][key] = value
    plan = make(read(folder, {"film.yaml": told}), history, METHODS)
    changed = f"s{number}#1"
    assert changed in takes(plan)
    verdicts = {one.step.key: one.verdict for one in plan.steps}
    verdict = verdicts[changed]  # type: ignore[index]
    assert isinstance(verdict, Stale)
    (reason,) = (one for one in verdict.reasons if isinstance(one, Changed) and one.key == key)
    assert reason.old != reason.new
    assert reason.place is not None
    assert reason.place.file == "film.yaml"
    if key not in ("model", "camera_fixed"):
        assert (reason.old, reason.new) == (before, value)
    hangs_on = {changed}
    for one in told["shots"]:
        if f"{one.get('continues')}#1" in hangs_on:
            hangs_on.add(f"{one['id']}#1")
    assert takes(plan) == hangs_on
    for planned in plan.pending:
        assert isinstance(planned.verdict, Stale)
        assert planned.verdict.reasons
        for why in planned.verdict.reasons:
            assert isinstance(why, Changed | Upstream)
            if isinstance(why, Upstream):
                assert not isinstance(verdicts[why.step], Fresh)
