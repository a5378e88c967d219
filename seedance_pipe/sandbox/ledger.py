"""The sandbox's ledger: every accepted task with what it would be billed, on disk before the answer leaves.

It is the truth that tests compare a journal with, so a task that is deleted or expired stays in it.
"""

from __future__ import annotations

import dataclasses
import enum
import json
import secrets
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seedance_pipe.document import Json, freeze


class Status(enum.Enum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"

    @property
    def is_over(self) -> bool:
        return self not in (Status.QUEUED, Status.RUNNING)


@dataclass(frozen=True, slots=True)
class Task:
    """One accepted task. Times are Unix seconds; `order` is what the vendor made of the request.

    `lane` names the tasks that share a limit on how many run at once. `fate` is how it will end: SUCCEEDED, FAILED
    with `code`, EXPIRED, or RUNNING for a task that never ends. `tokens` is what success would be billed where
    the vendor bills tokens, `cost` (a decimal number of `currency`) where it bills money or credits itself.
    `account` is a digest of the key that made it where each key is told of its own tasks alone.
    `words` is the prompt; `request` and `prompt` are SHA-256 of the request's body and of the words.
    """

    id: str
    lane: str
    created_at: float
    order: Json
    request: str
    words: str
    prompt: str
    queue_seconds: float
    run_seconds: float
    expires_after: int
    vendor: str
    tokens: int = 0
    cost: str = ""
    currency: str = ""
    account: str = ""
    priority: int = 0
    fate: Status = Status.SUCCEEDED
    code: str = ""
    status: Status = Status.QUEUED
    started_at: float | None = None
    ended_at: float | None = None
    deleted: bool = False

    @property
    def changed_at(self) -> float:
        return self.ended_at or self.started_at or self.created_at


_SCHEMA = """
CREATE TABLE IF NOT EXISTS task (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, entry TEXT NOT NULL,
  status TEXT NOT NULL, started_at REAL, ended_at REAL, deleted INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS secret (value TEXT NOT NULL);
"""
_MOVING = ("status", "started_at", "ended_at", "deleted")


class Ledger:
    """Tasks in an SQLite file. A killed process loses none that was answered for: the operating system keeps the
    pages that were written (a rehearsal need not survive a power cut, so nothing waits for the disk).
    """

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.executescript(_SCHEMA)

    def secret(self) -> str:
        """What links of this ledger are signed with; drawn once."""
        row = self._database.execute("SELECT value FROM secret").fetchone()
        if row:
            return str(row[0])
        drawn = secrets.token_hex(32)
        self._database.execute("INSERT INTO secret VALUES (?)", (drawn,))
        return drawn

    def add(self, task: Task) -> None:
        names = [field.name for field in dataclasses.fields(task) if field.name not in _MOVING]
        entry = {name: getattr(task, name) for name in names}
        text = json.dumps({**entry, "fate": task.fate.value}, default=dict)
        values = (task.id, text, task.status.value, task.started_at, task.ended_at, task.deleted)
        self._database.execute(
            "INSERT INTO task (id, entry, status, started_at, ended_at, deleted) VALUES (?, ?, ?, ?, ?, ?)", values
        )

    def update(self, task: Task) -> None:
        """Keep the fields of `task` that move: its status, its times, whether it was deleted."""
        self._database.execute(
            "UPDATE task SET status = ?, started_at = ?, ended_at = ?, deleted = ? WHERE id = ?",
            (task.status.value, task.started_at, task.ended_at, task.deleted, task.id),
        )

    def tasks(self) -> Iterator[Task]:
        """All of them, oldest first."""
        rows = self._database.execute(
            "SELECT entry, status, started_at, ended_at, deleted FROM task ORDER BY number"
        )
        for text, status, started_at, ended_at, deleted in rows:
            entry: dict[str, Any] = json.loads(text)
            entry |= {"order": freeze(entry["order"]), "fate": Status(entry["fate"]), "status": Status(status)}
            yield Task(**entry, started_at=started_at, ended_at=ended_at, deleted=bool(deleted))

    def close(self) -> None:
        self._database.close()
