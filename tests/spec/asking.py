"""Shots as they ask a model for a request, without a file around them; and stories written into a folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from seedance_pipe import packaged
from seedance_pipe.document import freeze
from seedance_pipe.spec.diagnostic import Place
from seedance_pipe.spec.medium import Address, Kind, Role, Source
from seedance_pipe.spec.model import Abilities, Catalogue, Model, load_catalogue
from seedance_pipe.spec.peers import Peers
from seedance_pipe.spec.problems import Problems
from seedance_pipe.spec.reader import Reading, read_story
from seedance_pipe.spec.request import Request, request
from seedance_pipe.spec.source import read_source
from seedance_pipe.spec.wanted import Brought, Given, Wanted
from seedance_pipe.units import Size
from tests.builders import UNPRICED

CATALOGUE = load_catalogue(packaged.folder("schemas"))
MODELS = tuple(CATALOGUE.models)
MODELARK = tuple(name for name in MODELS if name.startswith("modelark/"))
PRO, FAST = "modelark/seedance-1-0-pro", "modelark/seedance-1-0-pro-fast"
RUNWARE, RUNWARE_FAST = "runware/seedance-1-0-pro", "runware/seedance-1-0-pro-fast"
MID, TWO, TWO_FAST = "modelark/seedance-1-5-pro", "modelark/seedance-2-0", "modelark/seedance-2-0-fast"


@dataclass(frozen=True)
class Spot:
    place: Place


SPOT = Spot(Place("story.yaml", 1, 1))


def known(name: str) -> Model:
    model = CATALOGUE.find(name)
    assert model is not None
    return model


PEERS = Peers(CATALOGUE)


def given(value: Any, key: str, where: str = "shot 'beach'") -> Given:
    return Given(value, key, where, SPOT, SPOT)


def native(params: dict[str, Any], where: str = "shot 'beach'") -> Given:
    """The vendor's own parameters, as if a file had them: all in its first line."""
    source = read_source(json.dumps(params).encode(), "story.yaml")
    assert source.root is not None
    return Given(params, "params", where, source.root, SPOT)


def brought(role: Role, kind: Kind = Kind.IMAGE, source: Source | None = None) -> Brought:
    return Brought(role, kind, source or Address("https://example.org/x"), given("x", role.value))


def asked(
    model: Model,
    *,
    media: Sequence[Brought] = (),
    params: dict[str, Any] | None = None,
    takes: int = 1,
    **keys: Any,
) -> tuple[Request | None, list[str]]:
    """The request that a shot leads to, and what was told of it."""
    problems = Problems()
    wanted = Wanted(
        where="shot 'beach'",
        at=SPOT,
        keys={key: given(value, key) for key, value in keys.items()},
        params=[native(params)] if params else (),
        media=media,
        takes=takes,
    )
    peers = PEERS if model.name in CATALOGUE.models else Peers(Catalogue({}))
    made = request(peers.form(model), wanted, problems, peers)
    return made, [one.message for one in problems.diagnostics]


def made_up(properties: dict[str, Any], required: Sequence[str] = (), **more: Any) -> Model:
    """A model of another vendor's shape, with 720p in two ratios; `more` are further keywords of its schema."""
    return Model(
        name="acme/one",
        vendor="acme",
        wire="one",
        revision="1",
        title="One",
        aliases=(),
        abilities=Abilities(True, True, MappingProxyType({}), False, False, False, False),
        sizes=MappingProxyType({("720p", "16:9"): Size(1280, 720), ("720p", "9:16"): Size(720, 1280)}),
        frame_rate=24,
        price=UNPRICED,
        retirement=None,
        document=freeze({"properties": properties, "required": list(required), **more}),
    )


def write(folder: Path, text: str, name: str = "story.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def read(path: Path, **options: Any) -> Reading:
    return read_story(path, CATALOGUE, shown=path.name, **options)


def messages(reading: Reading) -> list[str]:
    return [str(one) for one in reading.diagnostics]
