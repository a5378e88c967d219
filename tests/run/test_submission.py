from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedance_pipe.plan.history import State, Submission
from seedance_pipe.run.submission import OPEN, Act, may_follow, next_act

from .examples import inputs, mark

ENDS = {State.STORED, State.REFUSED, State.FAILED, State.UNSENT, State.ABANDONED}
PATHS = {
    (State.INTENT, State.REFUSED),
    (State.INTENT, State.UNSENT),
    (State.INTENT, State.ABANDONED),
    (State.INTENT, State.SUBMITTED, State.ABANDONED),
    (State.INTENT, State.SUBMITTED, State.FAILED),
    (State.INTENT, State.SUBMITTED, State.READY, State.FAILED),
    (State.INTENT, State.SUBMITTED, State.READY, State.STORED),
}


def submission(state: State) -> Submission:
    return Submission(
        id="id",
        fingerprint=mark("stairs"),
        story="lighthouse.yaml",
        shot="stairs",
        take=1,
        vendor="modelark",
        model="seedance",
        state=state,
        request={},
        inputs=inputs("stairs"),
        reserved=None,
        at=0.0,
    )


def allowed(path: tuple[State, ...]) -> bool:
    return all(may_follow(last, entry) for last, entry in zip((None, *path), path, strict=False))


@pytest.mark.parametrize(
    ("state", "act"),
    [
        (None, Act.INTEND),
        (State.INTENT, Act.SETTLE),
        (State.SUBMITTED, Act.POLL),
        (State.READY, Act.FETCH),
        (State.STORED, Act.USE),
        (State.REFUSED, Act.INTEND),
        (State.FAILED, Act.INTEND),
        (State.UNSENT, Act.INTEND),
        (State.ABANDONED, Act.INTEND),
    ],
)
def test_the_last_entry_says_what_may_be_done_next(state: State | None, act: Act) -> None:
    assert next_act(None if state is None else submission(state)) is act


def test_of_all_orders_of_entries_only_the_seven_lives_of_a_submission_are_whole() -> None:
    orders = [order for length in range(1, 6) for order in product(State, repeat=length)]
    whole = {order for order in orders if allowed(order) and order[-1] in ENDS}
    assert whole == PATHS


@given(st.lists(st.sampled_from(State), min_size=1, max_size=9))
def test_nothing_is_bought_again_while_a_submission_is_open(order: list[State]) -> None:
    path = tuple(order)
    if allowed(path):
        assert any(life[: len(path)] == path for life in PATHS)
        assert (next_act(submission(path[-1])) is Act.INTEND) == (path[-1] in ENDS - {State.STORED})
        assert (path[-1] in OPEN) == (path[-1] not in ENDS)
