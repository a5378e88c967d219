"""Includes: the other files that a story is made of, read and laid under it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from seedance_pipe.errors import why
from seedance_pipe.spec.compose import HEAVIEST
from seedance_pipe.spec.inside import Unsafe, safe_path
from seedance_pipe.spec.layer import laid_over
from seedance_pipe.spec.node import MappingNode, ScalarNode, SequenceNode, weight
from seedance_pipe.spec.problems import Problems
from seedance_pipe.spec.source import Source, read_source
from seedance_pipe.spec.syntax import Grammar, plain, read_sheet

MOST_FILES = 100
"""Files that one story may be made of."""

_DEEPEST = 20
_KINDS: Mapping[str, tuple[type, ...]] = {
    "include": (ScalarNode, SequenceNode, MappingNode),
    "shots": (SequenceNode,),
}
_PARTS = ("include", "vars", "characters", "styles", "defaults", "profiles", "shots")


class Includes:
    """Reads what a story includes, each file once. `sources` grows with every file that is read."""

    def __init__(
        self, story: Path, shown: str, sources: list[Source], problems: Problems, grammar: Grammar
    ) -> None:
        self._sources = sources
        self._root = story.parent
        self._folder = Path(shown).parent
        self._problems = problems
        self._grammar = grammar
        self._known = {story.resolve()}
        self._weight = 0

    def woven(self, root: MappingNode, chain: tuple[Path, ...]) -> MappingNode:
        """`root` over all that it includes; what is wrong with a file is told, and the file left out. `chain` are
        the files that led here, the story first and this one last.
        """
        index = {name: entry for name, entry in root.index.items() if name != "include"}
        own = MappingNode(index, root.page, root.start)
        low = MappingNode({}, root.page, root.start)
        for node in self._wanted(root):
            part = self._part(node, chain)
            low = laid_over(low, part) if part else low
        return laid_over(low, own)

    def _wanted(self, root: MappingNode) -> Iterator[ScalarNode]:
        """The paths that `root` includes, as far as they are right."""
        entry = root.index.get("include")
        if entry is None:
            return
        alone = MappingNode({"include": entry}, root.page, root.start)
        sheet = read_sheet(alone, self._grammar.include, "the story", self._problems, self._grammar)
        right = sheet.get("include")
        if right is not None:
            items = right.node.items if isinstance(right.node, SequenceNode) else (right.node,)
            yield from (item for item in items if isinstance(item, ScalarNode))

    def _part(self, node: ScalarNode, chain: tuple[Path, ...]) -> MappingNode | None:
        """The included file with all that it includes itself; None when it adds nothing."""
        text = str(node.value)
        try:
            path = safe_path(self._root, text)
        except Unsafe as problem:
            self._problems.error(node.place, f"include '{text}' {problem}")
            return None
        if path in chain:
            names = [one.relative_to(chain[0].parent).as_posix() for one in (*chain[chain.index(path) :], path)]
            self._problems.error(node.place, f"include '{text}': files include each other: {' -> '.join(names)}")
            return None
        if path in self._known:
            return None
        self._known.add(path)
        if len(self._known) > MOST_FILES or len(chain) > _DEEPEST:
            told = f"a story is made of at most {MOST_FILES} files, and {_DEEPEST} deep"
            self._problems.error(node.place, f"include '{text}': {told}")
            return None
        source = self._read(path, text, node)
        if source is None or source.root is None:
            return None
        if not isinstance(source.root, MappingNode):
            self._problems.error(source.root.place, f"an included file is a mapping of {', '.join(_PARTS)}")
            return None
        return self.woven(self._right(source.root), (*chain, path))

    def _read(self, path: Path, text: str, node: ScalarNode) -> Source | None:
        try:
            if not path.is_file():
                raise FileNotFoundError(0, "No such file")
            data = path.read_bytes()
        except OSError as problem:
            told = f"include '{text}' cannot be read: {why(problem)}; paths are relative to the story"
            self._problems.error(node.place, told)
            return None
        source = read_source(data, str(self._folder / text))
        self._sources.append(source)
        self._problems.add(source.problems)
        self._weight += weight(source.root) if source.root else 0
        if self._weight > HEAVIEST:
            told = f"the included files have more than {HEAVIEST} values together"
            self._problems.error(node.place, f"include '{text}': {told}")
            return None
        return source

    def _right(self, root: MappingNode) -> MappingNode:
        """The keys that an included file may have, with values of their kind; everything else is told."""
        index = {}
        for name, (key, value) in root.index.items():
            if name == "version" and plain(value) != 1:
                self._problems.error(value.place, "this program reads version: 1")
            elif name == "version" or name.startswith("x-"):
                continue
            elif name not in _PARTS:
                known = name in self._grammar.story.properties
                told = "it belongs in the story itself" if known else f"it may hold {', '.join(_PARTS)}"
                self._problems.error(key.place, f"key '{name}' in an included file: {told}")
            elif not isinstance(value, _KINDS.get(name, (MappingNode,))):
                kind = "list" if name == "shots" else "mapping"
                self._problems.error(value.place, f"key '{name}' in an included file must be a {kind}")
            else:
                index[name] = key, value
        return MappingNode(index, root.page, root.start)
