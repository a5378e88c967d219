"""An intent: a paid request as it is about to leave, and what those of one request come to together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from seedance_pipe.document import Json
from seedance_pipe.units import Fingerprint, Money


@dataclass(frozen=True, slots=True)
class Intent:
    """A paid request as it is about to leave. `inputs` is the document whose digest is `fingerprint`;
    `request` is all that is needed to send the same request again. Both are objects, not lists or text.
    """

    fingerprint: Fingerprint
    shot: str
    take: int
    vendor: str
    model: str
    request: Json
    inputs: Json
    reserved: Money | None


def together(intents: Sequence[Intent]) -> tuple[Money | None, str]:
    """What the takes of one request cost at most, None where nobody knows, and a name for them."""
    first, *others = intents
    if not others:
        return first.reserved, f"take {first.take} of shot '{first.shot}'"
    asked = first.reserved
    for other in others:
        asked = None if asked is None or other.reserved is None else asked + other.reserved
    return asked, f"a request for {len(intents)} takes of shot '{first.shot}'"
