"""What a person sees in an editor: the schema in a real YAML language server.

CI installs no node. These tests run where `yaml-language-server` is on the PATH (`npm install -g
yaml-language-server`; version 2.0.0 passed on 2026-11-21), and are skipped elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from seedance_pipe.studio.begin import begin
from tests.editor.server import PROGRAM, Server

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="yaml-language-server is not on the PATH")

EDITED = """\
# yaml-language-server: $schema=story.schema.json
version: 1
model: modelark/seedance-1-0-pro
shots:
  - id: stairs
    prompt: An old keeper
    params: {service_tire: flex}
  - id: lamp
    model: rivya/seedance-1-0-lite
    prompt: The lamp
    resolution: 4k
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    begin(tmp_path)
    assert PROGRAM is not None
    server = Server(PROGRAM, tmp_path)
    yield server
    server.close()


def test_a_new_story_has_no_problems_in_an_editor(server: Server, tmp_path: Path) -> None:
    assert server.problems(tmp_path / "story.yaml") == []


def test_an_editor_marks_completes_and_explains_by_the_model_of_the_shot(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "edited.yaml"
    path.write_text(EDITED)
    marked = {one["range"]["start"]["line"]: one["message"] for one in server.problems(path)}
    assert sorted(marked) == [6, 10]
    assert marked[6] == "Property service_tire is not allowed."
    assert '"480p", "720p", "1080p"' in marked[10]
    assert server.completions(path, 10, 16) == {"480p", "720p", "1080p"}
    assert "The shot's name, unique in the story" in server.hover(path, 4, 6)
