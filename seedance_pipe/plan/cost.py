"""What a take will cost at most, from the model's own price rule and token arithmetic."""

from __future__ import annotations

from dataclasses import dataclass

from seedance_pipe.units import Money


@dataclass(frozen=True, slots=True)
class Estimate:
    """`most` is None when the price cannot be known; `exact` says that the bill will be just this.

    `why` explains an amount that is not exact, or missing; it is empty otherwise. `tokens` counts what the
    vendor will bill, None where it bills otherwise or the number cannot be known.
    """

    most: Money | None
    exact: bool
    tokens: int | None = None
    why: str = ""
