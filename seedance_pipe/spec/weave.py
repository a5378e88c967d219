"""Weaving: a story file, what it includes and what was asked for beside it become the text of each film."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from seedance_pipe.errors import StoryInvalid, why
from seedance_pipe.spec.diagnostic import meant
from seedance_pipe.spec.edition import Edition
from seedance_pipe.spec.include import Includes
from seedance_pipe.spec.node import MappingNode, SequenceNode
from seedance_pipe.spec.problems import Problems
from seedance_pipe.spec.profile import check_profiles, drafts_profile, naming_profiles, with_profiles
from seedance_pipe.spec.repeat import axes_of, films, shots
from seedance_pipe.spec.setting import settings_source, with_files, with_settings
from seedance_pipe.spec.source import Source, read_source
from seedance_pipe.spec.syntax import Grammar


@dataclass(frozen=True, slots=True)
class Film:
    """The text of one film: its `name` among the story's films, "" for the only one, and the `axes` by which they
    differ. `suffix` are the profiles that its file is called after.
    """

    name: str
    root: MappingNode
    axes: frozenset[str]
    suffix: tuple[str, ...]


class Weaver:
    """`sources` are all files that were read, and the settings, as far as they have been read."""

    def __init__(self, path: Path, source: Source, edition: Edition, problems: Problems, grammar: Grammar) -> None:
        self.sources = [source]
        self._path = path
        self._edition = edition
        self._problems = problems
        self._grammar = grammar

    def films(self) -> tuple[Film, ...]:
        """Every film of the story, or the one that was asked for. Raises StoryInvalid when there is no such film,
        profile or file of variables; and Enough.
        """
        story = self.sources[0]
        assert isinstance(story.root, MappingNode)
        includes = Includes(self._path, story.file, self.sources, self._problems, self._grammar)
        self._root = includes.woven(story.root, (self._path.resolve(),))
        check_profiles(self._root, self._problems, self._grammar)
        laid = with_profiles(self._root, self._edition.profiles, story.file)
        self._layers = [self._variables(path) for path in self._edition.files]
        if self._edition.settings:
            self.sources.append(settings_source(self._edition.settings))
        return self._films(laid, self._edition.profiles)

    def drafts(self) -> tuple[Film, ...]:
        """The same films as the profile has them that the story makes its drafts with; none where it names no such
        profile, or where these are the films that were asked for. `films` comes first. Raises Enough.
        """
        name = drafts_profile(self._root, self._problems)
        if not name or name in self._edition.profiles:
            return ()
        return self._films(with_profiles(self._root, (name,), self.sources[0].file), (name,))

    def _films(self, laid: MappingNode, profiles: Sequence[str]) -> tuple[Film, ...]:
        file = self.sources[0].file
        suffix = naming_profiles(self._root, profiles)
        root = self._set(laid)
        made = films(root, self._problems, self._grammar)
        chosen = self._edition.variant
        if chosen and chosen not in made:
            there = f"its films are {', '.join(made)}" if "" not in made else "it is one film"
            raise StoryInvalid(f"{file} has no variant '{chosen}'{meant(chosen, made) or f'; {there}'}")
        return tuple(
            Film(name, self._with_shots(text), axes_of(root), suffix)
            for name, text in made.items()
            if chosen in ("", name)
        )

    def _set(self, root: MappingNode) -> MappingNode:
        root = with_files(root, self._layers, self._problems)
        return with_settings(root, self.sources[-1], self._problems) if self._edition.settings else root

    def _variables(self, path: Path) -> Source:
        try:
            data = path.read_bytes()
        except OSError as problem:
            raise StoryInvalid(f"the variables in {path} cannot be read: {why(problem)}") from None
        source = read_source(data, str(path))
        self.sources.append(source)
        self._problems.add(source.problems)
        return source

    def _with_shots(self, root: MappingNode) -> MappingNode:
        entry = root.index.get("shots")
        if entry is None or not isinstance(entry[1], SequenceNode):
            return root
        every = shots(entry[1], self._problems, self._grammar)
        return MappingNode({**root.index, "shots": (entry[0], every)}, root.page, root.start)
