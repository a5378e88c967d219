"""The text of a lock: YAML of one strict shape, sorted, a line a digest, so that git merges it well.

Only we write it, so nothing else is read. What looks just as we write it takes a shortcut: a long story has a
hundred thousand lines, and each command reads them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import TypeVar

from seedance_pipe.errors import StoryInvalid
from seedance_pipe.plan.history import Drafted
from seedance_pipe.plan.lock import Choices, Lock, Pin
from seedance_pipe.run.lock_quick import blocks, without_blocks
from seedance_pipe.run.lock_rows import VERSION, Rows

T = TypeVar("T")

HEAD = f"""\
# What the films of this folder came to, by digest. seedance-pipe writes it; keep it in git, and do not edit it.
# `seedance-pipe verify` holds a story, this file and the store against each other.
version: {VERSION}
"""

_PLAIN = re.compile(r"[a-z][a-z0-9_./-]*").fullmatch
_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null"})
"""What other readers of YAML take for something else than text."""


def text_of(lock: Lock) -> str:
    """The one text of a lock: equal locks have equal texts."""
    lines = [
        *_choices_lines("picks", lock.picks, str),
        *_choices_lines("repairs", lock.repairs, lambda way: way.value),
    ]
    if lock.films:
        lines.append("films:")
    for name in sorted(lock.films):
        film = lock.films[name]
        lines.append(f"  {_quoted(name)}:")
        if film.cut:
            lines.append("    cut:")
            lines += _pin_lines(film.cut, " " * 6)
        if film.shots:
            lines.append("    shots:")
        for shot in sorted(film.shots):
            block = film.shots[shot]
            lines += [f"      {_quoted(shot)}:", f"        order: {block.order}"]
            lines += _pin_lines(block.pins, " " * 8)
            if block.draft is not None:
                lines += _draft_lines(block.draft)
    return HEAD + "".join(f"{line}\n" for line in lines)


@lru_cache(maxsize=1)
def lock_from(text: str, name: str) -> Lock:
    """The lock that a text says; `name` is how messages name the file. Raises StoryInvalid, with the place, for
    what is no lock of ours, or was written by a newer version.
    """
    return _quickly(text, name) or Rows(text, name).lock()


def _quickly(text: str, name: str) -> Lock | None:
    """The same lock in a fraction of the time, where the text is just as we write it."""
    bones, sections = without_blocks(text)
    shots = [found for section in sections if (found := blocks(section)) is not None]
    if len(shots) < len(sections):
        return None
    rows = Rows(bones, name, shots)
    try:
        lock = rows.lock()
    except StoryInvalid:
        return None
    return lock if not shots else None


def _choices_lines(part: str, choices: Choices[T], told: Callable[[T], str]) -> Iterator[str]:
    if choices:
        yield f"{part}:"
    for film in sorted(choices):
        yield f"  {_quoted(film)}:"
        for shot in sorted(choices[film]):
            yield f"    {_quoted(shot)}:"
            yield from (f"      {order}: {told(one)}" for order, one in sorted(choices[film][shot].items()))


def _pin_lines(pins: Mapping[str, Pin], indent: str) -> Iterator[str]:
    for name in sorted(pins, key=_rank):
        pin = pins[name]
        yield f"{indent}{name}:"
        yield f"{indent}  of: {pin.of}"
        yield from (f"{indent}  {line.strip()}" for line in pin.told.splitlines())


def _rank(name: str) -> tuple[int, int]:
    """Takes before frames before clips, each by its number; the film before its format."""
    kind, _, number = name.partition(" ")
    return ("take", "frame", "clip", "film", "format").index(kind), int(number or 0)


def _draft_lines(draft: Drafted) -> Iterator[str]:
    yield "        draft:"
    yield f"          order: {draft.order}"
    yield f"          take: {draft.take}"
    yield f"          clip: {draft.clip}"
    if draft.seed is not None:
        yield f"          seed: {draft.seed}"


def _quoted(name: str) -> str:
    if _PLAIN(name) and name not in _WORDS:
        return name
    return json.dumps(name, ensure_ascii=not name.isprintable())
