"""When a shot in a chain changes: what is made anew, what is kept, and what meets at the seams."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from seedance_pipe.document import freeze, thaw
from seedance_pipe.errors import StoryInvalid
from seedance_pipe.plan.freshness import Fresh, Lost, Stale
from seedance_pipe.plan.graph import StepKey
from seedance_pipe.plan.history import History, Made, State
from seedance_pipe.plan.make import as_repaired, with_new_takes
from seedance_pipe.plan.recipe import order_digest
from seedance_pipe.plan.repair import repairing, seams
from seedance_pipe.spec.medium import Role, SeamPicture
from seedance_pipe.spec.repair import Repair
from seedance_pipe.spec.story import Story
from tests.builders import METHODS
from tests.plan.chains import Link, bought, chain, given, made, plan_of, row

DOOR = Link("door", "a keeper opens the door")
STAIRS = Link("stairs", "he climbs the stairs", "door")
LAMP = Link("lamp", "he lights the lamp", "stairs")
SEA = Link("sea", "the beam sweeps over the sea", "lamp")
SEA_ALONE = replace(SEA, after="")
FILM = chain(DOOR, STAIRS, LAMP, SEA)
RUNS = replace(STAIRS, prompt="he runs up the stairs")
CHANGED = chain(DOOR, RUNS, LAMP, SEA)


def by(way: str, link: Link = RUNS) -> Story:
    return chain(DOOR, replace(link, more=f"repair: {way}"), LAMP, SEA)


def frame_of(history: History, shot: str) -> str:
    return history.made[history.latest[f"{shot}#1/frame"]].outputs["frame"]


def test_without_a_word_everything_behind_a_changed_shot_is_made_anew() -> None:
    past = made(FILM)
    assert bought(plan_of(CHANGED, past)) == ["stairs#1", "lamp#1", "sea#1"]
    assert bought(plan_of(by("ripple"), past)) == ["stairs#1", "lamp#1", "sea#1"]


def test_a_story_that_says_how_to_repair_is_fresh_as_long_as_nothing_changes() -> None:
    for way in ("accept", "bridge"):
        story = by(way, STAIRS)
        plan = plan_of(story, made(FILM))
        assert plan.pending == () and not list(seams(plan.story))
        assert [one.mark for one in plan.steps] == [one.mark for one in plan_of(FILM, made(FILM)).steps]


def test_shots_that_do_not_follow_each_other_in_the_film_are_repaired_alike() -> None:
    story = chain(replace(DOOR, more="repair: accept"), SEA_ALONE, STAIRS, LAMP)
    past = made(story)
    plan = plan_of(story, past)
    assert plan.pending == () and not list(seams(plan.story))
    slams = chain(replace(DOOR, prompt="the door slams", more="repair: accept"), SEA_ALONE, STAIRS, LAMP)
    assert bought(plan_of(slams, past)) == ["door#1"]
    later = plan_of(slams, made(slams, past))
    assert later.pending == () and [one.shot for one in seams(later.story)] == ["stairs"]


def test_an_accepted_shot_is_bought_alone_and_the_seam_behind_it_is_a_cut() -> None:
    past = made(FILM)
    plan = plan_of(by("accept"), past)
    assert bought(plan) == ["stairs#1"]
    assert given(plan, "lamp#1") == {"media/0": frame_of(past, "stairs")}
    (seam,) = seams(plan.story)
    assert (seam.shot, seam.of, seam.role, seam.bridged) == ("lamp", "stairs", Role.FIRST_FRAME, False)


def test_an_accepted_seam_is_held_against_the_frame_that_the_shot_ends_with_now() -> None:
    plan = plan_of(by("accept"), made(FILM))
    clip = next(one.step for one in plan.steps if one.step.key == "lamp/clip")
    assert next(need.step for need in clip.needs if need.slot == "before") == "stairs#1/frame"


def test_a_bridge_is_bought_alone_and_ends_with_the_picture_with_which_the_next_shot_begins() -> None:
    past = made(FILM)
    plan = plan_of(by("bridge"), past)
    assert bought(plan) == ["stairs#1"]
    assert given(plan, "stairs#1") == {"media/1": frame_of(past, "stairs")}
    step = next(one.step for one in plan.steps if one.step.key == "stairs#1")
    assert step.shot is not None
    content = step.shot.body["content"]
    assert isinstance(content, tuple)
    assert content[2] == freeze({"type": "image_url", "image_url": {"url": None}, "role": "last_frame"})
    (seam,) = seams(plan.story)
    assert (seam.shot, seam.of, seam.bridged) == ("lamp", "stairs", True)


def test_what_was_repaired_stays_fresh() -> None:
    for way in ("accept", "bridge"):
        past = made(by(way), made(FILM))
        plan = plan_of(by(way), past)
        assert plan.pending == ()
        assert [one.shot for one in seams(plan.story)] == ["lamp"]


def test_a_shot_that_comes_out_with_the_same_last_frame_leaves_no_seam() -> None:
    past = made(FILM)
    now = made(by("accept"), past)
    mark = now.latest["stairs#1/frame"]
    same = replace(now.made[mark], outputs={"frame": frame_of(past, "stairs")})
    plan = plan_of(by("accept"), replace(now, made={**now.made, mark: same}))
    assert not list(seams(plan.story)) and isinstance(plan.steps[-2].verdict, Fresh)


def test_nothing_is_kept_of_a_film_that_was_never_made() -> None:
    for way in ("accept", "bridge"):
        plan = plan_of(by(way), History())
        assert bought(plan) == ["door#1", "stairs#1", "lamp#1", "sea#1"]
        assert not any(one.step.given for one in plan.steps)


def test_a_way_that_was_chosen_wins_over_the_story_until_the_shot_changes_again() -> None:
    past = repairing(by("bridge"), made(FILM), {"stairs": Repair.ACCEPT})
    (seam,) = seams(plan_of(by("bridge"), past).story)
    assert not seam.bridged
    again = replace(RUNS, prompt="he jumps up the stairs")
    (seam,) = seams(plan_of(by("bridge", again), past).story)
    assert seam.bridged
    assert bought(plan_of(chain(DOOR, again, LAMP, SEA), past)) == ["stairs#1", "lamp#1", "sea#1"]


def test_a_chosen_ripple_wins_over_a_story_that_accepts() -> None:
    past = repairing(by("accept"), made(FILM), {"stairs": Repair.RIPPLE})
    assert bought(plan_of(by("accept"), past)) == ["stairs#1", "lamp#1", "sea#1"]


def test_a_ripple_stops_at_a_shot_that_is_a_bridge() -> None:
    first = replace(DOOR, prompt="a keeper slams the door")
    story = chain(first, replace(STAIRS, more="repair: bridge"), LAMP, SEA)
    plan = plan_of(story, made(FILM))
    assert bought(plan) == ["door#1", "stairs#1"]
    assert list(given(plan, "stairs#1")) == ["media/1"]


def test_a_shot_that_keeps_its_first_frame_is_made_with_it_when_it_changes_itself() -> None:
    past = made(FILM)
    story = chain(DOOR, replace(RUNS, more="repair: accept"), replace(LAMP, prompt="the lamp blinks"), SEA)
    plan = plan_of(story, past)
    assert bought(plan) == ["stairs#1", "lamp#1", "sea#1"]
    assert given(plan, "lamp#1") == {"media/0": frame_of(past, "stairs")}


def test_a_renamed_shot_keeps_what_it_was_made_with() -> None:
    renamed = replace(LAMP, id="light")
    story = chain(DOOR, replace(RUNS, more="repair: accept"), renamed, replace(SEA, after="light"))
    assert bought(plan_of(story, made(FILM))) == ["stairs#1"]


def test_what_is_at_its_vendor_is_kept_too() -> None:
    past = made(FILM)
    mark = past.latest["lamp#1"]
    running = replace(past.submissions[mark], state=State.SUBMITTED, task="t", outputs={})
    there = {one: made_ for one, made_ in past.made.items() if one != mark}
    history = replace(past, made=there, submissions={**past.submissions, mark: running})
    assert "lamp#1" not in bought(plan_of(by("accept"), history))
    failed = replace(running, state=State.FAILED, task=None)
    lost = replace(history, submissions={**past.submissions, mark: failed})
    assert bought(plan_of(by("accept"), lost)) == ["stairs#1", "lamp#1", "sea#1"]


def test_a_past_of_which_only_a_lock_file_tells_is_enough() -> None:
    past = made(FILM)
    orders = {shot.id: order_digest(shot) for shot in FILM.shots}

    def pinned(one: Made) -> Made:
        order = orders.get(one.step.partition("#")[0], "")
        inputs = freeze({"order": order, "inputs": thaw(one.inputs)["inputs"]})
        return Made(one.fingerprint, one.step, inputs, one.outputs, pinned=True)

    history = History(made={mark: pinned(one) for mark, one in past.made.items()}, latest=past.latest)
    renamed = replace(LAMP, id="light")
    story = chain(DOOR, replace(RUNS, more="repair: accept"), renamed, replace(SEA, after="light"))
    assert bought(plan_of(story, history)) == ["stairs#1"]
    nameless = replace(
        history,
        made={
            **history.made,
            **{mark: replace(one, inputs=None) for mark, one in past.made.items() if one.step == "lamp#1"},
        },
    )
    assert bought(plan_of(story, nameless)) == ["stairs#1", "light#1", "sea#1"]
    for way in ("accept", "bridge"):
        assert bought(plan_of(by(way), history)) == ["stairs#1"]


def test_a_bridge_leads_to_the_next_shot_of_the_film_that_goes_on_from_it() -> None:
    cellar = Link("cellar", "he goes down instead", "stairs")
    past = made(chain(DOOR, cellar, STAIRS, LAMP))
    later = chain(DOOR, STAIRS, LAMP, replace(cellar, prompt="he goes down at last"))
    past = made(later, past)
    story = chain(DOOR, replace(RUNS, more="repair: bridge"), LAMP, replace(cellar, prompt="he goes down at last"))
    bridge = next(one for one in plan_of(story, past).story.shots if one.id == "stairs")
    assert isinstance(bridge.media[-1].source, SeamPicture) and bridge.media[-1].source.shot == "lamp"


def test_a_bridge_is_forced_and_picked_by_what_it_orders_itself() -> None:
    past = made(by("bridge"), made(FILM))
    shots = as_repaired(by("bridge"), past, METHODS)
    bridge = next(one for one in shots.shots if one.id == "stairs")
    picks = with_new_takes(shots, past, ["stairs"])
    assert picks == {order_digest(bridge): 2}
    assert bought(plan_of(by("bridge"), replace(past, picks=picks))) == ["stairs#2"]


def test_a_shot_that_is_made_and_paid_for_is_not_bought_anew_to_be_a_bridge() -> None:
    past = made(by("accept"), made(FILM))
    plan = plan_of(by("bridge"), past)
    assert plan.pending == ()
    (seam,) = seams(plan.story)
    assert (seam.bridged, seam.late) == (False, True)
    forced = replace(past, picks=with_new_takes(plan.story, past, ["stairs"]))
    again = plan_of(by("bridge"), forced)
    assert bought(again) == ["stairs#1"] and [one.bridged for one in seams(again.story)] == [True]


def test_a_shot_whose_file_is_lost_is_no_other_shot_for_that() -> None:
    past = made(FILM)
    mark = past.latest["stairs#1"]
    gone = replace(past, lost=frozenset(past.made[mark].outputs.values()))
    fetched = plan_of(by("bridge", STAIRS), gone)
    assert bought(fetched) == ["lamp#1", "sea#1"] and not list(seams(fetched.story))
    brought = replace(gone, submissions={one: sub for one, sub in gone.submissions.items() if one != mark})
    plan = plan_of(by("bridge", STAIRS), brought)
    assert next(one.verdict for one in plan.steps if one.step.key == "stairs#1") == Stale((Lost("clip"),))
    assert not any(one.bridged for one in seams(plan.story))


def test_a_kept_last_frame_and_a_kept_reference_are_no_cuts() -> None:
    past = made(chain(DOOR, STAIRS, replace(LAMP, more='last_frame: "shot:door"')))
    slams = replace(DOOR, prompt="the door slams", more="repair: accept")
    plan = plan_of(chain(slams, STAIRS, replace(LAMP, more='last_frame: "shot:door"')), past)
    assert [(one.shot, one.role, one.bridged) for one in seams(plan.story)] == [
        ("stairs", Role.FIRST_FRAME, False),
        ("lamp", Role.LAST_FRAME, False),
    ]
    assert bought(plan) == ["door#1"]


def test_a_medium_that_was_no_hand_off_before_is_not_kept() -> None:
    own = chain(DOOR, replace(STAIRS, after="", more="first_frame: https://example.org/a.png"))
    story = chain(replace(DOOR, prompt="the door slams", more="repair: accept"), STAIRS)
    assert bought(plan_of(story, made(own))) == ["door#1", "stairs#1"]


def test_a_bridge_that_its_model_cannot_make_is_an_error_that_names_the_other_ways() -> None:
    fast = "modelark/seedance-1-0-pro-fast"
    past = repairing(CHANGED, made(chain(DOOR, STAIRS, LAMP, model=fast)), {})
    story = chain(DOOR, RUNS, LAMP, model=fast)
    chosen = repairing(story, past, {"stairs": Repair.BRIDGE})
    with pytest.raises(StoryInvalid, match="takes no last_frame") as caught:
        plan_of(story, chosen)
    assert "--repair stairs=accept" in caught.value.next_step


@settings(max_examples=30)
@drawn(ways=st.lists(st.sampled_from(Repair), min_size=5, max_size=5), changed=st.integers(0, 4))
def test_a_change_goes_as_far_as_the_chain_ripples_and_no_farther(ways: list[Repair], changed: int) -> None:
    past = made(row(ways))
    now = row(ways, {changed})
    last = next((index for index in range(changed, 5) if ways[index] is not Repair.RIPPLE), 4)
    assert bought(plan_of(now, past)) == [f"s{index}#1" for index in range(changed, last + 1)]
    assert plan_of(now, made(now, past)).pending == ()


def test_the_steps_of_a_repaired_story_come_after_what_they_need() -> None:
    plan = plan_of(by("bridge"), made(FILM))
    seen: set[StepKey] = set()
    for one in plan.steps:
        assert all(need.step in seen for need in one.step.needs)
        seen.add(one.step.key)
