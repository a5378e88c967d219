"""Money, picture sizes and the names of stored things: values whose units cannot be mixed up."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import NewType

Digest = NewType("Digest", str)
"""SHA-256 of a file's bytes in lower-case hex: the name of a file in the store."""

Fingerprint = NewType("Fingerprint", str)
"""SHA-256 of everything that decides what a step makes, in lower-case hex."""


@dataclass(frozen=True, slots=True, order=True)
class Size:
    """Pixels of a picture, both at least 1."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"

    @property
    def aspect(self) -> float:
        return self.width / self.height


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount in one currency: `USD`, or a vendor's own credits such as `rivya credits`."""

    amount: Decimal
    currency: str = "USD"

    @classmethod
    def zero(cls, currency: str = "USD") -> Money:
        return cls(Decimal(0), currency)

    def __add__(self, other: Money) -> Money:
        """Raises ValueError when the currencies differ."""
        if other.currency != self.currency:
            raise ValueError(f"cannot add {other.currency} to {self.currency}")
        return Money(self.amount + other.amount, self.currency)

    def __str__(self) -> str:
        if self.currency == "USD":
            return f"${self.amount:.4f}" if self.amount < 1 else f"${self.amount:.2f}"
        return f"{self.amount.normalize():f} {self.currency}"
