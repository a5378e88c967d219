"""Profiles: every edition of a story with one of its profiles, for commands that tidy up after all of them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from seedance_pipe.spec.edition import Edition
from seedance_pipe.spec.node import MappingNode
from seedance_pipe.spec.problems import Enough, Problems
from seedance_pipe.spec.source import read_source
from seedance_pipe.spec.syntax import story_grammar
from seedance_pipe.spec.weave import Weaver


def editions(path: Path, edition: Edition) -> tuple[Edition, ...]:
    """`edition`, and what it comes to with each profile of the story on top that it does not have. Of a story that
    cannot be read it is `edition` alone: whoever reads that is told why.
    """
    found = _names(path)
    more = (replace(edition, profiles=(*edition.profiles, one)) for one in found if one not in edition.profiles)
    return (edition, *more)


def _names(path: Path) -> tuple[str, ...]:
    """The profiles of the story, and of the files that it includes."""
    try:
        source = read_source(path.read_bytes(), str(path))
    except OSError:
        return ()
    if not isinstance(source.root, MappingNode):
        return ()
    grammar = story_grammar()
    weaver = Weaver(path.absolute(), source, Edition(), Problems(source.problems), grammar)
    with suppress(Enough):
        weaver.films()
    nodes = (one.root.get("profiles") for one in weaver.sources if isinstance(one.root, MappingNode))
    names = (str(key.value) for node in nodes if isinstance(node, MappingNode) for key, _ in node.entries)
    return tuple(dict.fromkeys(names))
