"""The pages of the journal: its rows, each read once into a ledger, and the transactions that add to them."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from seedance_pipe.document import Json, canonical, freeze
from seedance_pipe.effects import Effects
from seedance_pipe.plan.history import State
from seedance_pipe.run.database import damaged, open_if_there, told
from seedance_pipe.run.entry import Entry, Note
from seedance_pipe.run.ledger import Ledger

_READ = "SELECT id, story, at, act, submission, step, fingerprint, document FROM entry WHERE id > ? ORDER BY id"
_WRITE = "INSERT INTO entry (story, at, act, submission, step, fingerprint, document) VALUES (?, ?, ?, ?, ?, ?, ?)"
_NUMBER = "SELECT id FROM entry WHERE submission = ? AND act = ?"
_RECALL = "SELECT text FROM document WHERE digest = ?"
_AT_ONCE = 1000
_FLUSH_SECONDS = 1.0


class Pages:
    """Safe to use from several threads. Any method raises PipeError when the file cannot be read or written."""

    def __init__(self, connection: sqlite3.Connection, path: Path, *, story: str, effects: Effects) -> None:
        self.connection = connection
        self._path = path
        self._story = story
        self._effects = effects
        self._ledger = Ledger(self.recall, lambda why: damaged(path, why))
        self._lock = threading.RLock()
        self._closed = False
        self._flushed = effects.monotonic()
        self._unflushed = False
        self._failed = False

    def close(self) -> None:
        """Flush and close; closing twice does no harm."""
        with self._lock, told(self._path):
            try:
                if self._unflushed and not self._closed:
                    self._settle()
                    self.connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
            finally:
                self._closed = True
                self.connection.close()

    @contextmanager
    def reading(self) -> Iterator[Ledger]:
        """All that anyone has written so far."""
        with self._lock, told(self._path):
            self._settle()
            self._catch_up()
            yield self._ledger

    @contextmanager
    def writing(self, *, durable: bool = False) -> Iterator[Ledger]:
        """One transaction: all that anyone wrote before it is known, and nobody else writes.

        What is `durable` is on the disk when this returns. The rest is in the file at once, where no kill
        undoes it, and shares a flush with what follows it or with the next entry after a second.
        """
        now = self._effects.monotonic()
        flush = durable or now - self._flushed >= _FLUSH_SECONDS
        with self._lock, told(self._path):
            self._settle()
            self.connection.execute(f"PRAGMA synchronous = {'FULL' if flush else 'NORMAL'}")
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                self._catch_up()
                yield self._ledger
                self.connection.execute("COMMIT")
            except BaseException:
                self._failed = True
                self._settle()
                raise
            self._unflushed = not flush
            if flush:
                self._flushed = now

    def write(
        self,
        act: State | Note,
        document: Mapping[str, Json],
        *,
        submission: str | None = None,
        step: str = "",
        fingerprint: str = "",
    ) -> float:
        """Add an entry to the transaction, and return its time."""
        at = self._effects.now()
        self.add(Entry(0, self._story, at, act.value, submission, step, fingerprint, text_of(document)))
        return at

    def add(self, entry: Entry) -> None:
        """Add an entry as it stands, but under the next number, to the transaction."""
        self.connection.execute(_WRITE, entry[1:])

    def entries(self) -> tuple[Entry, ...]:
        """Every entry that anyone has written so far, in their order."""
        with self.reading():
            return tuple(Entry._make(row) for row in self.connection.execute(_READ, (0,)))

    def keep(self, document: Json) -> str:
        """The name under which a document is kept once, however many entries speak of it."""
        if not isinstance(document, Mapping):
            raise TypeError(f"a document of the journal is an object, not {type(document).__name__}")
        text = text_of(document)
        name = hashlib.sha256(text.encode()).hexdigest()
        self.connection.execute("INSERT OR IGNORE INTO document VALUES (?, ?)", (name, text))
        return name

    def number_of(self, submission: str, act: State) -> int:
        """The place in the journal of an entry that is there."""
        (number,) = self.connection.execute(_NUMBER, (submission, act.value)).fetchone()
        return int(number)

    def recall(self, name: str) -> Mapping[str, Json]:
        """The document that is kept under a name. Raises PipeError when it is not what it was."""
        with self._lock, told(self._path), self._for_reading() as connection:
            row = connection.execute(_RECALL, (name,)).fetchone()
        if row is None or hashlib.sha256(row[0].encode()).hexdigest() != name:
            raise damaged(self._path, f"document {name} is not what it was")
        document = freeze(json.loads(row[0]))
        assert isinstance(document, Mapping)
        return document

    @contextmanager
    def _for_reading(self) -> Iterator[sqlite3.Connection]:
        """A history outlives its journal: what is looked up in it later is read through a passing connection."""
        if not self._closed:
            yield self.connection
            return
        connection = open_if_there(self._path, self._effects.disk)
        if connection is None:
            raise damaged(self._path, "it is gone")
        with closing(connection):
            yield connection

    def _settle(self) -> None:
        """Take back what could not be committed. A disk that fails may not let that be done when it is due: then
        nothing is read before it is, for what is in the file would be taken for said.
        """
        if self._failed and self.connection.in_transaction:
            self.connection.execute("ROLLBACK")
        self._failed = False

    def _catch_up(self) -> None:
        rows = self.connection.execute(_READ, (self._ledger.read_up_to,))
        while some := rows.fetchmany(_AT_ONCE):
            self._ledger.take([Entry._make(row) for row in some])


def text_of(document: Mapping[str, Json]) -> str:
    """The canonical text. Half a surrogate pair, which a vendor's message may hold, becomes its JSON escape."""
    return canonical(document).encode("utf-8", "backslashreplace").decode()
