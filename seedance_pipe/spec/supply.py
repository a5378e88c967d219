"""What a media key of a shot names: a file of the story's folder, an address, or what another shot gives."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from seedance_pipe.spec.address import refusal
from seedance_pipe.spec.asset import Assets, Unusable
from seedance_pipe.spec.medium import Address, FromShot, Kind, LocalFile, Source
from seedance_pipe.spec.problems import Problems
from seedance_pipe.spec.sniff import SUFFIXES, kind_of, word
from seedance_pipe.spec.wanted import Given

# One letter and a colon is a Windows drive, which the path's own check tells of.
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")
NAMES = {Kind.IMAGE: "picture", Kind.VIDEO: "video", Kind.AUDIO: "sound"}


@dataclass(frozen=True, slots=True)
class Supply:
    """Where media may come from. `uploads` says that there is a place on the web for what must have an address;
    `loopback` that addresses on this machine are welcome.
    """

    assets: Assets
    problems: Problems
    uploads: bool
    loopback: bool

    def source(self, given: Given, kind: Kind) -> Source | None:
        """The source that the text names, or None when it cannot be used, which is then told.

        Another shot is taken by name; whether there is one is not looked at here.
        """
        try:
            return self._source(given, kind)
        except Unusable as problem:
            self.problems.error(given.place, f"{given.key} in {given.where}: {problem}")
            return None

    def _source(self, given: Given, kind: Kind) -> Source:
        text = str(given.value)
        scheme = _SCHEME.match(text)
        if scheme is None:
            return self._file(given, text, kind)
        match scheme[1].lower():
            case "shot" if kind is Kind.AUDIO:
                raise Unusable("a shot gives its last frame or its clip, but no sound by itself")
            case "shot":
                return FromShot(text.partition(":")[2])
            case "asset":
                return Address(text)
            case "http" | "https":
                if why := refusal(text, loopback=self.loopback):
                    raise Unusable(f"the address {why}")
                return Address(text)
            case "data":
                raise Unusable("a story holds no data: addresses; put the file beside the story and name it")
            case other:
                raise Unusable(f"'{other}:' is no address that a story takes; give a path, https:// or shot:<id>")

    def _file(self, given: Given, name: str, kind: Kind) -> LocalFile:
        try:
            file = self.assets.read(name)
        except Unusable as problem:
            raise Unusable(f"'{name}' {problem}") from None
        found = kind_of(file.type)
        if found is not kind:
            raise Unusable(f"'{name}' is a {NAMES[found]} by its content, where a {NAMES[kind]} belongs")
        if SUFFIXES.get(PurePosixPath(name).suffix.lower(), file.type) != file.type:
            told = f"'{name}' is {word(file.type)} by its content, whatever its name says"
            self.problems.warning(given.place, f"{given.key} in {given.where}: {told}")
        return file
