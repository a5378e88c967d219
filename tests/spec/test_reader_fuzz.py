"""Whatever stands in a story, reading it gives a story or located problems, and never another exception."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seedance_pipe.spec.diagnostic import Severity, render
from tests.spec.asking import CATALOGUE, read, write

WORDS = st.one_of(
    st.sampled_from(
        [
            "a",
            "b",
            "previous",
            "shot:a",
            "shot:b",
            "{{ v }}",
            "{{ w | upper }}",
            "{{",
            "a.png",
            "../x",
            "auto",
            "720p",
        ]
    ),
    st.sampled_from(["16:9", "adaptive", "https://example.org/x", "http://127.0.0.1/x", "", "out/x.mp4", "flex"]),
    st.sampled_from(CATALOGUE.names),
    st.text(max_size=8),
)
SCALARS = st.one_of(WORDS, st.integers(-2, 20), st.floats(-2, 20), st.booleans(), st.none(), st.just(2**40))
KEYS = (
    "id prompt model duration frames resolution ratio seed camera_fixed watermark audio first_frame last_frame "
    "references continues takes params vars image video version title defaults shots cut output x-a v w draft "
    "drafts profiles service_tier tools"
)
NAMES = st.sampled_from(KEYS.split(" "))
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.one_of(NAMES, WORDS), inner, max_size=4)
    ),
    max_leaves=8,
)
MEDIA = st.lists(
    st.dictionaries(st.sampled_from(["image", "video", "audio"]), WORDS, min_size=1, max_size=1), max_size=3
)
VARS = st.dictionaries(st.sampled_from(["v", "w", "u"]), st.one_of(WORDS, st.lists(WORDS, max_size=2)), max_size=3)
LIKELY: dict[str, st.SearchStrategy[Any]] = {
    "prompt": WORDS,
    "model": st.sampled_from(CATALOGUE.names),
    "duration": st.one_of(st.integers(-1, 20), st.just("auto")),
    "frames": st.sampled_from([29, 57, 30]),
    "first_frame": WORDS,
    "last_frame": WORDS,
    "references": MEDIA,
    "takes": st.integers(1, 17),
    "seed": st.integers(-1, 2**31),
    "params": st.dictionaries(NAMES, SCALARS, max_size=2),
    "vars": VARS,
}
SHOT = st.one_of(
    st.fixed_dictionaries({"id": st.sampled_from("abc")}, optional={**LIKELY, "continues": WORDS}),
    st.dictionaries(NAMES, ANYTHING, max_size=5),
    ANYTHING,
)
STORY = st.fixed_dictionaries(
    {"version": st.just(1), "shots": st.lists(SHOT, max_size=4)},
    optional={
        "model": st.sampled_from(CATALOGUE.names),
        "defaults": st.one_of(st.fixed_dictionaries({}, optional=LIKELY), ANYTHING),
        "vars": st.one_of(VARS, ANYTHING),
        "cut": st.one_of(st.fixed_dictionaries({}, optional={"output": WORDS}), ANYTHING),
        "title": ANYTHING,
    },
)


@settings(max_examples=200, deadline=None)
@given(st.one_of(STORY, STORY, ANYTHING))
def test_reading_never_ends_in_anything_but_a_story_or_problems(
    tmp_path_factory: pytest.TempPathFactory, document: Any
) -> None:
    folder: Path = tmp_path_factory.getbasetemp()
    reading = read(write(folder, json.dumps(document, ensure_ascii=False)), loopback=True)
    fatal = any(one.severity is Severity.ERROR for one in reading.diagnostics)
    assert (reading.story is None) == fatal
    assert list(reading.diagnostics) == sorted(set(reading.diagnostics))
    lines = reading.lines["story.yaml"]
    assert all(1 <= one.place.line <= len(lines) and one.place.column >= 1 for one in reading.diagnostics)
    assert render(reading.diagnostics, reading.lines).count("\n") >= len(reading.diagnostics)
    if reading.story:
        ids = {shot.id for shot in reading.story.shots}
        assert len(ids) == len(reading.story.shots)
