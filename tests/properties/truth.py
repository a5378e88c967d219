"""The truth: what the vendors' ledger, the journal and the files say of a story, held against each other.

It is what security.md section 5 promises (I1 to I6), in a form that can be asked after whatever befell the story.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

ENDED = frozenset({"refused", "failed", "unsent", "abandoned"})
"""Last acts of a submission after which the same may be asked for again."""

UNANSWERED = frozenset({"intent", "abandoned"})


@dataclass(frozen=True, slots=True)
class Case:
    """One submission: its acts in their order, each with its document, and the prompt that it is for."""

    fingerprint: str
    prompt: str
    acts: dict[str, Any] = field(default_factory=dict)

    @property
    def last(self) -> str:
        return next(reversed(self.acts))

    @property
    def task(self) -> str | None:
        told: str | None = self.acts.get("submitted", {}).get("task")
        return told


def cases(journal: Path, prompts: Collection[str]) -> dict[str, Case]:
    """Every submission that the journal knows, by id; each is for one of `prompts`."""
    rows = _rows(
        journal,
        "SELECT submission, act, fingerprint, document FROM entry WHERE submission IS NOT NULL ORDER BY id",
    )
    inputs = dict(_rows(journal, "SELECT digest, text FROM document"))
    found: dict[str, Case] = {}
    for submission, act, fingerprint, text in rows:
        document = json.loads(text)
        if act == "intent":
            words = inputs[document["inputs"]]
            found[submission] = Case(fingerprint, next(prompt for prompt in prompts if f'"{prompt}"' in words))
        found[submission].acts[act] = document
    return found


def money_problems(known: Mapping[str, Case], tasks: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The ledger's `tasks` against the journal: no charge without a record, none forgotten, none paid twice."""
    by_prompt: dict[str, list[Case]] = {}
    by_mark: dict[str, list[Case]] = {}
    for case in known.values():
        by_prompt.setdefault(_digest(case.prompt), []).append(case)
        by_mark.setdefault(case.fingerprint, []).append(case)
    accepted, charged = Counter[str](), Counter[str]()
    for task in tasks:
        accepted[task["prompt"]] += 1
        charged[task["prompt"]] += task["status"] == "succeeded"
    for prompt in accepted:
        some = by_prompt.get(prompt, [])
        name = some[0].prompt if some else prompt
        named = len({case.task for case in some if case.task})
        unanswered = sum(case.task is None and case.last in UNANSWERED for case in some)
        if accepted[prompt] > named + unanswered:
            yield f"'{name}': {accepted[prompt]} tasks; the journal knows {named}, and {unanswered} unclear"
        if named > accepted[prompt]:
            yield f"'{name}': the journal names {named} tasks, and the vendor has {accepted[prompt]}"
        takes = len({case.fingerprint for case in some})
        if charged[prompt] > takes:
            yield f"'{name}': {takes} takes were charged {charged[prompt]} times"
    for same in by_mark.values():
        if any(case.last not in ENDED for case in same[:-1]):
            yield f"'{same[0].prompt}' was asked for again while it was open: {[case.last for case in same]}"


def cost(tasks: Sequence[Mapping[str, Any]]) -> Mapping[str, Decimal]:
    """What the ledger's tasks come to by currency. ModelArk bills tokens, here by the price of one model."""
    total: dict[str, Decimal] = {}
    for task in tasks:
        if task["status"] == "succeeded":
            amount = Decimal(task["cost"]) if task["cost"] else Decimal(task["tokens"]) / 1_000_000
            currency = task["currency"] or "USD"
            total[currency] = total.get(currency, Decimal(0)) + amount
    return total


def file_problems(state: Path, output: Path, spoiled: Collection[str]) -> Iterator[str]:
    """Files that are not what they are said to be. Of what a test has `spoiled` that is not asked."""
    kept = set()
    for path in (state / "store").glob("[0-9a-f][0-9a-f]/*"):
        name = path.parent.name + path.stem
        kept.add(name)
        if name not in spoiled and hashlib.sha256(path.read_bytes()).hexdigest() != name:
            yield f"the store's {name[:12]} is torn"
    named = _named(state / "journal.db")
    yield from (f"{name[:12]} is gone from the store" for name in named - kept - set(spoiled))
    if output.exists() and hashlib.sha256(output.read_bytes()).hexdigest() not in named:
        yield "what lies in the film's place is no film"


def _named(journal: Path) -> set[str]:
    """The files that the journal says were kept."""
    rows = _rows(journal, "SELECT document FROM entry WHERE act IN ('made', 'stored')")
    return {name for (text,) in rows for name in json.loads(text)["outputs"].values()}


def _rows(journal: Path, query: str) -> list[Any]:
    """None of a journal that is not there, or in which nothing was written when its run ended."""
    if not journal.exists() or not journal.stat().st_size:
        return []
    with closing(sqlite3.connect(journal)) as connection:
        return connection.execute(query).fetchall()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
