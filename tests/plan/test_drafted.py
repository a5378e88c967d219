"""What a plan says of a film whose shots follow drafts: from which draft, in which way, and until when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from seedance_pipe.plan.drafted import Drafts, as_sent, following
from seedance_pipe.plan.follows import Follows, Way, Why
from seedance_pipe.plan.freshness import Changed, Ended, Fresh, New, Redrafted, Stale, Upstream
from seedance_pipe.plan.graph import DRAFT, Step, StepKey
from seedance_pipe.plan.history import Drafted, History, Receipt, State, Submission
from seedance_pipe.plan.known import next_take
from seedance_pipe.plan.lock import Lock, lock_of
from seedance_pipe.plan.make import Plan, make, picking
from seedance_pipe.plan.recall import remembering
from seedance_pipe.plan.recipe import order_digest, recipe
from seedance_pipe.plan.unroll import unroll
from seedance_pipe.spec.model import Drafting
from seedance_pipe.spec.story import Final, Shot, Story
from tests.builders import HERE, METHODS, MODEL, done, shot, story

DAY = 24 * 3600.0
ASKED = 1_700_000_000.0
UNTIL = ASKED + 7 * DAY - 600
DRAFTING = replace(MODEL, drafting=Drafting(("draft",), 7))
OTHER = replace(MODEL, name="acme/cheap", wire="cheap")
FINAL = Final({"task": None, "size": "1080p"}, ("task",))


def drafted(
    name: str,
    *,
    seed: int | None = None,
    model: Any = DRAFTING,
    of: Any = None,
    takes: int = 1,
    asks: bool = True,
    **more: Any,
) -> Shot:
    """A shot at 1080p with a draft at 480p; from its task, where `model` makes drafts and is that of both."""
    given: dict[str, Any] = {"seed": seed, "takes": takes, **more}
    draft = shot(name, size="480p", draft=asks, model=of or model, **given)
    final = FINAL if model.drafting and of is None else None
    return replace(shot(name, size="1080p", draft=False, model=model, **given), draft=draft, final=final)


def film(*shots: Shot) -> Story:
    return replace(story(*shots), drafts="draft")


def drafts_of(told: Story) -> Story:
    return replace(told, shots=tuple(one.draft or one for one in told.shots))


def rehearsed(
    told: Story, *, seeds: Mapping[str, int] = {"a#1": 31, "a#2": 47, "b#1": 55}, now: float = ASKED + DAY
) -> History:
    """The history after a run of the drafts of `told`, a day ago; `seeds` are told by the vendor."""
    made = done(unroll(drafts_of(told), History(), METHODS))
    submissions = {mark: _drawn(one, seeds) for mark, one in made.submissions.items()}
    return replace(made, submissions=submissions, delivered={}, now=now)


def _drawn(one: Submission, seeds: Mapping[str, int]) -> Submission:
    key = f"{one.shot}#{one.take}"
    return replace(one, task=f"task of {key}", receipt=Receipt(seeds.get(key), None, None, None), at=ASKED)


def then(before: History, told: Story) -> History:
    """`before`, and then a run of the film itself."""
    film = done(unroll(told, before, METHODS))
    return replace(
        before,
        made={**before.made, **film.made},
        submissions={**before.submissions, **film.submissions},
        latest={**before.latest, **film.latest},
        delivered=film.delivered,
    )


def step(plan: Plan, key: str) -> Step:
    return next(one.step for one in plan.steps if one.step.key == key)


def verdict(plan: Plan, key: str) -> object:
    return next(one.verdict for one in plan.steps if one.step.key == key)


def seed_of(made: Step) -> Any:
    given: Any = made.recipe
    return given["order"].get("seed")


ONE = film(drafted("a"))


def test_a_final_without_a_draft_is_made_plainly_and_says_so() -> None:
    plan = make(ONE, History(), METHODS)
    made = step(plan, "a#1")
    assert (made.follows, made.drafted, made.given) == (Follows(Way.ALONE, Why.UNMADE), None, {})
    assert made.recipe == recipe(ONE.shots[0], 1)
    assert verdict(plan, "a#1") == Stale((New(),))


def test_a_draft_that_is_still_at_its_vendor_is_told_apart_from_one_that_nobody_asked_for() -> None:
    before = rehearsed(ONE)
    asked = {mark: replace(one, state=State.SUBMITTED, outputs={}) for mark, one in before.submissions.items()}
    made = step(make(ONE, replace(before, made={}, submissions=asked), METHODS), "a#1")
    assert made.follows == Follows(Way.ALONE, Why.UNDERWAY)


def test_a_shot_without_a_draft_follows_none() -> None:
    plan = make(film(shot("a")), History(), METHODS)
    assert step(plan, "a#1").follows is None


def test_a_final_is_made_from_the_task_of_its_draft_and_costs_what_it_costs() -> None:
    plan = make(ONE, rehearsed(ONE), METHODS)
    made = step(plan, "a#1")
    assert made.follows == Follows(Way.TASK, until=UNTIL)
    assert made.drafted is not None and made.drafted.task == "task of a#1"
    assert made.given == {DRAFT: made.drafted.clip} and made.from_draft
    assert plan.bill.most == make(ONE, History(), METHODS).bill.most
    assert verdict(plan, "a#1") == Stale((New(),)), "the draft was made under its name, but no final"


def test_a_final_from_a_task_needs_no_frame_of_the_shot_that_it_continues() -> None:
    told = film(drafted("a"), drafted("b", after="a"))
    plan = make(told, rehearsed(told), METHODS)
    assert step(plan, "b#1").needs == ()
    assert plan.steps[0].step.key == "a#1"
    alone = make(told, History(), METHODS)
    assert [need.step for need in step(alone, "b#1").needs] == ["a#1/frame"]


def test_a_final_that_was_made_from_a_task_stays_fresh_for_ever() -> None:
    made = then(rehearsed(ONE), ONE)
    assert make(ONE, made, METHODS).pending == ()
    assert make(ONE, replace(made, now=ASKED + 400 * DAY), METHODS).pending == ()


@pytest.mark.parametrize(
    ("state", "way"), [(State.INTENT, Way.TASK), (State.SUBMITTED, Way.TASK), (State.FAILED, Way.SEED)]
)
def test_what_was_asked_for_from_a_task_is_what_it_was_but_not_what_came_to_nothing(
    state: State, way: Way
) -> None:
    before = rehearsed(ONE)
    made = then(before, ONE)
    (mark,) = made.submissions.keys() - before.submissions.keys()
    asked = {**made.submissions, mark: replace(made.submissions[mark], state=state, outputs={})}
    later = replace(before, submissions=asked, now=ASKED + 8 * DAY)
    assert step(make(ONE, later, METHODS), "a#1").follows.way is way  # type: ignore[union-attr]


def test_a_draft_whose_task_is_gone_lends_its_seed() -> None:
    told = film(drafted("a", takes=2))
    for now, way in ((UNTIL - 1, Way.TASK), (UNTIL, Way.SEED)):
        made = step(make(told, rehearsed(told, now=now), METHODS), "a#2")
        assert made.follows is not None and made.follows.way is way
    assert made.follows == Follows(Way.SEED, Why.EXPIRED, UNTIL)
    assert seed_of(made) == 31 + 2 - 1
    assert not made.from_draft and made.shot is not None
    assert order_digest(made.shot) == order_digest(told.shots[0]), "picks of the shot still hold"


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (drafted("a", of=OTHER), Why.OTHER_MODEL),
        (drafted("a", model=MODEL), Why.NO_FINALS),
        (replace(drafted("a"), final=None), Why.BRIDGE),
        (replace(drafted("a", asks=False), final=None), Why.NOT_ASKED),
    ],
    ids=lambda one: one.value if isinstance(one, Why) else "",
)
def test_where_no_task_can_be_used_the_seed_is_lent_and_the_reason_is_known(told: Shot, why: Why) -> None:
    made = step(make(film(told), rehearsed(film(told)), METHODS), "a#1")
    assert made.follows == Follows(Way.SEED, why)
    assert seed_of(made) == 31


def test_a_fixed_seed_is_that_of_the_take_that_is_picked() -> None:
    told = film(drafted("a", model=MODEL, seed=100, takes=2))
    before = rehearsed(told, seeds={})
    assert told.shots[0].draft is not None
    second = picking(before, {order_digest(told.shots[0].draft): 2})
    assert [seed_of(step(make(told, one, METHODS), "a#1")) for one in (before, second)] == [100, 101]


@pytest.mark.parametrize(
    ("told", "seeds", "why"),
    [
        (drafted("a", model=MODEL), {}, Why.NO_SEED),
        (drafted("a", model=replace(MODEL, most_seed=30)), {"a#1": 31}, Why.UNFIT_SEED),
        (replace(drafted("a", model=MODEL), seed_path=()), {"a#1": 31}, Why.UNFIT_SEED),
    ],
    ids=["nobody told it", "too large", "no such key"],
)
def test_without_a_seed_that_fits_the_final_is_made_plainly(
    told: Shot, seeds: Mapping[str, int], why: Why
) -> None:
    made = step(make(film(told), rehearsed(film(told), seeds=seeds), METHODS), "a#1")
    assert made.follows == Follows(Way.ALONE, why)
    assert made.recipe == recipe(told, 1)


def test_a_clip_that_was_brought_as_a_draft_has_neither_task_nor_seed() -> None:
    before = replace(rehearsed(ONE), submissions={})
    made = step(make(ONE, before, METHODS), "a#1")
    assert made.follows == Follows(Way.ALONE, Why.NO_SEED)
    assert made.drafted is not None and made.drafted.task == ""


def test_the_newest_draft_counts_whatever_frame_it_began_with() -> None:
    told = film(shot("a"), drafted("b", after="a"))
    first = rehearsed(told)
    again = done(unroll(drafts_of(told), History(), METHODS), remake={"a#1/frame": "another frame"})
    newer = {mark: replace(one, task="newer", at=ASKED + 5) for mark, one in again.submissions.items()}
    both = replace(first, made={**first.made, **again.made}, submissions={**first.submissions, **newer})
    made = step(make(told, both, METHODS), "b#1")
    assert made.drafted is not None and made.drafted.task == "newer"


def test_another_picked_draft_makes_the_final_stale_and_says_which() -> None:
    told = film(drafted("a", takes=2))
    for kind, before in (("task", rehearsed(told)), ("seed", rehearsed(told, now=ASKED + 9 * DAY))):
        made = then(before, told)
        assert told.shots[0].draft is not None
        plan = make(told, picking(made, {order_digest(told.shots[0].draft): 2}), METHODS)
        assert verdict(plan, "a#1") == Stale((Redrafted(1, 2),)), kind
        assert make(told, made, METHODS).pending == ()


def test_the_reason_is_the_same_though_the_drafts_were_made_again_since() -> None:
    told = film(drafted("a", takes=2))
    before = rehearsed(told)
    made = replace(then(before, told), latest=before.latest)
    assert told.shots[0].draft is not None
    plan = make(told, picking(made, {order_digest(told.shots[0].draft): 2}), METHODS)
    assert verdict(plan, "a#1") == Stale((Redrafted(1, 2),))


def test_a_draft_that_is_made_later_and_one_that_is_no_more_are_told_too() -> None:
    alone = then(replace(History(), now=ASKED), ONE)
    both = rehearsed(ONE)
    later = replace(both, made={**both.made, **alone.made}, latest=alone.latest)
    assert verdict(make(ONE, later, METHODS), "a#1") == Stale((Redrafted(None, 1),))
    followed = then(both, ONE)
    changed = film(drafted("a", prompt="a greater wave"))
    plan = make(changed, followed, METHODS)
    place = replace(HERE, line=7)
    assert verdict(plan, "a#1") == Stale(
        (Redrafted(None, None), Changed("prompt", "a wave", "a greater wave", place))
    )


def test_a_draft_that_lends_nothing_is_none_of_the_reasons() -> None:
    told = film(drafted("a", model=MODEL))
    alone = then(replace(History(), now=ASKED), told)
    both = rehearsed(told, seeds={})
    later = replace(both, made={**both.made, **alone.made}, latest=alone.latest)
    changed = film(drafted("a", model=MODEL, prompt="a greater wave"))
    assert make(told, replace(later, delivered=alone.delivered), METHODS).pending == ()
    assert not any(isinstance(one, Redrafted) for one in verdict(make(changed, later, METHODS), "a#1").reasons)  # type: ignore[attr-defined]


def test_a_seed_that_the_story_changes_is_not_told_as_a_draft() -> None:
    before = then(replace(History(), now=ASKED), film(drafted("a", model=MODEL, seed=7)))
    plan = make(film(drafted("a", model=MODEL, seed=8)), before, METHODS)
    assert verdict(plan, "a#1") == Stale((Changed("seed", 7, 8),))


def test_a_fixed_seed_is_not_taken_for_one_that_a_draft_lent() -> None:
    told = film(drafted("a", seed=7))
    alone = then(replace(History(), now=ASKED), told)
    both = rehearsed(told, seeds={})
    later = replace(both, made={**both.made, **alone.made}, latest=alone.latest)
    assert verdict(make(told, later, METHODS), "a#1") == Stale((Redrafted(None, 1),))


def test_a_final_that_came_to_nothing_says_that_and_no_more() -> None:
    before = rehearsed(ONE)
    made = then(before, ONE)
    (mark,) = made.submissions.keys() - before.submissions.keys()
    ended = replace(made.submissions[mark], state=State.REFUSED, code="no", reason="no", outputs={})
    history = replace(made, made=before.made, submissions={**before.submissions, mark: ended})
    assert verdict(make(ONE, history, METHODS), "a#1") == Stale((Ended(State.REFUSED, "no", "no"),))


def test_a_final_that_waits_and_was_never_made_is_new() -> None:
    told = film(drafted("a", model=MODEL), drafted("b", model=MODEL, after="a"))
    plan = make(told, rehearsed(told), METHODS)
    assert verdict(plan, "b#1") == Stale((New(), Upstream(StepKey("a#1/frame"))))


def test_takes_with_the_seed_of_any_draft_count_as_takes_of_the_shot() -> None:
    told = film(drafted("a", model=MODEL, takes=2))
    made = then(rehearsed(told), told)
    assert next_take(told.shots[0], made) == 3
    assert next_take(replace(told.shots[0], takes=1), made) == 3


def test_a_draft_that_only_a_lock_file_tells_of_gives_what_was_made_from_it_and_else_its_seed() -> None:
    made = then(rehearsed(ONE), ONE)
    before = step(make(ONE, made, METHODS), "a#1").drafted
    assert before is not None and ONE.shots[0].draft is not None
    pinned = Drafted(before.order, 1, before.clip, seed=31)
    finals = {mark: one for mark, one in made.made.items() if one.step != "a#1" or DRAFT in str(one.inputs)}
    draft = order_digest(ONE.shots[0].draft)
    elsewhere = replace(made, submissions={}, drafts={draft: pinned})
    finals = {mark: one for mark, one in finals.items() if "480p" not in str(one.inputs)}
    there = replace(elsewhere, made=finals)
    assert isinstance(verdict(make(ONE, there, METHODS), "a#1"), Fresh)
    gone = replace(elsewhere, made={})
    assert step(make(ONE, gone, METHODS), "a#1").follows == Follows(Way.SEED, Why.NO_TASK)
    repicked = picking(gone, {draft: 2})
    assert step(make(ONE, repicked, METHODS), "a#1").follows == Follows(Way.ALONE, Why.UNMADE)


@pytest.mark.parametrize(
    ("seed", "follows"),
    [(None, Follows(Way.ALONE, Why.NO_SEED)), (7, Follows(Way.SEED, Why.NO_TASK))],
)
def test_a_draft_that_only_its_own_film_pinned_is_known_and_lends_the_seed_that_the_story_gives(
    seed: int | None, follows: Follows
) -> None:
    told = film(drafted("a", seed=seed))
    drafts, past = drafts_of(told), rehearsed(told)
    lock = lock_of(make(drafts, past, METHODS), past, Lock(), "out/story-draft.mp4")
    there = remembering(History(), lock, told, "out/story.mp4", lambda digest: True)
    assert step(make(told, there, METHODS), "a#1").follows == follows


def test_what_is_sent_is_the_task_or_the_seed_in_place_of_what_the_shot_says() -> None:
    from_task = as_sent(step(make(ONE, rehearsed(ONE), METHODS), "a#1"))
    assert from_task is not None
    assert (from_task.body, from_task.media) == ({"task": "task of a#1", "size": "1080p"}, ())
    told = film(drafted("a", model=MODEL))
    lent = as_sent(step(make(told, rehearsed(told), METHODS), "a#1"))
    assert lent is not None and lent.body["seed"] == 31 and lent.body["size"] == "1080p"
    plain = unroll(film(shot("a")), History(), METHODS).steps[0]
    assert as_sent(plain) is plain.shot


def test_only_takes_follow_drafts() -> None:
    film = unroll(ONE, History(), METHODS).steps[-1]
    assert following(film, Drafts(History())) is film
