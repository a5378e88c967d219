"""The revisions of this floor's methods. This module loads no library, so that planning may ask it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from seedance_pipe.plan.graph import StepKind

REVISIONS: Mapping[StepKind, str] = MappingProxyType(
    {StepKind.FRAME: "1", StepKind.FORMAT: "1", StepKind.CLIP: "2", StepKind.FILM: "2"}
)
"""One for each kind of step that this floor does, raised when the same inputs would give another result."""
