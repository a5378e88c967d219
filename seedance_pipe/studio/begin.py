"""The files of a new story: one that runs, the schema for its editor, and what git should leave out.

All of them belong in git: with the schema beside the story, an editor helps whoever clones it, with this program
installed or not.
"""

from __future__ import annotations

from pathlib import Path

from seedance_pipe.errors import GuardRefused, PipeError, why
from seedance_pipe.studio.models import editor_text

STORY = """\
# yaml-language-server: $schema=story.schema.json
version: 1
title: My first film
model: modelark/seedance-1-0-pro

vars:
  hero: a small red boat

defaults: {duration: 5, resolution: 480p, ratio: "16:9"}

shots:
  - id: morning
    prompt: "{{ hero | capitalize }} leaves the harbour at dawn, soft light"
  - id: open-sea
    continues: morning
    prompt: "{{ hero | capitalize }} meets the first big wave"
  - id: home
    prompt: "{{ hero | capitalize }} comes home under the stars"
    duration: 4

cut:
  output: out/film.mp4
"""
_IGNORED = ".seedance/\nout/\n"


def begin(folder: Path) -> list[Path]:
    """Writes what is not there yet; the paths that were written. Raises GuardRefused if a story is there."""
    story = folder / "story.yaml"
    if story.exists() or story.is_symlink():
        raise GuardRefused(
            f"{story} is there already",
            next_step="name an empty folder: seedance-pipe init FOLDER; or renew the schema alone: "
            f"seedance-pipe schema --editor > {folder / 'story.schema.json'}",
        )
    # The story comes last: if anything before it fails, init can be asked again.
    files = {"story.schema.json": editor_text(), ".gitignore": _IGNORED, story.name: STORY}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return [path for name, text in files.items() if _written(path := folder / name, text)]
    except OSError as problem:
        raise PipeError(
            f"{problem.filename or folder} cannot be written: {why(problem)}", next_step="name a folder of yours"
        ) from None


def _written(path: Path, text: str) -> bool:
    """Whether the file is new; one that is there is left as it is, even if it came a moment ago."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return False
    return True
