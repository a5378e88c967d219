"""Known takes: which takes of an order the journal remembers, whichever shot of whichever story it was for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from seedance_pipe.document import Json, digest
from seedance_pipe.plan.drafted import Drafts, as_ordered
from seedance_pipe.plan.history import History
from seedance_pipe.plan.recipe import order_digest, recipe
from seedance_pipe.spec.story import Shot


def next_take(shot: Shot, history: History) -> int:
    """The number of a take of this order that was never asked for: one more than the highest known."""
    order = order_digest(shot)
    asked = history.asked.get(order, frozenset())
    return max(shot.takes, history.picks.get(order, 0), *asked, *known_takes([shot], history)[order]) + 1


def known_takes(shots: Iterable[Shot], history: History) -> Mapping[str, frozenset[int]]:
    """The numbers of the takes that were ever sent to a vendor, or that somebody brought, by the order's digest of
    each of `shots`.
    """
    every = tuple(_recorded(history))
    numbers = {take for take, _ in every}
    drafts = Drafts(history)
    known: dict[str, frozenset[int]] = {}
    for shot in shots:
        ways = as_ordered(shot, drafts)
        expected = {(take, digest(recipe(one, take))) for one in ways for take in numbers}
        known[order_digest(shot)] = frozenset(take for take, _ in expected.intersection(every))
    return known


def _recorded(history: History) -> Iterator[tuple[int, str]]:
    """The number and the digest of the recipe of each take."""
    for submission in history.submissions.values():
        yield submission.take, _recipe_of(submission.inputs)
    for mark, made in history.made.items():
        if mark not in history.submissions and "clip" in made.outputs and "#" in made.step:
            # Nobody was asked for it: a person brought the clip.
            yield int(made.step.rpartition("#")[2]), _recipe_of(made.inputs)


def _recipe_of(inputs: Json) -> str:
    return digest(inputs.get("recipe") if isinstance(inputs, Mapping) else None)
