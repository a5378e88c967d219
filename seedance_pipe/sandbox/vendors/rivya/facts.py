"""What Rivya's Seedance models take and cost: rivya.md sections 5 to 7, 2026-11-21.

Rivya documents no pixel sizes. Those of the model upstream are assumed (modelark.md section 4.1, 2026-11-21); 1.0
Lite, which is not in that table, is taken to make what 1.0 Pro makes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from seedance_pipe.sandbox.vendors.modelark import facts as upstream
from seedance_pipe.units import Size

RATE = 24
MOST_TRACE = 128
"""Characters of a `client_request_id`; documented for the Files API, assumed for generations."""

_RATIOS = ("21:9", "16:9", "4:3", "1:1", "3:4", "9:16")
_LITE_RATIOS = ("16:9", "4:3", "1:1", "3:4", "9:16", "9:21")
_NO_YES = ("false", "true")


@dataclass(frozen=True, slots=True)
class Select:
    """A parameter that is one of a few texts."""

    choices: tuple[str, ...]
    default: str


@dataclass(frozen=True, slots=True)
class Whole:
    """A parameter that is a whole number; that fractions are refused is assumed."""

    least: int
    most: int
    default: int


Parameter: TypeAlias = Select | Whole


@dataclass(frozen=True, slots=True)
class Model:
    """`prompt` is its longest in characters; `media` how many references of each kind a request has at most."""

    id: str
    name: str
    credits: int
    prompt: int
    params: Mapping[str, Parameter]
    media: Mapping[str, int]
    upstream: str

    def size(self, resolution: str, ratio: str) -> Size:
        """Pixels of a clip; `ratio` is none that adapts."""
        return upstream.MODELS[self.upstream].size(resolution, ratio)


def _flag(default: bool = False) -> Select:
    return Select(_NO_YES, _NO_YES[default])


def _one_0(name: str, title: str, *, price: int, ratios: tuple[str, ...], images: int) -> Model:
    params: dict[str, Parameter] = {
        "resolution": Select(("480p", "720p", "1080p"), "720p"),
        "duration": Select(("5", "10"), "5"),
        "aspect_ratio": Select(ratios, "16:9"),
        "camera_fixed": _flag(),
        "seed": Whole(-1, 2_147_483_647, -1),
        "enable_safety_checker": _flag(default=True),
    }
    return Model(name, title, price, 10_000, params, {"image": images}, "seedance-1-0-pro-250528")


_ONE_5 = Model(
    id="seedance-1-5-pro",
    name="Seedance 1.5 Pro",
    credits=28,
    prompt=2500,
    params={
        "resolution": Select(("480p", "720p", "1080p"), "720p"),
        "duration": Select(("4", "8", "12"), "8"),
        "generate_audio": _flag(),
        "aspectRatio": Select(_RATIOS, "1:1"),
        "fixed_lens": _flag(),
    },
    media={"image": 2},
    upstream="seedance-1-5-pro-251215",
)


def _two(name: str, title: str, *, price: int, upstream_name: str) -> Model:
    """How many references 2.0 takes was not readable: the model upstream's numbers are assumed."""
    params: dict[str, Parameter] = {
        "seedance_scene": Select(("text", "frames", "reference"), "text"),
        "resolution": Select(("480p", "720p"), "720p"),
        "aspect_ratio": Select((*_RATIOS, "adaptive"), "16:9"),
        "duration": Whole(4, 15, 5),
        "generate_audio": _flag(default=True),
        "return_last_frame": _flag(),
        "web_search": _flag(),
        "nsfw_checker": _flag(),
    }
    return Model(name, title, price, 2500, params, {"image": 9, "video": 3, "audio": 3}, upstream_name)


MODELS: Mapping[str, Model] = MappingProxyType(
    {
        model.id: model
        for model in (
            _one_0("seedance-1-0-pro", "Seedance 1.0 Pro", price=25, ratios=_RATIOS, images=1),
            _one_0("seedance-1-0-lite", "Seedance 1.0 Lite", price=16, ratios=_LITE_RATIOS, images=2),
            _ONE_5,
            _two("seedance-2", "Seedance 2.0", price=175, upstream_name="dreamina-seedance-2-0-260128"),
            _two(
                "seedance-2-fast",
                "Seedance 2.0 Fast",
                price=140,
                upstream_name="dreamina-seedance-2-0-fast-260128",
            ),
        )
    }
)
