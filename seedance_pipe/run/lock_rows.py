"""Reading a lock file row by row: what is not just of its shape is an error at its place."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import NoReturn, TypeVar

from seedance_pipe.errors import StoryInvalid
from seedance_pipe.plan.history import Drafted
from seedance_pipe.plan.lock import Block, Choices, Film, Lock, Pin, pin_of
from seedance_pipe.spec.repair import Repair
from seedance_pipe.units import Digest, Fingerprint

T = TypeVar("T")

VERSION = 1
OURS_AGAIN = "take the file of an earlier commit, or move it away: the next run writes it anew"

_ROW = re.compile(r'^( *)("(?:[^"\\\n]|\\.)*"|[^\s":#][^":\n]*):(?: ([^\n]+))?$', re.MULTILINE)
_MARKER = re.compile(r"^(?:<{7}|={7}|>{7}|\|{7})", re.MULTILINE)
_DIGEST = re.compile(r"[0-9a-f]{64}").fullmatch
_NUMBER = re.compile(r"[1-9][0-9]{0,5}").fullmatch
_SEED = re.compile(r"-?[0-9]{1,19}").fullmatch
_PIN = re.compile(r"(?:take|frame) [1-9][0-9]{0,5}|clip").fullmatch
_WAY = re.compile("|".join(way.value for way in Repair)).fullmatch

_OUTPUTS: Mapping[str, tuple[str, ...]] = {
    "take": ("clip", "last_frame"),
    "frame": ("frame",),
    "clip": ("clip",),
    "format": ("format",),
    "film": ("film",),
}
"""What each kind of step may come to; it always comes to the first."""


class Rows:
    """The rows of a lock file, each an indent, a key and a value, and which of them is read next. `shots` are the
    blocks of each film where they were read already: they are used up.
    """

    def __init__(self, text: str, name: str, shots: list[Mapping[str, Block]] | None = None) -> None:
        self._name = name
        self._shots = shots
        marker = _MARKER.search(text)
        if marker is not None:
            raise StoryInvalid(
                "git left a conflict here",
                place=f"{name}:{text.count(chr(10), 0, marker.start()) + 1}:1",
                next_step="keep the blocks of both sides; where they differ on one shot or on the cut, either side"
                " will do: a run brings it up to date, and buys nothing that is made",
            )
        lines = text.removesuffix("\n").split("\n")
        self._head = next((at for at, line in enumerate(lines) if not line.startswith("#")), len(lines))
        lines = lines[self._head :]
        self._rows = _ROW.findall("\n".join(lines))
        self._at = 0
        if len(self._rows) != len(lines):
            strange = next(at for at, line in enumerate(lines) if not _ROW.fullmatch(line))
            self._fail("this is no line of a lock file", at=strange)

    def lock(self) -> Lock:
        if not self._rows or self._rows[0][:2] != ("", "version"):
            self._fail("a lock file begins with its version")
        version = self._rows[0][2]
        if _NUMBER(version) and int(version) > VERSION:
            raise StoryInvalid(
                f"this lock file is of version {version}, and this program knows version {VERSION}",
                place=self._place(0),
                next_step="install a newer seedance-pipe",
            )
        if version != str(VERSION):
            self._fail("this is no version of a lock file")
        self._at = 1
        lock = Lock()
        for part in self._names(0):
            match part:
                case "picks":
                    lock = replace(lock, picks=self._choices(_NUMBER, "a take", int))
                case "repairs":
                    lock = replace(lock, repairs=self._choices(_WAY, "ripple, bridge or accept", Repair))
                case "films":
                    lock = replace(lock, films={film: self._film() for film in self._names(2)})
                case _:
                    self._fail(f"a lock file has no '{part}'", at=self._at - 1)
        return lock

    def _choices(self, fits: Callable[[str], object], what: str, read: Callable[[str], T]) -> Choices[T]:
        return {film: {shot: self._chosen(fits, what, read) for shot in self._names(4)} for film in self._names(2)}

    def _chosen(self, fits: Callable[[str], object], what: str, read: Callable[[str], T]) -> Mapping[str, T]:
        leaves = self._leaves(6)
        for at, (order, told) in enumerate(leaves.items(), self._at - len(leaves)):
            if not _DIGEST(order):
                self._fail("this is not the digest of an order", at=at)
            if not fits(told):
                self._fail(f"'{told}' is not {what}", at=at)
        return {order: read(told) for order, told in leaves.items()}

    def _film(self) -> Film:
        cut: Mapping[str, Pin] = {}
        shots: Mapping[str, Block] = {}
        for part in self._names(4):
            if part == "cut":
                cut = {name: self._pin(name, 8, ("film", "format")) for name in self._names(6)}
            elif part == "shots" and self._shots:
                shots = self._shots.pop(0)
            elif part == "shots":
                shots = {shot: self._block() for shot in self._names(6)}
            else:
                self._fail(f"a film has no '{part}'", at=self._at - 1)
        return Film(cut, shots)

    def _block(self) -> Block:
        start = self._at
        leaves = self._leaves(8)
        if leaves.keys() != {"order"} or not _DIGEST(leaves["order"]):
            self._fail("the block of a shot begins with the digest of its order", at=start)
        pins: dict[str, Pin] = {}
        draft = None
        for name in self._names(8):
            if name == "draft":
                draft = self._draft()
            elif not _PIN(name):
                self._fail(f"a shot has no '{name}'", at=self._at - 1)
            else:
                pins[name] = self._pin(name, 10)
        return Block(leaves["order"], pins, draft)

    def _pin(self, name: str, indent: int, known: tuple[str, ...] = ("take", "frame", "clip")) -> Pin:
        kind = name.partition(" ")[0]
        start = self._at
        if kind not in known:
            self._fail(f"'{name}' does not belong here", at=start - 1)
        leaves = self._leaves(indent)
        outputs: dict[str, Digest] = {}
        inputs: dict[str, Digest] = {}
        for at, (key, told) in enumerate(leaves.items(), start):
            if not _DIGEST(told):
                self._fail("this is no digest", at=at)
            if key in _OUTPUTS[kind]:
                outputs[key] = Digest(told)
            elif kind == "take" and key.startswith("in "):
                inputs[key.removeprefix("in ")] = Digest(told)
            elif key != "of":
                self._fail(f"a {kind} has no '{key}'", at=at)
        for needed in ("of", _OUTPUTS[kind][0]):
            if needed not in leaves:
                self._fail(f"'{name}' lacks its '{needed}'", at=start - 1)
        return pin_of(Fingerprint(leaves["of"]), inputs, outputs)

    def _draft(self) -> Drafted:
        start = self._at
        leaves = self._leaves(10)
        rules = {"order": _DIGEST, "take": _NUMBER, "clip": _DIGEST, "seed": _SEED}
        for at, (key, told) in enumerate(leaves.items(), start):
            if key not in rules or not rules[key](told):
                self._fail(f"this is no '{key}' of a draft", at=at)
        if not leaves.keys() >= {"order", "take", "clip"}:
            self._fail("a draft has an order, a take and a clip", at=start - 1)
        seed = int(leaves["seed"]) if "seed" in leaves else None
        return Drafted(leaves["order"], int(leaves["take"]), Digest(leaves["clip"]), seed)

    def _names(self, indent: int) -> Iterator[str]:
        """The names at this indent, one after the other; what stands under each is read in between."""
        seen: set[str] = set()
        while self._at < len(self._rows) and len(self._rows[self._at][0]) >= indent:
            blanks, key, told = self._rows[self._at]
            if len(blanks) > indent or told:
                self._fail("this line does not belong here")
            name = self._unquoted(key) if key[0] == '"' else key
            if name in seen:
                self._fail(f"'{name}' is here twice")
            seen.add(name)
            self._at += 1
            yield name

    def _leaves(self, indent: int) -> dict[str, str]:
        """The keys with values at this indent."""
        leaves: dict[str, str] = {}
        while self._at < len(self._rows):
            blanks, key, told = self._rows[self._at]
            if len(blanks) != indent or not told:
                break
            if key in leaves:
                self._fail(f"'{key}' is here twice")
            leaves[key] = told
            self._at += 1
        return leaves

    def _unquoted(self, key: str) -> str:
        try:
            name = str(json.loads(key))
            name.encode()
        except ValueError:
            self._fail("this name cannot be read")
        return name

    def _place(self, at: int) -> str:
        return f"{self._name}:{self._head + at + 1}:1"

    def _fail(self, what: str, *, at: int | None = None) -> NoReturn:
        """Raise StoryInvalid at row `at`, or the one that is read next."""
        raise StoryInvalid(what, place=self._place(self._at if at is None else at), next_step=OURS_AGAIN)
