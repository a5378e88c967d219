"""Shots as they ask a model for a request, without a file around them; and stories written into a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seedance_pipe import packaged
from seedance_pipe.spec.diagnostic import Place
from seedance_pipe.spec.form import Form
from seedance_pipe.spec.medium import Address, Kind, Role, Source
from seedance_pipe.spec.model import Model, load_catalogue
from seedance_pipe.spec.problems import Problems
from seedance_pipe.spec.reader import Reading, read_story
from seedance_pipe.spec.request import Request, request
from seedance_pipe.spec.wanted import Brought, Given, Wanted

CATALOGUE = load_catalogue(packaged.folder("schemas"))
MODELS = tuple(CATALOGUE.models)
PRO, FAST = "modelark/seedance-1-0-pro", "modelark/seedance-1-0-pro-fast"
MID, TWO, TWO_FAST = "modelark/seedance-1-5-pro", "modelark/seedance-2-0", "modelark/seedance-2-0-fast"


@dataclass(frozen=True)
class Spot:
    place: Place


SPOT = Spot(Place("story.yaml", 1, 1))


def known(name: str) -> Model:
    model = CATALOGUE.find(name)
    assert model is not None
    return model


FORMS = {name: Form(CATALOGUE.models[name]) for name in MODELS}


def given(value: Any, key: str, where: str = "shot 'beach'") -> Given:
    return Given(value, key, where, SPOT, SPOT)


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
        params={name: given(value, f"params.{name}") for name, value in (params or {}).items()},
        media=media,
        takes=takes,
    )
    made = request(FORMS.get(model.name) or Form(model), wanted, problems)
    return made, [one.message for one in problems.diagnostics]


def write(folder: Path, text: str, name: str = "story.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def read(path: Path, **options: Any) -> Reading:
    return read_story(path, CATALOGUE, shown=path.name, **options)


def messages(reading: Reading) -> list[str]:
    return [str(one) for one in reading.diagnostics]
