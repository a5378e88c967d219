"""Local files that a story brings: each is read once, and known by its content from then on."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import warnings
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

from seedance_pipe.errors import PipeError, why
from seedance_pipe.spec.inside import Unsafe, safe_path
from seedance_pipe.spec.medium import Kind, LocalFile, Measured
from seedance_pipe.spec.sniff import HEAD, kind_of, media_type
from seedance_pipe.units import Digest, Size

_CHUNK = 1 << 20
_GREATEST = 512 * _CHUNK

Measure = Callable[[Path], Measured]


class Unusable(Exception):
    """Why a file cannot be used, as the end of a sentence that begins with its name."""


class Assets:
    """The files of one story. `read` may be asked for the same file again and again; the disk is asked once."""

    def __init__(self, root: Path, measure: Measure | None) -> None:
        self._root = root
        self._measure = measure
        self._known: dict[str, LocalFile | Unusable] = {}
        self._files: dict[Path, LocalFile] = {}
        self._measures: dict[Path, Measured] = {}

    def read(self, name: str) -> LocalFile:
        """The file that the story calls `name`. Raises Unusable."""
        if name not in self._known:
            try:
                self._known[name] = self._look(name)
            except Unusable as problem:
                self._known[name] = problem
        known = self._known[name]
        if isinstance(known, Unusable):
            raise known
        return known

    def _look(self, name: str) -> LocalFile:
        try:
            path = safe_path(self._root, name)
            if path not in self._files:
                with _opened(path) as file:
                    self._files[path] = self._describe(file, path, name)
            return replace(self._files[path], name=name)
        except Unsafe as problem:
            raise Unusable(str(problem)) from None
        except OSError as problem:
            raise Unusable(_reason(problem)) from None

    def _describe(self, file: BinaryIO, path: Path, name: str) -> LocalFile:
        length = _length(file)
        type_ = media_type(file.read(HEAD))
        if not type_:
            raise Unusable("is no picture, video or sound that we know, by its content")
        size, seconds = self._measured(file, path, type_)
        return LocalFile(path, name, _digest(file), type_, length, size, seconds)

    def _measured(self, file: BinaryIO, path: Path, type_: str) -> tuple[Size | None, Fraction | None]:
        if kind_of(type_) is Kind.IMAGE:
            return _picture_size(file, type_), None
        if self._measure is None:
            return None, None
        try:
            found = self._measures[path] = self._measure(path)
        except PipeError as problem:
            raise Unusable(f"cannot be read: {problem.message}") from None
        return found.size, found.seconds

    def measured(self, file: LocalFile) -> Measured | None:
        """All that is known of a video or sound; None for pictures, and when nobody measures."""
        return self._measures.get(file.path)


def _opened(path: Path) -> BinaryIO:
    """The file at `path`, which has no symbolic links left in it: one that appeared since is not followed."""
    flags = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    return os.fdopen(os.open(path, flags), "rb")


def _length(file: BinaryIO) -> int:
    found = os.fstat(file.fileno())
    if not stat.S_ISREG(found.st_mode):
        raise Unusable("is not a file")
    if found.st_size > _GREATEST:
        raise Unusable(f"has more than {_GREATEST >> 20} MiB")
    return found.st_size


def _picture_size(file: BinaryIO, type_: str) -> Size | None:
    """Pixels by the picture's header, nothing of it decoded; None for the formats that Pillow does not read.

    Pillow refuses a header that claims more pixels than memory should hold (178 million).
    """
    if type_ in ("image/heic", "image/heif"):
        return None
    # Imported here because a story without pictures is read in less time than the import takes.
    from PIL import Image, UnidentifiedImageError

    file.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(file, formats=[type_.partition("/")[2].upper()]) as picture:
                width, height = picture.size
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError):
        raise Unusable("is a broken picture, or one too large to open") from None
    return Size(width, height)


def _digest(file: BinaryIO) -> Digest:
    file.seek(0)
    content = hashlib.sha256()
    while chunk := file.read(_CHUNK):
        content.update(chunk)
    return Digest(content.hexdigest())


def _reason(problem: OSError) -> str:
    if problem.errno in (errno.ENOENT, errno.ENOTDIR):
        return "is not there"
    if problem.errno == errno.EISDIR:
        return "is a folder"
    return f"cannot be opened: {why(problem)}"
