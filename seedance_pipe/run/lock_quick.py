"""Reading the blocks of shots just as we write them, by one expression for thousands of lines.

Nothing is decided here: what does not look exactly so is left to the reader of rows, which knows every place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from seedance_pipe.plan.lock import Block, Pin

SHOTS = "    shots:\n"

_HEX = "[0-9a-f]{64}"
_LEAF = rf" {{10}}%s: {_HEX}\n"
_PIN = re.compile(
    rf"((?: {{6}}([a-z][a-z0-9_-]*):\n {{8}}order: ({_HEX})\n)?"
    r" {8}((?P<take>take [1-9][0-9]{0,5})|(?P<frame>frame [1-9][0-9]{0,5})|clip):\n"
    rf" {{10}}of: ({_HEX})\n"
    rf"((?(take)(?:{_LEAF % 'in [a-z_]+(?:/[0-9]+)?'})*)"
    rf"(?(frame){_LEAF % 'frame'}|{_LEAF % 'clip'})"
    rf"(?(take)(?:{_LEAF % 'last_frame'})?)))"
)
_SECTION = re.compile(f"^{SHOTS}((?: {{6}}.*\n)*)", re.MULTILINE)


def without_blocks(text: str) -> tuple[str, list[str]]:
    """A lock file's text without what stands under each `shots:`, and that."""
    sections: list[str] = []

    def taken(section: re.Match[str]) -> str:
        sections.append(section[1])
        return SHOTS

    return _SECTION.sub(taken, text), sections


def blocks(section: str) -> Mapping[str, Block] | None:
    """The blocks that stand in a section, by shot; None where it is not just what we write."""
    found: dict[str, Block] = {}
    pins: dict[str, Pin] = {}
    length = 0
    for whole, shot, order, name, _, _, mark, told in _PIN.findall(section):
        length += len(whole)
        if shot:
            if shot in found:
                return None
            pins = {}
            found[shot] = Block(order, pins)
        if name in pins or not found:
            return None
        pins[name] = Pin(mark, told)
    return found if length == len(section) else None
