"""What of this floor decides the bytes of a result: its own methods, and for some steps the ffmpeg at hand."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

from seedance_pipe.plan.graph import StepKind

REVISIONS: Mapping[StepKind, str] = MappingProxyType(
    {StepKind.FRAME: "1", StepKind.FORMAT: "1", StepKind.CLIP: "1", StepKind.FILM: "1"}
)
"""One for each kind of step that this floor does, raised when the same inputs would give another result."""

_CODED_BY_FFMPEG = frozenset({StepKind.CLIP, StepKind.FILM})


class Tool(Protocol):
    @property
    def version(self) -> str: ...


def tool_revision(kind: StepKind, tool: Tool) -> str:
    """The revision of a step that is done with `tool`; another ffmpeg codes the same clip to other bytes."""
    own = REVISIONS[kind]
    return f"{own}, ffmpeg {tool.version}" if kind in _CODED_BY_FFMPEG else own
