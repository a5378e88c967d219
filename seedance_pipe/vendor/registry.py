"""The vendors that the program knows, by the name that stands before the slash of a model's name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from seedance_pipe.vendor import modelark, rivya, runbase, runware
from seedance_pipe.vendor.adapter import Adapter, Cancelling, Doubt, Lodging, Searching

_ADAPTERS: tuple[Adapter, ...] = (modelark, rivya, runbase, runware)

VENDORS: Mapping[str, Adapter] = MappingProxyType({adapter.FACTS.vendor: adapter for adapter in _ADAPTERS})

LODGINGS: Mapping[str, Lodging] = MappingProxyType({rivya.FACTS.vendor: rivya, runware.FACTS.vendor: runware})
"""Those among them that keep uploads of ours."""

SEARCHES: Mapping[str, Searching] = MappingProxyType({modelark.FACTS.vendor: modelark})
"""Those among them whose list of tasks settles doubts."""

CANCELS: Mapping[str, Cancelling] = MappingProxyType({modelark.FACTS.vendor: modelark})
"""Those among them that let go of a task as long as it waits."""


def settles(vendor: str) -> bool:
    """Whether a run can find out by itself if `vendor` has a request that got no clear answer."""
    return VENDORS[vendor].FACTS.doubt is not Doubt.PERSON
