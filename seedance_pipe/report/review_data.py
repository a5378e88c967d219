"""A review as JSON values: the document of `plan --json`, to which keys are only ever added."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seedance_pipe.plan.make import Bill
from seedance_pipe.plan.repair import seams
from seedance_pipe.plan.ways import Choice
from seedance_pipe.report.data import plan_data, planned_data, sums_data
from seedance_pipe.report.departure import departure_data
from seedance_pipe.report.following import follows_data
from seedance_pipe.report.repairs import choice_data
from seedance_pipe.report.review import Item, Review
from seedance_pipe.report.seams import seam_data


def review_data(told: Review) -> dict[str, Any]:
    """The plan with, for each step, what it comes to with all before it and what it drags along."""
    choices = {one.shot: one for one in told.choices}
    return {
        **plan_data(told.plan, told.total),
        "steps": [{**item_data(item), **_repair(item, choices)} for item in told.items],
        "pending": [planned.step.key for planned in told.plan.pending],
        "hands_over": [departure_data(one) for one in told.departures if one.handed],
        "not_there": [
            {"what": one.what, "of": one.of, "steps": list(one.steps), "made": list(one.made)}
            for one in told.pending
        ],
        "waiting": [planned.step.key for planned in told.waiting],
        "seams": [seam_data(one) for one in seams(told.plan.story)],
    }


def _repair(item: Item, choices: Mapping[str, Choice]) -> dict[str, Any]:
    """The ways of repairing the chain, beside the takes of the changed shot that are to be bought."""
    shot = item.planned.step.shot
    if item.total is None or shot is None or shot.id not in choices:
        return {}
    return {"repair": choice_data(choices[shot.id])}


def item_data(item: Item) -> dict[str, Any]:
    return {**planned_data(item.planned), **_added(item)}


def sum_data(total: Bill) -> dict[str, Any]:
    return {"most": sums_data(total.most), "exact": total.exact, "unknown": list(total.unknown)}


def _added(item: Item) -> dict[str, Any]:
    data: dict[str, Any] = {"drags": [planned.step.key for planned in item.drags]}
    if item.planned.step.follows is not None:
        data["draft"] = follows_data(item.planned.step)
    if item.total is not None:
        data |= {"same_as": item.again, "total": sum_data(item.total)}
    return data
