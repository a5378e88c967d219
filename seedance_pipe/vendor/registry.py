"""The vendors that the program knows, by the name that stands before the slash of a model's name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from seedance_pipe.vendor import modelark
from seedance_pipe.vendor.adapter import Adapter

VENDORS: Mapping[str, Adapter] = MappingProxyType({modelark.FACTS.vendor: modelark})
