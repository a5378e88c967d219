"""What ModelArk's Seedance models take and make: modelark.md sections 3, 4, 4.1 and 7, 2026-11-21.

Where sources disagree on 2.5, it takes no drafts (as its catalogue and a probe say). Its sizes other than those of
16:9 were not found: they are invented, of the same height. Its MOV is painted with the codecs of our other clips.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from seedance_pipe.units import Size

RATIOS = ("16:9", "4:3", "1:1", "3:4", "9:16", "21:9")
MODES = ("t2v", "i2v", "flf2v", "r2v")
OLD_PICTURES = ("jpeg", "png", "webp", "bmp", "tiff", "gif")
NEW_PICTURES = (*OLD_PICTURES, "heic", "heif")

_PIXELS_1_0 = {
    "480p": {"16:9": (864, 480), "4:3": (736, 544), "1:1": (640, 640), "21:9": (960, 416)},
    "720p": {"16:9": (1248, 704), "4:3": (1120, 832), "1:1": (960, 960), "21:9": (1504, 640)},
    "1080p": {"16:9": (1920, 1088), "4:3": (1664, 1248), "1:1": (1440, 1440), "21:9": (2176, 928)},
}
_PIXELS_1_5 = {
    "480p": {"16:9": (864, 496), "4:3": (752, 560), "1:1": (640, 640), "21:9": (992, 432)},
    "720p": {"16:9": (1280, 720), "4:3": (1112, 834), "1:1": (960, 960), "21:9": (1470, 630)},
    "1080p": {"16:9": (1920, 1080), "4:3": (1664, 1248), "1:1": (1440, 1440), "21:9": (2206, 946)},
    "4k": {"16:9": (3840, 2160), "4:3": (3326, 2494), "1:1": (2880, 2880), "21:9": (4398, 1886)},
}
_PIXELS_2_5 = {
    "480p": {"16:9": (854, 480), "4:3": (640, 480), "1:1": (480, 480), "21:9": (1120, 480)},
    "720p": {"16:9": (1280, 720), "4:3": (960, 720), "1:1": (720, 720), "21:9": (1680, 720)},
    "1080p": {"16:9": (1920, 1080), "4:3": (1440, 1080), "1:1": (1080, 1080), "21:9": (2520, 1080)},
}


@dataclass(frozen=True, slots=True)
class References:
    """How many reference media there are at most; `seconds` bounds each video and sound, `total` all of a kind."""

    images: int
    videos: int
    sounds: int
    seconds: tuple[int, int]
    total: int
    sound_alone: bool = False


@dataclass(frozen=True, slots=True)
class Model:
    """One column of the matrix of section 4; `refused` are known keys that are an error on it in any value.

    `infers` is 2.5's way: a task type that may be named, a ratio that follows frames and edited videos.
    """

    id: str
    resolutions: tuple[str, ...]
    pixels: Mapping[str, Mapping[str, tuple[int, int]]]
    seconds: tuple[int, int]
    modes: tuple[str, ...]
    refused: frozenset[str]
    resolution: str = "720p"
    duration: int = 5
    picks_seconds: bool = True
    adapts_text: bool = True
    sounds: bool = True
    shows_draft: bool = True
    drafts: bool = False
    least_expiry: int = 1
    pictures: tuple[str, ...] = NEW_PICTURES
    references: References = References(9, 3, 3, (2, 15), 15)
    infers: bool = False

    def size(self, resolution: str, ratio: str) -> Size:
        """Pixels of the clip; an upright ratio is the lying one turned."""
        table = self.pixels[resolution]
        if ratio in table:
            return Size(*table[ratio])
        width, height = table[":".join(reversed(ratio.split(":")))]
        return Size(height, width)


_NEVER = frozenset({"tools", "output_format", "omni_reference_task_type"})


def _one_0(name: str, *, modes: tuple[str, ...]) -> Model:
    return Model(
        id=name,
        resolutions=("480p", "720p", "1080p"),
        pixels=_PIXELS_1_0,
        seconds=(2, 12),
        modes=modes,
        refused=_NEVER | {"draft"},
        resolution="1080p",
        picks_seconds=False,
        adapts_text=False,
        sounds=False,
        shows_draft=False,
        least_expiry=3600,
        pictures=OLD_PICTURES,
    )


def _two_0(name: str, *, resolutions: tuple[str, ...]) -> Model:
    return Model(
        id=name,
        resolutions=resolutions,
        pixels=_PIXELS_1_5,
        seconds=(4, 15),
        modes=MODES,
        refused=_NEVER | {"frames", "camera_fixed", "draft", "service_tier"},
    )


_ONE_5 = Model(
    id="seedance-1-5-pro-251215",
    resolutions=("480p", "720p", "1080p"),
    pixels=_PIXELS_1_5,
    seconds=(4, 12),
    modes=("t2v", "i2v", "flf2v"),
    refused=_NEVER | {"frames", "priority"},
    drafts=True,
    least_expiry=3600,
)

_TWO_5 = Model(
    id="dreamina-seedance-2-5-260628",
    resolutions=("480p", "720p", "1080p"),
    pixels=_PIXELS_2_5,
    seconds=(4, 30),
    modes=MODES,
    refused=frozenset({"tools", "frames", "camera_fixed", "draft", "service_tier"}),
    duration=-1,
    references=References(30, 10, 10, (2, 30), 30, sound_alone=True),
    infers=True,
)

MODELS: Mapping[str, Model] = MappingProxyType(
    {
        model.id: model
        for model in (
            _one_0("seedance-1-0-pro-250528", modes=("t2v", "i2v", "flf2v")),
            _one_0("seedance-1-0-pro-fast-251015", modes=("t2v", "i2v")),
            _ONE_5,
            _two_0("dreamina-seedance-2-0-260128", resolutions=("480p", "720p", "1080p", "4k")),
            _two_0("dreamina-seedance-2-0-fast-260128", resolutions=("480p", "720p")),
            _two_0("dreamina-seedance-2-0-mini-260615", resolutions=("480p", "720p")),
            _TWO_5,
        )
    }
)


def nearest_ratio(aspect: float) -> str:
    """The ratio of the table that is nearest to width over height."""

    def distance(ratio: str) -> float:
        width, height = ratio.split(":")
        return abs(math.log(aspect * int(height) / int(width)))

    return min(RATIOS, key=distance)


def tokens(size: Size, frames: int) -> int:
    """What a clip without video input is billed: the exact form of section 7, checked there against live bills."""
    return size.width * size.height * frames // 1024


def tokens_with_video(size: Size, seconds_in: float, seconds_out: int, resolution: str) -> int:
    """What a clip made from video is billed: both lengths, but no less than the floor (section 7, derived there).

    The floor is 5/3 of the output for 480p and 720p in whole seconds, 1.8 of it for 1080p; none is known for 4k.
    """
    floors = {"1080p": 1.8 * seconds_out, "4k": 0.0}
    floor = floors.get(resolution, seconds_out + math.ceil(2 * seconds_out / 3))
    billed = max(seconds_in + seconds_out, floor)
    return int(size.width * size.height * 24 * billed / 1024)


DRAFT_SHARE = MappingProxyType({True: 0.6, False: 0.7})
"""A draft's part of a normal bill, with sound and without (section 6)."""
