"""The one module that starts git: a story's folder as it was at a revision, copied to a private place.

Contents are taken as git keeps them: no filter, hook or attribute of the repository has a say, nothing is fetched,
and the work tree is not touched.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from seedance_pipe.effects import Effects
from seedance_pipe.errors import Missing, PipeError
from seedance_pipe.spec.diagnostic import visible

GREATEST = 4 << 30
"""Bytes of a story's folder that are copied; one file of it may have as many as a story's media."""

_GREATEST_FILE = 512 << 20
_CHUNK = 1 << 20
_PASSED_ON = ("PATH", "HOME", "XDG_CONFIG_HOME", "SYSTEMROOT", "TMPDIR", "TEMP", "TMP")
_ALONE = {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1"}
_LINK = "120000"


class NoRevision(ValueError):
    """The revision that a person named does not exist; the message is a clause that says so."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A story at a revision: `commit` is the name of the commit, `name` how git names the file there, `path` where
    its copy lies, None when there was no such story then.
    """

    commit: str
    name: str
    path: Path | None


@dataclass(frozen=True, slots=True)
class _Blob:
    id: str
    bytes: int
    link: bool


@contextmanager
def at_revision(story: Path, revision: str, effects: Effects | None = None) -> Iterator[Snapshot]:
    """The story at `revision`, with all that its folder held, for as long as the context lasts.

    Raises NoRevision, Missing when there is no git or the story lies in no repository, and PipeError when git
    fails or the folder is too large.
    """
    outside = effects or Effects()
    repository = _Repository(story.absolute().parent, outside)
    commit = repository.commit(revision)
    name = f"{revision}:{repository.prefix()}{story.name}"
    blobs = repository.blobs(commit)
    if story.name not in blobs:
        yield Snapshot(commit, name, None)
        return
    folder = outside.disk.scratch_folder(Path(tempfile.gettempdir()))
    try:
        try:
            repository.copy(blobs, folder)
        except OSError as problem:
            raise PipeError(f"{name} cannot be copied to {folder.parent}: {problem.strerror}") from problem
        yield Snapshot(commit, name, folder / story.name)
    finally:
        with suppress(OSError):
            outside.disk.remove_tree(folder)


class _Repository:
    """git, asked about one folder. It is given no variable of ours, so it knows no key."""

    def __init__(self, folder: Path, effects: Effects) -> None:
        program = shutil.which("git", path=effects.environ.get("PATH"))
        if program is None:
            raise Missing("there is no git", next_step="install git, or ask for the plan without --against")
        self._command = (program, "-C", str(folder), "--no-pager")
        self._environ = _passed_on(effects.environ)
        self._disk = effects.disk
        self._folder = folder

    def prefix(self) -> str:
        """The way from the top of the repository to the folder, with a slash at its end, or nothing."""
        return self._ask("rev-parse", "--show-prefix").rstrip("\n")

    def commit(self, revision: str) -> str:
        if self._try("rev-parse", "--is-inside-work-tree").stdout.strip() != b"true":
            raise Missing(
                f"{self._folder} lies in no git repository", next_step="--against compares with a revision of one"
            )
        # What begins with a dash would be an option, and what has a colon a file.
        named = self._try("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
        if revision.startswith("-") or ":" in revision or named.returncode:
            raise NoRevision(f"git knows no revision '{visible(revision)}' here")
        return named.stdout.decode("ascii", "replace").strip()

    def blobs(self, commit: str) -> Mapping[str, _Blob]:
        """The files of the folder by their path in it."""
        found = {}
        for line in self._ask("ls-tree", "-r", "-z", "-l", commit).split("\0"):
            about, _, path = line.partition("\t")
            told = re.fullmatch(r"(\d+) blob ([0-9a-f]+) +(\d+|BAD)", about)
            if told is None or not _inside(path):
                continue
            if told[3] == "BAD":
                raise _unreadable(told[2])
            found[path] = _Blob(told[2], int(told[3]), told[1] == _LINK)
        return found

    def copy(self, blobs: Mapping[str, _Blob], folder: Path) -> None:
        """Write the files of `blobs` below `folder`, without a link among them. One that is too large for a story
        is left out.
        """
        wanted = {path: blob for path, blob in blobs.items() if blob.bytes <= _GREATEST_FILE}
        if sum(blob.bytes for blob in wanted.values()) > GREATEST:
            raise PipeError(
                f"the story's folder has more than {GREATEST >> 30} GiB at that revision",
                next_step="give the story a folder of its own in the repository",
            )
        with self._reading() as (asking, telling):
            links = {}
            for path, blob in wanted.items():
                if blob.link:
                    links[path] = b"".join(_content(blob, asking, telling))
                else:
                    self._write(folder / path, _content(blob, asking, telling))
            for path, target in links.items():
                there = blobs.get(_followed(path, target))
                if there is not None and not there.link:
                    self._write(folder / path, _content(there, asking, telling))

    def _write(self, path: Path, content: Iterator[bytes]) -> None:
        self._make(path.parent)
        descriptor = self._disk.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        try:
            for chunk in content:
                self._disk.write(descriptor, chunk)
        finally:
            os.close(descriptor)

    def _make(self, folder: Path) -> None:
        if not folder.exists():
            self._make(folder.parent)
            self._disk.make_folder(folder)

    @contextmanager
    def _reading(self) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
        """A git that is asked for one object after the other."""
        command = (*self._command, "cat-file", "--batch")
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=self._environ
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            yield process.stdin, process.stdout

    def _ask(self, *arguments: str) -> str:
        """What git says. Raises PipeError with its last words when it fails."""
        ended = self._try(*arguments)
        if ended.returncode:
            last = ended.stderr.decode("utf-8", "replace").strip().splitlines()
            raise PipeError(f"git {arguments[0]} failed: {last[-1] if last else f'code {ended.returncode}'}")
        return ended.stdout.decode("utf-8", "surrogateescape")

    def _try(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        command: Sequence[str] = (*self._command, *arguments)
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, env=self._environ)


def _passed_on(environ: Mapping[str, str]) -> Mapping[str, str]:
    """Where git finds itself and its settings; which repository it is, it finds out from the folder."""
    settings = {name: value for name, value in environ.items() if name.startswith("GIT_CONFIG")}
    return {**{name: environ[name] for name in _PASSED_ON if name in environ}, **settings, **_ALONE}


def _inside(path: str) -> bool:
    """Whether a path of a tree stays in its folder: git writes no other, but a tree can be made by hand."""
    parts = path.split("/")
    return "\\" not in path and not {"", ".", "..", ".git"}.intersection(parts)


def _followed(path: str, target: bytes) -> str:
    """The path in the folder that a link at `path` leads to; one that leads out is no path of it."""
    joined = PurePosixPath(path).parent / target.decode("utf-8", "surrogateescape")
    return os.path.normpath(joined)


def _content(blob: _Blob, asking: IO[bytes], telling: IO[bytes]) -> Iterator[bytes]:
    asking.write(f"{blob.id}\n".encode())
    asking.flush()
    head = telling.readline().split()
    if head[1:] != [b"blob", str(blob.bytes).encode()]:
        raise _unreadable(blob.id)
    left = blob.bytes
    while left:
        chunk = telling.read(min(left, _CHUNK))
        if not chunk:
            raise _unreadable(blob.id)
        left -= len(chunk)
        yield chunk
    telling.read(1)


def _unreadable(ident: str) -> PipeError:
    return PipeError(f"git cannot read the object {ident}", next_step="see what `git fsck` says, or fetch it")
