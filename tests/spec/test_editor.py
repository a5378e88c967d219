"""The story's schema for editors: every key explained, every model known, and no good story marked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator

from seedance_pipe import packaged
from seedance_pipe.document import JsonPath
from seedance_pipe.spec.editor import editor_schema
from seedance_pipe.spec.form import Form
from seedance_pipe.spec.model import Catalogue, load_catalogue
from seedance_pipe.spec.source import read_source
from seedance_pipe.spec.syntax import plain
from tests.conftest import PIPELINES, SHORT

STORY = json.loads((packaged.folder("schemas") / "story.schema.json").read_text(encoding="utf-8"))
CATALOGUE = load_catalogue(packaged.folder("schemas"))
WRONG = Path(__file__).resolve().parent.parent / "wrong"

FREE = {"camera_fixed": False, "watermark": False, "audio": False, "seed": -1}
TRIED: Mapping[str, list[Any]] = {
    "resolution": ["480p", "720p", "1080p", "4k", "720P", 720],
    "ratio": ["16:9", "9:16", "1:1", "4:3", "3:4", "21:9", "9:21", "adaptive", "2:1"],
    "duration": [1, 1.2, 2, 2.5, 3, 4, 5, 5.0, 8, 10, 12, 13, 15, 30, 31, "auto", -1, "5"],
    "frames": [1, 28, 29, 30, 57, 289, 290, 293],
    "seed": [0, 7, 2147483647, 2147483648, -2, 9223372036854775807, 9223372036854775808],
    "camera_fixed": [True, "true"],
    "watermark": [True, "true"],
    "audio": [True, "true"],
}


@pytest.fixture(scope="module")
def editor() -> Draft7Validator:
    schema = editor_schema(STORY, CATALOGUE)
    Draft7Validator.check_schema(schema)
    return Draft7Validator(schema)


def resolved(part: Mapping[str, Any]) -> Mapping[str, Any]:
    """A part of the story's schema with its own words over those of what it refers to."""
    while "$ref" in part:
        part = {
            **STORY["$defs"][part["$ref"].rpartition("/")[2]],
            **{word: value for word, value in part.items() if word != "$ref"},
        }
    return part


