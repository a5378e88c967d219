"""The store: finished files under the digest of their content, written once and never changed (design D8).

A file is flushed before it gets its name and its folder after, so a name stands for a whole file or for none.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import itertools
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from seedance_pipe.disk import DISK, Disk, open_to_read, pieces, private_folder
from seedance_pipe.errors import Missing, PipeError
from seedance_pipe.units import Digest

_DIGEST = re.compile(r"[0-9a-f]{64}")
_FOLDERS = tuple(f"{number:02x}" for number in range(256))


class Store:
    """The files lie at `folder/ab/<the other 62 digits>.<type>`. Safe to use from several threads, and by
    several runs at once. Nothing is made on the disk before something is written.

    Any method raises PipeError when the disk refuses.
    """

    def __init__(self, folder: Path, *, disk: Disk = DISK) -> None:
        self.folder = folder
        self._disk = disk
        self._names: dict[str, dict[str, str]] = {}
        self._sound: set[Digest] = set()
        self._bench: _Bench | None = None

    def keep(self, path: Path) -> Digest:
        """Move a finished file in, durably, and return its name. Keeping the same content again is harmless."""
        with _told(f"{path.name} cannot be kept in {self.folder}"):
            descriptor = open_to_read(path)
            try:
                digest, suffix = _read(descriptor)
                self._disk.mode(descriptor, 0o444)
                self._disk.sync(descriptor)
            finally:
                os.close(descriptor)
            target = self._own(digest[:2]) / f"{digest[2:]}.{suffix}"
            self._disk.replace(path, target)
            self._disk.sync_folder(target.parent)
        self._names.setdefault(digest[:2], {})[digest[2:]] = target.name
        self._sound.add(digest)
        return digest

    def has(self, digest: Digest) -> bool:
        return self._name(digest) is not None

    def path(self, digest: Digest) -> Path:
        """The file, which is read-only. Raises Missing when the store does not have it."""
        name = self._name(digest)
        if name is None:
            raise Missing(
                f"the store {self.folder} has no file {digest[:12]}",
                next_step="run again: what is missing is fetched or made again",
            )
        return self.folder / digest[:2] / name

    def trusted(self, digest: Digest) -> bool:
        """Whether the content was seen to be right since this store was opened."""
        return digest in self._sound

    def digests(self) -> frozenset[Digest]:
        """Every file's name, by one look at each folder."""
        for folder in _FOLDERS:
            self._list(folder)
        return frozenset(Digest(folder + rest) for folder in _FOLDERS for rest in self._names[folder])

    def check(self, digest: Digest) -> bool:
        """Whether the file is there and has the content that its name says.

        A file with another content, or one that the disk cannot read any more, is set aside in `folder/damaged`,
        where a person can look at it.
        """
        if not self.has(digest):
            return False
        path = self.path(digest)
        with _told(f"{path} cannot be checked"):
            if _content(path) == digest:
                self._sound.add(digest)
                return True
            self._set_aside(path, digest)
        return False

    def delete(self, digest: Digest) -> None:
        """Remove a file that a person no longer wants; what is not there is deleted already."""
        name = self._name(digest)
        if name is None:
            return
        path = self.folder / digest[:2] / name
        with _told(f"{path} cannot be deleted"):
            with suppress(FileNotFoundError):
                self._disk.remove(path)
            self._disk.sync_folder(path.parent)
        self._names[digest[:2]].pop(digest[2:], None)
        self._sound.discard(digest)

    def leftovers(self) -> tuple[Path, ...]:
        """The working folders of runs that are dead, with half-made files and downloads that were broken off."""
        shelf = self.folder / "scratch"
        with _told(f"{shelf} cannot be read"):
            return tuple(left for left in sorted(shelf.iterdir()) if _is_dead(left)) if shelf.is_dir() else ()

    def sweep(self) -> None:
        """Remove the leftovers, as the next run would."""
        shelf = self.folder / "scratch"
        with _told(f"{shelf} cannot be swept"):
            for left in sorted(shelf.iterdir()) if shelf.is_dir() else ():
                _remove_if_dead(left, self._disk)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """An empty folder on the store's own file system, removed at the end with all that is left in it."""
        with _told(f"no working folder can be made in {self.folder}"):
            if self._bench is None:
                self._bench = _Bench(self._own("scratch"), self._disk)
            folder = self._disk.scratch_folder(self._bench.folder)
        try:
            yield folder
        finally:
            with suppress(OSError):
                self._disk.remove_tree(folder)

    def close(self) -> None:
        """Give up the working folders; what a run leaves behind the next one removes."""
        if self._bench is not None:
            self._bench.close()
            self._bench = None

    def _own(self, name: str) -> Path:
        return private_folder(private_folder(self.folder, self._disk) / name, self._disk)

    def _name(self, digest: Digest) -> str | None:
        if not _DIGEST.fullmatch(digest):
            return None
        folder, rest = digest[:2], digest[2:]
        name = self._names.get(folder, {}).get(rest)
        return name if name is not None else self._list(folder).get(rest)

    def _list(self, folder: str) -> dict[str, str]:
        names: dict[str, str] = {}
        path = self.folder / folder
        with _told(f"{path} cannot be read"), suppress(FileNotFoundError), os.scandir(path) as entries:
            names = {
                entry.name.partition(".")[0]: entry.name
                for entry in entries
                if entry.is_file(follow_symlinks=False)
            }
        self._names[folder] = names
        return names

    def _set_aside(self, path: Path, digest: Digest) -> None:
        damaged = self._own("damaged")
        free = (damaged / f"{digest}{f'-{number}' if number else ''}{path.suffix}" for number in itertools.count())
        target = next(candidate for candidate in free if not os.path.lexists(candidate))
        self._disk.replace(path, target)
        self._disk.sync_folder(damaged)
        self._disk.sync_folder(path.parent)
        self._names[digest[:2]].pop(digest[2:], None)


