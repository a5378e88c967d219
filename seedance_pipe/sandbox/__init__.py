"""The vendors, played on loopback: their APIs as documented, with clips that a person can read."""

from __future__ import annotations

from seedance_pipe.sandbox.faults import Fault, What, Where
from seedance_pipe.sandbox.settings import DOCUMENTED_LIMITS, Limits, Settings

__all__ = ["DOCUMENTED_LIMITS", "Fault", "Limits", "Settings", "What", "Where"]
