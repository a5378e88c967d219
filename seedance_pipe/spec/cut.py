"""Where the film of a story is written: inside the story's folder, and over nothing that the story needs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from seedance_pipe.spec.diagnostic import Place
from seedance_pipe.spec.inside import Unsafe, safe_path
from seedance_pipe.spec.medium import LocalFile
from seedance_pipe.spec.problems import Problems
from seedance_pipe.spec.story import Shot

STATE = ".seedance"
LOCK_FILE = "seedance.lock"


def default_output(story: Path) -> Path:
    """`out/<the story's name>.mp4` beside the story."""
    return story.parent / "out" / f"{story.stem}.mp4"


def output_path(story: Path, text: str, place: Place, problems: Problems) -> Path | None:
    """The film's path as the story writes it; None when it cannot be used, which is then told."""
    try:
        path = safe_path(story.parent, text)
    except Unsafe as problem:
        problems.error(place, f"output '{text}' {problem}")
        return None
    if path.suffix != ".mp4" or text.endswith("/"):
        problems.error(place, f"output '{text}' must end in .mp4; the film is an MP4 file")
        return None
    if path == story.resolve():
        problems.error(place, f"output '{text}' is the story itself; name another file")
        return None
    if Path(text).parts[0] == STATE:
        problems.error(place, f"output '{text}' lies in the folder of the program's own state; name another")
        return None
    if path.is_dir():
        problems.error(place, f"output '{text}' is a folder; name a file in it")
        return None
    return path


def check_output(path: Path, place: Place, shots: Iterable[Shot], problems: Problems) -> None:
    """Tell when the film would be written over a file that a shot is made from."""
    for shot in shots:
        for medium in shot.media:
            if isinstance(medium.source, LocalFile) and medium.source.path == path:
                told = (
                    f"the film would be written over '{medium.source.name}', which shot '{shot.id}' is made from"
                )
                problems.error(place, f"{told}; set cut.output to another file")
