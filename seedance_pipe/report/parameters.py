"""The parameters of a model as its file has them: what each is called, who sets it, and what it may be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from seedance_pipe.spec.form import TASK_HOLE, Form, Parameter
from seedance_pipe.spec.model import Model
from seedance_pipe.spec.wording import limits, singles

_MANY = 12
_KINDS = {bool: "boolean", int: "integer", float: "number", str: "string"}


@dataclass(frozen=True, slots=True)
class Line:
    """`name` is the vendor's own, with dots between what lies inside each other. `keys` are the story keys that
    feed it; it can be set under `params` unless it is `owned` by the program. `default` is text, empty where the
    vendor has none or names none; `undocumented` what its page does not say.
    """

    name: str
    keys: tuple[str, ...]
    owned: bool
    type: str
    range: str
    default: str
    description: str
    undocumented: str


def parameters(model: Model) -> Iterator[Line]:
    """Every parameter in the order of the model's file."""
    form = Form(model)
    for path, part in form.parts.items():
        yield Line(
            name=".".join(path),
            keys=_keys(form, path, part),
            owned=form.owned(path),
            type=_type(part),
            range=span(part),
            default=plainly(part["default"]) if "default" in part else "",
            description=part.get("description", ""),
            undocumented=part.get("x-undocumented", ""),
        )


def resolutions(model: Model) -> list[str]:
    return [str(one) for one in singles(Form(model).part("resolution"))]


def seconds(model: Model) -> str:
    return span(Form(model).part("duration"))


def span(part: Mapping[str, Any]) -> str:
    """What a parameter may be, in as few signs as it takes: `2-12`, `480p 720p`, `4-15 or auto`."""
    named = [single for single in singles(part) if single != part.get("x-auto")]
    low, high = limits(part)
    found = " ".join(map(plainly, named))
    if len(named) > _MANY:
        found = f"{named[0]}, {named[1]}, … {named[-1]}"
    elif low is not None:
        found = " or ".join([_between(low, high), *map(plainly, named)])
    elif "maxLength" in part:
        found = f"{part.get('minLength', 0)}-{part['maxLength']} characters"
    elif "maxItems" in part:
        found = f"{part.get('minItems', 0)}-{part['maxItems']} items"
    return f"{found} or auto" if "x-auto" in part else found


def _between(low: float, high: float | None) -> str:
    if high is None:
        return f"{low} or more"
    return f"{low} to {high}" if low < 0 else f"{low}-{high}"


def plainly(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _keys(form: Form, path: Parameter, part: Mapping[str, Any]) -> tuple[str, ...]:
    if "x-key" in part:
        return (part["x-key"],)
    return tuple(hole for _, hole in form.lists.get(path, ()) if hole != TASK_HOLE)


def _type(part: Mapping[str, Any]) -> str:
    """The JSON type, also where the file gives its values only."""
    if "type" in part:
        return str(part["type"])
    if "anyOf" in part:
        return " or ".join(dict.fromkeys(_type(branch) for branch in part["anyOf"]))
    return " or ".join(dict.fromkeys(_KINDS[type(single)] for single in singles(part)))
