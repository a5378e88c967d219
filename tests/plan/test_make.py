"""What a plan says after each kind of change to a story that was made before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedance_pipe.document import freeze
from seedance_pipe.plan.fingerprint import document
from seedance_pipe.plan.freshness import (
    Blocked,
    Changed,
    Ended,
    Fresh,
    InDoubt,
    InFlight,
    Lost,
    New,
    Stale,
    Undelivered,
    Upstream,
)
from seedance_pipe.plan.graph import StepKey
from seedance_pipe.plan.history import History, State
from seedance_pipe.plan.make import Plan, make, picking, with_new_takes
from seedance_pipe.plan.unroll import unroll
from seedance_pipe.spec.medium import Address, Kind, LocalFile, Role
from seedance_pipe.spec.story import Shot, Story
from seedance_pipe.units import Digest, Size
from tests.builders import HERE, METHODS, UNPRICED, done, frame_from, shot, story, submission

CHAIN = story(shot("a", "one"), shot("b", "two", after="a"), shot("c", "three", after="b"), shot("d", "four"))


def history_of(told: Story) -> History:
    return done(unroll(told, History(), METHODS))


def stale(plan: Plan) -> list[str]:
    return [planned.step.key for planned in plan.steps if isinstance(planned.verdict, Stale)]


def verdict(plan: Plan, key: str) -> object:
    return next(planned.verdict for planned in plan.steps if planned.step.key == key)


def with_shot(told: Story, changed: Shot) -> Story:
    return replace(told, shots=tuple(changed if one.id == changed.id else one for one in told.shots))


def test_a_story_that_was_never_made_is_new_from_its_first_take_to_its_film() -> None:
    plan = make(CHAIN, History(), METHODS)
    assert verdict(plan, "a#1") == Stale((New(),))
    assert verdict(plan, "b#1") == Stale((Upstream(StepKey("a#1/frame")),))
    assert stale(plan) == [planned.step.key for planned in plan.steps]
    assert plan.pending == plan.steps


def test_a_second_plan_after_a_run_finds_everything_fresh() -> None:
    plan = make(CHAIN, history_of(CHAIN), METHODS)
    assert plan.pending == ()
    assert plan.bill.most == {}


def test_one_changed_prompt_makes_its_take_and_what_continues_it_stale_and_nothing_else() -> None:
    changed = with_shot(CHAIN, shot("b", "two, at night", after="a"))
    plan = make(changed, history_of(CHAIN), METHODS)
    takes = [key for key in stale(plan) if key.count("#") and "/" not in key]
    assert takes == ["b#1", "c#1"]
    assert verdict(plan, "b#1") == Stale((Changed("prompt", "two", "two, at night", replace(HERE, line=7)),))
    assert verdict(plan, "c#1") == Stale((Upstream(StepKey("b#1/frame")),))


def test_a_shot_remade_with_the_same_last_frame_leaves_what_continues_it_fresh() -> None:
    before = unroll(CHAIN, History(), METHODS)
    old = done(before, remake={"a#1/frame": "the frame"})
    changed = with_shot(CHAIN, shot("a", "one, slower"))
    remade = done(unroll(changed, History(), METHODS), remake={"a#1/frame": "the frame"})
    both = replace(old, made={**old.made, **remade.made}, submissions={**old.submissions, **remade.submissions})
    plan = make(changed, both, METHODS)
    assert [key for key in stale(plan) if key.endswith("#1")] == []


@pytest.mark.parametrize(
    "other",
    [
        replace(CHAIN, title="Another title"),
        replace(CHAIN, path=Path("/elsewhere/story.yaml"), output=Path("/elsewhere/out/story.mp4")),
        replace(CHAIN, shots=tuple(replace(one, place=replace(HERE, line=99)) for one in CHAIN.shots)),
    ],
    ids=["title", "folder", "comments"],
)
def test_what_only_a_person_reads_changes_no_plan(other: Story) -> None:
    assert make(other, history_of(CHAIN), METHODS).pending == ()


def test_renamed_and_reordered_shots_are_not_bought_again() -> None:
    renamed = story(
        shot("fourth", "four"),
        shot("first", "one"),
        shot("second", "two", after="first"),
        shot("third", "three", after="second"),
    )
    plan = make(renamed, history_of(CHAIN), METHODS)
    assert not [key for key in stale(plan) if "#" in key]
    assert plan.bill.most == {}
    assert "film" in stale(plan), "another order of the clips is another film"


def test_a_film_that_is_gone_is_only_copied_again() -> None:
    gone = replace(history_of(CHAIN), delivered={})
    plan = make(CHAIN, gone, METHODS)
    assert [planned.step.key for planned in plan.pending] == ["film"]
    assert verdict(plan, "film") == Stale((Undelivered("out/story.mp4"),))


def test_a_known_task_is_in_flight_and_an_unanswered_one_in_doubt_and_blocks_what_needs_it() -> None:
    graph = unroll(CHAIN, History(), METHODS)
    first = graph.steps[0]
    inputs = document(first, {})
    for state, expected in ((State.SUBMITTED, InFlight), (State.READY, InFlight), (State.INTENT, InDoubt)):
        open_one = submission(first, inputs, state)
        plan = make(CHAIN, History(submissions={open_one.fingerprint: open_one}), METHODS)
        assert verdict(plan, "a#1") == expected(open_one)
    assert verdict(plan, "a#1/frame") == Blocked(StepKey("a#1"))
    assert verdict(plan, "c#1") == Blocked(StepKey("a#1"))
    assert verdict(plan, "film") == Blocked(StepKey("a#1"))
    assert verdict(plan, "d#1") == Stale((New(),))


@pytest.mark.parametrize("state", [State.REFUSED, State.FAILED, State.UNSENT])
def test_a_submission_that_came_to_nothing_is_stale_with_that_reason(state: State) -> None:
    first = unroll(CHAIN, History(), METHODS).steps[0]
    ended = replace(submission(first, document(first, {}), state), code="Bad", reason="no")
    plan = make(CHAIN, History(submissions={ended.fingerprint: ended}), METHODS)
    assert verdict(plan, "a#1") == Stale((Ended(state, "Bad", "no"),))


def test_a_paid_clip_that_the_store_lost_is_fetched_and_never_planned_to_be_bought() -> None:
    history = history_of(CHAIN)
    lost = frozenset(
        digest for made in history.made.values() if made.step == "d#1" for digest in made.outputs.values()
    )
    plan = make(CHAIN, replace(history, lost=lost), METHODS)
    assert isinstance(verdict(plan, "d#1"), InFlight)
    assert plan.bill.most == {}


def test_a_lost_frame_is_taken_again() -> None:
    history = history_of(CHAIN)
    lost = frozenset(
        digest for made in history.made.values() if made.step == "a#1/frame" for digest in made.outputs.values()
    )
    plan = make(CHAIN, replace(history, lost=lost), METHODS)
    assert verdict(plan, "a#1/frame") == Stale((Lost("frame"),))


def test_a_new_method_of_joining_remakes_the_film_and_buys_nothing() -> None:
    plan = make(CHAIN, history_of(CHAIN), replace(METHODS, film="2"))
    assert stale(plan) == ["film"]
    assert verdict(plan, "film") == Stale((Changed("method", "1", "2"),))


def test_a_forced_shot_gets_a_take_that_was_never_asked_for_and_the_film_uses_it() -> None:
    history = history_of(CHAIN)
    picks = with_new_takes(CHAIN, history, ["d"])
    plan = make(CHAIN, picking(history, picks), METHODS)
    assert [key for key in stale(plan) if "#" in key] == ["d#2"]
    assert isinstance(verdict(plan, "d#1"), Fresh), "the old take is kept"
    again = with_new_takes(CHAIN, picking(history, picks), ["d"])
    assert list(again.values()) == [3]


def test_takes_with_a_fixed_seed_have_seeds_in_a_row_and_more_takes_keep_the_old_ones() -> None:
    three = story(shot("a", seed=7, takes=3))
    graph = unroll(three, History(), METHODS)
    seeds = [step.recipe["order"]["seed"] for step in graph.steps if step.kind.value == "take"]  # type: ignore[index,call-overload]
    assert seeds == [7, 8, 9]
    plan = make(replace(three, shots=(shot("a", seed=7, takes=5),)), done(graph), METHODS)
    assert stale(plan) == ["a#4", "a#5"]
    assert with_new_takes(three, done(graph), ["a"]) == dict.fromkeys(with_new_takes(three, done(graph), ["a"]), 4)


def test_only_some_steps_can_be_planned_with_all_that_they_need() -> None:
    plan = make(CHAIN, History(), METHODS, only=[StepKey("b#1")])
    assert [planned.step.key for planned in plan.steps] == ["a#1", "a#1/frame", "b#1"]


def test_a_shot_may_continue_one_that_comes_later_in_the_film() -> None:
    told = story(shot("end", after="start"), shot("start"))
    keys = [step.key for step in unroll(told, History(), METHODS).steps]
    assert keys.index(StepKey("start#1")) < keys.index(StepKey("end#1"))


def test_a_seam_lies_only_where_a_shot_begins_with_the_frame_just_before_it() -> None:
    told = story(shot("a"), shot("b", after="a"), shot("c", after="a"))
    film = unroll(told, History(), METHODS).steps[-1]
    assert [need.slot for need in film.needs] == ["clip/0", "clip/1", "clip/2", "seam/1", "format"]


def test_a_clip_as_reference_and_a_last_frame_of_another_shot_are_handed_over() -> None:
    media = (frame_from("a", Role.REFERENCE, Kind.VIDEO), frame_from("a", Role.LAST_FRAME))
    graph = unroll(story(shot("a"), shot("b", media=media)), History(), METHODS)
    needs = next(step for step in graph.steps if step.key == "b#1").needs
    assert [(need.slot, need.step, need.output) for need in needs] == [
        ("media/0", "a#1", "clip"),
        ("media/1", "a#1/frame", "frame"),
    ]


def test_a_picture_given_or_taken_away_is_named_by_its_key() -> None:
    alone, chained = (story(shot("a"), shot("b", "two", after=source)) for source in (None, "a"))
    given = verdict(make(chained, history_of(alone), METHODS), "b#1")
    assert isinstance(given, Stale)
    assert [reason.key for reason in given.reasons if isinstance(reason, Changed)] == ["first_frame"]
    taken = verdict(make(alone, history_of(chained), METHODS), "b#1")
    assert isinstance(taken, Stale)
    assert {reason.key for reason in taken.reasons if isinstance(reason, Changed)} == {"first_frame"}


def test_a_users_file_counts_by_its_content_and_an_address_by_its_text() -> None:
    def told(digest: str, name: str, url: str) -> Story:
        still = LocalFile(Path("/films") / name, name, Digest(digest), "image/png", 9, Size(864, 480))
        return story(shot("a", media=(frame_from(still), frame_from(Address(url), Role.LAST_FRAME))))

    before = history_of(told("d1", "a.png", "https://films.example/1"))
    assert make(told("d1", "moved/b.png", "https://films.example/1"), before, METHODS).pending == ()
    assert "a#1" in stale(make(told("d2", "a.png", "https://films.example/1"), before, METHODS))
    assert "a#1" in stale(make(told("d1", "a.png", "https://films.example/2"), before, METHODS))


def test_a_parameter_that_is_no_longer_given_is_named_as_the_vendor_calls_it() -> None:
    history = history_of(story(shot("a", camera={"fixed": True})))
    plan = make(story(shot("a")), history, METHODS)
    assert verdict(plan, "a#1") == Stale((Changed("camera.fixed", True, None),))


def test_another_model_is_named_as_such() -> None:
    told = story(shot("a"))
    other = replace(told.shots[0], model=replace(told.shots[0].model, wire="two"))
    plan = make(replace(told, shots=(other,)), history_of(told), METHODS)
    assert verdict(plan, "a#1") == Stale((Changed("model", "one", "two"),))


def test_the_bill_sums_what_would_be_bought_and_names_what_has_no_price() -> None:
    free = replace(CHAIN.shots[3], model=replace(CHAIN.shots[3].model, price=UNPRICED))
    plan = make(with_shot(CHAIN, free), History(), METHODS)
    assert str(plan.bill.most["USD"]) == "$0.3675"
    assert plan.bill.unknown == ("d#1",)
    assert plan.bill.exact


prompts = st.lists(st.text(max_size=8), min_size=2, max_size=6)


@given(prompts, st.data())
def test_a_paid_change_is_never_missed_and_never_spreads_beyond_what_continues_it(
    texts: list[str], data: st.DataObject
) -> None:
    """Shots 0..n-1, each continuing an earlier one or none; one prompt is changed."""
    after = [
        None if index == 0 else data.draw(st.none() | st.integers(0, index - 1)) for index in range(len(texts))
    ]
    shots = [
        shot(f"s{index}", f"{index}{text}", after=None if after[index] is None else f"s{after[index]}")
        for index, text in enumerate(texts)
    ]
    told = story(*shots)
    target = data.draw(st.integers(0, len(texts) - 1))
    changed = shot(
        f"s{target}", f"{target}{texts[target]}!", after=None if after[target] is None else f"s{after[target]}"
    )
    plan = make(with_shot(told, changed), history_of(told), METHODS)
    hangs_on = {target}
    for index in range(len(texts)):
        if after[index] in hangs_on:
            hangs_on.add(index)
    assert {key for key in stale(plan) if key.endswith("#1")} == {f"s{index}#1" for index in hangs_on}
    for planned in plan.pending:
        assert isinstance(planned.verdict, Stale)
        assert planned.verdict.reasons


def test_inputs_of_an_unknown_shape_do_not_disturb_a_plan() -> None:
    history = history_of(CHAIN)
    odd = {key: replace(one, inputs=freeze([1])) for key, one in history.submissions.items()}
    assert with_new_takes(CHAIN, replace(history, submissions=odd), ["a"])


def test_what_two_shots_ask_for_alike_is_bought_once_and_counts_once() -> None:
    twins = story(shot("a", "one"), shot("b", "two", after="a"), shot("c", "one"), shot("d", "two", after="c"))
    alone = story(shot("a", "one"), shot("b", "two", after="a"))
    assert make(twins, History(), METHODS).bill == make(alone, History(), METHODS).bill
    half_made = done(unroll(story(shot("a", "one")), History(), METHODS))
    assert make(twins, half_made, METHODS).bill == make(alone, half_made, METHODS).bill
    assert make(twins, half_made, METHODS).bill != make(twins, History(), METHODS).bill
