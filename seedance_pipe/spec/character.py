"""Characters: what no text of a story may hold, whether it is written as it is or as an escape."""

from __future__ import annotations

import re

FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
"""C0 but tab and newline, DEL, C1, the two separators that YAML 1.1 took for line breaks, halves of surrogate
pairs, the byte order mark, and what Unicode keeps out of texts.
"""


def refusal(found: str) -> str:
    """The sentence about one forbidden character."""
    if found in "\u2028\u2029":
        return f"the character U+{ord(found):04X} is not allowed; write an ordinary line break"
    return f"the character U+{ord(found):04X} is not allowed; a text's only control characters are newline and tab"
