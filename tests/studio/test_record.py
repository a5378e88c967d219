"""`why`: the whole story of one shot, told on a film that was really rehearsed."""

from __future__ import annotations

import re
from pathlib import Path

from tests.conftest import Pipe


def test_a_shot_that_was_never_made_tells_its_request_and_where_each_value_comes_from(
    short: Path, pipe: Pipe
) -> None:
    told = pipe("why", short, "foam")
    assert told.code == 0, told.err
    assert told.out == (
        "Shot foam  (short.yaml:8:9): modelark/seedance-1-0-pro-fast-251015\n"
        "Its first frame is the last frame of wave.\n"
        "\n"
        "Request, as it is sent:\n"
        '  model                     model       short.yaml:3:8     "seedance-1-0-pro-fast-251015"\n'
        '  content[0].type           prompt      short.yaml:10:13   "text"\n'
        '  content[0].text           prompt      short.yaml:10:13   "The foam runs back"\n'
        '  content[1].type           continues   short.yaml:9:16    "image_url"\n'
        "  content[1].image_url.url  continues   short.yaml:9:16    the last frame of wave\n"
        '  content[1].role           continues   short.yaml:9:16    "first_frame"\n'
        '  resolution                resolution  short.yaml:4:37    "480p"\n'
        '  ratio                     ratio       short.yaml:4:50    "1:1"\n'
        "  duration                  duration    short.yaml:4:22    2\n"
        "  seed                                  the model, unsaid  -1\n"
        "  camera_fixed                          the model, unsaid  false\n"
        "  watermark                             the model, unsaid  false\n"
        "\n"
        "Takes:\n"
        "  foam#1  make  $0.0196  after wave#1/frame\n"
        "\n"
        "Nothing was ever sent for it.\n"
    )


def test_a_made_shot_tells_its_requests_their_cost_its_files_and_its_neighbours(short: Path, pipe: Pipe) -> None:
    assert pipe("run", short, "--sandbox").code == 0
    text = pipe("why", short, "wave", "--sandbox").out
    assert "\nThe last frame is the first frame of foam.\n" in text
    assert "\nTakes:\n  wave#1  fresh\n" in text
    assert re.search(
        r"\n  take 1  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC  stored  modelark task cgt-\S+  charged \$0\.0196\n", text
    )
    data = pipe("why", short, "wave", "--sandbox", "--json").json
    assert data["used_by"] == [{"shot": "foam", "what": "the last frame"}]
    assert pipe("why", short, "foam", "--sandbox", "--json").json["uses"][0]["shot"] == "wave"
    assert {one["output"] for one in data["files"]} == {"clip", "last_frame", "frame"}
    assert all(Path(one["path"]).is_file() for one in data["files"])
    (sent,) = data["submissions"]
    assert sent["request"]["content"][0]["text"] == "A wave breaks"
    assert sent["receipt"]["tokens"]
    assert data["values"][0] == {
        "path": "model",
        "value": "seedance-1-0-pro-fast-251015",
        "key": "model",
        "place": "short.yaml:3:8",
    }
    assert data["defaults"]["seed"] == -1


def test_a_changed_shot_tells_what_changed_and_keeps_the_old_take_in_view(short: Path, pipe: Pipe) -> None:
    assert pipe("run", short, "--sandbox").code == 0
    short.write_text(short.read_text().replace("A wave breaks", "A wave rises"))
    text = pipe("why", short, "wave", "--sandbox").out
    assert 'wave#1  make  $0.0196  prompt: "A wave breaks" -> "A wave rises"' in text
    assert "drags along foam#1 ($0.0196), film\n" in text
    assert re.search(r"\n  wave#1 before  clip +/.*/store/", text)


def test_a_renamed_shot_still_knows_what_it_was_bought_as(short: Path, pipe: Pipe) -> None:
    assert pipe("run", short, "--sandbox").code == 0
    short.write_text(short.read_text().replace("wave\n", "breaker\n"))
    text = pipe("why", short, "breaker", "--sandbox").out
    assert "\n  breaker#1  fresh\n" in text
    assert "\n  take 1 as wave  " in text


def test_media_are_told_by_what_they_are(pipelines: Path, pipe: Pipe) -> None:
    told = pipe("why", pipelines / "lighthouse.yaml", "stairs").out
    assert re.search(r"image_url\.url +first_frame +lighthouse\.yaml:22:18 +assets/stairs\.png \(10\.9 kB\)", told)
    text = (pipelines / "lighthouse.yaml").read_text()
    (pipelines / "web.yaml").write_text(text.replace("assets/stairs.png", "https://example.com/a.png"))
    assert "https://example.com/a.png\n" in pipe("why", pipelines / "web.yaml", "stairs").out


def test_a_shot_that_is_not_there_is_told_with_the_nearest(short: Path, pipe: Pipe) -> None:
    told = pipe("why", short, "foan")
    assert told.code == 2
    assert "no shot 'foan' in the story; did you mean 'foam'?" in told.err
