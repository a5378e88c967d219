"""`--repair` on the command line: the example of the README, wrong words, and that a choice is kept."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.conftest import Pipe

README = (Path(__file__).resolve().parent.parent.parent / "README.md").read_text(encoding="utf-8")
SECTION = README.split("\n### When a shot in a chain changes\n")[1].split("\n## ")[0]

CHAIN = """\
version: 1
model: MODEL
defaults: {duration: 2, resolution: 480p, ratio: "1:1"}
shots:
  - {id: wave, prompt: A wave breaks}
  - {id: foam, prompt: The foam runs back, continues: wave}
  - {id: sand, prompt: The sand dries, continues: foam}
"""


@pytest.fixture
def chain(tmp_path: Path) -> Path:
    path = tmp_path / "surf.yaml"
    path.write_text(CHAIN.replace("MODEL", "modelark/seedance-1-0-pro"))
    return path


def test_the_commands_of_the_readme_keep_what_continues_a_changed_shot(
    pipe: Pipe, chain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(chain.parent)
    story = Path("lighthouse.yaml")
    story.write_text(chain.read_text().replace("foam", "stairs").replace("sand", "lamp"))
    assert pipe("run", story, "--sandbox").code == 0
    story.write_text(story.read_text().replace("runs back", "runs on"))
    plan, run = (shlex.split(line)[1:] for line in re.findall(r"^seedance-pipe .*$", SECTION, re.M))
    told = pipe(*plan).out
    assert "a cut: 'lamp' goes on from the picture that 'stairs' ended with before" in told
    assert "1 of 3 takes to make" in told
    made = pipe(*run)
    assert made.code == 0 and "1 take made" in made.out
    assert "film: a cut: 'lamp' goes on" in made.err
    assert "film: clip 3: no frame was left out" in made.err
    again = pipe("plan", story, "--sandbox", "--json").json
    assert again["pending"] == [] and [one["seam"] for one in again["seams"]] == ["cut"]
    assert "lamp#1  fresh  (cut after stairs)" in pipe("graph", story, "--sandbox").out
    assert "a cut: 'lamp' goes on" in pipe("why", story, "lamp", "--sandbox").out


def test_the_shot_of_the_readme_is_a_shot(pipe: Pipe, tmp_path: Path) -> None:
    (shot,) = re.findall(r"```\n(  - id: .*?)```", SECTION, re.S)
    path = tmp_path / "surf.yaml"
    path.write_text(f"version: 1\nmodel: modelark/seedance-1-0-pro\nshots:\n{shot}")
    assert pipe("validate", path).code == 0


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("wave=repeat", "'wave=repeat' is not a shot and one of ripple, bridge, accept"),
        ("=accept", "'=accept' is not a shot"),
        ("wvae=accept", "did you mean 'wave'"),
        ("sand=accept", "--repair sand=accept: no shot continues it"),
        ("wave=bridge", "--repair wave=bridge: a last_frame needs a first_frame too"),
    ],
)
@pytest.mark.parametrize("command", ["plan", "run"])
def test_a_way_that_is_none_is_wrong_usage(pipe: Pipe, chain: Path, command: str, asked: str, told: str) -> None:
    answer = pipe(command, chain, "--sandbox", "--repair", asked)
    assert answer.code == 2 and told in answer.err


def test_a_model_that_takes_no_last_frame_is_wrong_usage_and_a_reason_in_the_plan(pipe: Pipe, chain: Path) -> None:
    chain.write_text(CHAIN.replace("MODEL", "modelark/seedance-1-0-pro-fast"))
    answer = pipe("plan", chain, "--sandbox", "--repair", "foam=bridge")
    assert answer.code == 2 and "takes no last_frame" in answer.err


def test_against_a_revision_no_way_can_be_chosen(pipe: Pipe, chain: Path) -> None:
    answer = pipe("plan", chain, "--against", "HEAD", "--repair", "foam=accept")
    assert answer.code == 2 and "--repair" in answer.err
