"""Reading one shot: its model, its keys over the story's defaults, its media, and the request they lead to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from seedance_pipe.spec.chain import Link, resolve
from seedance_pipe.spec.medium import FromShot, Kind, Role
from seedance_pipe.spec.model import Catalogue, Model
from seedance_pipe.spec.overlay import DEFAULTS, Overlay
from seedance_pipe.spec.peers import Peers, meant_model
from seedance_pipe.spec.repair import Repair
from seedance_pipe.spec.request import request
from seedance_pipe.spec.source import MappingNode, Node, SequenceNode
from seedance_pipe.spec.story import Origin, Shot
from seedance_pipe.spec.suitable import check_media
from seedance_pipe.spec.supply import Supply
from seedance_pipe.spec.syntax import Entry, Sheet, plain
from seedance_pipe.spec.variable import Library, Nodes, Scope
from seedance_pipe.spec.wanted import Brought, Given, Placed, Wanted

PLAIN = ("duration", "frames", "resolution", "ratio", "seed", "camera_fixed", "watermark", "audio")
_ENTRIES_PER_STEP = 10
FRAMES = (("first_frame", Role.FIRST_FRAME), ("last_frame", Role.LAST_FRAME))


@dataclass(frozen=True, slots=True)
class Outline:
    """One item of the list of shots. `before` is the id of the shot before it; `at` is where its id stands."""

    id: str
    where: str
    at: Placed
    sheet: Sheet
    before: str | None


@dataclass(frozen=True, slots=True)
class Cast:
    """What all shots of a story share while they are read.

    `vars` are the variables that every shot sees, `every` their scope; `declared` the names that any shot has.
    `links` grows with every shot that uses another.
    """

    catalogue: Catalogue
    supply: Supply
    library: Library
    top: Sheet
    defaults: Sheet
    vars: Nodes
    every: Scope
    declared: frozenset[str]
    ids: Mapping[str, None]
    links: list[Link]
    peers: Peers


def read_shot(cast: Cast, outline: Outline) -> Shot | None:
    """The shot, or None when something in it is wrong, which is then told."""
    scope = _scope(cast, outline)
    overlay = Overlay(outline.sheet, cast.defaults, scope, outline.where, cast.supply.problems)
    model, named = _model(cast, outline)
    keys = dict(_keys(cast, overlay))
    media = tuple(_media(cast, outline, overlay))
    if model is None:
        return None
    check_media(media, model, cast.supply)
    takes = overlay.given("takes")
    wanted = Wanted(
        where=outline.where,
        at=outline.at,
        keys=keys,
        params=_params(overlay),
        media=media,
        takes=int(takes.value) if takes else 1,
        unsure=frozenset(overlay.unsure),
    )
    repair = overlay.given("repair")
    made = request(cast.peers.form(model), wanted, cast.supply.problems, cast.peers)
    if made is None:
        return None
    return Shot(
        id=outline.id,
        place=outline.at.place,
        model=model,
        body=made.body,
        order=made.order,
        media=made.media,
        footage=made.footage,
        seed=made.seed,
        seed_path=made.seed_path,
        takes=wanted.takes,
        origins={
            **made.origins,
            **({("model",): Origin("model", named.place)} if named else {}),
            **({("repair",): Origin("repair", repair.place)} if repair else {}),
        },
        repair=Repair(repair.value) if repair else None,
    )


def _scope(cast: Cast, outline: Outline) -> Scope:
    own = outline.sheet.nodes("vars")
    if not own:
        return cast.every.seen_by(outline.where)
    # Each shot with variables of its own has a table of all that it sees.
    cast.library.spend(len(cast.vars) // _ENTRIES_PER_STEP, next(iter(own.values())))
    scope = Scope({**cast.vars, **own}, cast.library, outline.where, declared=cast.declared)
    scope.check_cycles(own)
    return scope


def _model(cast: Cast, outline: Outline) -> tuple[Model | None, Node | None]:
    """The shot's model, and where it is named."""
    entry = outline.sheet.get("model")
    if entry is None and "model" not in outline.sheet.wrong:
        entry = cast.top.get("model")
    problems = cast.supply.problems
    if entry is None:
        if "model" not in outline.sheet.wrong | cast.top.wrong:
            problems.error(
                outline.at.place, f"{outline.where} has no model; name one in it, or at the top for all"
            )
        return None, None
    name = str(entry.value)
    model = cast.catalogue.find(name)
    if model is None:
        close = meant_model(name, cast.catalogue.names) or "; see seedance-pipe models"
        problems.error(entry.node.place, f"there is no model '{name}'{close}")
    elif model.retirement:
        gone = model.retirement
        told = f"{name} is retired by its vendor as of {gone.on}; use {gone.successor}"
        problems.warning(entry.node.place, told)
    return model, entry.node


