"""The vendors that the program knows, by the name that stands before the slash of a model's name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from seedance_pipe.vendor import modelark, rivya, runbase, runware
from seedance_pipe.vendor.adapter import Adapter, Lodging

_ADAPTERS: tuple[Adapter, ...] = (modelark, rivya, runbase, runware)

VENDORS: Mapping[str, Adapter] = MappingProxyType({adapter.FACTS.vendor: adapter for adapter in _ADAPTERS})

LODGINGS: Mapping[str, Lodging] = MappingProxyType({rivya.FACTS.vendor: rivya, runware.FACTS.vendor: runware})
"""Those among them that keep uploads of ours."""
