"""Each shot with its draft, and the request that makes it from that draft's task, by the data of its model."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from seedance_pipe import packaged
from seedance_pipe.document import thaw
from seedance_pipe.errors import StoryInvalid
from seedance_pipe.spec.edition import Edition
from seedance_pipe.spec.model import Catalogue, Drafting, load_catalogue
from seedance_pipe.spec.reader import Reading, read_story
from seedance_pipe.spec.story import Shot

SCHEMAS = packaged.folder("schemas")
CATALOGUE = load_catalogue(SCHEMAS)
MODEL = "modelark/seedance-1-5-pro"
FILE = "seedance-1-5-pro-251215.schema.json"
PROFILE = "draft: {defaults: {resolution: 480p, params: {draft: true}}}"
WAVE = "- {id: wave, prompt: A wave}"


def read(
    folder: Path,
    *shots: str,
    head: str = "defaults: {resolution: 1080p}",
    profile: str = PROFILE,
    edition: Edition | None = None,
    catalogue: Catalogue = CATALOGUE,
) -> Reading:
    path = folder / "film.yaml"
    lines = ["version: 1", f"model: {MODEL}", "drafts: draft", head, f"profiles: {{{profile}}}", "shots:"]
    path.write_text("\n".join([*lines, *(f"  {one}" for one in shots)]))
    return read_story(path, catalogue, edition=edition or Edition())


def only(reading: Reading) -> Shot:
    assert reading.story is not None, reading.diagnostics
    return reading.story.shots[0]


def errors(reading: Reading) -> list[str]:
    return [f"{one.place.line}: {one.message}" for one in reading.diagnostics if one.severity.value == "error"]


def catalogue_with(folder: Path, change: Mapping[str, Any]) -> Catalogue:
    """The model alone, its file changed."""
    (folder / "models" / "modelark").mkdir(parents=True)
    shutil.copy(SCHEMAS / "model.schema.json", folder / "models")
    document = json.loads((SCHEMAS / "modelark" / FILE).read_bytes())
    (folder / "models" / "modelark" / FILE).write_text(json.dumps({**document, **change}))
    return load_catalogue(folder / "models")


def test_a_final_asks_for_its_drafts_task_and_for_what_is_not_reused_from_it(tmp_path: Path) -> None:
    head = (
        "defaults: {duration: 8, ratio: '1:1', resolution: 1080p, watermark: true, params: {service_tier: flex}}"
    )
    # A draft cannot use the flex tier.
    profile = "draft: {defaults: {resolution: 480p, params: {draft: true, service_tier: default}}}"
    shot = only(read(tmp_path, WAVE, head=head, profile=profile))
    assert shot.draft is not None and shot.final is not None
    assert shot.draft.order["draft"] is True
    assert thaw(shot.final.body) == {
        "model": "seedance-1-5-pro-251215",
        "content": [{"type": "draft_task", "draft_task": {"id": None}}],
        "resolution": "1080p",
        "watermark": True,
        "service_tier": "flex",
    }
    assert shot.final.hole == ("content", 0, "draft_task", "id")


def test_the_model_says_what_asks_for_a_draft_and_how_long_its_task_lives(tmp_path: Path) -> None:
    model = only(read(tmp_path, WAVE)).model
    assert (model.drafting, model.most_seed) == (Drafting(("draft",), 7), 2147483647)
    others = [one for one in CATALOGUE.models.values() if one.drafting is not None]
    assert [one.name for one in others] == [model.name]


@pytest.mark.parametrize(
    "profile",
    [
        "draft: {defaults: {resolution: 480p}}",
        "draft: {model: modelark/seedance-1-0-pro-fast, defaults: {resolution: 480p}}",
        "draft: {defaults: {resolution: 480p, params: {draft: false}}}",
    ],
    ids=["an ordinary take", "of another model", "that says it is none"],
)
def test_what_is_no_draft_to_the_vendor_has_no_task_to_make_a_final_from(tmp_path: Path, profile: str) -> None:
    shot = only(read(tmp_path, WAVE, profile=profile))
    assert shot.draft is not None and shot.final is None


def test_a_shot_that_the_profile_does_not_change_has_no_draft(tmp_path: Path) -> None:
    told = read(
        tmp_path,
        WAVE,
        "- {id: rock, prompt: A rock, resolution: 480p}",
        profile="draft: {defaults: {resolution: 480p}}",
    )
    assert told.story is not None
    assert [shot.draft is None for shot in told.story.shots] == [False, True]


def test_the_film_of_the_drafts_has_no_drafts_and_both_know_the_profile(tmp_path: Path) -> None:
    drafts = read(tmp_path, WAVE, edition=Edition(("draft",)))
    assert only(drafts).draft is None
    film = read(tmp_path, WAVE)
    assert only(film).draft == only(drafts)
    assert film.story and drafts.story and film.story.drafts == drafts.story.drafts == "draft"
    assert film.story.output.name == "film.mp4"


def test_drafts_are_made_with_what_was_asked_for_beside_the_story(tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_text("light: dusk\n")
    edition = Edition(("tall",), (tmp_path / "more.yaml",), ("defaults.duration=4",))
    told = read(
        tmp_path,
        "- {id: wave, prompt: 'A wave at {{ light }}'}",
        head="vars: {light: noon}",
        profile=f"{PROFILE}, tall: {{defaults: {{resolution: 1080p}}}}",
        edition=edition,
    )
    shot = only(told)
    assert shot.draft is not None
    assert shot.draft.order["duration"] == shot.order["duration"] == 4
    assert "A wave at dusk" in str(shot.draft.order["content"])
    assert shot.draft.order["resolution"] == "480p"


def test_each_film_of_a_story_has_drafts_of_its_own(tmp_path: Path) -> None:
    told = read(tmp_path, WAVE, head="defaults: {resolution: 1080p}\nforeach: {ratio: ['1:1', '9:16']}")
    pairs = [(one.shots[0].order["ratio"], one.shots[0].draft) for one in told.stories]
    assert [(ratio, draft.order["ratio"]) for ratio, draft in pairs if draft] == [("1:1", "1:1"), ("9:16", "9:16")]


REUSED = {"duration": 5, "ratio": "adaptive", "seed": -1, "audio": True, "camera_fixed": False}
VALUES = st.fixed_dictionaries(
    {},
    optional={
        "duration": st.sampled_from([4, 5, 12]),
        "ratio": st.sampled_from(["adaptive", "1:1"]),
        "seed": st.sampled_from([-1, 0, 7]),
        "audio": st.booleans(),
        "camera_fixed": st.booleans(),
        "watermark": st.booleans(),
    },
)


@settings(max_examples=40)
@given(own=VALUES, others=VALUES)
def test_a_story_is_refused_just_where_a_final_asks_for_what_it_has_from_its_draft(
    tmp_path_factory: pytest.TempPathFactory, own: dict[str, Any], others: dict[str, Any]
) -> None:
    profile = {"draft": {"defaults": {**others, "resolution": "480p", "params": {"draft": True}}}}
    told = read(
        tmp_path_factory.mktemp("story"),
        WAVE,
        head=f"defaults: {json.dumps({**own, 'resolution': '1080p'})}",
        profile=json.dumps(profile)[1:-1],
    )
    wanted, drafted = {**REUSED, **own}, {**REUSED, **own, **others}
    wrong = {key for key in REUSED if wanted[key] != drafted[key]}
    assert {one.partition(": ")[2].partition(":")[0] for one in errors(told)} == wrong
    if not wrong:
        final = only(told).final
        assert final is not None and not set(final.body) & {"duration", "ratio", "seed", "generate_audio"}


def test_another_picture_than_the_drafts_is_told_where_the_shot_names_it(tmp_path: Path) -> None:
    for tint in (30, 200):
        Image.new("RGB", (400, 400), (tint, tint, tint)).save(tmp_path / f"{tint}.png")
    told = read(
        tmp_path,
        "- id: wave\n    prompt: A wave\n    first_frame: '{{ tint }}.png'",
        head="vars: {tint: 30}",
        profile="draft: {vars: {tint: 200}, defaults: {resolution: 480p, params: {draft: true}}}",
    )
    assert [one.partition(";")[0] for one in errors(told)] == ["9: first_frame: its draft has another"]


def test_a_picture_that_only_the_draft_has_is_told_where_that_says_it(tmp_path: Path) -> None:
    Image.new("RGB", (400, 400)).save(tmp_path / "a.png")
    told = read(
        tmp_path,
        WAVE,
        profile="draft: {defaults: {resolution: 480p, first_frame: a.png, params: {draft: true}}}",
    )
    assert [one.partition(";")[0] for one in errors(told)] == ["5: first_frame: its draft has another"]


def test_a_final_that_breaks_a_rule_of_the_model_is_told_at_the_key_that_breaks_it(tmp_path: Path) -> None:
    document = json.loads((SCHEMAS / "modelark" / FILE).read_bytes())
    rule = {
        "if": {"properties": {"content": {"contains": {"$ref": "#/$defs/draft_task"}}}},
        "then": {"properties": {"resolution": {"const": "1080p"}}},
        "x-error": {"message": "a final is made at 1080p only", "at": ["resolution"]},
    }
    models = catalogue_with(tmp_path, {"allOf": [*document["allOf"], rule]})
    told = read(tmp_path, WAVE, head="defaults: {resolution: 720p}", catalogue=models)
    assert errors(told) == ["4: resolution: made from the draft's task, a final is made at 1080p only"]
    assert errors(read(tmp_path, WAVE, catalogue=models)) == []


@pytest.mark.parametrize("part", ["x-draft", "{draft}"])
def test_a_model_file_has_all_of_what_drafts_take_or_none(tmp_path: Path, part: str) -> None:
    document = json.loads((SCHEMAS / "modelark" / FILE).read_bytes())
    if part == "x-draft":
        del document["properties"]["draft"]["x-draft"]
    else:
        document["properties"]["content"]["x-items"].pop()
    with pytest.raises(StoryInvalid, match="one parameter with x-draft, and one item for"):
        catalogue_with(tmp_path, document).find(MODEL)
