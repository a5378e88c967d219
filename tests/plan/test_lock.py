"""Locks: what a plan pins of a film, and what a past without a journal remembers of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedance_pipe.plan.freshness import Changed, Ended, Fresh, InDoubt, Lost, New, Repicked, Stale, Undelivered
from seedance_pipe.plan.graph import Graph
from seedance_pipe.plan.history import Drafted, History, State
from seedance_pipe.plan.known import next_take
from seedance_pipe.plan.lock import Block, Film, Lock, choosing, chosen, lock_of, picks_of, pin_of
from seedance_pipe.plan.make import Plan, asking, make, picking, with_more_takes
from seedance_pipe.plan.recall import remembering
from seedance_pipe.plan.recipe import order_digest
from seedance_pipe.plan.unroll import FORMAT, unroll
from seedance_pipe.spec.repair import Repair
from seedance_pipe.spec.story import Story
from seedance_pipe.units import Digest
from tests.builders import METHODS, done, shot, story, submission

OUT = "out/story.mp4"
CHAIN = story(shot("a", "one"), shot("b", "two", after="a"), shot("c", "three"))
ORDERS = {one.id: order_digest(one) for one in CHAIN.shots}
NOBODY: frozenset[str] = frozenset()


def after_a_run(told: Story = CHAIN, history: History | None = None) -> History:
    return done(unroll(told, history or History(), METHODS))


def locked(told: Story = CHAIN, history: History | None = None, before: Lock | None = None) -> Lock:
    past = history or after_a_run(told)
    return lock_of(make(told, past, METHODS), past, before or Lock(), OUT)


def elsewhere(
    lock: Lock, told: Story = CHAIN, history: History | None = None, *, lost: frozenset[str] = NOBODY
) -> Plan:
    """The plan on a machine that has the lock, and a store without what is `lost`."""
    past = remembering(history or History(), lock, told, OUT, lambda digest: digest not in lost)
    return make(told, past, METHODS)


def verdict(plan: Plan, key: str) -> object:
    return next(one.verdict for one in plan.steps if one.step.key == key)


def pending(plan: Plan) -> list[str]:
    return [one.step.key for one in plan.pending]


def test_the_lock_of_a_made_film_makes_all_of_it_fresh_without_a_journal() -> None:
    plan = elsewhere(locked())
    assert pending(plan) == ["film"]
    assert verdict(plan, "film") == Stale((Undelivered(OUT),)), "it is only to be copied to its place"


def test_a_block_holds_a_shot_and_the_inputs_of_its_takes_alone() -> None:
    block = locked().films[OUT].shots["b"]
    assert block.order == ORDERS["b"]
    assert list(block.pins) == ["take 1", "clip"]
    frame = locked().films[OUT].shots["a"].pins["frame 1"]
    assert block.pins["take 1"].inputs == {"media/0": frame.outputs["frame"]}
    assert (frame.inputs, block.pins["clip"].inputs) == ({}, {})
    assert list(locked().films[OUT].cut) == ["format", "film"]


def test_a_lock_that_is_up_to_date_comes_out_the_same() -> None:
    before = locked()
    assert locked(before=before) == before
    assert all(
        one is before.films[OUT].shots[name] for name, one in locked(before=before).films[OUT].shots.items()
    )


def test_nothing_made_pins_nothing() -> None:
    assert locked(history=History()) == Lock()


def test_a_film_that_is_not_in_its_place_is_pinned_all_the_same() -> None:
    assert locked(history=replace(after_a_run(), delivered={})) == locked()


def test_what_is_in_doubt_is_not_pinned() -> None:
    past = after_a_run()
    mark = past.latest["c#1"]
    doubted = replace(past.submissions[mark], state=State.INTENT)
    unsure = replace(past, submissions={**past.submissions, mark: doubted})
    assert "c" not in locked(history=unsure).films[OUT].shots


def test_what_is_to_be_made_anew_keeps_its_old_pin() -> None:
    before = locked()
    edited = story(shot("a", "one more"), *CHAIN.shots[1:])
    assert locked(edited, after_a_run(), before) == before


def test_a_shot_that_was_made_anew_has_a_new_block_and_the_others_keep_theirs() -> None:
    same = {"format": "24 frames a second"}
    before = locked(history=done(unroll(CHAIN, History(), METHODS), remake=same))
    edited = story(*CHAIN.shots[:2], shot("c", "another"))
    past = done(unroll(edited, History(), METHODS), remake=same)
    after = lock_of(make(edited, past, METHODS), past, before, OUT)
    assert after.films[OUT].shots["c"].order == order_digest(edited.shots[2])
    assert after.films[OUT].shots["a"] is before.films[OUT].shots["a"]
    assert after.films[OUT].cut != before.films[OUT].cut


def test_a_take_of_another_order_leaves_no_pin_behind_it() -> None:
    two = story(shot("a", "one", takes=2))
    before = locked(two)
    assert list(before.films[OUT].shots["a"].pins) == ["take 1", "take 2", "clip"]
    edited = story(shot("a", "other", takes=2))
    graph = unroll(edited, History(), METHODS)
    past = done(Graph(tuple(step for step in graph.steps if step.key != "a#2")))
    after = lock_of(make(edited, past, METHODS), past, before, OUT)
    assert list(after.films[OUT].shots["a"].pins) == ["take 1", "clip"]


def test_a_take_whose_file_is_lost_keeps_its_pin_beside_those_that_are_made() -> None:
    two = story(shot("a", "one", takes=2))
    past = after_a_run(two)
    before = locked(two, past)
    clip = before.films[OUT].shots["a"].pins["take 2"].outputs["clip"]
    more = asking(past, with_more_takes(two, past, {"a": 1}))
    third = done(unroll(two, more, METHODS))
    past = replace(third, asked=more.asked, lost=frozenset({clip}), submissions={})
    after = lock_of(make(two, past, METHODS), past, before, OUT)
    assert list(after.films[OUT].shots["a"].pins) == ["take 1", "take 2", "clip", "take 3"]


def test_takes_and_shots_that_the_story_has_no_more_are_left_out() -> None:
    two = story(shot("a", "one", takes=2), shot("b", "two"))
    before = locked(two)
    fewer = story(shot("a", "one"))
    past = after_a_run(fewer)
    after = lock_of(make(fewer, past, METHODS), past, before, OUT)
    assert list(after.films[OUT].shots) == ["a"]
    assert list(after.films[OUT].shots["a"].pins) == ["take 1", "clip"]


def test_the_films_of_other_stories_stay_as_they_are() -> None:
    other = Lock(films={"out/other.mp4": Film({}, {"x": Block("o" * 64, {})})})
    assert locked(before=other).films["out/other.mp4"] is other.films["out/other.mp4"]


def test_the_pick_of_a_journal_comes_into_the_lock_with_its_block() -> None:
    picks = picking(History(), {ORDERS["a"]: 2})
    lock = locked(history=picking(done(unroll(CHAIN, picks, METHODS)), picks.picks))
    assert lock.picks == {OUT: {"a": {ORDERS["a"]: 2}}}
    assert picks_of(lock, OUT) == {ORDERS["a"]: 2, ORDERS["b"]: 1, ORDERS["c"]: 1}


def test_of_every_order_that_it_names_the_lock_says_which_take_is_picked() -> None:
    journal = picking(History(), {ORDERS["a"]: 2, "another": 3})
    past = remembering(journal, locked(), CHAIN, OUT, lambda digest: True)
    assert past.picks == {ORDERS["a"]: 1, ORDERS["b"]: 1, ORDERS["c"]: 1, "another": 3}


def test_without_a_word_in_the_lock_the_journal_is_believed() -> None:
    journal = picking(History(), {ORDERS["a"]: 2})
    assert remembering(journal, Lock(), CHAIN, OUT, lambda digest: True) is journal


def test_a_choice_is_kept_by_film_shot_and_order_and_the_usual_one_is_not_written_down() -> None:
    picks = choosing({}, OUT, {"a": "x", "b": "y", "c": "z"}, {"x": 2, "y": 1}, usual=1)
    assert picks == {OUT: {"a": {"x": 2}}}
    assert choosing(picks, OUT, {"a": "changed"}, {"changed": 3}, usual=1) == {OUT: {"a": {"x": 2, "changed": 3}}}
    assert choosing(picks, OUT, {"a": "x"}, {"x": 1}, usual=1) == {}


def test_an_order_has_one_pick_in_all_films() -> None:
    picks = {"out/b.mp4": {"a": {"x": 2}}}
    assert choosing(picks, OUT, {"one": "x"}, {"x": 3}, usual=1) == {
        "out/b.mp4": {"a": {"x": 3}},
        OUT: {"one": {"x": 3}},
    }
    assert choosing(picks, OUT, {"one": "x"}, {"x": 1}, usual=1) == {}


def test_where_a_merge_left_two_words_on_one_order_that_of_the_film_itself_holds() -> None:
    picks = {"out/a.mp4": {"a": {"x": 2}}, "out/b.mp4": {"a": {"x": 3}}}
    assert chosen(picks, "out/a.mp4") == {"x": 2}
    assert chosen(picks, "out/b.mp4") == {"x": 3}


def test_a_way_that_was_chosen_is_remembered_by_what_the_shot_orders() -> None:
    repairs = choosing({}, OUT, ORDERS, {ORDERS["a"]: Repair.RIPPLE, ORDERS["b"]: Repair.ACCEPT})
    past = remembering(History(), Lock(repairs=repairs), CHAIN, OUT, lambda digest: True)
    assert past.repairs == {ORDERS["a"]: Repair.RIPPLE, ORDERS["b"]: Repair.ACCEPT}


def test_a_draft_that_a_take_follows_is_pinned_without_its_task_and_its_time() -> None:
    draft = Drafted("d" * 64, 2, Digest("c" * 64), seed=7, task="cgt-1", at=5.0)
    past = after_a_run()
    plan = make(CHAIN, past, METHODS)
    steps = [
        replace(one, step=replace(one.step, drafted=draft)) if one.step.key == "a#1" else one for one in plan.steps
    ]
    following = Plan(CHAIN, Graph(tuple(one.step for one in steps)), tuple(steps))
    lock = lock_of(following, past, Lock(), OUT)
    told = Drafted("d" * 64, 2, Digest("c" * 64), seed=7)
    assert lock.films[OUT].shots["a"].draft == told
    assert remembering(History(), lock, CHAIN, OUT, lambda digest: True).drafts == {"d" * 64: told}


def test_further_takes_that_only_the_lock_knows_are_in_the_plan_and_bought_never_again() -> None:
    past = after_a_run()
    asks = with_more_takes(CHAIN, past, {"b": 1})
    lock = locked(history=replace(done(unroll(CHAIN, asking(past, asks), METHODS)), asked=asks))
    assert "b#2" in [one.step.key for one in elsewhere(lock).steps]
    edited = story(shot("a", "changed"), *CHAIN.shots[1:])
    there = remembering(History(), lock, edited, OUT, lambda digest: True)
    assert "b#2" not in pending(make(edited, there, METHODS)), "it was one attempt more with the old picture"
    remade = make(edited, done(unroll(edited, there, METHODS)), METHODS)
    assert "b#2" not in pending(remade)


def test_a_further_take_that_is_in_no_store_here_is_not_asked_for_and_keeps_its_pin() -> None:
    past = after_a_run()
    asks = with_more_takes(CHAIN, past, {"c": 1})
    lock = locked(history=replace(done(unroll(CHAIN, asking(past, asks), METHODS)), asked=asks))
    pins = lock.films[OUT].shots["c"].pins
    there = remembering(History(), lock, CHAIN, OUT, lambda digest: digest != pins["take 2"].outputs["clip"])
    plan = make(CHAIN, there, METHODS)
    assert "c#2" not in [one.step.key for one in plan.steps]
    assert lock_of(plan, there, lock, OUT).films[OUT].shots["c"].pins == pins
    assert next_take(CHAIN.shots[2], there) == 3


def test_a_changed_shot_is_told_by_the_digests_of_its_orders_where_nobody_knows_more() -> None:
    edited = story(shot("a", "changed"), *CHAIN.shots[1:])
    now = order_digest(edited.shots[0])
    plan = elsewhere(locked(), edited)
    assert verdict(plan, "a#1") == Stale((Changed("order", ORDERS["a"][:12], now[:12], edited.shots[0].place),))
    assert pending(plan) == ["a#1", "a#1/frame", "b#1", "format", "a/clip", "b/clip", "c/clip", "film"]


def test_another_way_of_joining_is_told_by_fingerprints_where_nobody_knows_more() -> None:
    lock = locked()
    past = remembering(History(), lock, CHAIN, OUT, lambda digest: True)
    plan = make(CHAIN, past, replace(METHODS, format="2"))
    was, now = lock.films[OUT].cut["format"].of, plan.marks[FORMAT]
    assert verdict(plan, "format") == Stale((Changed("fingerprint", was[:12], now[:12]),))


def test_a_take_that_was_made_with_the_seed_of_its_draft_is_known_with_it() -> None:
    draft = Drafted("d" * 64, 1, Digest("c" * 64), seed=7)
    lent = story(shot("a", "one", seed=7))
    block = locked(lent).films[OUT].shots["a"]
    (own,) = (replace(one, seed_path=("seed",)) for one in CHAIN.shots[:1])
    told = Block(ORDERS["a"], {"take 1": block.pins["take 1"]}, draft)
    past = remembering(History(), Lock(films={OUT: Film({}, {"a": told})}), story(own), OUT, lambda digest: True)
    assert past.made[told.pins["take 1"].of].inputs == after_a_run(lent).made[told.pins["take 1"].of].inputs


def test_what_was_never_made_is_new_beside_what_the_lock_tells() -> None:
    longer = story(*CHAIN.shots, shot("d", "four"))
    assert verdict(elsewhere(locked(), longer), "d#1") == Stale((New(),))


def test_a_pick_that_came_by_git_is_told_as_one() -> None:
    past = asking(after_a_run(), {ORDERS["a"]: frozenset({2})})
    past = replace(done(unroll(CHAIN, past, METHODS)), asked=past.asked)
    lock = locked(history=past)
    picked = replace(lock, picks={OUT: {"a": {ORDERS["a"]: 2}}})
    there = remembering(History(), picked, CHAIN, OUT, lambda digest: True)
    frame = next(one.step for one in make(CHAIN, there, METHODS).steps if one.step.key == "a#2/frame")
    graph = Graph(tuple(one for one in unroll(CHAIN, there, METHODS).steps if one.key in ("a#2", frame.key)))
    with_frame = replace(there, made={**there.made, **done(graph).made})
    assert verdict(make(CHAIN, with_frame, METHODS), "b#1") == Stale((Repicked("a", 1, 2),))


def test_a_take_that_only_the_lock_knows_and_whose_file_is_gone_is_lost_and_not_new() -> None:
    lock = locked()
    clip = lock.films[OUT].shots["c"].pins["take 1"].outputs["clip"]
    assert verdict(elsewhere(lock, lost=frozenset({clip})), "c#1") == Stale((Lost("clip", pinned=True),))


def test_what_the_journal_knows_the_lock_does_not_change() -> None:
    past = after_a_run()
    mark = past.latest["c#1"]
    lock = locked()
    block = lock.films[OUT].shots["c"]
    other = replace(block, pins={**block.pins, "take 1": pin_of(mark, {}, {"clip": Digest("other")})})
    film = replace(lock.films[OUT], shots={**lock.films[OUT].shots, "c": other})
    told = remembering(past, Lock(films={OUT: film}), CHAIN, OUT, lambda digest: True)
    assert told.made[mark] is past.made[mark]


@pytest.mark.parametrize(
    ("state", "there", "expected"),
    [(State.INTENT, True, InDoubt), (State.FAILED, True, Fresh), (State.FAILED, False, Stale)],
)
def test_a_take_that_came_to_nothing_here_may_have_been_made_elsewhere(
    state: State, there: bool, expected: type
) -> None:
    lock = locked()
    pin = lock.films[OUT].shots["c"].pins["take 1"]
    step = next(step for step in unroll(CHAIN, History(), METHODS).steps if step.key == "c#1")
    inputs = after_a_run().made[pin.of].inputs
    journal = History(submissions={pin.of: submission(step, inputs, state, {})})
    plan = elsewhere(lock, history=journal, lost=NOBODY if there else frozenset({pin.outputs["clip"]}))
    assert isinstance(verdict(plan, "c#1"), expected)
    if not there:
        told = verdict(plan, "c#1")
        assert isinstance(told, Stale)
        assert isinstance(told.reasons[0], Ended)


def test_what_other_films_of_the_folder_pinned_is_fresh_in_this_one() -> None:
    lock = Lock(films={"out/other.mp4": locked().films[OUT]})
    assert pending(elsewhere(lock)) == ["film"]
    assert remembering(History(), lock, CHAIN, OUT, lambda digest: True).latest == {}


def test_a_frame_whose_take_nobody_pinned_is_known_without_its_clip() -> None:
    block = locked().films[OUT].shots["a"]
    alone = Lock(films={OUT: Film({}, {"a": replace(block, pins={"frame 1": block.pins["frame 1"]})})})
    (made,) = remembering(History(), alone, CHAIN, OUT, lambda digest: True).made.values()
    assert made.inputs == {"kind": "frame", "inputs": {}}


def test_every_file_that_a_lock_names_is_told() -> None:
    past = after_a_run()
    assert locked().files == {digest for made in past.made.values() for digest in made.outputs.values()}


@given(st.lists(st.sampled_from(["one", "two", "three"]), min_size=1, max_size=4), st.data())
def test_whatever_was_made_is_fresh_elsewhere(prompts: list[str], data: st.DataObject) -> None:
    shots = [
        shot(f"s{number}", prompt, after=f"s{number - 1}" if number and data.draw(st.booleans()) else None)
        for number, prompt in enumerate(prompts)
    ]
    told = story(*shots)
    assert pending(elsewhere(locked(told), told)) == ["film"]
