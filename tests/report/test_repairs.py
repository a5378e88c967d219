"""The ways of repairing a chain, and the seams that it keeps, as a person and as a program reads them."""

from __future__ import annotations

from dataclasses import replace

from seedance_pipe.plan.history import History
from seedance_pipe.plan.make import Plan
from seedance_pipe.plan.repair import repairing
from seedance_pipe.plan.ways import choices
from seedance_pipe.report.data import graph_data
from seedance_pipe.report.diagram import dot, mermaid, tree
from seedance_pipe.report.repairs import choices_text
from seedance_pipe.report.review import Review, review
from seedance_pipe.report.review_data import review_data
from seedance_pipe.report.review_markdown import review_markdown
from seedance_pipe.report.review_text import review_text
from seedance_pipe.report.seams import seams_text
from seedance_pipe.spec.repair import Repair
from seedance_pipe.spec.story import Story
from tests.plan.chains import Link, chain, made, plan_of, row

DOOR = Link("door", "a keeper opens the door")
STAIRS = Link("stairs", "he climbs the stairs", "door")
LAMP = Link("lamp", "he lights the lamp", "stairs")
PAST = made(chain(DOOR, STAIRS, LAMP))
RUNS = replace(STAIRS, prompt="he runs up the stairs")
CHANGED = chain(DOOR, RUNS, LAMP)


def told(story: Story, history: History = PAST, *now: str) -> Review:
    plan = plan_of(story, history)
    return review(plan, known=history.latest, choices=choices(story, plan, history, now=now))


def plan_by(way: Repair) -> Plan:
    return plan_of(CHANGED, repairing(CHANGED, PAST, {"stairs": way}))


def test_a_plan_shows_the_three_ways_and_marks_the_one_in_force() -> None:
    assert list(choices_text(told(CHANGED).choices)) == [
        "lamp goes on from stairs; way of repair: ripple (by default; --repair stairs=WAY chooses another)",
        "  ->  ripple  $0.2450  all that hangs on it is made anew; makes stairs#1, lamp#1",
        "      bridge  $0.1225  it ends with the picture with which the next shot begins already; makes stairs#1",
        "      accept  $0.1225  what follows stays, and the seam is a cut; makes stairs#1",
    ]


def test_a_choice_says_by_whom_it_was_made() -> None:
    story = chain(DOOR, replace(RUNS, more="repair: accept"), LAMP)
    assert "accept (by story.yaml:6:" in next(choices_text(told(story).choices))
    chosen = repairing(story, PAST, {"stairs": Repair.BRIDGE})
    assert "bridge (chosen before;" in next(choices_text(told(story, chosen).choices))
    assert "bridge (by --repair;" in next(choices_text(told(story, chosen, "stairs").choices))


def test_a_way_that_cannot_be_says_why_and_one_that_was_gone_before_makes_nothing() -> None:
    fast = "modelark/seedance-1-0-pro-fast"
    past = made(chain(DOOR, STAIRS, LAMP, model=fast))
    lines = list(choices_text(told(chain(DOOR, RUNS, LAMP, model=fast), past).choices))
    assert lines[2].split() == f"bridge - cannot be: {fast} takes no last_frame".split()
    bridged = made(chain(DOOR, replace(RUNS, more="repair: bridge"), LAMP), PAST)
    assert "makes nothing" in list(choices_text(told(CHANGED, bridged).choices))[2]


def test_of_very_many_choices_and_seams_the_first_are_told_and_the_rest_are_counted() -> None:
    ways = [Repair.ACCEPT] * 50
    changed = set(range(0, 50, 2))
    review_ = told(row(ways, changed), made(row(ways)))
    assert len(review_.choices) == 25
    lines = list(choices_text(review_.choices))
    assert lines[-1] == "5 more changed shots have made shots behind them; --json tells of all."
    assert list(seams_text(review_.plan.story))[-1] == "5 more pictures are kept; --json tells of all."


