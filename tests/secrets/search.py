"""The searcher of the canary test: it looks for a secret in every form that a person or a program could undo.

It knows nothing of the redactor: it does not ask where a secret should be hidden, but whether it is anywhere.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote, quote_plus, unquote_to_bytes

_ESCAPE = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")
# White space, zeros, and what tables are drawn with (U+2500 to U+259F).
_GAPS = re.compile(rb"(?:[\s\x00|]|\xe2[\x94-\x96][\x80-\xbf]|\\[nrt])+")


def forms(secret: str) -> Iterator[tuple[str, bytes]]:
    """Each form by a name: as it is, quoted for addresses, escaped in JSON and HTML, in hexadecimal, in base64."""
    raw = secret.encode()
    yield "raw", raw
    yield "quoted", quote(secret, safe="").encode()
    yield "quoted in small letters", re.sub(rb"%..", lambda m: m[0].lower(), quote(secret, safe="").encode())
    yield "quoted with slashes", quote_plus(secret, safe="/").encode()
    yield "quoted twice", quote(quote(secret, safe=""), safe="").encode()
    yield "escaped in JSON", secret.replace("\\", "\\\\").replace('"', '\\"').encode()
    yield "escaped in JSON with slashes", secret.replace('"', '\\"').replace("/", "\\/").encode()
    yield "escaped in HTML", html.escape(secret).encode()
    yield "in hexadecimal", raw.hex().encode()
    for lead in range(3):
        for name, coding in (("base64", base64.b64encode), ("base64 for addresses", base64.urlsafe_b64encode)):
            coded = coding(b"\x00" * lead + raw).rstrip(b"=")
            yield f"{name} at offset {lead}", coded[(0, 2, 3)[lead] : -1]


def halves(secret: str) -> tuple[str, ...]:
    """A long secret in two: a cut through it, by a page of a database for example, spoils only one of them."""
    middle = len(secret) // 2
    return (secret[:middle], secret[middle:]) if middle >= 12 else (secret,)


VIEWS: Mapping[str, Callable[[bytes], bytes]] = MappingProxyType(
    {
        "as it is": lambda data: data,
        "with its lines joined": lambda data: _GAPS.sub(b"", _ESCAPE.sub(b"", data)),
        "unquoted": lambda data: unquote_to_bytes(unquote_to_bytes(data)),
    }
)


def traces(secret: str, data: bytes) -> set[str]:
    """The forms in which `secret`, or half of it, is in `data`, and how one has to look to see it. Large and small
    letters count as the same, and backslashes for nothing, but in base64.
    """
    found = set()
    for view, look in VIEWS.items():
        seen = look(data)
        small = seen.lower()
        plain = small.replace(b"\\", b"")
        for part in halves(secret):
            for name, form in forms(part):
                if form in seen or (
                    not name.startswith("base64")
                    and (form.lower() in small or form.lower().replace(b"\\", b"") in plain)
                ):
                    found.add(f"{name}, {view}")
    return found


def written(*folders: Path) -> Iterator[tuple[str, bytes]]:
    """Every name and the content of every file below `folders`."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            yield f"the name {path}", str(path).encode()
            if path.is_file():
                yield str(path), path.read_bytes()