def _keys(cast: Cast, overlay: Overlay) -> Iterator[tuple[str, Given]]:
    """The prompt, and the keys with plain values; of frames and duration the one that counts."""
    prompt = overlay.entry("prompt")
    if prompt and (text := overlay.text("prompt", *prompt)):
        yield "prompt", text
    beaten = _beaten(overlay)
    for name in PLAIN:
        given = overlay.given(name) if name != beaten else None
        if given is not None:
            yield name, given


def _beaten(overlay: Overlay) -> str:
    """Of frames and duration the one that the other wins over; told when it is not clear which."""
    frames, duration = overlay.entry("frames"), overlay.entry("duration")
    if not frames or not duration:
        return ""
    if frames[1] == duration[1]:
        message = f"frames and duration in {frames[1]} are two ways to say the same; keep one"
        overlay.refuse("frames", frames[0].key.place, message)
        return "duration"
    return "duration" if duration[1] == DEFAULTS else "frames"


def _media(cast: Cast, outline: Outline, overlay: Overlay) -> Iterator[Brought]:
    continued = overlay.own("continues")
    if continued is not None:
        given = Given(f"shot:{continued.value}", "continues", outline.where, continued.node, continued.key)
        yield from _brought(cast, outline, overlay, given, Role.FIRST_FRAME, Kind.IMAGE)
    for key, role in FRAMES:
        found = overlay.entry(key)
        if found and continued and key == "first_frame":
            _tell_two_beginnings(*found, continued, overlay)
        elif found:
            yield from _brought(cast, outline, overlay, overlay.text(key, *found), role, Kind.IMAGE)
    for entry, where in [found for found in (overlay.entry("references"),) if found]:
        for key, kind, item in _references(entry):
            yield from _brought(cast, outline, overlay, overlay.text(key, item, where), Role.REFERENCE, kind)


def _references(entry: Entry) -> Iterator[tuple[str, Kind, Entry]]:
    """Each reference with its key as a person writes it."""
    for index, item in enumerate(entry.node.items if isinstance(entry.node, SequenceNode) else ()):
        for name, node in item.entries if isinstance(item, MappingNode) else ():
            yield f"references[{index}].{name.value}", Kind(name.value), Entry(name, node, plain(node))


def _tell_two_beginnings(first: Entry, where: str, continued: Entry, overlay: Overlay) -> None:
    """`continues` is a first frame itself; it wins over the default, but not over one in the same shot."""
    if where != DEFAULTS:
        said = f"continues in line {continued.key.place.line} gives the first frame already; keep one"
        overlay.refuse("first_frame", first.key.place, f"first_frame in {where}: {said}")


def _brought(
    cast: Cast, outline: Outline, overlay: Overlay, given: Given | None, role: Role, kind: Kind
) -> Iterator[Brought]:
    if given is None:
        return
    source = cast.supply.source(given, kind)
    if isinstance(source, FromShot):
        named = resolve(source.shot, given, outline.before, cast.ids, cast.supply.problems)
        source = FromShot(named) if named else None
        if named:
            cast.links.append(Link(outline.id, named, given))
    if source is None:
        overlay.unsure.add(given.key.partition("[")[0])
        return
    yield Brought(role, kind, source, given)


def _params(overlay: Overlay) -> tuple[Given, ...]:
    """The mappings of the vendor's own parameters, the shot's after that of the defaults."""
    layers = overlay.layers("params")
    return tuple(Given(entry.value, "params", where, entry.node, entry.key) for entry, where in layers)
