"""Bridges: where the last frame of a shot goes in its request, and which shots cannot have one."""

from __future__ import annotations

from pathlib import Path

import pytest

from seedance_pipe.document import thaw
from seedance_pipe.spec.bridge import Bridges
from seedance_pipe.spec.medium import SeamPicture
from seedance_pipe.spec.reader import Reading, read_story
from seedance_pipe.spec.repair import Repair
from seedance_pipe.studio.models import catalogue
from seedance_pipe.units import Digest

CATALOGUE = catalogue()
END = SeamPicture("b", Digest("f" * 64))
PICTURE = "first_frame: https://example.org/a.png"


def reading(tmp_path: Path, model: str, first: str, *, more: str = "", rest: str = "continues: a") -> Reading:
    duration = 4 if "1-5" in model or "1.5" in model else 5
    path = tmp_path / "story.yaml"
    path.write_text(
        f"version: 1\nmodel: {model}\nshots:\n"
        f"  - {{id: a, prompt: a wave, duration: {duration}, {first}{more}}}\n"
        f"  - {{id: b, prompt: a gull, duration: {duration}, {rest}}}\n"
    )
    return read_story(path, CATALOGUE, uploads=True)


@pytest.mark.parametrize(
    "model",
    [
        "modelark/seedance-1-0-pro",
        "modelark/seedance-1-5-pro",
        "modelark/seedance-2-0",
        "rivya/seedance-1-0-lite",
        "rivya/seedance-1-5-pro",
        "runbase/seedance-1.5-pro",
        "runware/seedance-1-0-pro",
        "runware/seedance-1-5-pro",
    ],
)
def test_a_bridge_is_the_request_of_a_shot_with_that_last_frame(tmp_path: Path, model: str) -> None:
    plain = reading(tmp_path, model, PICTURE).story
    framed = reading(tmp_path, model, PICTURE, more=", last_frame: https://example.org/b.png").story
    assert plain is not None and framed is not None
    assert Bridges().refusal(plain.shots[0]) == ""
    bridge, written = Bridges().bridged(plain.shots[0], END), framed.shots[0]
    assert thaw(bridge.body) == thaw(written.body) and thaw(bridge.order) == thaw(written.order)
    assert list(bridge.body) == list(written.body)
    assert bridge.footage == written.footage
    assert [(one.role, one.hole) for one in bridge.media] == [(one.role, one.hole) for one in written.media]
    assert bridge.media[-1].source == END


def test_a_shot_that_nothing_goes_on_from_has_no_way_of_repair(tmp_path: Path) -> None:
    story = reading(tmp_path, "modelark/seedance-1-0-pro", PICTURE).story
    assert story is not None
    first, second = story.shots
    bridges = Bridges()
    assert bridges.objection(second, Repair.ACCEPT, story.shots) == "no shot continues it"
    assert not any(bridges.objection(first, way, story.shots) for way in Repair)


def test_a_last_frame_alone_is_nothing_that_a_bridge_could_lead_to(tmp_path: Path) -> None:
    rest = 'first_frame: https://example.org/b.png, last_frame: "shot:a"'
    story = reading(tmp_path, "modelark/seedance-1-0-pro", PICTURE, rest=rest).story
    assert story is not None
    bridges = Bridges()
    assert bridges.objection(story.shots[0], Repair.BRIDGE, story.shots) == "no shot begins with its last frame"
    assert bridges.objection(story.shots[0], Repair.ACCEPT, story.shots) == ""


@pytest.mark.parametrize(
    ("model", "first", "why"),
    [
        ("modelark/seedance-1-0-pro-fast", PICTURE, "modelark/seedance-1-0-pro-fast takes no last_frame"),
        (
            "modelark/seedance-1-0-pro",
            f"{PICTURE}, last_frame: https://example.org/b.png",
            "it has a last_frame of its own",
        ),
        ("modelark/seedance-1-0-pro", "ratio: '16:9'", "a last_frame needs a first_frame too; add one"),
    ],
)
def test_a_bridge_that_cannot_be_made_is_told_at_its_place(
    tmp_path: Path, model: str, first: str, why: str
) -> None:
    read = reading(tmp_path, model, first, more=", repair: bridge")
    (problem,) = read.diagnostics
    assert problem.message == f"repair: bridge for shot 'a': {why}; say repair: ripple or accept in it"
    assert problem.place.line == 4 and not read.stories


def test_a_bridge_that_nothing_goes_on_from_is_never_made_so_it_is_no_problem(tmp_path: Path) -> None:
    model = "modelark/seedance-1-0-pro-fast"
    assert reading(tmp_path, model, PICTURE, more=", repair: bridge", rest=PICTURE).diagnostics == ()


def test_a_way_of_repair_changes_nothing_of_what_is_asked_for(tmp_path: Path) -> None:
    plain = reading(tmp_path, "modelark/seedance-1-0-pro", PICTURE).story
    told = reading(tmp_path, "modelark/seedance-1-0-pro", PICTURE, more=", repair: accept").story
    assert plain is not None and told is not None
    assert told.shots[0].repair is Repair.ACCEPT
    assert told.shots[0].order == plain.shots[0].order and told.shots[0].body == plain.shots[0].body


def test_a_word_that_is_no_way_is_told_with_those_that_are(tmp_path: Path) -> None:
    (problem,) = reading(tmp_path, "modelark/seedance-1-0-pro", PICTURE, more=", repair: bridg").diagnostics
    assert "bridge" in problem.message
