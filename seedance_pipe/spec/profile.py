"""Profiles: named sets of values that a person lays over a story, such as a cheap draft."""

from __future__ import annotations

from collections.abc import Sequence

from seedance_pipe.errors import StoryInvalid
from seedance_pipe.spec.diagnostic import meant
from seedance_pipe.spec.layer import laid_over
from seedance_pipe.spec.node import MappingNode, ScalarNode
from seedance_pipe.spec.problems import Problems
from seedance_pipe.spec.syntax import Grammar, read_sheet


def check_profiles(root: MappingNode, problems: Problems, grammar: Grammar) -> None:
    """Tell what is wrong with any profile, chosen or not."""
    for name, node in _profiles(root).items():
        where = f"profile '{name}'"
        sheet = read_sheet(node, grammar.profile, where, problems, grammar)
        for part, checker in (("defaults", grammar.defaults), ("cut", grammar.cut)):
            entry = sheet.get(part)
            if entry is not None and isinstance(entry.node, MappingNode):
                read_sheet(entry.node, checker, f"{part} of {where}", problems, grammar)


def drafts_profile(root: MappingNode, problems: Problems) -> str:
    """The profile that the story's drafts are made with; "" where it names none. One that is not there is told."""
    node = root.get("drafts")
    if not isinstance(node, ScalarNode) or not isinstance(node.value, str):
        return ""
    name = node.value
    known = _profiles(root)
    if name not in known:
        there = f"; it has {', '.join(known)}" if known else "; give it one under profiles"
        problems.error(node.place, f"the story has no profile '{name}'{meant(name, known) or there}")
        return ""
    return name


def with_profiles(root: MappingNode, chosen: Sequence[str], story: str) -> MappingNode:
    """`root` with the `chosen` profiles laid over it, the last on top. Raises StoryInvalid, naming the story, when
    there is no such profile.
    """
    known = _profiles(root)
    for name in chosen:
        if name not in known:
            there = f"it has {', '.join(known)}" if known else "it has none"
            raise StoryInvalid(f"{story} has no profile '{name}'{meant(name, known) or f'; {there}'}")
        root = laid_over(root, known[name])
    return root


def naming_profiles(root: MappingNode, chosen: Sequence[str]) -> tuple[str, ...]:
    """Those of the `chosen` profiles that are above the last one which says where the film goes: the film's file
    is called after them, so that a draft never takes the place of the film.
    """
    known = _profiles(root)
    named: tuple[str, ...] = ()
    for name in chosen:
        cut = known[name].get("cut")
        said = isinstance(cut, MappingNode) and cut.get("output") is not None
        named = () if said else (*named, name)
    return named


def _profiles(root: MappingNode) -> dict[str, MappingNode]:
    node = root.get("profiles")
    entries = node.entries if isinstance(node, MappingNode) else ()
    return {str(key.value): value for key, value in entries if isinstance(value, MappingNode)}
