"""The priced ways of repairing a chain: each costs what a plan that goes that way would buy."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from seedance_pipe.plan.history import History
from seedance_pipe.plan.make import with_new_takes
from seedance_pipe.plan.repair import repairing
from seedance_pipe.plan.ways import By, Choice, choices
from seedance_pipe.spec.repair import Repair
from seedance_pipe.spec.story import Story
from seedance_pipe.units import Digest
from tests.plan.chains import Link, bought, chain, made, plan_of, row

DOOR = Link("door", "a keeper opens the door")
STAIRS = Link("stairs", "he climbs the stairs", "door")
LAMP = Link("lamp", "he lights the lamp", "stairs")
SEA = Link("sea", "the beam sweeps over the sea", "lamp")
PAST = made(chain(DOOR, STAIRS, LAMP, SEA))
RUNS = replace(STAIRS, prompt="he runs up the stairs")
CHANGED = chain(DOOR, RUNS, LAMP, SEA)


def choices_of(story: Story, history: History, *now: str) -> tuple[Choice, ...]:
    return choices(story, plan_of(story, history), history, now=now)


def takes(choice: Choice) -> dict[str, list[str]]:
    return {one.repair.value: list(one.takes) for one in choice.ways if not one.refusal}


def test_a_changed_shot_in_a_chain_has_three_ways_with_their_prices() -> None:
    (choice,) = choices_of(CHANGED, PAST)
    assert (choice.shot, choice.followers, choice.chosen, choice.by) == (
        "stairs",
        ("lamp",),
        Repair.RIPPLE,
        By.DEFAULT,
    )
    assert takes(choice) == {
        "ripple": ["stairs#1", "lamp#1", "sea#1"],
        "bridge": ["stairs#1"],
        "accept": ["stairs#1"],
    }
    one, *_ = plan_of(CHANGED, PAST).bill.most.values()
    assert [way.bill.most["USD"].amount * 3 for way in choice.ways] == [one.amount * 3, one.amount, one.amount]


def test_nothing_to_choose_where_nothing_changed_or_nothing_follows() -> None:
    assert choices_of(chain(DOOR, STAIRS, LAMP, SEA), PAST) == ()
    assert choices_of(chain(DOOR, STAIRS, LAMP, replace(SEA, prompt="fog")), PAST) == ()
    assert choices_of(CHANGED, History()) == ()


def test_a_choice_says_who_made_it_and_where() -> None:
    told = chain(DOOR, replace(RUNS, more="repair: accept"), LAMP, SEA)
    (choice,) = choices_of(told, PAST)
    assert choice.by is By.STORY and choice.place is not None and choice.place.line == 6
    chosen = repairing(told, PAST, {"stairs": Repair.BRIDGE})
    (choice,) = choices_of(told, chosen)
    assert (choice.chosen, choice.by, choice.place) == (Repair.BRIDGE, By.BEFORE, None)
    (choice,) = choices_of(told, chosen, "stairs")
    assert choice.by is By.OPTION


def test_what_changed_itself_is_bought_on_every_way_and_is_part_of_none() -> None:
    blinks = replace(LAMP, prompt="the lamp blinks")
    first, second = choices_of(chain(replace(DOOR, prompt="the door slams"), STAIRS, blinks, SEA), PAST)
    assert (first.shot, takes(first)["ripple"]) == ("door", ["door#1", "stairs#1"])
    assert (second.shot, takes(second)["ripple"]) == ("lamp", ["lamp#1", "sea#1"])


def test_a_shot_that_was_never_made_is_part_of_no_way() -> None:
    fog = Link("fog", "fog comes in", "sea")
    (choice,) = choices_of(chain(DOOR, RUNS, LAMP, SEA, fog), PAST)
    assert "fog#1" not in takes(choice)["ripple"]


def test_what_hangs_on_two_changed_shots_is_bought_whatever_becomes_of_one() -> None:
    both = replace(SEA, more='last_frame: "shot:door"')
    past = made(chain(DOOR, STAIRS, LAMP, both))
    door, lamp = choices_of(
        chain(replace(DOOR, prompt="a slam"), STAIRS, replace(LAMP, prompt="blinks"), both), past
    )
    assert takes(door)["ripple"] == ["door#1", "stairs#1"]
    assert takes(lamp)["ripple"] == ["lamp#1"]


def test_what_uses_the_whole_clip_is_bought_on_every_way() -> None:
    model = "modelark/seedance-2-0"
    uses = Link("echo", "the same, dreamt", more='references: [{video: "shot:stairs"}]')
    past = made(chain(DOOR, STAIRS, LAMP, uses, model=model))
    (choice,) = choices_of(chain(DOOR, RUNS, LAMP, uses, model=model), past)
    assert takes(choice) == {
        "ripple": ["stairs#1", "lamp#1", "echo#1"],
        "bridge": ["stairs#1", "echo#1"],
        "accept": ["stairs#1", "echo#1"],
    }


@pytest.mark.parametrize(
    ("links", "model", "why"),
    [
        ((DOOR, RUNS, LAMP), "modelark/seedance-1-0-pro-fast", "takes no last_frame"),
        ((replace(DOOR, prompt="a slam"), STAIRS), "modelark/seedance-1-0-pro", "needs a first_frame"),
        ((replace(DOOR, prompt="a slam"), STAIRS), "rivya/seedance-1-0-lite", "needs a first_frame"),
        (
            (DOOR, replace(RUNS, more="last_frame: https://example.org/a.png"), LAMP),
            "modelark/seedance-1-0-pro",
            "a last_frame of its own",
        ),
    ],
)
def test_a_way_that_a_model_has_not_says_why(links: tuple[Link, ...], model: str, why: str) -> None:
    before = [{"stairs": STAIRS, "door": DOOR}.get(one.id, one) for one in links]
    (choice,) = choices_of(chain(*links, model=model), made(chain(*before, model=model)))
    (bridge,) = (way for way in choice.ways if way.repair is Repair.BRIDGE)
    assert why in bridge.refusal and not bridge.takes


def test_there_is_no_bridge_to_a_picture_that_is_lost_or_that_no_shot_begins_with() -> None:
    frame = PAST.made[PAST.latest["stairs#1/frame"]].outputs["frame"]
    (choice,) = choices_of(CHANGED, replace(PAST, lost=frozenset([Digest(frame)])))
    assert "not in the store" in choice.ways[1].refusal
    ends = replace(SEA, after="lamp", more='last_frame: "shot:stairs"')
    lone = replace(LAMP, after="door")
    past = made(chain(DOOR, STAIRS, lone, ends))
    (choice,) = choices_of(chain(DOOR, RUNS, lone, ends), past)
    assert choice.followers == ("sea",)
    assert choice.ways[1].refusal == "no shot begins with its last frame"


def test_a_way_that_was_gone_before_costs_nothing_again() -> None:
    bridged = made(chain(DOOR, replace(RUNS, more="repair: bridge"), LAMP, SEA), PAST)
    (choice,) = choices_of(CHANGED, bridged)
    assert takes(choice)["bridge"] == []


def test_a_forced_take_has_the_same_ways() -> None:
    story = chain(DOOR, STAIRS, LAMP, SEA)
    forced = replace(PAST, picks=with_new_takes(story, PAST, ["stairs"]))
    (choice,) = choices_of(story, forced)
    assert takes(choice) == {
        "ripple": ["stairs#2", "lamp#1", "sea#1"],
        "bridge": ["stairs#1"],
        "accept": ["stairs#2"],
    }


WAYS = st.sampled_from(Repair)


@settings(max_examples=30)
@drawn(ways=st.lists(WAYS, min_size=5, max_size=5), changed=st.sets(st.integers(0, 4), min_size=1), way=WAYS)
def test_a_way_costs_what_a_plan_that_goes_it_buys_beyond_the_other_ways(
    ways: list[Repair], changed: set[int], way: Repair
) -> None:
    past, story = made(row(ways)), row(ways, changed)
    for choice in choices_of(story, past):
        others = {key for one in choice.ways for key in one.takes}
        goes = bought(plan_of(story, repairing(story, past, {choice.shot: way})))
        (told,) = (one for one in choice.ways if one.repair is way)
        assert [key for key in goes if key in others] == list(told.takes)
        assert set(told.takes) <= set(goes)
