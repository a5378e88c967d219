"""Further takes and picks: what is asked for besides the story's takes, and what another pick makes stale."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from seedance_pipe.document import freeze
from seedance_pipe.plan.freshness import Blocked, Changed, Ended, Fresh, InFlight, Repicked, Stale, Upstream
from seedance_pipe.plan.graph import StepKey
from seedance_pipe.plan.history import History, Made, State, Submission
from seedance_pipe.plan.known import known_takes, next_take
from seedance_pipe.plan.make import Plan, asking, make, picking, with_more_takes, with_new_takes
from seedance_pipe.plan.recipe import order_digest
from seedance_pipe.plan.unroll import unroll
from seedance_pipe.spec.medium import Kind, Role
from seedance_pipe.spec.story import Shot, Story
from seedance_pipe.units import Digest, Fingerprint
from tests.builders import METHODS, done, frame_from, shot, story

CHAIN = story(shot("a", "one"), shot("b", "two", after="a"), shot("c", "three"))
A, B, C = CHAIN.shots


def both(*histories: History) -> History:
    """What several runs made, one after the other."""
    made: dict[Fingerprint, Made] = {}
    submissions: dict[Fingerprint, Submission] = {}
    latest: dict[str, Fingerprint] = {}
    for one in histories:
        made |= one.made
        submissions |= one.submissions
        latest |= one.latest
    return replace(histories[-1], made=made, submissions=submissions, latest=latest)


def after_more(told: Story, more: Mapping[str, int]) -> History:
    """After a run of the story, and another one that made further takes."""
    first = done(unroll(told, History(), METHODS))
    asks = with_more_takes(told, first, more)
    return asking(both(done(unroll(told, asking(first, asks), METHODS)), first), asks)


def verdict(plan: Plan, key: str) -> object:
    return next(planned.verdict for planned in plan.steps if planned.step.key == key)


def takes_of(plan: Plan) -> list[str]:
    return [one.step.key for one in plan.steps if one.step.kind.value == "take"]


def pending(plan: Plan) -> list[str]:
    return [one.step.key for one in plan.pending]


def test_further_takes_are_numbered_on_from_the_highest_known_and_nothing_is_picked() -> None:
    history = done(unroll(CHAIN, History(), METHODS))
    asks = with_more_takes(CHAIN, history, {"a": 2})
    assert asks == {order_digest(A): frozenset({2, 3})}
    plan = make(CHAIN, asking(history, asks), METHODS)
    assert pending(plan) == ["a#2", "a#3"], "the film uses what it used"
    assert str(plan.bill.most["USD"]) == "$0.2450"


def test_further_takes_that_are_made_are_in_every_later_plan_and_bought_never_again() -> None:
    history = after_more(CHAIN, {"a": 2})
    plan = make(CHAIN, history, METHODS)
    assert takes_of(plan) == ["a#1", "a#2", "a#3", "b#1", "c#1"]
    assert plan.pending == ()
    assert with_more_takes(CHAIN, history, {"a": 1}) == {order_digest(A): frozenset({4})}


def test_further_takes_are_asked_for_beside_a_forced_one() -> None:
    history = done(unroll(CHAIN, History(), METHODS))
    picks = with_new_takes(CHAIN, history, ["a"])
    asks = with_more_takes(CHAIN, picking(history, picks), {"a": 2})
    assert (list(picks.values()), list(asks.values())) == ([2], [frozenset({3, 4})])


def test_two_shots_that_order_the_same_share_their_further_takes() -> None:
    twins = story(shot("a"), shot("z"))
    asks = with_more_takes(twins, History(), {"a": 1, "z": 2})
    assert list(asks.values()) == [frozenset({2, 3, 4})]


def test_takes_that_were_asked_for_and_never_sent_are_not_numbered_again() -> None:
    history = asking(History(), {order_digest(A): frozenset({2, 5})})
    assert next_take(A, history) == 6


def test_a_further_take_that_failed_is_tried_again_by_the_next_run() -> None:
    history = after_more(CHAIN, {"a": 1})
    (mark,) = (mark for mark, one in history.submissions.items() if (one.shot, one.take) == ("a", 2))
    failed = replace(history.submissions[mark], state=State.FAILED, reason="no")
    made = {key: one for key, one in history.made.items() if key != mark}
    plan = make(CHAIN, replace(history, made=made, submissions={**history.submissions, mark: failed}), METHODS)
    assert pending(plan) == ["a#2"]
    assert verdict(plan, "a#2") == Stale((Ended(State.FAILED, "", "no"),))


def test_a_further_take_of_which_the_file_is_lost_is_fetched() -> None:
    history = after_more(CHAIN, {"a": 1})
    lost = frozenset(
        digest for one in history.made.values() if one.step == "a#2" for digest in one.outputs.values()
    )
    assert isinstance(verdict(make(CHAIN, replace(history, lost=lost), METHODS), "a#2"), InFlight)


def test_a_further_take_is_not_bought_again_when_what_it_begins_with_has_changed() -> None:
    history = after_more(CHAIN, {"b": 2})
    assert takes_of(make(CHAIN, history, METHODS)) == ["a#1", "b#1", "b#2", "b#3", "c#1"]
    changed = replace(CHAIN, shots=(shot("a", "another"), B, C))
    plan = make(changed, history, METHODS)
    assert [key for key in takes_of(plan) if key in pending(plan)] == ["a#1", "b#1"]
    assert [step.key for step in plan.graph.steps] == [one.step.key for one in plan.steps]
    assert "b#2" in takes_of(make(CHAIN, history, METHODS)), "the story as it was knows them still"


def test_a_further_take_is_left_behind_as_long_as_what_it_begins_with_is_in_doubt() -> None:
    history = after_more(CHAIN, {"b": 1})
    changed = replace(CHAIN, shots=(shot("a", "another"), B, C))
    first = unroll(changed, History(), METHODS)
    (mark,) = (mark for mark, one in done(first).submissions.items() if one.shot == "a")
    doubt = replace(done(first).submissions[mark], state=State.INTENT)
    plan = make(changed, replace(history, submissions={**history.submissions, mark: doubt}), METHODS)
    assert verdict(plan, "b#1") == Blocked(StepKey("a#1"))
    assert "b#2" not in takes_of(plan)


def test_a_further_take_that_is_picked_belongs_to_the_film_whatever_has_changed() -> None:
    history = picking(after_more(CHAIN, {"b": 1}), {order_digest(B): 2})
    plan = make(replace(CHAIN, shots=(shot("a", "another"), B, C)), history, METHODS)
    assert "b#2" in pending(plan)


def test_another_pick_makes_stale_what_hangs_on_it_and_says_so() -> None:
    history = after_more(CHAIN, {"a": 1})
    plan = make(CHAIN, picking(history, {order_digest(A): 2}), METHODS)
    assert pending(plan) == ["a#2/frame", "b#1", "format", "a/clip", "b/clip", "c/clip", "film"]
    pick = Repicked("a", 1, 2)
    assert verdict(plan, "b#1") == Stale((pick, Upstream(StepKey("a#2/frame"))))
    for key in ("a/clip", "film", "format"):
        told = verdict(plan, key)
        assert isinstance(told, Stale)
        assert told.reasons[0] == pick
        assert not any(isinstance(reason, Changed) and reason.key == "clip" for reason in told.reasons)
    assert str(plan.bill.most["USD"]) == "$0.1225"


def test_another_pick_is_told_once_the_new_hand_off_frame_is_taken() -> None:
    history = picking(after_more(CHAIN, {"a": 1}), {order_digest(A): 2})
    taken = done(unroll(CHAIN, history, METHODS))
    frame = next(mark for mark, one in taken.made.items() if one.step == "a#2/frame")
    with_frame = replace(history, made={**history.made, frame: taken.made[frame]})
    assert verdict(make(CHAIN, with_frame, METHODS), "b#1") == Stale((Repicked("a", 1, 2),))


def test_picking_back_makes_everything_fresh_again() -> None:
    history = after_more(CHAIN, {"a": 1})
    second = picking(history, {order_digest(A): 2})
    made = both(history, done(unroll(CHAIN, second, METHODS)))
    there = make(CHAIN, replace(second, made=made.made, submissions=made.submissions, latest=made.latest), METHODS)
    assert [key for key in pending(there) if key != "film"] == []
    back = make(CHAIN, replace(history, made=made.made, submissions=made.submissions, latest=made.latest), METHODS)
    assert pending(back) == []


def test_a_pick_of_a_take_that_is_not_made_yet_waits_for_it_and_is_no_reason_of_its_own() -> None:
    history = done(unroll(CHAIN, History(), METHODS))
    plan = make(CHAIN, picking(history, {order_digest(A): 2}), METHODS)
    assert verdict(plan, "b#1") == Stale((Upstream(StepKey("a#2/frame")),))


def test_a_shot_that_orders_something_else_is_not_said_to_be_repicked() -> None:
    history = picking(after_more(CHAIN, {"a": 1}), {order_digest(A): 2})
    picked = done(unroll(CHAIN, history, METHODS))
    other = replace(CHAIN, shots=(shot("a", "another"), B, C))
    first = done(unroll(other, History(), METHODS))
    a_alone = {mark: one for mark, one in first.made.items() if one.step in ("a#1", "a#1/frame")}
    plan = make(other, replace(picked, made={**picked.made, **a_alone}), METHODS)
    assert isinstance(verdict(plan, "a#1"), Fresh)
    told = verdict(plan, "b#1")
    assert isinstance(told, Stale)
    assert [type(reason) for reason in told.reasons] == [Changed]


def test_picks_survive_a_new_name_of_the_shot() -> None:
    history = picking(after_more(CHAIN, {"a": 1}), {order_digest(A): 2})
    renamed = replace(CHAIN, shots=(replace(A, id="opening"), shot("b", "two", after="opening"), C))
    plan = make(renamed, both(history, done(unroll(CHAIN, history, METHODS))), METHODS)
    steps = {one.step.key for one in plan.steps if not isinstance(one.verdict, Fresh)}
    assert "opening#2" in takes_of(make(renamed, history, METHODS))
    told = verdict(make(renamed, history, METHODS), "b#1")
    assert isinstance(told, Stale)
    assert told.reasons[0] == Repicked("opening", 1, 2), "though both takes were made under the old name"
    assert not steps & {"opening#1", "opening#2", "b#1"}


def test_a_clip_that_is_handed_over_whole_is_repicked_too() -> None:
    media = (frame_from("a", Role.REFERENCE, Kind.VIDEO),)
    told = story(shot("a"), shot("b", "two", media=media))
    history = picking(after_more(told, {"a": 1}), {order_digest(told.shots[0]): 2})
    assert verdict(make(told, history, METHODS), "b#1") == Stale((Repicked("a", 1, 2),))


def test_inputs_of_an_unknown_shape_are_no_take_of_any_order() -> None:
    history = picking(after_more(CHAIN, {"a": 1}), {order_digest(A): 2})
    odd = {mark: replace(one, inputs=freeze([1])) for mark, one in history.made.items()}
    plan = make(CHAIN, replace(history, made=odd), METHODS)
    told = verdict(plan, "b#1")
    assert isinstance(told, Stale)
    assert not any(isinstance(reason, Repicked) for reason in told.reasons)
    strange = {mark: replace(one, inputs=freeze([1])) for mark, one in history.submissions.items()}
    assert known_takes([A], replace(history, submissions=strange, made={})) == {order_digest(A): frozenset()}


def test_a_frame_whose_clip_nobody_knows_any_more_tells_of_no_pick() -> None:
    history = picking(after_more(CHAIN, {"a": 1}), {order_digest(A): 2})
    orphan = {
        mark: replace(one, inputs={**one.inputs, "inputs": {}})  # type: ignore[dict-item]
        if one.step == "a#1/frame"
        else one
        for mark, one in history.made.items()
    }
    told = verdict(make(CHAIN, replace(history, made=orphan), METHODS), "b#1")
    assert told == Stale((Upstream(StepKey("a#2/frame")),))


def test_the_same_clip_under_another_number_is_no_other_pick() -> None:
    """A vendor that gives the same clip twice: nothing of it shows."""
    history = done(unroll(CHAIN, History(), METHODS), remake={"a#1": "clip", "a#1/frame": "frame"})
    asks = with_more_takes(CHAIN, history, {"a": 1})
    more = done(unroll(CHAIN, asking(history, asks), METHODS), remake={"a#2": "clip", "a#1": "clip"})
    made = both(more, history)
    plan = make(CHAIN, picking(replace(asking(made, asks), latest=made.latest), {order_digest(A): 2}), METHODS)
    assert not isinstance(verdict(plan, "a/clip"), Stale)


def test_every_step_whose_inputs_are_there_has_a_fingerprint() -> None:
    history = done(unroll(CHAIN, History(), METHODS))
    assert make(CHAIN, history, METHODS).marks == dict(history.latest)
    assert set(make(CHAIN, History(), METHODS).marks) == {"a#1", "c#1"}


@pytest.mark.parametrize("seed", [None, 7])
def test_a_clip_that_somebody_brought_is_a_known_take(seed: int | None) -> None:
    one: Shot = shot("a", seed=seed, takes=3)
    history = done(unroll(story(one), History(), METHODS))
    brought = replace(history, submissions={})
    assert known_takes([one], brought) == known_takes([one], history) == {order_digest(one): frozenset({1, 2, 3})}
    frames = {mark: replace(made, outputs={"frame": Digest("f")}) for mark, made in history.made.items()}
    assert known_takes([one], replace(brought, made=frames)) == {order_digest(one): frozenset()}
