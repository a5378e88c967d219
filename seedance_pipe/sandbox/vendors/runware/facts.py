"""What Runware's Seedance models take, make and cost: runware.md sections 7 and 8, 2026-11-21."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from seedance_pipe.units import Size

RATE = 24
_TURNED = MappingProxyType({"3:4": "4:3", "9:16": "16:9", "9:21": "21:9"})
_ONE_0_480 = {"16:9": (864, 480), "4:3": (736, 544), "1:1": (640, 640), "21:9": (960, 416)}
_ONE_0_720 = {"16:9": (1248, 704), "4:3": (1120, 832), "1:1": (960, 960), "21:9": (1504, 640)}
_ONE_0_1080 = {"16:9": (1920, 1088), "4:3": (1664, 1248), "1:1": (1440, 1440), "21:9": (2176, 928)}
_ONE_5 = {
    "480p": {"16:9": (864, 496), "4:3": (752, 560), "1:1": (640, 640), "21:9": (992, 432)},
    "720p": {"16:9": (1280, 720), "4:3": (1112, 834), "1:1": (960, 960), "21:9": (1470, 630)},
    "1080p": {"16:9": (1920, 1080), "4:3": (1664, 1248), "1:1": (1440, 1440), "21:9": (2206, 946)},
}


@dataclass(frozen=True, slots=True)
class Model:
    """One model: `sizes` by resolution and ratio, the least and the most `seconds`, USD per million tokens.

    `adapts_at` is the resolution of a clip whose request names only pictures: undocumented, so that of the model
    upstream is assumed. `tenths`: lengths come in steps of 0.1 s; otherwise in whole seconds, and may be `auto`
    (that 1.5 Pro takes 4 to 12 s, its switches and that sound is on unless it is switched off, third parties
    report).
    """

    air: str
    slug: str
    sizes: Mapping[str, Mapping[str, Size]]
    adapts_at: str
    seconds: tuple[float, float]
    tenths: bool
    images: int
    switches: tuple[str, ...]
    usd: Decimal
    usd_with_sound: Decimal

    @property
    def sounds(self) -> bool:
        return "audio" in self.switches

    def pairs(self) -> list[Size]:
        return [size for table in self.sizes.values() for size in table.values()]

    def nearest(self, resolution: str, aspect: float) -> Size:
        """The size of that resolution whose width over height is nearest."""
        return min(self.sizes[resolution].values(), key=lambda size: abs(math.log(size.aspect / aspect)))

    def cost(self, size: Size, frames: int, *, sound: bool) -> Decimal:
        """USD for one result, to eight decimals as on receipts (section 8, exact against real ones)."""
        rate = self.usd_with_sound if sound else self.usd
        exact = Decimal(size.width * size.height * frames) / 1024 * rate / 1_000_000
        return exact.quantize(Decimal("1e-8"))


def frames_of(seconds: float) -> int:
    """The rung of 29, 33, … 289 frames nearest to 24 a second and one more (section 7; which rung is assumed)."""
    return 29 + 4 * min(max(round((RATE * seconds + 1 - 29) / 4), 0), 65)


def _table(lying: Mapping[str, tuple[int, int]], *, without: tuple[str, ...] = ()) -> dict[str, Size]:
    """Sizes by ratio; the upright ones are the lying ones turned."""
    sizes = {ratio: Size(*pair) for ratio, pair in lying.items()}
    sizes |= {ratio: Size(*reversed(lying[like])) for ratio, like in _TURNED.items()}
    return {ratio: size for ratio, size in sizes.items() if ratio not in without}


_PRO = Model(
    air="bytedance:2@1",
    slug="bytedance-seedance-1-0-pro",
    sizes={"480p": _table(_ONE_0_480), "1080p": _table(_ONE_0_1080)},
    adapts_at="1080p",
    seconds=(1.2, 12),
    tenths=True,
    images=2,
    switches=("cameraFixed",),
    usd=Decimal("1.98"),
    usd_with_sound=Decimal("1.98"),
)
_FAST = Model(
    air="bytedance:2@2",
    slug="bytedance-seedance-1-0-pro-fast",
    # A page of 2025-10 lists 9:21 for this model, too, and no 720p; the reference assumes that there is none now.
    sizes={
        name: _table(table, without=("9:21",))
        for name, table in (("480p", _ONE_0_480), ("720p", _ONE_0_720), ("1080p", _ONE_0_1080))
    },
    adapts_at="1080p",
    seconds=(1.2, 12),
    tenths=True,
    images=1,
    switches=("cameraFixed",),
    usd=Decimal("0.649"),
    usd_with_sound=Decimal("0.649"),
)
_ONE_5_PRO = Model(
    air="bytedance:seedance@1.5-pro",
    slug="bytedance-seedance-1-5-pro",
    sizes={name: _table(table, without=("9:21",)) for name, table in _ONE_5.items()},
    adapts_at="720p",
    seconds=(4, 12),
    tenths=False,
    images=2,
    switches=("cameraFixed", "audio", "draft"),
    usd=Decimal("1.2"),
    usd_with_sound=Decimal("2.4"),
)

MODELS: Mapping[str, Model] = MappingProxyType({model.air: model for model in (_PRO, _FAST, _ONE_5_PRO)})
