"""What a shot orders has the same name for ever: a clip that was paid for stays fresh when the program grows.

The digests were taken before the program knew parameters inside each other (2026-11-21).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from seedance_pipe.plan.fingerprint import document, fingerprint
from seedance_pipe.plan.history import History
from seedance_pipe.plan.recipe import order_digest
from seedance_pipe.plan.unroll import unroll
from seedance_pipe.spec.story import Story
from tests.builders import METHODS
from tests.spec.asking import read, write

STORY = """\
version: 1
model: modelark/seedance-1-0-pro
defaults: {duration: 5, resolution: 720p, ratio: "16:9"}
shots:
  - {id: words, prompt: A storm over the headland, seed: 7}
  - {id: bare, prompt: waves, model: modelark/seedance-1-0-pro-fast}
  - {id: frames, prompt: a wave, frames: 57, params: {service_tier: flex}}
  - id: pictures
    prompt: from day to night
    ratio: adaptive
    first_frame: https://example.org/day.png
    last_frame: https://example.org/night.png
  - {id: after, continues: pictures, camera_fixed: true}
  - id: looks
    model: modelark/seedance-2-0
    prompt: the keeper of Image 1
    duration: auto
    audio: false
    references: [{image: https://example.org/a.png}, {video: https://example.org/b.mp4}]
    params: {tools: [{type: web_search}], priority: 3}
"""

PINNED = {
    "words": "564e54a21482e3169c8c303fc520c1fe6d2c5febb1b4392d1d01a7778d56be40",
    "bare": "2d2f87f2a3cb57fd6dda82d382245ac366c09df5ac98d3ebf9f8329b1382ae7d",
    "frames": "c12eb496dbf319e88eceb027bc7e7f12b93589eed1e33975ae49e3efa2d1e6e9",
    "pictures": "a87c643171cf1ea5b25fed0bc62b2dd16cf85791be068fb89f36fb75b0464a9c",
    "after": "4dc495cde591260e294285c688993b14bb67f33cf4d77c9651fe740472d2004c",
    "looks": "18307e2b1ad91de92bf56008ad63a7d0c28555801f68bdf652302ce30e4f78bb",
}


@pytest.fixture
def story(tmp_path: Path) -> Story:
    reading = read(write(tmp_path, STORY))
    assert reading.story is not None, reading.diagnostics
    return reading.story


def test_what_a_shot_orders_keeps_its_name(story: Story) -> None:
    assert {shot.id: order_digest(shot) for shot in story.shots} == PINNED


def test_a_take_keeps_its_fingerprint(story: Story) -> None:
    first = unroll(story, History(), METHODS).steps[0]
    assert fingerprint(document(first, {})) == "87d6abf1048ec56ad1df554725c7bf5f3c54e1f573971a29df57c5b1589e7f90"
