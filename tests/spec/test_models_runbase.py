"""The three models of Runbase: what a story becomes on them, and what they cannot do (runbase.md section 6,
2026-11-21).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from PIL import Image

from seedance_pipe.document import thaw
from seedance_pipe.plan.cost import Estimate, estimates
from seedance_pipe.spec.medium import Kind, Role
from seedance_pipe.spec.model import MediaLimits, Unpriced
from tests.conftest import Pipe
from tests.spec.asking import asked, brought, known, messages, read, write

PRO, LITE, MID = "runbase/seedance-1-pro", "runbase/seedance-1-lite", "runbase/seedance-1.5-pro"
MODELS = (PRO, LITE, MID)
OPENS, ENDS = brought(Role.FIRST_FRAME), brought(Role.LAST_FRAME)
URL = "https://example.org/x.png"


def takes(name: str, **parameters: Any) -> bool:
    """Whether the schema, read as any tool would, lets a whole input through."""
    model = known(name)
    return Draft202012Validator(thaw(model.document)).is_valid({"model": model.wire, "prompt": "w", **parameters})


@pytest.mark.parametrize("name", MODELS)
def test_every_schema_is_a_valid_json_schema_without_any_default(name: str) -> None:
    document = thaw(known(name).document)
    Draft202012Validator.check_schema(document)
    assert not [one for one, part in document["properties"].items() if "default" in part]


def test_the_parameters_are_those_of_the_vendors_pages() -> None:
    common = {"model", "prompt", "aspect_ratio", "resolution", "duration", "image_urls"}
    assert {name: set(thaw(known(name).document)["properties"]) for name in MODELS} == {
        PRO: common,
        LITE: common,
        MID: common | {"generate_audio"},
    }


@pytest.mark.parametrize(
    ("name", "keys", "body"),
    [
        (PRO, {}, {}),
        (PRO, {"duration": 10, "ratio": "21:9"}, {"duration": "10", "aspect_ratio": "21:9"}),
        (PRO, {"resolution": "1080p", "seed": -1, "camera_fixed": False}, {"resolution": "1080p"}),
        (PRO, {"media": [OPENS]}, {"image_urls": [None]}),
        (LITE, {"resolution": "480p", "audio": False}, {"resolution": "480p"}),
        (MID, {"duration": 4, "audio": True}, {"duration": "4", "generate_audio": True}),
        (MID, {"audio": False}, {"generate_audio": False}),
        (MID, {"media": [ENDS, OPENS]}, {"image_urls": [None, None]}),
    ],
)
def test_a_story_is_written_in_the_vendors_words(name: str, keys: dict[str, Any], body: dict[str, Any]) -> None:
    made, told = asked(known(name), prompt="waves", **keys)
    assert made is not None, told
    assert thaw(made.body) == {"model": known(name).wire, "prompt": "waves", **body}
    roles = [(Role.FIRST_FRAME, ("image_urls", 0)), (Role.LAST_FRAME, ("image_urls", 1))]
    assert [(one.role, one.hole) for one in made.media] == roles[: len(made.media)]


@pytest.mark.parametrize(
    ("name", "keys", "words"),
    [
        (PRO, {"resolution": "480p"}, "it makes 720p or 1080p"),
        (PRO, {"duration": 7}, "it makes 5 or 10 seconds"),
        (PRO, {"ratio": "adaptive"}, "it makes 16:9, 9:16"),
        (PRO, {"audio": True}, "makes no sound; drop audio; runbase/seedance-1.5-pro"),
        (PRO, {"seed": 5}, "takes no seed"),
        (PRO, {"camera_fixed": True}, "cannot hold the camera still"),
        (PRO, {"media": [OPENS, ENDS]}, "takes no last frame; runbase/seedance-1.5-pro"),
        (PRO, {"params": {"duration": 5}}, 'write it in quotes: "5"'),
        (PRO, {"params": {"image_urls": [URL]}}, "the program sets this itself"),
        (LITE, {"media": [ENDS]}, "takes no last frame"),
        (MID, {"media": [ENDS]}, "last_frame in shot 'beach': a last_frame needs a first_frame too; add one"),
        (MID, {"params": {"generate_audio": "true"}}, "write true without quotes"),
        (MID, {"params": {"fps": 24}}, "has no such parameter"),
    ],
)
def test_what_a_model_cannot_do_is_told_in_one_sentence(name: str, keys: dict[str, Any], words: str) -> None:
    made, told = asked(known(name), prompt="waves", **keys)
    assert made is None
    assert len(told) == 1
    assert words in told[0]


@pytest.mark.parametrize(("name", "most"), [(PRO, 1), (LITE, 1), (MID, 2)])
def test_pictures_are_addresses_and_nothing_else(name: str, most: int) -> None:
    assert known(name).media == {Kind.IMAGE: MediaLimits(inline=False, assets=False, types=(), bytes=None)}
    assert takes(name, image_urls=[URL] * most)
    bad: list[Any] = [[], [URL] * (most + 1), ["data:image/png;base64,AA"], [{"url": URL}], URL, [None]]
    assert not any(takes(name, image_urls=urls) for urls in bad)


@pytest.mark.parametrize("picture", ["first_frame: still.png", "continues: a"])
def test_a_file_or_a_frame_needs_a_place_on_the_web(tmp_path: Path, picture: str) -> None:
    Image.new("RGB", (512, 512)).save(tmp_path / "still.png")
    text = f"version: 1\nmodel: {PRO}\nshots:\n  - {{id: a, prompt: w}}\n  - {{id: b, prompt: w, {picture}}}\n"
    path = write(tmp_path, text)
    (told,) = messages(read(path))
    assert "takes a picture by its address only" in told
    assert "SEEDANCE_UPLOAD_PUT" in told
    assert read(path, uploads=True).story is not None


@pytest.mark.parametrize("name", MODELS)
def test_the_price_is_told_when_a_run_is_there(tmp_path: Path, name: str) -> None:
    price = known(name).price
    assert isinstance(price, Unpriced)
    reading = read(write(tmp_path, f"version: 1\nmodel: {name}\nshots:\n  - {{id: a, prompt: waves}}\n"))
    assert reading.story is not None, reading.diagnostics
    why = "no price of Runbase's was found; it tells it when a run is created"
    assert estimates(reading.story) == {"a": Estimate(None, exact=False, why=why)}


def test_a_story_on_runbase_validates_and_its_plan_says_that_no_price_is_known(pipe: Pipe, tmp_path: Path) -> None:
    path = write(
        tmp_path,
        f"version: 1\nmodel: {MID}\ndefaults: {{resolution: 480p, duration: 4}}\n"
        f"shots:\n  - {{id: sea, prompt: waves, audio: true, first_frame: '{URL}'}}\n"
        "  - {id: sky, prompt: clouds}\n",
    )
    assert pipe("validate", path).code == 0
    steps = pipe("plan", path, "--json").json["steps"]
    costs = {step["step"]: step["cost"] for step in steps if step.get("cost")}
    assert costs["sea#1"]["most"] is None
    assert "tells it when a run is created" in costs["sea#1"]["why"]
