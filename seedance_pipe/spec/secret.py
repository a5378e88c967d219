"""Keys that somebody wrote into a story by mistake: a story is shared, and a key in it is lost."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping

_SHAPES = re.compile(
    r"\b(?:sk-[A-Za-z0-9_-]{16,}|rvya_sk_[A-Za-z0-9_-]{8,}|AKIA[0-9A-Z]{16}|AKLT[A-Za-z0-9]{16,}|AIza[A-Za-z0-9_-]{30,}"
    r"|gh[pousr]_[A-Za-z0-9]{20,}|whsec_[A-Za-z0-9]{16,})"
    # From the beginning of a run of letters only, so that no run is looked at twice.
    r"|(?<![\w-])eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"
    r"|\bBearer [A-Za-z0-9._~+/-]{16,}|-----BEGIN [A-Z ]*PRIVATE KEY-----"
)
_ADDRESS = re.compile(r"://\S*")
_PASSWORD = re.compile(r"(?<=://)[^/@\s]+(?=@)")
# Without - and _, which join the words of long file names.
_RANDOM = re.compile(r"[A-Za-z0-9+=]{32,}")
_LEAST_BITS = 4.0
_KEY_VARIABLE = re.compile(r"(?:^|_)(?:(?:API|ACCESS|PRIVATE)_?KEY|SECRET|TOKEN|PASSWORD)(?:_|$)")
# A shorter one may be a word of the story.
_SHORTEST_KEY = 16


def secrets(text: str) -> Iterator[tuple[int, int]]:
    """Where in `text` something stands that looks like a key: its first index, and the index after its last."""
    yield from (match.span() for match in _SHAPES.finditer(text))
    # An address may hold long random names; its own secrets, if any, are of a known shape.
    plain = _ADDRESS.sub(_blank, _SHAPES.sub(_blank, text))
    yield from (match.span() for match in _RANDOM.finditer(plain) if _looks_random(match[0]))


def keys_of(environ: Mapping[str, str], *, shortest: int = _SHORTEST_KEY) -> Mapping[str, str]:
    """The keys of at least `shortest` characters that an environment holds, by the variable whose name says that
    it is one.
    """
    keys = {name: value.strip() for name, value in environ.items() if _KEY_VARIABLE.search(name)}
    return {name: key for name, key in keys.items() if len(key) >= shortest and not re.search(r"\s", key)}


def passwords(text: str) -> Iterator[tuple[int, int]]:
    """Where a password stands in an address of `text`. The address itself is refused elsewhere."""
    yield from (match.span() for match in _PASSWORD.finditer(text))


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _looks_random(word: str) -> bool:
    kinds = (str.islower, str.isupper, str.isdigit)
    return all(any(kind(letter) for letter in word) for kind in kinds) and _bits(word) >= _LEAST_BITS


def _bits(word: str) -> float:
    """Shannon's entropy for each character."""
    return -sum(n / len(word) * math.log2(n / len(word)) for n in Counter(word).values())
