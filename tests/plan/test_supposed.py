"""A supposed past: a story is fresh against itself, and what differs is what a real run would have to buy."""

from __future__ import annotations

from seedance_pipe.plan.freshness import Changed, Fresh, Stale
from seedance_pipe.plan.history import History
from seedance_pipe.plan.make import Plan, make
from seedance_pipe.plan.supposed import as_if_made
from seedance_pipe.plan.unroll import unroll
from seedance_pipe.spec.story import Story
from tests.builders import METHODS, done, shot, story

CHAIN = story(shot("stairs", "one", takes=2), shot("lamp", "two", after="stairs"), shot("cliff", "three"))


def against(now: Story, then: Story) -> Plan:
    return make(now, as_if_made(unroll(then, History(), METHODS), "out/story.mp4"), METHODS)


def test_a_story_asks_for_nothing_beyond_itself() -> None:
    assert not against(CHAIN, CHAIN).pending


def test_what_it_asks_for_is_what_a_run_of_the_old_one_would_have_left_to_buy() -> None:
    now = story(shot("stairs", "other", takes=2), *CHAIN.shots[1:])
    supposed = against(now, CHAIN)
    real = make(now, done(unroll(CHAIN, History(), METHODS)), METHODS)
    assert [one.verdict for one in supposed.pending] == [one.verdict for one in real.pending]
    assert supposed.bill == real.bill
    stale = supposed.steps[0].verdict
    assert isinstance(stale, Stale)
    (change,) = stale.reasons
    assert isinstance(change, Changed)
    assert (change.old, change.new) == ("one", "other")


def test_a_new_name_or_place_costs_nothing() -> None:
    renamed = story(shot("rock", "three"), shot("steps", "one", takes=2), shot("light", "two", after="steps"))
    takes = [one for one in against(renamed, CHAIN).steps if "#" in one.step.key and "/" not in one.step.key]
    assert len(takes) == 4
    assert all(isinstance(one.verdict, Fresh) for one in takes)
