"""The story's schema as an editor wants it: with the names of all models, and with what each of them takes.

An editor reads one file and cannot follow a `model` line to the schema of that model. So what the models take is
laid into the story's own schema, for each model behind an `if` on its name. Every editor knows draft 7, so that is
what comes out.

It is milder than the program where a schema cannot tell: rules between parameters, files, templates and variables
are left to `validate`; and what a story needs is asked only of a file that must be one, so that included files may
use it, too. It is stricter in one thing: a default that does not suit the story's model is marked, even if every
shot replaces it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from seedance_pipe.document import thaw
from seedance_pipe.spec.form import ADAPTIVE, Form, Parameter
from seedance_pipe.spec.medium import Kind
from seedance_pipe.spec.model import Catalogue

_DRAFT = "http://json-schema.org/draft-07/schema#"

_NOTHING: Mapping[str, Any] = {
    "camera_fixed": {"const": False},
    "watermark": {"const": False},
    "audio": {"const": False},
    "seed": {"const": -1},
}
"""To ask for nothing is free on every model; other keys that a model lacks are not allowed."""

_LIMITED = ("resolution", "ratio", "duration", "frames", *_NOTHING)
_LIMITS = ("type", "enum", "const", "minimum", "maximum", "anyOf")
_AUTO = {"enum": ["auto", -1]}
_BOOLEANS = {"true": True, "false": False}

_NO_AXIS: Mapping[str, Any] = {key: {"not": {"required": ["model"]}} for key in ("foreach", "matrix")}
"""What a mapping says that is not repeated over its model."""

_ANY_MODEL = {"properties": {"model": False, **_NO_AXIS}}
"""A shot that is made by the story's model."""


_NEEDED = {
    "if": {"anyOf": [{"required": [key]} for key in ("title", "model", "foreach", "matrix", "cut", "budget")]},
    "then": {
        "required": ["version"],
        "if": {"not": {"required": ["include"]}},
        "then": {"required": ["shots"]},
    },
}
"""What a file needs that is no part of a story: it has a key that no included file has."""


def editor_schema(story: Mapping[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    """`story`, which is the story's schema, with the models of `catalogue` in it. Raises StoryInvalid when the
    file of a model is wrong.
    """
    top = _told(story, story["$defs"])
    shot = top["properties"]["shots"]["items"]
    profile = _told({"$ref": "#/$defs/profile"}, story["$defs"])
    top["properties"]["profiles"]["additionalProperties"] = profile
    for place in (top, shot, profile):
        place["properties"]["model"]["enum"] = list(catalogue.names)
        place["allOf"] = []
    del top["required"]
    taken = {}
    for name, model in catalogue.models.items():
        names = [one for one in catalogue.names if catalogue.aliases.get(one, one) == name]
        # A slash would have to be escaped where the definition is referred to.
        key = name.replace("/", ".")
        limits = {"$ref": f"#/$defs/{key}"}
        taken[key] = {"title": name, "properties": dict(_taken(Form(model)))}
        shot["allOf"].append({"if": _says(names), "then": limits})
        profile["allOf"].append({"if": _says(names), "then": {"properties": {"defaults": limits}}})
        top["allOf"] += [
            {"if": _says(names), "then": {"properties": {"shots": {"items": {"if": _ANY_MODEL, "then": limits}}}}},
            {
                "if": _says(names, shots={"contains": _ANY_MODEL}),
                "then": {"properties": {"defaults": limits}},
            },
        ]
    top["allOf"].append(_NEEDED)
    return {**top, "$schema": _DRAFT, "$id": f"{story['$id']}:editor", "$defs": taken}


def _says(names: Sequence[str], **beside: Any) -> dict[str, Any]:
    """Holds where the model is one of `names`, and the keys `beside` are as said there."""
    return {"required": ["model"], "properties": {"model": {"enum": [*names]}, **_NO_AXIS, **beside}}


def _taken(form: Form) -> Iterator[tuple[str, Any]]:
    """What a shot may say to one model, by key; nothing of keys that mean the same to all."""
    for key in _LIMITED:
        yield key, _limits(form, key) if form.takes(key) else _NOTHING.get(key, False)
    for key, hole in (("first_frame", "first_frame"), ("continues", "first_frame"), ("last_frame", "last_frame")):
        if not form.takes(hole):
            yield key, False
    lacks = {kind.value: False for kind in Kind if not form.takes(f"references.{kind.value}")}
    if lacks:
        yield "references", {"items": {"properties": lacks}} if len(lacks) < len(Kind) else False
    document = cast(Mapping[str, Any], thaw(form.model.document))
    yield "params", _natives(form, (), document.get("$defs", {}))


def _limits(form: Form, key: str) -> Any:
    """What the model takes of a portable key, in the story's own types."""
    if key == "ratio" and form.pixels is not None:
        return {"enum": [*form.ratios(), ADAPTIVE]}
    part = form.part(key)
    limits = {word: part[word] for word in _LIMITS if word in part}
    if part.get("x-as") == "text":
        limits = {"enum": [_portable(text) for text in part["enum"]]}
    if key == "seed":
        return {**limits, "minimum": -1}
    return {"anyOf": [limits, _AUTO]} if key == "duration" and "x-auto" in part else limits


def _portable(text: str) -> Any:
    """What a story writes for a value that the vendor wants as text."""
    return _BOOLEANS[text] if text in _BOOLEANS else int(text)


def _natives(form: Form, path: Parameter, definitions: Mapping[str, Any]) -> dict[str, Any]:
    """The vendor's own parameters inside those at `path`, without what the program alone sets."""
    group = form.groups[path]
    inside = {name: (*path, name) for name in group["properties"]}
    given = {
        name: _natives(form, one, definitions) if one in form.groups else _native(form.parts[one], definitions)
        for name, one in inside.items()
        if not form.owned(one)
    }
    about = {"description": group["description"]} if path else {}
    return {"type": "object", **about, "properties": given, "additionalProperties": False}


def _native(part: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    told = _told(part, definitions)
    if "default" in told:
        told["description"] += f" Default: {json.dumps(told['default'])}."
    return told


def _told(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """A schema without references and without annotations of our own, but for messages: as `errorMessage` editors
    show them, too.
    """
    while "$ref" in schema:
        own = {word: value for word, value in schema.items() if word != "$ref"}
        schema = {**definitions[schema["$ref"].rpartition("/")[2]], **own}
    told: dict[str, Any] = {}
    for word, value in schema.items():
        if word == "x-error":
            told["errorMessage"] = value["message"]
        elif word.startswith("x-") or word == "$defs":
            continue
        elif word in ("properties", "patternProperties"):
            told[word] = {name: _told(part, definitions) for name, part in value.items()}
        elif word in ("anyOf", "allOf"):
            told[word] = [_told(part, definitions) for part in value]
        elif word in ("items", "additionalProperties", "propertyNames", "not") and isinstance(value, Mapping):
            told[word] = _told(value, definitions)
        else:
            told[word] = value
    return told
