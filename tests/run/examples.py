"""Small values that the tests of the run floor share."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from seedance_pipe.document import Json, digest
from seedance_pipe.effects import Effects
from seedance_pipe.plan.history import Receipt
from seedance_pipe.run.intent import Intent
from seedance_pipe.units import Digest, Fingerprint, Money

STORY = "lighthouse.yaml"


@dataclass
class Hands:
    """Effects moved by hand: time stands still until a test moves it, and chance counts up."""

    time: float = 1_700_000_000.0
    drawn: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def effects(self) -> Effects:
        return Effects(
            now=lambda: self.time, monotonic=lambda: self.time, draw=lambda below: next(self.drawn) % below
        )


def dollars(amount: str) -> Money:
    return Money(Decimal(amount))


HALF_A_DOLLAR = dollars("0.50")


def inputs(name: str) -> dict[str, Json]:
    return {"kind": "take", "recipe": {"order": {"prompt": name}}, "inputs": {}}


def mark(name: str) -> Fingerprint:
    return Fingerprint(digest(inputs(name)))


def content(name: str) -> Digest:
    return Digest(digest(f"content of {name}"))


def intent(name: str = "stairs", *, reserved: Money | None = HALF_A_DOLLAR, take: int = 1) -> Intent:
    return Intent(
        fingerprint=mark(name),
        shot=name,
        take=take,
        vendor="modelark",
        model="seedance-1-0-pro-250528",
        request={"body": {"content": [{"type": "text", "text": name}]}},
        inputs=inputs(name),
        reserved=reserved,
    )


def receipt(charged: Money | None = None) -> Receipt:
    return Receipt(seed=7, tokens=1000, charged=charged, expires=1_700_086_400.5)


def clip_of(name: str) -> Mapping[str, Digest]:
    return {"clip": content(name)}
