"""`params.referenceMediaItems`: uploaded pictures, videos and sounds. rivya.md sections 5 and 7, 2026-11-21.

Assumed, as not documented: any https address is taken beside those of the Files API; 2.0's scene `frames` takes
pictures, of which the second is the end frame, `reference` takes all kinds, `text` takes none; sounds do not stand
alone; what a video or sound must be like is what the model upstream asks for (modelark.md section 3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seedance_pipe.sandbox.intake import Bounds, Intake, Medium, Unfit
from seedance_pipe.sandbox.vendors.rivya.facts import Model
from seedance_pipe.sandbox.vendors.rivya.lodging import KINDS
from seedance_pipe.sandbox.vendors.rivya.parameters import MEDIA
from seedance_pipe.sandbox.vendors.rivya.wrong import invalid

_TEXTS = ("name", "mimeType", "durationToken")
_ITEM = ("url", "kind", *_TEXTS, "durationSeconds")
_PICTURE = Bounds(most_bytes=KINDS["image"].most_bytes, formats=("jpeg", "png", "webp"))
_CLIP = Bounds(most_bytes=KINDS["video"].most_bytes, formats=("h264", "hevc"), seconds=(2, 15))
_SOUND = Bounds(most_bytes=KINDS["audio"].most_bytes, formats=("wav", "mp3"), seconds=(2, 15))


@dataclass(frozen=True, slots=True)
class References:
    """What a clip is made from: digests of pictures on the shelf. `shape` is the first whose size is known."""

    first: str | None = None
    last: str | None = None
    others: tuple[str, ...] = ()
    shape: Medium | None = None


@dataclass(frozen=True, slots=True)
class _Item:
    at: str
    kind: str
    url: str


def read_references(params: Mapping[str, Any], scene: str, model: Model, intake: Intake) -> References:
    """The media of a request whose scene is `frames`, `reference` or `text`. Raises Wrong."""
    items = _items(params.get(MEDIA, []), scene, model)
    media = [_looked(item, intake) for item in items]
    digests = [medium.digest for medium in media if medium.digest]
    shape = next((medium for medium in media if medium.size is not None), None)
    if scene == "reference":
        return References(others=tuple(digests), shape=shape)
    first, last = (*digests, None, None)[:2]
    return References(first, last, shape=shape)


def _items(sent: Any, scene: str, model: Model) -> Sequence[_Item]:
    if not isinstance(sent, list):
        raise invalid(f"params.{MEDIA}", "it must be a list")
    items = [_item(entry, f"params.{MEDIA}[{index}]") for index, entry in enumerate(sent)]
    most = {"text": {}, "frames": {"image": min(2, model.media["image"])}}.get(scene, model.media)
    for index, item in enumerate(items):
        if item.kind not in most:
            raise invalid(f"{item.at}.kind", f"{model.id} takes no {item.kind} here")
        if sum(other.kind == item.kind for other in items[: index + 1]) > most[item.kind]:
            raise invalid(item.at, f"{model.id} takes at most {most[item.kind]} of the kind {item.kind}")
    if items and all(item.kind == "audio" for item in items):
        raise invalid(f"params.{MEDIA}", "a sound needs an image or a video beside it")
    return items


def _item(entry: Any, at: str) -> _Item:
    if not isinstance(entry, Mapping):
        raise invalid(at, "it must be an object")
    for key in entry:
        if key not in _ITEM:
            raise invalid(f"{at}.{key}", f"an item has {', '.join(_ITEM)}")
    for key in ("url", "kind", *_TEXTS):
        if (key in entry or key in ("url", "kind")) and not isinstance(entry.get(key), str):
            raise invalid(f"{at}.{key}", "it must be a text")
    seconds = entry.get("durationSeconds", 0)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds < 0:
        raise invalid(f"{at}.durationSeconds", "it must be a number of seconds")
    if entry["kind"] not in KINDS:
        raise invalid(f"{at}.kind", f"it must be one of {', '.join(KINDS)}")
    return _Item(at, entry["kind"], entry["url"])


def _looked(item: _Item, intake: Intake) -> Medium:
    look, bounds = {
        "image": (intake.picture, _PICTURE),
        "video": (intake.clip, _CLIP),
        "audio": (intake.sound, _SOUND),
    }[item.kind]
    try:
        return look(item.url, bounds)
    except Unfit as unfit:
        raise invalid(f"{item.at}.url", str(unfit)) from None
