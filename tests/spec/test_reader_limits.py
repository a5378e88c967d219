"""What a small story file may come to, once its templates are filled in."""

from __future__ import annotations

from pathlib import Path

from seedance_pipe import packaged
from seedance_pipe.spec.model import load_catalogue
from seedance_pipe.spec.reader import read_story


def test_a_small_file_cannot_come_to_gigabytes_of_text(tmp_path: Path) -> None:
    shots = "".join(f"  - {{id: s{number}, prompt: '{{{{ big }}}}{number}'}}\n" for number in range(700))
    head = "version: 1\nmodel: modelark/seedance-1-0-pro\n"
    (tmp_path / "bomb.yaml").write_text(f"{head}vars: {{big: '{'x' * 60_000}'}}\nshots:\n{shots}")
    reading = read_story(tmp_path / "bomb.yaml", load_catalogue(packaged.folder("schemas")))
    assert reading.story is None
    (problem,) = reading.diagnostics
    assert "come to more than 32 Mi characters" in problem.message
    assert problem.place.line == 4 + 559
