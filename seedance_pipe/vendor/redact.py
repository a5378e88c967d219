"""The one redactor: what any text from a vendor or a library goes through before a person or a file sees it."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

_SHORTEST = 8
_LONGEST = 500
_READ = 64 * 1024
_DEEPEST = 8
_HIDDEN = "***"

# One character as it may be written: quoted for addresses (also several times over), escaped in JSON, in Python or
# in HTML. All others stand for themselves, but white space and what cannot be seen only splits a text.
_QUOTED = re.compile(
    r"%(?:25)*(?P<quoted>[0-9a-fA-F]{2})|\\+u(?P<wide>[0-9a-fA-F]{4})|\\+x(?P<narrow>[0-9a-fA-F]{2})"
    r"|\\+[nrtbfv]?|(?P<entity>&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,8});)"
)
# Base64 for addresses has - and _ for + and /; some servers change the case of letters.
_ALIKE = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ-_", "abcdefghijklmnopqrstuvwxyz+/")
_CODED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=")

_SLASHES = r"(?:\\*/\\*/|%(?:25)*2f%(?:25)*2f)"
_ADDRESS = re.compile(
    rf"(?i)(?<![a-z0-9])(?P<scheme>[a-z][a-z0-9+.-]{{0,20}}(?::|%(?:25)*3a){_SLASHES})"
    r"(?:[^\s/?#@\"'<>]*?(?:@|%(?:25)*40))*(?P<place>(?:(?!%(?:25)*(?:3f|23))[^\s?#\"'<>])*)"
    # The query, also where it goes on in the next lines.
    r"(?:(?:[?#]|%(?:25)*(?:3f|23))[^\s\"'<>]*"
    r"(?:[ \t]{0,80}\r?\n[ \t]{0,80}(?=[^\s\"'<>]{0,200}[=&%])[^\s\"'<>]+)*)?"
)
# The beginning of `http://` and `https://` in base64, at each of the three offsets that it can have, and in
# hexadecimal.
_CODED_ADDRESS = re.compile(r"aHR0cHM6|aHR0cDov|h0dHBzO|h0dHA6L|odHRwczov|odHRwOi8|(?i:68747470(?:73)?3a2f2f)")
# The rest of something long in base64, which may be broken into lines.
_REST = re.compile(r"[A-Za-z0-9+/_=-]*(?:\s+(?=[A-Za-z0-9+/_=-]{20})[A-Za-z0-9+/_=-]+)*")
_NAMED = re.compile(
    r"(?i)(?<![a-z0-9])(?P<name>(?:x-[a-z0-9]+-)?(?:signature|credential|security-?token|sign|sig|token|api[_-]?key"
    r"|access[_-]?key(?:[_-]?id)?|secret|password|authorization)[\"'\\]*\s*(?:=|%(?:25)*3d)\s*[\"'\\]*)"
    r"[a-z0-9%+/_.~=-]{6,}"
)
_BEARER = re.compile(
    r"(?i)\b(?P<name>bearer|basic)(?:\s|%(?:25)*20|\+){1,4}(?=[^\s\"'<>]{0,200}[0-9=])[a-z0-9._~+/=%-]{8,}"
)
# C0, DEL, C1, marks that turn the direction of text, halves of pairs: no terminal and no file may get them.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")


class Redactor:
    """Takes keys, other secrets and the queries of addresses out of texts.

    A secret is found as it is, in base64 at any offset, in hexadecimal, quoted for addresses, escaped in JSON or
    HTML, and split by white space, whatever letters are in it. A key shorter than eight characters is no secret
    and would only riddle every message with holes.
    """

    def __init__(self, keys: Iterable[str] = ()) -> None:
        self._forms: dict[str, _Form] = {}
        for key in keys:
            self.hide(key)

    def __repr__(self) -> str:
        return "Redactor()"

    def hide(self, secret: str) -> None:
        """From now on take `secret` out as well: a key, or an address that lets its reader at a file of ours."""
        if len(secret) >= _SHORTEST:
            self._forms |= {form.written + form.read: form for form in _forms(secret)}

    def hide_address(self, address: str) -> None:
        """From now on take a signed address out as well, and what is secret in it also by itself."""
        query = address.partition("?")[2]
        values = (pair.partition("=")[2] for pair in query.split("&"))
        for secret in (address, query, *(value for value in values if len(value) >= 2 * _SHORTEST)):
            self.hide(secret)

    def holds(self, text: str) -> bool:
        """Whether one of the secrets is in `text`."""
        return bool(self._places(text))

    def hushed(self, text: str) -> str:
        """`text` without secrets and queries of addresses, and otherwise as it is, however long."""
        text = _blotted(text, self._places(text))
        text = _blotted(text, _runs(text, [match.span() for match in _CODED_ADDRESS.finditer(text)]))
        text = _ADDRESS.sub(r"\g<scheme>\g<place>", text)
        return _BEARER.sub(rf"\g<name> {_HIDDEN}", _NAMED.sub(rf"\g<name>{_HIDDEN}", text))

    def clean(self, message: str, *, longest: int = _LONGEST) -> str:
        """`message` on one line of at most `longest` characters, without secrets and queries of addresses."""
        if len(message) > _READ:
            # A secret that the cut went through must not be seen in part.
            message = self.hushed(message[:_READ])[: -_READ // 8]
        message = " ".join(_UNSEEN.sub(" ", self.hushed(message)).split())
        return message if len(message) <= longest else message[: longest - 1] + "…"

    def _places(self, text: str) -> list[tuple[int, int]]:
        """Where secrets stand in `text`, from first to last, none of them touching another."""
        # As it is, too: what stands before a secret can look like the beginning of a quoted character.
        bare, read = _bare(text), _read(text)
        found: list[tuple[int, int]] = []
        for form in self._forms.values():
            places = [*bare.places(form.written), *read.places(form.read)]
            found += _runs(text, places) if form.coded else places
        return _joined(found)


@dataclass(frozen=True, slots=True)
class _Form:
    """A secret in one of its forms: as it is written and as it is read, "" where that is too little. `coded` says
    that it is a part of something longer in base64.
    """

    written: str
    read: str
    coded: bool = False


def _forms(secret: str) -> Iterator[_Form]:
    """A secret as it is, in hexadecimal, and in base64 at each of the three offsets it can have in a text."""
    raw = secret.encode("utf-8", "surrogatepass")
    yield _form(secret)
    # Letters beyond ASCII are quoted byte by byte.
    yield _form(raw.decode("latin-1"))
    yield _form(raw.hex())
    for lead in range(3):
        coded = base64.b64encode(b"\0" * lead + raw).decode()
        # The characters at both ends also depend on what stands beside the secret.
        yield _form(coded[(0, 2, 3)[lead] :].rstrip("=")[:-1], coded=True)


def _form(written: str, *, coded: bool = False) -> _Form:
    bare, read = (one.text if len(one.text) >= _SHORTEST else "" for one in (_bare(written), _read(written)))
    return _Form(bare, read, coded)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is seen of a text: each character of `text` stands in it from `begins` to `ends`."""

    text: str
    begins: Sequence[int]
    ends: Sequence[int]

    def places(self, part: str) -> Iterator[tuple[int, int]]:
        """The places of `part`, one that is not empty, in what was seen."""
        at = self.text.find(part) if part else -1
        while at >= 0:
            yield self.begins[at], self.ends[at + len(part) - 1]
            at = self.text.find(part, at + 1)


