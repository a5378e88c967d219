"""An edition: what a person asked for beside the story file, such as a profile or the value of a variable."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Edition:
    """`profiles` are laid over the story, the last on top; then the variables of `files`; then `settings`, each
    `name=value` as a person writes it. Of a story that is several films, `variant` names one; "" means all.
    """

    profiles: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    settings: tuple[str, ...] = ()
    variant: str = ""


AS_WRITTEN = Edition()
