"""The `content` of a create request: text, media and their roles, and the mode they make together.

modelark.md section 3, 2026-11-21. Media are fetched and looked at here, as the vendor does at submit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seedance_pipe.sandbox.intake import Medium
from seedance_pipe.sandbox.vendors.modelark.facts import Model
from seedance_pipe.sandbox.vendors.modelark.fetching import Fetching
from seedance_pipe.sandbox.vendors.modelark.wrong import invalid, missing
from seedance_pipe.sandbox.wrong import Wrong

_ROLES = {
    "image_url": ("first_frame", "last_frame", "reference_image"),
    "video_url": ("reference_video",),
    "audio_url": ("reference_audio",),
}


@dataclass(frozen=True, slots=True)
class Content:
    """What was asked for. `first`, `last` and `references` are pictures on the shelf; `draft` is a task id.

    `video_seconds` is the total length of the reference videos, None without any.
    """

    mode: str
    prompt: str
    first: Medium | None = None
    last: Medium | None = None
    references: tuple[Medium, ...] = ()
    video_seconds: float | None = None
    draft: str | None = None


@dataclass(frozen=True, slots=True)
class _Item:
    """One typed object of the list, at the path `at`."""

    at: str
    kind: str
    role: str | None
    url: str


def read_content(value: Any, model: Model, fetching: Fetching) -> Content:
    """Raises Wrong for the first thing that is not taken."""
    if value is None:
        raise missing("content")
    if not isinstance(value, list) or not value:
        raise invalid("content", "it must be a list that is not empty")
    entries = [_entry(entry, f"content[{index}]") for index, entry in enumerate(value)]
    if any(kind == "draft_task" for kind, _, _ in entries):
        return _from_draft(entries, model)
    texts = [_text_of(entry, at) for kind, entry, at in entries if kind == "text"]
    items = [_item(kind, entry, at) for kind, entry, at in entries if kind != "text"]
    mode = _mode(items)
    if mode not in model.modes:
        raise invalid("content", f"the task type {mode} is not supported by the model {model.id}")
    if mode == "r2v":
        return _references(items, "\n".join(texts), fetching)
    return _frames(items, mode, "\n".join(texts), fetching)


def _entry(entry: Any, at: str) -> tuple[str, Mapping[str, Any], str]:
    if not isinstance(entry, dict):
        raise invalid(at, "it must be an object")
    kind = entry.get("type")
    if kind is None:
        raise missing(f"{at}.type")
    if kind not in ("text", "draft_task", *_ROLES):
        raise invalid(f"{at}.type", "it must be text, image_url, video_url, audio_url or draft_task")
    return kind, entry, at


def _text_of(entry: Mapping[str, Any], at: str) -> str:
    text = entry.get("text")
    if text is None or text == "":
        raise missing(f"{at}.text")
    if not isinstance(text, str):
        raise invalid(f"{at}.text", "it must be a string")
    return text


def _item(kind: str, entry: Mapping[str, Any], at: str) -> _Item:
    payload, role = entry.get(kind), entry.get("role")
    if payload is None:
        raise missing(f"{at}.{kind}")
    if not isinstance(payload, dict) or not isinstance(payload.get("url"), str):
        raise invalid(f"{at}.{kind}", "it must be an object with a text `url`")
    if kind == "image_url" and not payload["url"]:
        raise Wrong(400, "InvalidImageURL.EmptyURL", "The image's url is empty", f"{at}.{kind}")
    if role is not None and role not in _ROLES[kind]:
        raise invalid(f"{at}.role", f"it must be one of {', '.join(_ROLES[kind])}")
    return _Item(at, kind, role, payload["url"])


def _mode(items: Sequence[_Item]) -> str:
    """Raises Wrong when the roles do not go together."""
    if not items:
        return "t2v"
    roles = [item.role for item in items]
    referring = [role for role in roles if role and role.startswith("reference")]
    if None in roles and len(items) > 1:
        raise invalid(f"{items[roles.index(None)].at}.role", "each of several media needs a role")
    if None in roles and items[0].kind != "image_url":
        raise invalid(f"{items[0].at}.role", "a video or sound needs its role")
    if referring and len(referring) < len(items):
        raise invalid("content", "first and last frames cannot be mixed with reference media")
    if referring:
        return "r2v"
    if roles.count("first_frame") > 1 or roles.count("last_frame") > 1:
        raise invalid("content", "there is at most one first frame and one last frame")
    if roles == ["last_frame"]:
        raise invalid("content", "a last frame needs a first frame")
    return "flf2v" if len(items) == 2 else "i2v"


def _frames(items: Sequence[_Item], mode: str, prompt: str, fetching: Fetching) -> Content:
    pictures = {item.role or "first_frame": fetching.picture(item.url, f"{item.at}.image_url") for item in items}
    return Content(mode, prompt, first=pictures.get("first_frame"), last=pictures.get("last_frame"))


def _references(items: Sequence[_Item], prompt: str, fetching: Fetching) -> Content:
    images = [item for item in items if item.kind == "image_url"]
    videos = [item for item in items if item.kind == "video_url"]
    sounds = [item for item in items if item.kind == "audio_url"]
    limits = fetching.model.references
    if not images and not videos and not limits.sound_alone:
        raise invalid("content", "reference audio needs an image or a video beside it")
    for found, most in ((images, limits.images), (videos, limits.videos), (sounds, limits.sounds)):
        if len(found) > most:
            raise invalid(found[most].at, f"there are at most {most} of them")
    pictures = [fetching.picture(item.url, f"{item.at}.image_url") for item in images]
    clips = [fetching.clip(item.url, f"{item.at}.video_url") for item in videos]
    tracks = [fetching.sound(item.url, f"{item.at}.audio_url") for item in sounds]
    for media in (clips, tracks):
        if round(sum(medium.seconds for medium in media), 1) > limits.total:
            raise invalid("content", f"together they last more than {limits.total} seconds")
    length = sum(clip.seconds for clip in clips) if clips else None
    return Content("r2v", prompt, references=(*pictures, *clips), video_seconds=length)


def _from_draft(entries: Sequence[tuple[str, Mapping[str, Any], str]], model: Model) -> Content:
    if not model.drafts:
        raise invalid("content", f"drafts are not supported by the model {model.id}")
    if len(entries) > 1:
        raise invalid("content", "a draft task stands alone")
    _, entry, at = entries[0]
    payload = entry.get("draft_task")
    if not isinstance(payload, dict) or not isinstance(payload.get("id"), str):
        raise invalid(f"{at}.draft_task", "it must be an object with a text `id`")
    return Content("draft", "", draft=payload["id"])