def _bare(text: str) -> _Seen:
    """`text` without what only splits it."""
    if _shows(text):
        return _as_it_is(text)
    places = [at for at, char in enumerate(text) if _shows(char)]
    return _Seen("".join(text[at] for at in places), places, [at + 1 for at in places])


def _as_it_is(text: str) -> _Seen:
    return _Seen(text, range(len(text)), range(1, len(text) + 1))


def _read(text: str) -> _Seen:
    """`text` as one who undoes every quoting would read it."""
    seen = _as_it_is(text)
    # A quoted text can hold another one; what is wrapped still deeper was made to keep us busy.
    for _ in range(_DEEPEST):
        before, now = seen, _once(seen.text)
        begins = [before.begins[begin] for begin in now.begins]
        seen = _Seen(now.text, begins, [before.ends[end - 1] for end in now.ends])
        if seen.text == before.text:
            break
    return replace(seen, text=seen.text.translate(_ALIKE))


def _once(text: str) -> _Seen:
    seen: list[str] = []
    begins: list[int] = []
    ends: list[int] = []
    at = 0
    for match in _QUOTED.finditer(text):
        plain = _bare(text[at : match.start()])
        meant = _meant(match)
        # An entity can stand for two characters, and one that nobody knows stands for itself.
        seen += (plain.text, meant)
        begins += (*(at + begin for begin in plain.begins), *[match.start()] * len(meant))
        ends += (*(at + end for end in plain.ends), *[match.end()] * len(meant))
        at = match.end()
    if not at:
        return _bare(text)
    plain = _bare(text[at:])
    seen.append(plain.text)
    begins += (at + begin for begin in plain.begins)
    ends += (at + end for end in plain.ends)
    return _Seen("".join(seen), begins, ends)


def _meant(match: re.Match[str]) -> str:
    code = match["quoted"] or match["wide"] or match["narrow"]
    meant = chr(int(code, 16)) if code else html.unescape(match["entity"] or "")
    return "".join(filter(_shows, meant))


def _shows(text: str) -> bool:
    """Whether every character can be seen. The space is the only white space that Python calls printable."""
    return text.isprintable() and " " not in text


def _runs(text: str, places: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The runs of base64 in `text` that have a part of a secret at one of `places`."""
    runs: list[tuple[int, int]] = []
    for begin, end in sorted(places):
        if runs and end <= runs[-1][1]:
            continue
        while begin and text[begin - 1] in _CODED:
            begin -= 1
        rest = _REST.match(text, end)
        runs.append((begin, rest.end() if rest else end))
    return _joined(runs)


def _blotted(text: str, places: Iterable[tuple[int, int]]) -> str:
    parts, at = [], 0
    for begin, end in places:
        parts += [text[at:begin], _HIDDEN]
        at = end
    return "".join([*parts, text[at:]])


def _joined(places: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for begin, end in sorted(places):
        if joined and begin <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((begin, end))
    return joined
