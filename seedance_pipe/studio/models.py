"""The models and schemas that travel with the program."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from seedance_pipe import packaged
from seedance_pipe.errors import StoryInvalid
from seedance_pipe.spec.model import Catalogue, Model, load_catalogue


def catalogue() -> Catalogue:
    return _read_once(packaged.folder("schemas"))


@cache
def _read_once(folder: Path) -> Catalogue:
    """The models that travel with a program do not change while it runs."""
    return load_catalogue(folder)


def model(name: str) -> Model:
    """Raises StoryInvalid, naming the nearest one, when no model has that name."""
    return _found(name, catalogue())


def _found(name: str, known: Catalogue) -> Model:
    found = known.find(name)
    if found is None:
        from seedance_pipe.spec.peers import meant_model

        hint = meant_model(name, known.names)
        raise StoryInvalid(f"there is no model '{name}'{hint}", next_step="`seedance-pipe models` lists them")
    return found


def schema_text(name: str) -> str:
    """The JSON text of the schema `story`, `model` (what models' schemas obey), or that of a model."""
    if name in ("story", "model"):
        return (packaged.folder("schemas") / f"{name}.schema.json").read_text(encoding="utf-8")
    known = catalogue()
    return known.files[_found(name, known).name].read_text(encoding="utf-8")


def editor_text() -> str:
    """The JSON text of the story's schema with all models in it, for editors."""
    from seedance_pipe.spec.editor import editor_schema

    schema = editor_schema(json.loads(schema_text("story")), catalogue())
    return json.dumps(schema, ensure_ascii=False, indent=1) + "\n"
