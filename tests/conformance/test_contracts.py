"""Every documented example of a request that a story can say is the request that our adapter makes of that story.

The other half, that the sandbox takes each of them, is in `tests/sandbox`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from seedance_pipe import packaged
from seedance_pipe.spec.model import Model, load_catalogue
from seedance_pipe.spec.reader import read_story
from tests.conformance.box_office import request
from tests.conformance.vendors import BY_NAME, VENDORS

CONTRACTS = Path(__file__).resolve().parent.parent / "contracts"
CATALOGUE = load_catalogue(packaged.folder("schemas"))

NEVER_SENT: Mapping[str, tuple[str, ...]] = {
    "a key that no page documents": (
        "modelark/an-unknown-key",
        "runware/every-platform-option",
        "runware/one-5-draft",
    ),
    "a null for each unset key": ("modelark/nulls-as-the-vendors-client-sends-them",),
    "a picture without its place, by its number, or as a bare text": (
        "modelark/first-frame-without-role",
        "runware/a-picture-alone",
        "runware/a-picture-and-a-resolution",
        "runware/a-picture-as-an-object-without-a-place",
        "runware/two-forms-mixed",
        "runware/two-pictures-by-number",
        "runware/two-pictures-unlabelled",
    ),
    "what says of a picture nothing that the vendor needs": ("rivya/an-item-with-all-its-fields",),
    "a value in another spelling": ("modelark/resolution-in-capitals",),
    "two keys for one thing": ("modelark/frames-beat-duration",),
    "a value beyond the documented limits": ("modelark/short-expiry-on-2-0",),
    "what the vendor takes and then fails": ("modelark/a-frame-with-a-ratio-on-2-5-fails-later",),
    "a way of working whose media no page describes": ("rivya/the-scenes-of-2-without-media",),
}
"""Accepted requests that no story leads to, by the reason."""

OURS: Mapping[str, tuple[str, ...]] = {
    "modelark": ("execution_expires_after", "return_last_frame"),
    "rivya": ("client_request_id",),
    "runbase": (),
    "runware": ("taskUUID", "includeCost", "deliveryMethod", "outputType"),
}
"""What the program writes of itself, and an example need not have, or has in its own way."""

UPLOADED = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""A picture of an example that was sent to the vendor before; its story has an address in that place."""


def examples() -> Iterator[Path]:
    for vendor in VENDORS:
        yield from sorted((CONTRACTS / vendor.name / "accepted").glob("*.json"))


def name_of(path: Path) -> str:
    return f"{path.parent.parent.name}/{path.stem}"


TOLD = {name_of(path): json.loads(path.read_text(encoding="utf-8")) for path in examples()}


def test_every_example_has_a_story_or_a_reason_to_have_none() -> None:
    without = {name for name, example in TOLD.items() if "story" not in example}
    never = [name for names in NEVER_SENT.values() for name in names]
    assert len(never) == len(set(never))
    assert without == set(never)


@pytest.mark.parametrize("name", [name for name, example in TOLD.items() if "story" in example])
def test_the_story_of_an_example_leads_to_its_body(tmp_path: Path, name: str) -> None:
    vendor = BY_NAME[name.partition("/")[0]]
    example = TOLD[name]
    keys = dict(example["story"])
    story = {"version": 1, "model": keys.pop("model"), "shots": [{"id": "wave", **keys}]}
    path = tmp_path / "story.yaml"
    path.write_text(yaml.safe_dump(story, sort_keys=False), encoding="utf-8")
    reading = read_story(path, CATALOGUE, uploads=True)
    assert reading.story is not None, [str(one) for one in reading.diagnostics]
    (shot,) = reading.story.shots
    body = json.loads(request(shot, takes=shot.takes).body)
    if vendor.in_array:
        (body,) = body
    wanted = _in_pixels(_with_addresses(example["request"], keys), shot.model)
    if vendor.params:
        # An object without anything in it says what leaving it out says.
        wanted.setdefault(vendor.params, {})
    for owned in OURS[vendor.name]:
        if owned not in keys.get("params", {}):
            body.pop(owned, None)
            wanted.pop(owned, None)
    assert body == wanted


def _with_addresses(wanted: dict[str, Any], keys: Mapping[str, Any]) -> dict[str, Any]:
    items = wanted.get("inputs", {}).get("frameImages", [])
    shown = [item["image"] for item in items if isinstance(item, dict) and UPLOADED.fullmatch(item["image"])]
    text = json.dumps(wanted)
    for image in shown:
        text = text.replace(image, keys["first_frame"])
    found: dict[str, Any] = json.loads(text)
    return found


def _in_pixels(wanted: dict[str, Any], model: Model) -> dict[str, Any]:
    """Runware names no ratio for a resolution without a picture, so we write the pixels of 16:9, which is the one
    that is assumed (runware.md section 7).
    """
    if model.vendor != "runware" or "inputs" in wanted or "resolution" not in wanted:
        return wanted
    size = model.sizes[wanted["resolution"], "16:9"]
    rest = {name: value for name, value in wanted.items() if name != "resolution"}
    return {**rest, "width": size.width, "height": size.height}