def test_a_shot_with_many_that_go_on_from_it_names_the_first() -> None:
    more = [Link(f"lamp{index}", f"lamp {index}", "stairs") for index in range(7)]
    past = made(chain(DOOR, STAIRS, *more))
    first, *_ = choices_text(told(chain(DOOR, RUNS, *more), past).choices)
    assert first.startswith("lamp0, lamp1, lamp2, lamp3, lamp4 and 2 more go on from stairs;")


def test_a_kept_picture_is_told_by_what_it_is_for() -> None:
    (cut,) = seams_text(plan_by(Repair.ACCEPT).story)
    assert cut == "a cut: 'lamp' goes on from the picture that 'stairs' ended with before"
    (bridge,) = seams_text(plan_by(Repair.BRIDGE).story)
    assert bridge == "a bridge: 'stairs' ends with the picture with which 'lamp' begins already"
    accepted = made(chain(DOOR, replace(RUNS, more="repair: accept"), LAMP), PAST)
    (told_late,) = seams_text(plan_of(chain(DOOR, replace(RUNS, more="repair: bridge"), LAMP), accepted).story)
    assert told_late == f"{cut}; 'stairs' is made already, and --force stairs makes a bridge of it"
    ends = Link("beam", "a beam", "lamp", 'last_frame: "shot:stairs"')
    past = made(chain(DOOR, STAIRS, LAMP, ends))
    story = chain(DOOR, replace(RUNS, more="repair: accept"), LAMP, ends)
    assert "'beam' ends with the picture that 'stairs' ended with before" in seams_text(plan_of(story, past).story)


def test_a_kept_reference_is_told_as_one() -> None:
    model = "modelark/seedance-2-0"
    dream = Link("dream", "a dream", more='references: [{image: "shot:door"}]')
    past = made(chain(DOOR, dream, model=model))
    slams = replace(DOOR, prompt="the door slams", more="repair: accept")
    review_ = told(chain(slams, dream, model=model), past)
    assert list(seams_text(review_.plan.story)) == ["'dream' refers to the picture that 'door' ended with before"]
    assert [one["seam"] for one in review_data(review_)["seams"]] == ["kept"]


def test_the_three_forms_of_a_plan_tell_of_the_ways_and_the_seams() -> None:
    chosen = repairing(CHANGED, PAST, {"stairs": Repair.ACCEPT})
    review_ = told(CHANGED, chosen, "stairs")
    text = review_text(review_)
    assert "->  accept  $0.1225" in text and "a cut: 'lamp' goes on" in text
    page = review_markdown(review_)
    assert "What continues a changed shot:" in page and "Pictures that are kept:" in page
    data = review_data(review_)
    (repair,) = (one["repair"] for one in data["steps"] if "repair" in one)
    assert (repair["shot"], repair["followers"], repair["way"], repair["by"], repair["place"]) == (
        "stairs",
        ["lamp"],
        "accept",
        "option",
        None,
    )
    assert [(one["way"], one["possible"], one["takes"]) for one in repair["ways"]] == [
        ("ripple", True, ["stairs#1", "lamp#1"]),
        ("bridge", True, ["stairs#1"]),
        ("accept", True, ["stairs#1"]),
    ]
    (seam,) = data["seams"]
    assert (seam["seam"], seam["shot"], seam["of"], seam["role"]) == ("cut", "lamp", "stairs", "first_frame")


def test_a_drawing_marks_cuts_and_bridges() -> None:
    accepted, bridged = plan_by(Repair.ACCEPT), plan_by(Repair.BRIDGE)
    assert "lamp#1  fresh  (cut after stairs)" in tree(accepted)
    assert "lamp#1<br/>fresh<br/>bridge after stairs" in mermaid(bridged)
    assert 'label="lamp#1\\nfresh\\ncut after stairs"' in dot(accepted)
    assert [one["seam"] for one in graph_data(bridged)["seams"]] == ["bridge"]
    assert "after stairs" not in tree(plan_of(CHANGED, PAST))
