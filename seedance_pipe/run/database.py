"""The journal's database file: how it is created, recognised and opened, and what its errors mean."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from seedance_pipe.disk import Disk, open_to_read, private_folder
from seedance_pipe.errors import PipeError

_OURS = 0x5344504A
"""The application id in the file's header: `SDPJ`."""
_FORMAT = 4
"""1: before uploads were remembered. 2: before a person could give a submission up. 3: before takes could be
asked for besides the story's, and stored files be deleted by a person. An entry of a kind that a program does not
know is damage to it, so a new kind of entry is a new format.
"""
_BUSY_SECONDS = 30.0

_SCHEMA = f"""
BEGIN IMMEDIATE;
PRAGMA application_id = {_OURS};
PRAGMA user_version = {_FORMAT};
CREATE TABLE entry (
    id INTEGER PRIMARY KEY,
    story TEXT NOT NULL,
    at REAL NOT NULL,
    act TEXT NOT NULL,
    submission TEXT,
    step TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    document TEXT NOT NULL,
    UNIQUE (submission, act)
);
CREATE TABLE document (digest TEXT PRIMARY KEY, text TEXT NOT NULL);
CREATE TRIGGER entry_is_not_changed BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'append only'); END;
CREATE TRIGGER entry_is_not_deleted BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'append only'); END;
CREATE TRIGGER document_is_not_changed BEFORE UPDATE ON document BEGIN SELECT RAISE(ABORT, 'append only'); END;
CREATE TRIGGER document_is_not_deleted BEFORE DELETE ON document BEGIN SELECT RAISE(ABORT, 'append only'); END;
COMMIT;
"""

_ASIDE = "nothing was changed; put a good copy back, or keep the file elsewhere and tell us"
_MEANING = {
    sqlite3.SQLITE_NOTADB: ("is not a journal", "it was left as it is; move it away, or name another --state"),
    sqlite3.SQLITE_CORRUPT: ("is damaged", _ASIDE),
    sqlite3.SQLITE_BUSY: ("is held by another process", "run again when that one is done"),
    sqlite3.SQLITE_FULL: ("cannot grow: the disk is full", "make room and run again"),
    sqlite3.SQLITE_READONLY: ("cannot be written", "give yourself the right to write it"),
    sqlite3.SQLITE_CANTOPEN: ("cannot be opened", "give yourself the right to read and write it"),
    sqlite3.SQLITE_PERM: ("cannot be opened", "give yourself the right to read and write it"),
    sqlite3.SQLITE_IOERR: ("could not be read or written", "check the disk and run again"),
}
_NOT_WRITABLE = frozenset({sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY})


def damaged(path: Path, why: str) -> PipeError:
    return PipeError(f"the journal {path} is damaged: {why}", next_step=_ASIDE)


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turns what a person or a disk can do to the journal into a PipeError; our own mistakes stay as they are."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", None)
        if code is None or code & 0xFF not in _MEANING:
            raise
        what, next_step = _MEANING[code & 0xFF]
        raise PipeError(f"the journal {path} {what}", next_step=next_step) from error
    except OSError as error:
        raise PipeError(
            f"the journal {path} cannot be used: {error.strerror}",
            next_step="check the disk, and that you may write there, and run again",
        ) from error


def create_or_open(path: Path, disk: Disk) -> sqlite3.Connection:
    """The journal at `path`, made when there is none, with its folder. Raises PipeError for any other file."""
    with told(path), _alone(private_folder(path.parent, disk)):
        if not os.path.lexists(path):
            os.close(disk.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR))
            disk.sync_folder(path.parent)
        with _connected(path, disk) as connection:
            if _is_blank(connection):
                connection.executescript(_SCHEMA)
            _recognise(connection, path)
            connection.execute("PRAGMA journal_mode = WAL")
            _raise_format(connection)
            return connection


def open_if_there(path: Path, disk: Disk) -> sqlite3.Connection | None:
    """The journal at `path` for reading only, None where there is none. Raises PipeError as above."""
    if not os.path.lexists(path):
        return None
    with told(path):
        try:
            return _for_reading(path, disk, "mode=rw")
        except sqlite3.OperationalError as error:
            # SQLite needs a file beside a journal like ours even to read it. Where nothing can be written,
            # nobody writes the journal either, and it is all there once no log is left beside it.
            if error.sqlite_errorcode & 0xFF not in _NOT_WRITABLE or _has_log(path):
                raise
            return _for_reading(path, disk, "mode=ro&immutable=1")


def _has_log(path: Path) -> bool:
    log = path.with_name(f"{path.name}-wal")
    return log.exists() and log.stat().st_size > 0


def _for_reading(path: Path, disk: Disk, how: str) -> sqlite3.Connection | None:
    with _connected(path, disk, how) as connection:
        if _is_blank(connection):
            connection.close()
            return None
        _recognise(connection, path)
        connection.execute("PRAGMA query_only = ON")
        return connection


@contextmanager
def _connected(path: Path, disk: Disk, how: str = "mode=rw") -> Iterator[sqlite3.Connection]:
    """A connection that is closed again when it turns out to be of no use."""
    os.close(open_to_read(path))
    connection = disk.database(f"{path.absolute().as_uri()}?{how}", _BUSY_SECONDS)
    try:
        yield connection
    except BaseException:
        connection.close()
        raise


def _is_blank(connection: sqlite3.Connection) -> bool:
    """Whether nobody has written anything yet: a new file, or one whose making was cut short."""
    (version,) = connection.execute("PRAGMA schema_version").fetchone()
    return int(version) == 0


def _raise_format(connection: sqlite3.Connection) -> None:
    """All that older formats hold reads the same; from here on an older program would not understand the rest."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version < _FORMAT:
        connection.execute(f"PRAGMA user_version = {_FORMAT}")


def _recognise(connection: sqlite3.Connection, path: Path) -> None:
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if owner != _OURS:
        raise PipeError(
            f"{path} is a database of another program",
            next_step="it was left as it is; move it away, or name another --state",
        )
    if version > _FORMAT:
        raise PipeError(
            f"the journal {path} has format {version}, which is newer than this program's {_FORMAT}",
            next_step="install a newer seedance-pipe",
        )


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """While the file is created, its folder is ours alone: two first runs must not both create it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
