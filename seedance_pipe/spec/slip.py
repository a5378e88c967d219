"""Slips: what libyaml says about broken YAML, in words for the person who wrote it."""

from __future__ import annotations

import re

import yaml

_AT_THE_START = (
    (r"unexpected end of stream", "this quote is never closed"),
    (r"unexpected document indicator", "this quote is never closed before '---' or '...'"),
    (r"expected ',' or '\]'", "this list has no ']', or a ',' is missing in it"),
    (r"expected ',' or '\}'", "this mapping has no '}', or a ',' is missing in it"),
    (r"alphabetic or numeric", "'*' and '&' begin an alias or an anchor; put text that begins so in quotes"),
    (r"could not find expected ':'", "this line is neither 'key: value' nor a list item; is a ':' missing?"),
)
_WHERE_IT_WAS_SEEN = (
    (r"mapping values are not allowed", "a ':' cannot stand here; put text that contains ': ' in quotes"),
    (r"block sequence entries", "a list item cannot begin here; begin it on a line of its own"),
    (r"mapping keys are not allowed", "a '?' cannot stand here; put the text in quotes"),
    (r"cannot start any token", "a value cannot begin with this character; put the text in quotes"),
    (
        r"invalid Unicode character",
        "this escape stands for no character; write the character itself, or all of it as one \\U0001F3AC",
    ),
    (
        r"unknown escape|hexadecimal|hexdecimal|escape code",
        "there is no such escape in double quotes; write \\\\ for \\",
    ),
    (
        r"indentation|chomping|comment or line break",
        "after '|' or '>' comes the end of the line, and then indented text",
    ),
    (r"document start|<document", "something stands behind the end of the story; is it indented as the rest?"),
    (r"node content", "a value is missing here"),
    (r"tag", "a story file has no tags; put text that begins with '!' in quotes"),
    (r"directive|%YAML|incompatible", "a story file needs no line that begins with '%'"),
    (
        r"expected key|expected '-'|block end",
        "this does not fit what stands before it; check the indentation",
    ),
)


def plain_words(slip: yaml.MarkedYAMLError, text: str) -> tuple[int, str]:
    """The offset in the text that a slip is best shown at, and a sentence about it."""
    problem = str(slip.problem)
    seen = slip.problem_mark.index if slip.problem_mark else 0
    begun = slip.context_mark.index if slip.context_mark else seen
    if text[seen : seen + 1] == "\t":
        return seen, "a tab cannot stand here; indent with spaces"
    for pattern, message in _AT_THE_START:
        if re.search(pattern, problem):
            return begun, message
    if text[:seen].rstrip(" ").endswith(("'", '"')):
        return seen, "nothing can stand here, behind a closing quote; put the whole text in quotes"
    if text[:seen].rstrip(" ").endswith("}}"):
        return seen, "nothing can stand here, behind '}}'; put text that begins with '{{' in quotes"
    for pattern, message in _WHERE_IT_WAS_SEEN:
        if re.search(pattern, problem):
            return seen, message
    return seen, f"this is not YAML: {problem}"
