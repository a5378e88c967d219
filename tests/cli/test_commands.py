"""The commands that send nothing, used as a person or a script would."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.conftest import PIPELINES, Pipe

BAD = "version: 1\nmodel: modelark/seedance-1-0-pro\nshots:\n  - id: beach\n    prompt: A wave\n    durration: 5\n"


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    path = tmp_path / "surf.yaml"
    path.write_text(BAD)
    return path


def test_a_good_story_validates_with_exit_0_and_a_bad_one_with_3_and_every_place(
    pipe: Pipe, short: Path, bad: Path
) -> None:
    assert pipe("validate", short).code == 0
    told = pipe("validate", short, bad)
    assert told.code == 3
    assert f"{bad}:6:5: error: unknown key 'durration' in shot 'beach'; did you mean 'duration'?\n" in told.out
    assert " 6 |     durration: 5\n   |     ^^^^^^^^^\n" in told.out


def test_diagnostics_as_json_hold_the_same_places(pipe: Pipe, bad: Path) -> None:
    (found,) = pipe("validate", bad, "--json").json
    assert (found["line"], found["column"], found["severity"]) == (6, 5, "error")


def test_a_story_that_is_not_there_is_an_error_and_not_a_traceback(pipe: Pipe, tmp_path: Path) -> None:
    for command in ("validate", "plan", "run", "status", "graph", "render"):
        told = pipe(command, tmp_path / "none.yaml")
        assert told.code == 3
        assert "none.yaml" in told.out + told.err
        assert "Traceback" not in told.err


def test_looking_changes_nothing(pipe: Pipe, short: Path) -> None:
    for command in ("plan", "status", "graph", "render"):
        assert pipe(command, short).code == 0
    assert [path.name for path in short.parent.iterdir()] == ["short.yaml"]


def test_a_plan_prices_each_take_and_its_json_holds_exact_amounts(pipe: Pipe, short: Path) -> None:
    assert "2 of 2 takes to make: $0.0392" in pipe("plan", short).out
    told = pipe("plan", short, "--json").json
    take = next(step for step in told["steps"] if step["step"] == "wave#1")
    assert take["cost"]["tokens"] == 640 * 640 * 49 // 1024
    assert take["cost"]["most"] == {"amount": "0.0196", "currency": "USD"}
    assert take["cost"]["exact"] is True
    assert told["bill"]["most"] == [{"amount": "0.0392", "currency": "USD"}]


def test_the_graph_is_drawn_in_three_ways(pipe: Pipe, short: Path) -> None:
    assert pipe("graph", short).out.startswith("film  make\n")
    assert pipe("graph", short, "--format", "mermaid").out.startswith("flowchart LR\n")
    assert pipe("graph", short, "--format", "dot").out.startswith("digraph story {\n")
    steps = pipe("graph", short, "--json").json["steps"]
    assert {"step": "wave#1/frame", "output": "frame"} in steps[2]["needs"]


def test_a_rendered_story_shows_each_request_in_the_vendors_words(pipe: Pipe) -> None:
    told = yaml.safe_load(pipe("render", PIPELINES / "lighthouse.yaml").out)
    stairs = told["shots"][1]
    assert stairs["request"]["content"][0]["text"].startswith("An old keeper in a yellow raincoat climbs")
    assert stairs["media"] == [
        {"role": "first_frame", "kind": "image", "file": "assets/stairs.png", "type": "image/png"}
    ]
    assert pipe("render", PIPELINES / "lighthouse.yaml", "--json").json == told


def test_all_models_and_one_model_are_shown(pipe: Pipe) -> None:
    table = pipe("models").out
    assert table.splitlines()[0].startswith("MODEL")
    vendors = {line.partition("/")[0] for line in table.splitlines()[1:]}
    assert vendors == {"modelark", "rivya", "runbase", "runware"}
    one = pipe("models", "modelark/seedance-1-0-pro").out
    for told in ("2-12", "29, 33, … 289", "720p   16:9  1248x704", "2.50", "camera_fixed", "default 1080p"):
        assert told in one
    (data,) = pipe("models", "modelark/seedance-1-0-pro", "--json").json
    assert data["sizes"]["1080p 16:9"] == "1920x1088"
    wrong = pipe("models", "modelark/seedance-1-0-prr")
    assert wrong.code == 3
    assert "did you mean 'modelark/seedance-1-0-pro'?" in wrong.err


def test_schemas_are_printed_as_json(pipe: Pipe) -> None:
    assert json.loads(pipe("schema").out)["properties"]["shots"]
    for name in ("modelark/seedance-1-0-pro", "runware/bytedance:2@1", "runbase/bytedance/seedance-1-pro"):
        assert json.loads(pipe("schema", name).out)["title"] == "Seedance 1.0 Pro"


def test_the_schema_for_editors_has_all_models_in_it_and_goes_with_the_story_alone(pipe: Pipe) -> None:
    told = pipe("schema", "--editor")
    assert told.out == pipe("schema", "story", "--editor").out
    assert len(json.loads(told.out)["$defs"]) == len(pipe("models").out.splitlines()) - 1
    wrong = pipe("schema", "modelark/seedance-1-0-pro", "--editor")
    assert wrong.code == 2
    assert "--editor goes with the story's schema" in wrong.err


def test_init_writes_a_story_that_is_valid_and_overwrites_nothing(pipe: Pipe, tmp_path: Path) -> None:
    folder = tmp_path / "films"
    assert pipe("init", folder).code == 0
    assert pipe("validate", folder / "story.yaml").code == 0
    assert ".seedance/" in (folder / ".gitignore").read_text()
    before = (folder / "story.yaml").read_text()
    (folder / "story.yaml").write_text(before + "# mine\n")
    again = pipe("init", folder)
    assert again.code == 5
    assert "is there already" in again.err
    assert (folder / "story.yaml").read_text().endswith("# mine\n")


def test_the_doctor_says_what_is_here_and_what_is_missing(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told = pipe("doctor")
    assert told.code == 0
    assert "ARK_API_KEY is not set" in told.out
    monkeypatch.setenv("ARK_API_KEY", "canary-key-0123456789")
    monkeypatch.setenv("SEEDANCE_FFMPEG", str(tmp_path / "no-ffmpeg"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "no-certificates"))
    told = pipe("doctor", "--json")
    assert told.code == 6
    assert {one["what"]: one["state"] for one in told.json} | {"ffmpeg": "missing"} == {
        one["what"]: one["state"] for one in told.json
    }
    assert "canary" not in told.out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["plann"], "there is no command 'plann'; did you mean 'plan'?"),
        (["run", "STORY", "wav"], "no shot 'wav' in the story; did you mean 'wave'?"),
        (["run", "STORY", "--force", "fome"], "no shot 'fome'"),
        (["run", "STORY", "--only"], "--only wants the shots"),
        (["run", "STORY", "--max-cost", "much"], "'much' is not an amount of dollars"),
        (["run", "STORY", "--max-cost", "-1"], "'-1' is not an amount of dollars"),
        (["run", "STORY", "-j", "0"], "0"),
        ([], "Commands"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_is_wrong(
    pipe: Pipe, short: Path, arguments: list[str], told: str
) -> None:
    answer = pipe(*[str(short) if argument == "STORY" else argument for argument in arguments])
    assert answer.code == 2
    assert told in answer.err


def test_a_run_without_its_key_ends_with_6_and_names_the_variable(pipe: Pipe, short: Path) -> None:
    told = pipe("run", short)
    assert told.code == 6
    assert "ARK_API_KEY" in told.err


def test_a_run_that_would_pass_its_cap_ends_with_5_before_anything_is_sent(pipe: Pipe, short: Path) -> None:
    told = pipe("run", short, "--max-cost", "0.03")
    assert told.code == 5
    assert "$0.0392 asked" in told.err
    assert pipe("run", short, "--max-cost", "0.03", "--sandbox").code == 5, "a cap can be rehearsed, too"


def test_a_large_bill_wants_a_confirmation_that_nobody_here_can_give(pipe: Pipe, tmp_path: Path) -> None:
    path = tmp_path / "dear.yaml"
    shots = "".join(f"  - {{id: s{number}, prompt: Wave {number}}}\n" for number in range(20))
    path.write_text(
        f"version: 1\nmodel: modelark/seedance-1-0-pro\ndefaults: {{duration: 12, ratio: '16:9'}}\nshots:\n{shots}"
    )
    told = pipe("run", path)
    assert told.code == 5
    assert "--yes" in told.err
    assert pipe("run", path, "--yes").code == 6, "confirmed, it comes as far as the missing key"


def test_commands_that_need_no_network_load_no_network(short: Path) -> None:
    program = (
        "import sys; from seedance_pipe.cli.main import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print(sorted({'httpx', 'asyncio', 'av', 'uvicorn', 'starlette', 'numpy'} & set(sys.modules)))"
    )
    for arguments in (["--version"], ["--help"], ["plan", str(short)], ["validate", str(short)], ["models"]):
        ran = subprocess.run(
            [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True
        )
        assert ran.stdout.splitlines()[-1] == "[]", arguments


def test_a_reader_that_goes_away_is_no_error(short: Path) -> None:
    command = (
        f"{sys.executable} -m seedance_pipe models modelark/seedance-1-0-pro | head -n 1; exit ${{PIPESTATUS[0]}}"
    )
    ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert ran.returncode in (0, 141)
    assert "Traceback" not in ran.stderr
