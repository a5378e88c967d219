"""Images: what a disk may hold when the power goes in the middle of a list of operations.

All that was flushed is kept, and of what was not none, all, all but one operation, or a last write that is torn. A
name needs its folder's flush, as a file's content needs its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Write:
    """`inode` has `data` from `offset` on; None for an offset empties it first. What is `safe` is on the disk as a
    whole or not at all when it is done: SQLite has a log of its own for that, which is not recorded.
    """

    inode: int
    offset: int | None
    data: bytes
    safe: bool = False


@dataclass(frozen=True, slots=True)
class Flush:
    """All that was written to `inode` is on the disk."""

    inode: int


@dataclass(frozen=True, slots=True)
class Name:
    """`path` is a name of `inode` from now on, or a folder where that is None; `gone` is a name no more."""

    path: str
    inode: int | None
    gone: str = ""


@dataclass(frozen=True, slots=True)
class Unname:
    """`path` is gone, with all that lies below."""

    path: str


@dataclass(frozen=True, slots=True)
class FlushNames:
    """The names in the folder `path` are on the disk."""

    path: str


@dataclass(frozen=True, slots=True)
class Promise:
    """From now on these acts, by submission, are in every journal, and an intent for each of `charged` tasks."""

    acts: frozenset[tuple[str, str]]
    charged: int


Operation: TypeAlias = Write | Flush | Name | Unname | FlushNames | Promise
Image: TypeAlias = Mapping[str, bytes | None]
"""A disk's content: files by path, relative to the story's folder; None for a folder."""


def pending(operations: Sequence[Operation]) -> list[int]:
    """The places of the operations that were not flushed when all of these were done."""
    left: dict[int, Operation] = {}
    for place, operation in enumerate(operations):
        match operation:
            case Write(safe=True):
                pass
            case Write() | Name() | Unname():
                left[place] = operation
            case Flush(inode):
                left = {at: one for at, one in left.items() if not (isinstance(one, Write) and one.inode == inode)}
            case FlushNames(path):
                left = {at: one for at, one in left.items() if isinstance(one, Write) or not _is_in(one, path)}
    return list(left)


def _is_in(operation: Operation, folder: str) -> bool:
    return isinstance(operation, Name | Unname) and above(operation.path) == folder


def image(operations: Sequence[Operation], lost: frozenset[int], torn: Mapping[int, int]) -> Image:
    """The disk after these operations, without the `lost` ones; of those in `torn` only so many bytes came."""
    names: dict[str, int | None] = {}
    contents: dict[int, bytes] = {}
    for place, operation in enumerate(operations):
        if place in lost:
            continue
        match operation:
            case Write():
                apply(replace(operation, data=operation.data[: torn.get(place)]), contents)
            case Name(path, inode, gone):
                names[path] = inode
                if gone:
                    names.pop(gone, None)
            case Unname(path):
                names = {name: inode for name, inode in names.items() if not is_below(name, path)}
    found: dict[str, bytes | None] = {}
    for name, inode in sorted(names.items()):
        folder = above(name)
        if not folder or folder in found:
            found[name] = None if inode is None else contents.get(inode, b"")
    return found


def images(operations: Sequence[Operation]) -> Iterator[tuple[str, Image]]:
    """What the disk may hold if the power goes after these operations, each with a name."""
    left = pending(operations)
    yield "all is there", image(operations, frozenset(), {})
    if not left:
        return
    yield "nothing unflushed is there", image(operations, frozenset(left), {})
    for place in left:
        yield f"operation {place} is lost", image(operations, frozenset({place}), {})
    for at, place in enumerate(left):
        operation = operations[place]
        if isinstance(operation, Write) and len(operation.data) > 1 and at >= len(left) - 3:
            length = len(operation.data)
            for some in sorted({1, length // 2, length - 1}):
                after = frozenset(left[at + 1 :])
                yield f"operation {place} is torn at {some}", image(operations, after, {place: some})


def promised(operations: Sequence[Operation]) -> Promise:
    """The last promise that was made."""
    promises = (one for one in reversed(operations) if isinstance(one, Promise))
    return next(promises, Promise(frozenset(), 0))


def lay_out(found: Image, folder: Path) -> None:
    """Write an image to a folder."""
    for name, content in found.items():
        path = folder / name
        if content is None:
            path.mkdir(mode=0o700, exist_ok=True)
        else:
            path.write_bytes(content)
            path.chmod(0o600)


def mark(found: Image) -> str:
    """Equal for equal images."""
    whole = hashlib.sha256()
    for name, content in sorted(found.items()):
        whole.update(f"{name} {-1 if content is None else len(content)}\n".encode())
        whole.update(content or b"")
    return whole.hexdigest()


def above(name: str) -> str:
    return name.rpartition("/")[0]


def is_below(name: str, folder: str) -> bool:
    return name == folder or name.startswith(folder + "/")


def apply(write: Write, contents: dict[int, bytes]) -> None:
    if write.offset is None:
        contents[write.inode] = write.data
        return
    known = contents.get(write.inode, b"").ljust(write.offset, b"\0")
    contents[write.inode] = known[: write.offset] + write.data + known[write.offset + len(write.data) :]
