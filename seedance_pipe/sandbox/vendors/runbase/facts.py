"""What Runbase's Seedance models take and cost: runbase.md sections 6 and 7, 2026-11-21.

No default is documented: those here are ours, near the defaults of the models upstream (modelark.md section 4,
2026-11-21), and so are the pixel sizes (section 4.1 there; 1.0 Lite is taken to make what 1.0 Pro makes).
THE PRICES ARE INVENTED, as none was readable: they only make an account behave like one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from seedance_pipe.sandbox.vendors.modelark import facts as upstream
from seedance_pipe.units import Size

RATE = 24
MICRO = Decimal("0.000001")
"""A micro-dollar, in which `costUsd` counts."""

RATIOS = ("16:9", "9:16", "4:3", "3:4", "1:1", "21:9")
RESOLUTION = "720p"
"""The default, which all three models make."""

_INVENTED_PER_SECOND = MappingProxyType({"480p": 10_000, "720p": 22_000, "1080p": 50_000})


@dataclass(frozen=True, slots=True)
class Model:
    """`seconds` are texts, of which the first is the default; `images` is the most of `image_urls` (assumed: 1.0
    names one "source image", 1.5 "source images", which upstream are the first and the last); `share` is a part of
    the invented price.
    """

    id: str
    resolutions: tuple[str, ...]
    seconds: tuple[str, ...]
    sounds: bool
    images: int
    upstream: str
    share: Decimal

    def size(self, resolution: str, ratio: str) -> Size:
        return upstream.MODELS[self.upstream].size(resolution, ratio)

    def cost(self, resolution: str, seconds: int, *, sound: bool) -> int:
        """Invented: micro-dollars, twice as many with sound."""
        return int(_INVENTED_PER_SECOND[resolution] * seconds * self.share) * (2 if sound else 1)


MODELS: Mapping[str, Model] = MappingProxyType(
    {
        model.id: model
        for model in (
            Model(
                id="bytedance/seedance-1-pro",
                resolutions=("720p", "1080p"),
                seconds=("5", "10"),
                sounds=False,
                images=1,
                upstream="seedance-1-0-pro-250528",
                share=Decimal(1),
            ),
            Model(
                id="bytedance/seedance-1-lite",
                resolutions=("480p", "720p", "1080p"),
                seconds=("5", "10"),
                sounds=False,
                images=1,
                upstream="seedance-1-0-pro-250528",
                share=Decimal("0.5"),
            ),
            Model(
                id="bytedance/seedance-1.5-pro",
                resolutions=("480p", "720p", "1080p"),
                seconds=("4", "8", "12"),
                sounds=True,
                images=2,
                upstream="seedance-1-5-pro-251215",
                share=Decimal(1),
            ),
        )
    }
)
