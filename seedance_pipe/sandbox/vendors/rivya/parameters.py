"""The `params` of a generation, one rule each: rivya.md section 7, 2026-11-21.

Selects are texts, flags and lengths included. What an unknown key or another JSON type does is not documented:
both are refused, and so is `null`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from seedance_pipe.sandbox.request import Fields
from seedance_pipe.sandbox.vendors.rivya.facts import Model, Parameter, Select, Whole
from seedance_pipe.sandbox.vendors.rivya.wrong import invalid

MEDIA = "referenceMediaItems"

Values: TypeAlias = Mapping[str, str | int]


def read_params(sent: Any, model: Model) -> Values:
    """Every parameter of the model, as sent or with its documented default. Raises Wrong."""
    if not isinstance(sent, Mapping):
        raise invalid("params", "it must be an object")
    for key in sent:
        if key != MEDIA and key not in model.params:
            raise invalid(f"params.{key}", f"{model.id} has no such parameter")
    fields = Fields(sent, invalid, at="params")
    return {key: _value(sent, fields, key, parameter) for key, parameter in model.params.items()}


def _value(sent: Mapping[str, Any], fields: Fields, key: str, parameter: Parameter) -> str | int:
    if isinstance(parameter, Select):
        return fields.choice(key, parameter.default, parameter.choices)
    return _whole(sent[key], fields.path(key), parameter) if key in sent else parameter.default


def _whole(value: Any, at: str, parameter: Whole) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise invalid(at, "it must be a whole number")
    if not parameter.least <= value <= parameter.most:
        raise invalid(at, f"it must be from {parameter.least} to {parameter.most}")
    return int(value)
