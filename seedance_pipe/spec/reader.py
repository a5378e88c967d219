"""Reading a story: a file becomes a Story, or the list of everything that is wrong with it, in one pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from seedance_pipe.errors import StoryInvalid, why
from seedance_pipe.spec.asset import Assets
from seedance_pipe.spec.bridge import check_bridges
from seedance_pipe.spec.budget import read_budget
from seedance_pipe.spec.cap import NO_CAPS, Caps
from seedance_pipe.spec.chain import PREVIOUS, check_cycles
from seedance_pipe.spec.compose import HEAVIEST
from seedance_pipe.spec.cut import check_output, default_output, output_path
from seedance_pipe.spec.diagnostic import Diagnostic
from seedance_pipe.spec.edition import AS_WRITTEN, Edition
from seedance_pipe.spec.final import with_drafts
from seedance_pipe.spec.inside import is_device
from seedance_pipe.spec.medium import Measured
from seedance_pipe.spec.model import Catalogue
from seedance_pipe.spec.peers import Peers
from seedance_pipe.spec.problems import MOST, Enough, Problems
from seedance_pipe.spec.product import REPEATS
from seedance_pipe.spec.secret import passwords, secrets
from seedance_pipe.spec.shot import Cast, Outline, read_shot
from seedance_pipe.spec.source import MappingNode, Node, ScalarNode, SequenceNode, Source, read_source, weight
from seedance_pipe.spec.story import Shot, Story
from seedance_pipe.spec.suitable import check_clips
from seedance_pipe.spec.supply import Supply
from seedance_pipe.spec.syntax import EMPTY, Grammar, Sheet, read_sheet, story_grammar
from seedance_pipe.spec.variable import Library, Scope, texts
from seedance_pipe.spec.weave import Film, Weaver

PARTS = ("characters", "styles")
"""Parts of prompts: variables that have a place of their own in a story."""

TEMPLATED = ("prompt", "first_frame", "last_frame", "references", "vars")


@dataclass(frozen=True, slots=True)
class Reading:
    """`stories` are the story's films, none when any of the diagnostics is an error. `lines` are those of each
    file, for showing them; what looks like a key is blotted out in both.
    """

    stories: tuple[Story, ...]
    diagnostics: tuple[Diagnostic, ...]
    lines: Mapping[str, Sequence[str]]

    @property
    def story(self) -> Story | None:
        """The first film, which is the only one of most stories."""
        return self.stories[0] if self.stories else None


def read_story(
    path: Path,
    catalogue: Catalogue,
    *,
    shown: str | None = None,
    edition: Edition = AS_WRITTEN,
    uploads: bool = False,
    loopback: bool = False,
    measure: Callable[[Path], Measured] | None = None,
    keys: Mapping[str, str] | None = None,
) -> Reading:
    """The story at `path`, and its problems sorted by place.

    `shown` is how messages name the file; `edition` is what was asked for beside it. `uploads` says that there
    is a place on the web for media that must have an address, `loopback` that addresses on this machine are
    welcome, as in a rehearsal. `measure` looks into videos and sounds; without it their length is not checked.
    `keys` are secrets by the names of variables that hold them: none may be in a story. Raises StoryInvalid when
    a file that was asked for cannot be read, when there is no such profile or variant, and when the file of a
    model that the story names is wrong.
    """
    name = shown or str(path)
    try:
        data = path.read_bytes()
    except OSError as problem:
        raise StoryInvalid(f"{name} cannot be read: {why(problem)}") from None
    source = read_source(data, name)
    problems = Problems(source.problems)
    sources = [source]
    stories: list[Story] = []
    held = keys or {}
    if isinstance(source.root, MappingNode):
        path = path.absolute()
        supply = Supply(Assets(path.parent, measure), problems, uploads=uploads, loopback=loopback)
        grammar = story_grammar()
        weaver = Weaver(path, source, edition, problems, grammar)
        sources = weaver.sources
        with suppress(Enough):
            films = weaver.films()
            for one in sources:
                _tell_secrets(one.root, problems, held)
            for film in films:
                story = _Script(path, film, catalogue, supply, grammar).story()
                stories += [story] if story else []
            _check_outputs(stories, source.root, problems)
            rehearsed = [_Script(path, film, catalogue, supply, grammar).story() for film in weaver.drafts()]
            stories[:] = with_drafts(stories, filter(None, rehearsed), Peers(catalogue), problems)
    elif source.root is not None:
        problems.error(source.root.place, "a story is a mapping of keys to values; begin it with version: 1")
    # Comments and broken files hold keys too.
    blots = dict.fromkeys(blot for one in sources for blot in _blots(one, held))
    diagnostics = tuple(replace(one, message=_blotted(one.message, blots)) for one in problems.diagnostics)
    # Of files that are full of keys no line is shown.
    shown_lines = {
        one.file: tuple(_blotted("\n".join(one.lines), blots).split("\n")) if len(blots) <= MOST else ()
        for one in sources
    }
    return Reading(() if problems.fatal else tuple(stories), diagnostics, shown_lines)


class _Script:
    """The text of one film while it is read."""

    def __init__(self, path: Path, film: Film, catalogue: Catalogue, supply: Supply, grammar: Grammar) -> None:
        self.path = path
        self.film = film
        self.root = root = film.root
        self.supply = supply
        self.problems = supply.problems
        self.grammar = grammar
        self.top = read_sheet(root, grammar.story, "the story", self.problems, grammar)
        self.defaults = self._sheet_of("defaults")
        self.cut = self._sheet_of("cut")
        self.budget = self._budget()
        self.outlines = tuple(self._outlines())
        self.library = Library(self.problems)
        self.vars = self._vars()
        self.declared = self._declared()
        self.catalogue = catalogue

    def story(self) -> Story | None:
        """The story as far as it is right; whoever asks looks at the problems first."""
        self.library.check_names(self._templated(), self.declared)
        shared = {**self.vars, **self.defaults.nodes("vars")}
        whole = Scope(self.vars, self.library, "the story", declared=self.declared)
        every = Scope(shared, self.library, "every shot", declared=self.declared)
        whole.check_cycles(self.vars)
        every.check_cycles(shared)
        cast = Cast(
            catalogue=self.catalogue,
            supply=self.supply,
            library=self.library,
            top=self.top,
            defaults=self.defaults,
            vars=shared,
            every=every,
            declared=self.declared,
            ids=self.ids,
            links=[],
            peers=Peers(self.catalogue),
        )
        self._check_defaults()
        shots = [shot for outline in self.outlines if (shot := read_shot(cast, outline)) is not None]
        check_cycles(cast.links, self.problems)
        check_clips(shots, self.problems)
        check_bridges(shots, self.problems)
        title = self._text(self.top, "title", whole) or self.path.stem
        output = self._output(whole, shots)
        entry, name = self.top.get("drafts"), self.film.name
        drafts = str(entry.value) if entry else ""
        return Story(self.path, title, tuple(shots), output, self.budget, name, drafts) if output else None

    def _sheet_of(self, name: str) -> Sheet:
        entry = self.top.get(name)
        if entry is None or not isinstance(entry.node, MappingNode):
            return EMPTY
        return read_sheet(entry.node, getattr(self.grammar, name), name, self.problems, self.grammar)

    def _budget(self) -> Caps:
        entry = self.top.get("budget")
        return NO_CAPS if entry is None else read_budget(entry, self.grammar, self.problems)

    def _outlines(self) -> Iterator[Outline]:
        entry = self.top.get("shots")
        items = entry.node.items if entry and isinstance(entry.node, SequenceNode) else ()
        ids = [_id_of(node) for node in items]
        seen: dict[str, Node] = {}
        self.ids = dict.fromkeys(id_ for id_ in ids if id_)
        for index, (node, id_) in enumerate(zip(items, ids, strict=True)):
            where = f"shot '{id_[:100]}'" if id_ else f"shot {index + 1}"
            if not isinstance(node, MappingNode):
                self.problems.error(node.place, f"{where} is no mapping of keys to values; begin it with id:")
                continue
            sheet = read_sheet(node, self.grammar.shot, where, self.problems, self.grammar)
            own = sheet.get("id")
            if own is not None:
                self._check_id(str(own.value), own.node, node, seen)
            # A shot without a name is not looked for, but it is there.
            before = ids[index - 1] or f"shot {index}" if index else None
            yield Outline(id_ or where, where, own.node if own else node, sheet, before)

    def _check_id(self, id_: str, node: Node, shot: Node, seen: dict[str, Node]) -> None:
        if seen.get(id_) is node:
            told = f"the id '{id_}' of line {node.place.line} comes here too, by an alias or '<<'"
            self.problems.error(shot.place, f"{told}; give this shot one of its own")
        elif id_ in seen:
            line = seen[id_].place.line
            self.problems.error(node.place, f"id '{id_}' is taken: line {line} has a shot of that name")
        elif id_ == PREVIOUS:
            self.problems.error(node.place, f"id '{id_}' is kept for the shot before; take another name")
        elif is_device(id_):
            self.problems.error(node.place, f"id '{id_}' is the name of a device on Windows; take another name")
        seen.setdefault(id_, node)

    def _check_defaults(self) -> None:
        """Every shot holds all the defaults: what is little once can be far too much many times. Written out they
        may weigh as much as a file with its aliases. Raises Enough.
        """
        entries = [entry for name, entry in self.defaults.every.items() if name != "vars"]
        if len(self.outlines) * sum(weight(entry.node) for entry in entries) > HEAVIEST:
            told = f"the defaults are too long for {len(self.outlines)} shots"
            self.problems.error(entries[0].key.place, f"{told}; give long values to the shots that need them")
            raise Enough

    def _vars(self) -> Mapping[str, Node]:
        """The story's variables; its characters and its styles are one each."""
        cast = {name: entry.node for name in PARTS if (entry := self.top.every.get(name)) is not None}
        for sheet in (self.top, self.defaults, *(outline.sheet for outline in self.outlines)):
            entry = sheet.every.get("vars")
            for name in cast if entry is not None and isinstance(entry.node, MappingNode) else ():
                key = entry.node.key(name) if entry and isinstance(entry.node, MappingNode) else None
                if key is not None:
                    self.problems.error(
                        key.place, f"'{name}' are the story's {name}; call this variable otherwise"
                    )
        return {**self.top.nodes("vars"), **cast}

    def _declared(self) -> frozenset[str]:
        sheets = (self.top, self.defaults, *(outline.sheet for outline in self.outlines))
        # Of a repetition that is wrong nothing is left but its names.
        named = (name for sheet in sheets for key in ("vars", *REPEATS) for name in sheet.nodes(key))
        return frozenset((*self.vars, *named))

    def _templated(self) -> Iterator[Node]:
        """Every text of the file that is a template."""
        for sheet in (self.top, self.defaults, *(outline.sheet for outline in self.outlines)):
            yield from (sheet.entries[name].node for name in TEMPLATED if name in sheet.entries and name != "vars")
            yield from sheet.nodes("vars").values()
        yield from (self.vars[name] for name in PARTS if name in self.vars)
        yield from (entry.node for entry in (self.top.get("title"), self.cut.get("output")) if entry)

    def _text(self, sheet: Sheet, name: str, scope: Scope) -> str | None:
        entry = sheet.get(name)
        return scope.text(entry.node) if entry and isinstance(entry.node, ScalarNode) else None

    def _output(self, scope: Scope, shots: Sequence[Shot]) -> Path | None:
        entry = self.cut.get("output")
        names = [*self.film.suffix]
        if entry is None:
            path: Path | None = default_output(self.path)
            place = self.root.place
        else:
            text = self._text(self.cut, "output", scope)
            place = entry.node.place
            path = output_path(self.path, text, place, self.problems) if text is not None else None
        if path is not None:
            if self.film.name and not (entry and self.film.axes.intersection(self.library.uses(entry.node))):
                names.append(self.film.name)
            path = path.with_stem("-".join((path.stem, *names)))
            check_output(path, place, shots, self.problems)
        return path