class _Bench:
    """The working folders of one run, inside a folder that it locks for as long as it lives.

    A folder that nobody has locked belongs to a run that is dead, and is removed by the next one.
    """

    def __init__(self, shelf: Path, disk: Disk) -> None:
        self._disk = disk
        for left in sorted(shelf.iterdir()):
            _remove_if_dead(left, disk)
        self.folder, self._descriptor = self._own(shelf)

    def close(self) -> None:
        with suppress(OSError):
            self._disk.remove_tree(self.folder)
        os.close(self._descriptor)

    def _own(self, shelf: Path) -> tuple[Path, int]:
        while True:
            folder = self._disk.scratch_folder(shelf)
            descriptor = _lock_folder(folder)
            if descriptor is None:
                continue
            if folder.exists():
                return folder, descriptor
            # Another run took the new folder for a dead one before it was locked.
            os.close(descriptor)


def _remove_if_dead(folder: Path, disk: Disk) -> None:
    descriptor = _lock_folder(folder)
    if descriptor is None:
        return
    with suppress(OSError):
        disk.remove_tree(folder)
    os.close(descriptor)


def _is_dead(folder: Path) -> bool:
    descriptor = _lock_folder(folder)
    if descriptor is not None:
        os.close(descriptor)
    return descriptor is not None


def _lock_folder(folder: Path) -> int | None:
    """A descriptor that holds the folder's lock; None when another run holds it, or it is no folder."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _content(path: Path) -> Digest | None:
    """The digest of a file's content, None where a part of it cannot be read: the disk itself is damaged there."""
    descriptor = open_to_read(path)
    try:
        return _read(descriptor)[0]
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        return None
    finally:
        os.close(descriptor)


def _read(descriptor: int) -> tuple[Digest, str]:
    """The digest of an open file's content, and the suffix that its first bytes ask for."""
    head = os.pread(descriptor, 16, 0)
    whole = hashlib.sha256()
    for piece in pieces(descriptor):
        whole.update(piece)
    return Digest(whole.hexdigest()), _suffix(head)


def _suffix(head: bytes) -> str:
    if head[4:8] == b"ftyp":
        return "mp4"
    if head.startswith(b"\x1aE\xdf\xa3"):
        return "webm"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head.startswith(b"\xff\xd8\xff"):
        return "jpg"
    return "json" if head.lstrip()[:1] in (b"{", b"[") else "bin"


@contextmanager
def _told(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise PipeError(
            f"{what}: {error.strerror}", next_step="check the disk and its free space, and run again"
        ) from error
