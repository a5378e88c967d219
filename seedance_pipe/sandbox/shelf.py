"""The sandbox's files: media that were sent, uploads, painted clips; and the signed links to the latter."""

from __future__ import annotations

import calendar
import hashlib
import hmac
import os
import re
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

MOST_UPLOAD_BYTES = 200 << 20
"""The largest video that the vendor fetches (modelark.md section 3, 2026-11-21)."""

HERE = ("127.0.0.1", "localhost")
"""The hosts of our own addresses."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_STAMP = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class Shelf:
    """Files below `folder`. Links begin with `address` and are signed with `secret`."""

    folder: Path
    address: str
    secret: str

    def keep(self, data: bytes) -> str:
        """Keep a medium; its name is the digest of its content."""
        digest = hashlib.sha256(data).hexdigest()
        self.make(self.medium(digest), lambda part: part.write_bytes(data))
        return digest

    def medium(self, digest: str) -> Path:
        return self.folder / "media" / digest

    def upload(self, name: str) -> Path | None:
        """Where an upload of that name lies or will lie; None for a name that no upload may have."""
        return self.folder / "uploads" / name if _NAME.fullmatch(name) else None

    def lodged(self, name: str) -> Path:
        """Where the record of an upload lies that a vendor told of; `name` is any text."""
        return self.folder / "lodged" / f"{hashlib.sha256(name.encode()).hexdigest()}.json"

    def result(self, name: str) -> Path:
        """Where a painted file lies; `name` is ours."""
        return self.folder / "results" / name

    def make(self, path: Path, write: Callable[[Path], object]) -> Path:
        """The file at `path`, made whole by `write` unless it is there."""
        if not path.exists():
            self._write(path, write)
        return path

    def replace(self, path: Path, data: bytes) -> None:
        self._write(path, lambda part: part.write_bytes(data))

    def link(self, name: str, *, since: float, seconds: int) -> str:
        """A link to the result `name`, in the vendor's looks, that dies `seconds` after the Unix time `since`."""
        path = f"/files/{quote(name)}"
        date = time.strftime(_STAMP, time.gmtime(since))
        query = {
            "X-Tos-Algorithm": "TOS4-HMAC-SHA256",
            "X-Tos-Credential": f"sandbox/{date[:8]}/sandbox/tos/request",
            "X-Tos-Date": date,
            "X-Tos-Expires": str(seconds),
            "X-Tos-Signature": self._signature(path, date, str(seconds)),
            "X-Tos-SignedHeaders": "host",
        }
        return f"{self.address}{path}?{urlencode(query)}"

    def is_good(self, path: str, query: Mapping[str, str], *, now: float) -> bool:
        """Whether a link is one that we signed and still lives at the Unix time `now`."""
        date, seconds = query.get("X-Tos-Date", ""), query.get("X-Tos-Expires", "")
        expected = self._signature(path, date, seconds)
        if not hmac.compare_digest(expected.encode(), query.get("X-Tos-Signature", "").encode()):
            return False
        return now < _unix(date) + int(seconds)

    def own_file(self, url: str) -> Path | None:
        """The file behind an address of ours, whatever port we had then; None for a foreign address."""
        parts = urlsplit(url)
        if parts.hostname not in HERE:
            return None
        kind, _, name = parts.path.strip("/").partition("/")
        if kind == "uploads":
            return self.upload(name)
        return self.result(name) if kind == "files" and _NAME.fullmatch(name) else None

    def _signature(self, path: str, date: str, seconds: str) -> str:
        return hmac.new(self.secret.encode(), f"{path}\n{date}\n{seconds}".encode(), "sha256").hexdigest()

    def _write(self, path: Path, write: Callable[[Path], object]) -> None:
        """Write aside, then rename, so that no half file is ever found under its name."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
        os.close(handle)
        try:
            write(Path(part))
            Path(part).replace(path)
        finally:
            Path(part).unlink(missing_ok=True)


def _unix(stamp: str) -> int:
    return calendar.timegm(time.strptime(stamp, _STAMP))
