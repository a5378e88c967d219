"""Entries: the rows of the journal, and what the documents in them say as values of the plan floor."""

from __future__ import annotations

import enum
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from sys import intern
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

from seedance_pipe.document import Json
from seedance_pipe.plan.history import Made, Receipt, State, Submission
from seedance_pipe.units import Digest, Fingerprint, Money


class Note(enum.StrEnum):
    """The acts that are no part of a submission's life; `State` has the others."""

    MADE = "made"
    LATEST = "latest"
    PICKED = "picked"
    ASKED = "asked"
    DELIVERED = "delivered"
    UPLOADED = "uploaded"
    FORGOTTEN = "forgotten"
    DELETED = "deleted"


class Entry(NamedTuple):
    """One row. `submission`, `step` and `fingerprint` are empty where the act has none; `at` is Unix seconds;
    `text` is the act's document as canonical JSON.
    """

    number: int
    story: str
    at: float
    act: str
    submission: str | None
    step: str
    fingerprint: str
    text: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """A file that we put in place for people: its content, and how it looked when we left it."""

    digest: Digest
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Kept:
    """A file of ours that a vendor keeps: where, as the vendor names it, and since when (Unix seconds)."""

    address: str = field(repr=False)
    at: float


Recall: TypeAlias = Callable[[str], Mapping[str, Json]]
"""The document that the journal keeps under a name. Raises PipeError when it is not what it was."""


class Recalled(Mapping[str, Json]):
    """A document of the journal that is read when somebody looks into it: most never are."""

    __slots__ = ("_document", "_name", "_recall")

    def __init__(self, recall: Recall, name: str) -> None:
        self._recall = recall
        self._name = name
        self._document: Mapping[str, Json] | None = None

    def _whole(self) -> Mapping[str, Json]:
        if self._document is None:
            self._document = self._recall(self._name)
        return self._document

    def __getitem__(self, key: str) -> Json:
        return self._whole()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._whole())

    def __len__(self) -> int:
        return len(self._whole())

    def __repr__(self) -> str:
        return f"Recalled({self._name[:12]})"


@dataclass(slots=True)
class Case:
    """One submission: the text of each of its entries, by act and in their order."""

    id: str
    story: str
    at: float
    step: str
    fingerprint: Fingerprint
    acts: dict[str, str]


def submission_of(case: Case, length: int, recall: Recall) -> Submission:
    """The submission as it stood after its first `length` entries."""
    acts = {act: json.loads(text) for act, text in list(case.acts.items())[:length]}
    state = State(next(reversed(acts)))
    intent, last, submitted = acts["intent"], acts[state.value], acts.get("submitted", {})
    expected, told = money_of(intent["reserved"]), money_of(submitted.get("told"))
    receipt = receipt_of(acts["ready"]) if "ready" in acts else None
    return Submission(
        id=case.id,
        fingerprint=case.fingerprint,
        story=case.story,
        shot=intent["shot"],
        take=intent["take"],
        vendor=intern(intent["vendor"]),
        model=intern(intent["model"]),
        state=state,
        request=Recalled(recall, intent["request"]),
        inputs=Recalled(recall, intent["inputs"]),
        reserved=expected if told is None else told,
        at=case.at,
        task=submitted.get("task"),
        receipt=receipt,
        charged=_charged(state, last, receipt),
        code=last["decision"] if state is State.ABANDONED else last.get("code", ""),
        reason=last.get("reason", ""),
        outputs=MappingProxyType(last["outputs"] if state is State.STORED else {}),
        expected=expected,
    )


def made_of(fingerprint: Fingerprint, step: str, document: Mapping[str, Any], recall: Recall) -> Made:
    """What the document of an entry `made` or `stored` says."""
    inputs = Recalled(recall, document["inputs"])
    return Made(fingerprint, step, inputs, MappingProxyType(document["outputs"]))


def delivery_of(document: Mapping[str, Any]) -> Delivery:
    return Delivery(Digest(document["digest"]), document["size"], document["mtime_ns"])


def kept_of(document: Mapping[str, Any], at: float) -> Kept:
    """Raises TypeError for an address that is none: it would be sent to the vendor."""
    if not isinstance(document["address"], str):
        raise TypeError("an address is a text")
    return Kept(document["address"], at)


def money_data(money: Money | None) -> Json:
    return None if money is None else {"amount": str(money.amount), "currency": money.currency}


def money_of(data: Mapping[str, str] | None) -> Money | None:
    return None if data is None else Money(Decimal(data["amount"]), intern(data["currency"]))


def receipt_data(receipt: Receipt) -> dict[str, Json]:
    return {
        "seed": receipt.seed,
        "tokens": receipt.tokens,
        "charged": money_data(receipt.charged),
        "expires": receipt.expires,
    }


def receipt_of(data: Mapping[str, Any]) -> Receipt:
    return Receipt(data["seed"], data["tokens"], money_of(data["charged"]), data["expires"])


def _charged(state: State, last: Mapping[str, Any], receipt: Receipt | None) -> Money | None:
    if state in (State.REFUSED, State.UNSENT):
        return Money.zero()
    told = money_of(last["charged"]) if state in (State.FAILED, State.ABANDONED) else None
    return told or (receipt.charged if receipt else None)
