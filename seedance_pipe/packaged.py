"""Where the files that travel with the program lie: `schemas/` and `pipelines/`.

A wheel carries them inside the package; a checkout and an editable install keep them beside it.
"""

from __future__ import annotations

from pathlib import Path

from seedance_pipe.errors import Missing

_PACKAGE = Path(__file__).resolve().parent


def folder(name: str) -> Path:
    """The folder `schemas` or `pipelines`. Raises Missing when the installation is incomplete."""
    for candidate in (_PACKAGE / name, _PACKAGE.parent / name):
        if candidate.is_dir():
            return candidate
    raise Missing(f"this installation has no folder '{name}'", next_step="install seedance_pipe again")
