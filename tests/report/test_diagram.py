"""The graph as a tree, as Mermaid and as DOT."""

from __future__ import annotations

from seedance_pipe.plan.history import History
from seedance_pipe.plan.make import make
from seedance_pipe.report.diagram import dot, mermaid, tree
from tests.builders import METHODS, shot, story

PLAN = make(story(shot("a"), shot("b", "two", after="a")), History(), METHODS)


def test_a_tree_has_the_film_at_its_root_and_names_again_what_it_has_drawn() -> None:
    assert tree(PLAN) == (
        "film  make\n"
        "├─ a/clip  make\n"
        "│  ├─ a#1  make\n"
        "│  └─ format  make\n"
        "│     ├─ a#1  make\n"
        "│     └─ b#1  make\n"
        "│        └─ a#1/frame  make\n"
        "│           └─ a#1  make\n"
        "├─ b/clip  make\n"
        "│  ├─ b#1  make  (above)\n"
        "│  ├─ format  make  (above)\n"
        "│  └─ a#1/frame  make  (above)\n"
        "├─ a#1/frame  make  (above)\n"
        "└─ format  make  (above)\n"
    )


def test_a_chain_of_a_thousand_shots_can_be_drawn() -> None:
    shots = [shot("s0", "0"), *(shot(f"s{n}", str(n), after=f"s{n - 1}") for n in range(1, 1000))]
    assert tree(make(story(*shots), History(), METHODS)).count("\n") > 4000


def test_mermaid_and_dot_name_every_step_and_every_need_once() -> None:
    edges = {(need.step, planned.step.key) for planned in PLAN.steps for need in planned.step.needs}
    assert mermaid(PLAN).count(" --> ") == dot(PLAN).count(" -> ") == len(edges)
    for planned in PLAN.steps:
        assert f'["{planned.step.key}<br/>make"]' in mermaid(PLAN)
        assert f'"{planned.step.key}" [label=' in dot(PLAN)


def test_no_steps_make_an_empty_tree() -> None:
    assert tree(make(story(shot("a")), History(), METHODS, only=[])) == ""