def _id_of(node: Node) -> str | None:
    id_ = node.get("id") if isinstance(node, MappingNode) else None
    return id_.value if isinstance(id_, ScalarNode) and isinstance(id_.value, str) and id_.value else None


def _check_outputs(stories: Sequence[Story], root: Node, problems: Problems) -> None:
    """No two films of a story may be one file."""
    taken: dict[Path, str] = {}
    for story in stories:
        if story.output in taken:
            both = f"'{taken[story.output]}' and '{story.variant}'"
            told = f"the films {both} would be written to one file, {story.output.name}"
            problems.error(root.place, f"{told}; use what they differ in in cut.output")
        taken.setdefault(story.output, story.variant)


def _blots(source: Source, held: Mapping[str, str]) -> Iterator[str]:
    """All that must not be shown of a file."""
    yield from _keys_in("\n".join(source.lines), held)
    for node in dict.fromkeys(texts(source.root)) if source.root else ():
        yield from _keys_in(str(node.value), held)


def _keys_in(text: str, held: Mapping[str, str]) -> Iterator[str]:
    """Everything in `text` that is a key or looks like one, or a password, so that it can be blotted out."""
    yield from (key for key in held.values() if key in text)
    yield from (text[begin:end] for begin, end in (*passwords(text), *secrets(text)))


def _tell_secrets(root: Node | None, problems: Problems, held: Mapping[str, str]) -> None:
    """Tell every text in which one of the keys `held` stands, or something that looks like a key, where the first
    such thing stands.
    """
    for node in dict.fromkeys(texts(root)) if root else ():
        for begin, end, what in islice(_told(str(node.value), held), 1):
            problems.error(
                node.place_of(begin, end - begin),
                f"{what}; keys belong in the environment (ARK_API_KEY and the like), never in a story; take it "
                "out, and have a new one made if the file was shared",
            )


def _told(text: str, held: Mapping[str, str]) -> Iterator[tuple[int, int, str]]:
    for variable, key in held.items():
        if key in text:
            yield text.index(key), text.index(key) + len(key), f"this is the secret key that {variable} holds"
    for begin, end in secrets(text):
        yield begin, end, "this looks like a secret key"


def _blotted(text: str, blots: Iterable[str]) -> str:
    for blot in blots:
        text = text.replace(blot, "*" * len(blot))
    return text
