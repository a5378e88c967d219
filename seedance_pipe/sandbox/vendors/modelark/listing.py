"""LIST's query: filters and pages. modelark.md section 1.1, 2026-11-21."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import QueryParams

from seedance_pipe.sandbox.request import Fields
from seedance_pipe.sandbox.vendors.modelark.wrong import invalid

_STATUSES = ("queued", "running", "cancelled", "succeeded", "failed", "expired")
"""`expired` is not on the vendor's list of filters; here it works."""


@dataclass(frozen=True, slots=True)
class Query:
    """`tier` is what hides flex tasks from a list that does not ask for them."""

    page: int
    size: int
    status: str
    ids: frozenset[str]
    model: str
    tier: str

    @classmethod
    def parse(cls, query: QueryParams) -> Query:
        """Raises Wrong."""
        fields = Fields(query, invalid)
        return cls(
            page=_number(query, "page_num", 1),
            size=_number(query, "page_size", 20),
            status=fields.choice("filter.status", "", ("", *_STATUSES)),
            ids=frozenset(query.getlist("filter.task_ids")),
            model=query.get("filter.model", ""),
            tier=fields.choice("filter.service_tier", "default", ("default", "flex")),
        )

    def matches(self, task: dict[str, Any]) -> bool:
        return (
            task["service_tier"] == self.tier
            and self.status in ("", task["status"])
            and self.model in ("", task["model"])
            and (not self.ids or task["id"] in self.ids)
        )

    def answer(self, tasks: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """The page asked for; `total` counts all matches."""
        matching = [task for task in tasks if self.matches(task)]
        start = (self.page - 1) * self.size
        return {"total": len(matching), "items": matching[start : start + self.size]}


def _number(query: QueryParams, key: str, default: int) -> int:
    text = query.get(key, str(default))
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:9]) <= 500:
        raise invalid(key, "it must be an integer from 1 to 500")
    return int(text)
