"""What a person reads of finals and their drafts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from seedance_pipe.plan.follows import Follows, Way, Why
from seedance_pipe.plan.freshness import Fresh, Stale
from seedance_pipe.plan.graph import Graph, Step, StepKey, StepKind
from seedance_pipe.plan.history import Drafted
from seedance_pipe.plan.make import Plan, Planned
from seedance_pipe.report.following import follows_data, follows_text, unlike_draft, without_draft
from seedance_pipe.spec.model import Drafting
from seedance_pipe.units import Digest
from tests.builders import MODEL, shot, story

CHEAP = replace(MODEL, name="acme/cheap")
DRAFTED = Drafted("order", 2, Digest("a" * 64), 31, "task-7", 1_700_000_000.0)
UNTIL = 1_700_604_200.0


def take(name: str, follows: Follows | None, drafted: Drafted | None = DRAFTED) -> Step:
    model = replace(MODEL, drafting=Drafting(("settings", "draft"), 7))
    own = replace(shot(name, model=model), draft=shot(name, model=CHEAP))
    return Step(StepKey(f"{name}#1"), StepKind.TAKE, {}, (), own, 1, drafted=drafted, follows=follows)


def plan(*steps: Step, fresh: bool = False) -> Plan:
    verdict = Fresh({}) if fresh else Stale(())
    told = replace(story(), drafts="draft")
    return Plan(told, Graph(steps), tuple(Planned(one, verdict) for one in steps))


@pytest.mark.parametrize(
    ("follows", "told"),
    [
        (
            Follows(Way.TASK, until=UNTIL),
            "from the task of take 2 of its draft, which can be used until 2023-11-21 22:03 UTC",
        ),
        (Follows(Way.TASK), "from the task of take 2 of its draft"),
        (
            Follows(Way.SEED, Why.OTHER_MODEL),
            "with the seed of take 2 of its draft, not identical to it: that is made by acme/cheap",
        ),
        (
            Follows(Way.SEED, Why.NO_FINALS),
            "with the seed of take 2 of its draft, not identical to it: acme/one makes no finals from drafts",
        ),
        (
            Follows(Way.SEED, Why.NOT_ASKED),
            "with the seed of take 2 of its draft, not identical to it: its request does not say "
            "params.settings.draft: true",
        ),
        (
            Follows(Way.SEED, Why.BRIDGE),
            "with the seed of take 2 of its draft, not identical to it: it ends with another picture now",
        ),
        (
            Follows(Way.SEED, Why.NO_TASK),
            "with the seed of take 2 of its draft, not identical to it: its task is not known here",
        ),
        (
            Follows(Way.SEED, Why.EXPIRED, UNTIL),
            "with the seed of take 2 of its draft, not identical to it: its task could be used until "
            "2023-11-21 22:03 UTC",
        ),
        (Follows(Way.ALONE, Why.NO_SEED), "without take 2 of its draft: nobody knows its seed"),
        (Follows(Way.ALONE, Why.UNFIT_SEED), "without take 2 of its draft: acme/one takes no such seed"),
        (None, ""),
    ],
)
def test_a_clause_says_from_what_a_final_is_made_and_why_it_is_not_identical(
    follows: Follows | None, told: str
) -> None:
    assert follows_text(take("a", follows)) == told


def test_a_model_without_seeds_is_told_as_that() -> None:
    step = take("a", Follows(Way.ALONE, Why.UNFIT_SEED))
    assert step.shot is not None
    told = follows_text(replace(step, shot=replace(step.shot, seed_path=())))
    assert told == "without take 2 of its draft: acme/one takes no seed"


def test_takes_without_a_draft_that_is_made_are_listed_in_one_line() -> None:
    alone = Follows(Way.ALONE, Why.UNMADE)
    every = [take(name, alone, None) for name in "abcdefg"]
    assert follows_text(every[0]) == ""
    (told,) = without_draft(plan(*every))
    listed = "a#1, b#1, c#1, d#1, e#1 and 2 more"
    assert told == f"No draft is made yet of {listed}; `run --profile draft` makes drafts"
    assert list(without_draft(plan(*every, fresh=True))) == []
    underway = take("h", Follows(Way.ALONE, Why.UNDERWAY), None)
    (told,) = without_draft(plan(underway))
    assert told == "At the vendor is the draft of h#1; `run --profile draft` fetches it first"
    assert dict(unlike_draft(plan(underway))) == {"h#1": "without its draft: that is still at its vendor"}


def test_a_run_gives_each_reason_once_with_the_first_take_that_has_it() -> None:
    seed = Follows(Way.SEED, Why.NO_TASK)
    every = [take("a", seed), take("b", seed), take("c", Follows(Way.TASK)), take("d", None)]
    every.append(take("e", Follows(Way.ALONE, Why.UNMADE), None))
    assert list(unlike_draft(plan(*every))) == [
        ("a#1", "with the seed of its draft, not identical to it: its task is not known here (and so 1 more)"),
        ("e#1", "without its draft: none is made yet"),
    ]


def test_json_names_the_draft_the_way_and_the_time() -> None:
    assert follows_data(take("a", Follows(Way.TASK, until=UNTIL))) == {
        "take": 2,
        "clip": "a" * 64,
        "seed": 31,
        "task": "task-7",
        "way": "task",
        "identical": True,
        "why": None,
        "until": "2023-11-21T22:03:20+00:00",
    }
    assert follows_data(take("a", None)) is None
