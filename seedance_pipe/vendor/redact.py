"""The one redactor: what any text from a vendor or a library goes through before a person or a file sees it."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from urllib.parse import quote

_ADDRESS = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)(?:[^\s/?#@\"'<>]*@)?([^\s?#\"'<>]*)(?:[?#][^\s\"'<>]*)?")
# C0, DEL, C1, marks that turn the direction of text, halves of pairs: no terminal and no file may get them.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")
_SHORTEST = 8
_LONGEST = 500


class Redactor:
    """Takes keys, other secrets and the queries of addresses out of texts.

    A key shorter than eight characters is no secret and would only riddle every message with holes.
    """

    def __init__(self, keys: Iterable[str] = ()) -> None:
        self._forms: list[str] = []
        for key in keys:
            self.hide(key)

    def __repr__(self) -> str:
        return "Redactor()"

    def hide(self, secret: str) -> None:
        """From now on take `secret` out as well: a key, or an address that lets its reader at a file of ours."""
        if len(secret) >= _SHORTEST:
            self._forms = sorted({*self._forms, *_forms(secret)}, key=len, reverse=True)

    def clean(self, message: str, *, longest: int = _LONGEST) -> str:
        """`message` on one line of at most `longest` characters, without secrets and queries of addresses."""
        for form in self._forms:
            message = message.replace(form, "***")
        message = _ADDRESS.sub(r"\1\2", message)
        message = " ".join(_UNSEEN.sub(" ", message).split())
        return message if len(message) <= longest else message[: longest - 1] + "…"


def _forms(key: str) -> Iterable[str]:
    """A key as it is, quoted for addresses, and in base64 at each of the three offsets it can have in a text."""
    yield key
    yield quote(key, safe="", errors="surrogatepass")
    for lead in range(3):
        coded = base64.b64encode(b"\0" * lead + key.encode("utf-8", "surrogatepass")).decode()
        middle = coded[(0, 2, 3)[lead] :].rstrip("=")
        yield middle[: len(middle) - 1]
        yield middle[: len(middle) - 1].replace("+", "-").replace("/", "_")