def properties(schema: Mapping[str, Any], path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every property at every level, by its path."""
    schema = resolved(schema)
    for word in ("properties", "patternProperties"):
        for name, part in schema.get(word, {}).items():
            yield f"{path}.{name}", resolved(part)
            yield from properties(part, f"{path}.{name}")
    for word in ("items", "additionalProperties"):
        if isinstance(schema.get(word), Mapping):
            yield from properties(schema[word], f"{path}[]")
    for branch in schema.get("anyOf", ()):
        yield from properties(branch, path)


PROPERTIES = dict([*properties(STORY, "story"), *properties(STORY["$defs"]["profile"], "profile")])


def test_all_levels_of_the_story_are_looked_at() -> None:
    told = set(PROPERTIES)
    assert {
        "story.shots[].references[].image",
        "story.budget.usd",
        "story.matrix.exclude",
        "profile.cut.output",
    } <= told


@pytest.mark.parametrize("path", PROPERTIES)
def test_every_key_of_a_story_is_explained_with_examples_that_are_right(path: str) -> None:
    part = PROPERTIES[path]
    assert part["title"]
    assert part["description"].endswith(".")
    assert part["examples"]
    validator = Draft202012Validator({**part, "$defs": STORY["$defs"]})
    for example in part["examples"]:
        assert not list(validator.iter_errors(example))


def test_ranges_and_defaults_of_the_schema_are_in_the_words_that_an_editor_shows() -> None:
    for path, part in PROPERTIES.items():
        for word in ("minimum", "maximum", "default"):
            if word in part and part[word] != 1000000000:
                assert str(part[word]) in part["description"], f"{path}: {word}"


def told(editor: Draft7Validator, text: str) -> list[tuple[JsonPath, str]]:
    """The problems that an editor marks in a story: the path, and the keyword that is broken there."""
    root = read_source(text.encode(), "story.yaml").root
    assert root is not None
    return [(tuple(one.absolute_path), str(one.validator)) for one in editor.iter_errors(plain(root))]


EXAMPLES = [path for path in sorted(PIPELINES.rglob("*.yaml")) if "out" not in path.parts]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_no_example_story_and_no_file_that_one_includes_is_marked(editor: Draft7Validator, path: Path) -> None:
    assert told(editor, path.read_text(encoding="utf-8")) == []


def test_a_file_that_must_be_a_story_needs_what_a_story_needs_and_others_do_not(editor: Draft7Validator) -> None:
    assert told(editor, SHORT) == []
    assert told(editor, "characters: {keeper: an old keeper}\n") == []
    assert told(editor, "shots: [{id: a, prompt: A wave}]\n") == []
    for key in ("title: The keeper", "model: modelark/seedance-2-0", "cut: {output: a.mp4}", "budget: 10"):
        assert told(editor, f"{key}\nshots: [{{id: a}}]\n") == [((), "required")]
        assert told(editor, f"{key}\nversion: 1\n") == [((), "required")]
        assert told(editor, f"{key}\nversion: 1\ninclude: shots.yaml\n") == []


def test_only_wrong_stories_are_marked_and_many_of_them_are(editor: Draft7Validator) -> None:
    marked = set()
    for path in WRONG.glob("*.yaml"):
        root = read_source(path.read_bytes(), path.name).root
        if root is not None and not editor.is_valid(plain(root)):
            marked.add(path.stem)
            assert ": error: " in path.with_suffix(".txt").read_text(encoding="utf-8"), path.stem
    assert {"model_unknown", "params_unknown", "pro_resolution_4k", "runware_nested_misspelt"} <= marked
    assert len(marked) > 100


@pytest.mark.parametrize("name", CATALOGUE.models)
def test_an_editor_takes_of_a_portable_key_what_the_model_takes(editor: Draft7Validator, name: str) -> None:
    form = Form(CATALOGUE.models[name])
    for key, values in TRIED.items():
        for value in values:
            shot = {"id": "a", "prompt": "A wave", key: value}
            marked = not editor.is_valid({"version": 1, "model": name, "shots": [shot]})
            # Outside the schema of the model there is that of the story, which knows the kind of a value.
            kind = key not in ("camera_fixed", "watermark", "audio") or isinstance(value, bool)
            right = kind and not (key == "duration" and value == "5") and form.accepts(key, value)
            assert marked is not right, f"{key}: {value}"


@pytest.mark.parametrize("name", CATALOGUE.names)
def test_asking_for_nothing_is_free_under_every_name_of_a_model(editor: Draft7Validator, name: str) -> None:
    assert editor.is_valid({"version": 1, "shots": [{"id": "a", "prompt": "A", "model": name, **FREE}]})


@pytest.mark.parametrize("name", CATALOGUE.models)
def test_pictures_and_references_are_marked_where_a_model_takes_none(editor: Draft7Validator, name: str) -> None:
    abilities = CATALOGUE.models[name].abilities
    media: dict[str, tuple[str, bool]] = {
        "first_frame": ("a.png", abilities.first_frame),
        "continues": ("b", abilities.first_frame),
        "last_frame": ("a.png", abilities.last_frame),
    }
    shots: list[tuple[dict[str, Any], bool]] = [({key: value}, right) for key, (value, right) in media.items()]
    kinds = {kind.value for kind, most in abilities.references.items() if most}
    shots += [({"references": [{kind: "a"}]}, kind in kinds) for kind in ("image", "video", "audio")]
    for shot, right in shots:
        assert editor.is_valid({"version": 1, "model": name, "shots": [{"id": "a", **shot}]}) is right, shot


NATIVE = (
    "version: 1\nmodel: {top}\ndefaults: {{params: {{{default}}}}}\nshots:\n  - {{id: a, prompt: A wave{shot}}}\n"
)
SAFETY = "enable_safety_checker: 'true'"


@pytest.mark.parametrize(
    ("top", "default", "shot", "expected"),
    [
        ("modelark/seedance-1-0-pro", "", ", params: {service_tier: flex}", []),
        (
            "modelark/seedance-1-0-pro",
            "",
            ", params: {service_tire: flex}",
            [(("shots", 0, "params"), "additionalProperties")],
        ),
        (
            "modelark/seedance-1-0-pro",
            "",
            ", params: {service_tier: fast}",
            [(("shots", 0, "params", "service_tier"), "enum")],
        ),
        ("modelark/seedance-1-0-pro", SAFETY, "", [(("defaults", "params"), "additionalProperties")]),
        # A shot with a model of its own is held against that, and takes the story's model out of the defaults.
        ("modelark/seedance-1-0-pro", SAFETY, ", model: rivya/seedance-1-0-lite", []),
        (
            "rivya/seedance-1-0-lite",
            "",
            ", model: runware/seedance-1-0-pro, params: {providerSettings: {bytedance: {cameraFxed: true}}}",
            [(("shots", 0, "params", "providerSettings", "bytedance"), "additionalProperties")],
        ),
        # What the program owns is nobody's to set.
        ("rivya/seedance-1-0-lite", "prompt: A", "", [(("defaults", "params"), "additionalProperties")]),
        # A model that is repeated over is not the one that stands beside.
        (
            "rivya/seedance-1-0-lite",
            "",
            ", resolution: 4k, foreach: {model: [modelark/seedance-2-0]}",
            [],
        ),
        ("rivya/seedance-1-0-lite", "", ", resolution: 4k", [(("shots", 0, "resolution"), "enum")]),
    ],
)
def test_the_vendors_own_parameters_are_checked_by_the_model_that_a_shot_is_made_by(
    editor: Draft7Validator, top: str, default: str, shot: str, expected: Any
) -> None:
    assert told(editor, NATIVE.format(top=top, default=default, shot=shot)) == expected


def test_the_defaults_of_a_profile_are_checked_by_the_model_of_the_profile(editor: Draft7Validator) -> None:
    story = "version: 1\nprofiles: {draft: {model: rivya/seedance-1-0-lite, defaults: {resolution: 4k}}}\n"
    assert told(editor, story) == [(("profiles", "draft", "defaults", "resolution"), "enum")]
    assert told(editor, story.replace("profiles: {draft: {model", "profiles: {draft: {modell"))[0][0][:2] == (
        "profiles",
        "draft",
    )


def test_what_a_model_takes_is_explained_too() -> None:
    params = editor_schema(STORY, CATALOGUE)["$defs"]["rivya.seedance-1-0-lite"]["properties"]["params"]
    assert params["properties"]["duration"]["description"] == 'Seconds, as text: 5 or 10. Default: "5".'
    assert all(part["description"] for part in params["properties"].values())


def test_the_schema_holds_nothing_that_an_editor_would_have_to_fetch_and_no_annotation_of_ours() -> None:
    schema = editor_schema(STORY, CATALOGUE)
    references = set(_found(schema, "$ref"))
    assert references == {f"#/$defs/{name}" for name in schema["$defs"]}
    assert not [word for word in _words(schema) if word.startswith("x-")]


def test_a_catalogue_without_models_leaves_the_story_alone() -> None:
    schema = editor_schema(STORY, Catalogue({}))
    assert schema["$defs"] == {}


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield from value
        for part in value.values():
            yield from _words(part)
    elif isinstance(value, list):
        for part in value:
            yield from _words(part)


def _found(value: Any, word: str) -> Iterator[Any]:
    if isinstance(value, Mapping):
        if word in value:
            yield value[word]
        for part in value.values():
            yield from _found(part, word)
    elif isinstance(value, list):
        for part in value:
            yield from _found(part, word)
