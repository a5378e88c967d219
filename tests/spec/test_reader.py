"""Reading whole stories: what a right one becomes. What is told of wrong ones stands in `tests/wrong`."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from PIL import Image

from seedance_pipe.document import thaw
from seedance_pipe.errors import StoryInvalid
from seedance_pipe.spec.medium import Address, FromShot, Kind, LocalFile, Measured, Role
from seedance_pipe.spec.reader import read_story
from seedance_pipe.spec.story import Shot, Story
from seedance_pipe.units import Size
from tests.spec.asking import CATALOGUE, PRO, TWO, messages, read, write

LIGHTHOUSE = """\
version: 1
title: The {{ who }}
model: modelark/seedance-1-0-pro
x-note: &note {prompt: ignored}
vars: {who: lighthouse keeper, keeper: "an old {{ who }}"}
defaults: {duration: 5, resolution: 720p, ratio: "16:9", params: {service_tier: flex, priority: 0}}
shots:
  - id: stairs
    prompt: |
      {{ keeper }} climbs
      the stairs
    first_frame: "assets/{{ file }}.png"
    vars: {file: stairs}
  - id: lamp
    continues: previous
    prompt: "{{ keeper }} lights the lamp"
    duration: 10
    seed: 7
    takes: 3
    params: {service_tier: default}
"""


def told(text: str, folder: Path, **options: object) -> list[str]:
    return [message.partition(" ")[2] for message in messages(read(write(folder, text), **options))]


def story(text: str, folder: Path, **options: object) -> Story:
    reading = read(write(folder, text), **options)
    assert reading.story is not None, messages(reading)
    return reading.story


def shot(folder: Path, *lines: str, model: str = PRO, top: str = "", **options: object) -> Shot:
    """The one shot of a story with these lines."""
    text = "\n".join(
        [f"version: 1\nmodel: {model}\n{top}shots:\n  - id: beach", *(f"    {line}" for line in lines)]
    )
    return story(text, folder, **options).shots[0]


def film(*shots: str, model: str = PRO, head: str = "defaults: {prompt: waves}") -> str:
    """The text of a story with these shots, each in braces."""
    return "\n".join(["version: 1", f"model: {model}", head, "shots:", *(f"  - {{{shot}}}" for shot in shots), ""])


def picture(folder: Path, name: str, size: tuple[int, int] = (640, 360)) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", size).save(path)


def test_a_story_becomes_frozen_values(tmp_path: Path) -> None:
    picture(tmp_path, "assets/stairs.png")
    text = LIGHTHOUSE.replace("params: {service_tier: flex, priority: 0}", "params: {service_tier: flex}")
    read_ = story(text, tmp_path)
    assert read_.title == "The lighthouse keeper"
    assert (read_.path, read_.root) == (tmp_path / "story.yaml", tmp_path)
    assert read_.output == tmp_path / "out" / "story.mp4"
    stairs, lamp = read_.shots
    assert thaw(stairs.body) == {
        "model": "seedance-1-0-pro-250528",
        "content": [
            {"type": "text", "text": "an old lighthouse keeper climbs\nthe stairs"},
            {"type": "image_url", "image_url": {"url": None}, "role": "first_frame"},
        ],
        "resolution": "720p",
        "ratio": "16:9",
        "duration": 5,
        "service_tier": "flex",
    }
    assert (lamp.body["duration"], lamp.body["service_tier"]) == (10, "default")
    assert (lamp.seed, lamp.seed_path, lamp.takes, stairs.takes) == (7, ("seed",), 3, 1)
    (frame,) = lamp.media
    assert (frame.role, frame.kind, frame.source) == (Role.FIRST_FRAME, Kind.IMAGE, FromShot("stairs"))
    assert isinstance(stairs.media[0].source, LocalFile)


def test_every_value_of_a_request_knows_the_key_that_it_comes_from(tmp_path: Path) -> None:
    picture(tmp_path, "assets/stairs.png")
    text = LIGHTHOUSE.replace("params: {service_tier: flex, priority: 0}", "params: {service_tier: flex}")
    stairs, lamp = story(text, tmp_path).shots
    keys = {path: (origin.key, origin.place.line) for path, origin in stairs.origins.items()}
    assert keys == {
        ("model",): ("model", 3),
        ("duration",): ("duration", 6),
        ("resolution",): ("resolution", 6),
        ("ratio",): ("ratio", 6),
        ("service_tier",): ("params.service_tier", 6),
        ("content", 0): ("prompt", 9),
        ("content", 1): ("first_frame", 12),
    }
    assert lamp.origins["content", 1].key == "continues"
    assert lamp.place.line == 14


def test_priority_and_flex_of_the_defaults_are_told_in_the_defaults(tmp_path: Path) -> None:
    picture(tmp_path, "assets/stairs.png")
    assert told(LIGHTHOUSE, tmp_path) == [
        "error: params.priority in defaults: a flex task has no priority; drop priority, or service_tier: flex"
    ]


def test_own_frames_beat_the_default_duration_and_the_other_way_round(tmp_path: Path) -> None:
    assert shot(tmp_path, "prompt: waves", "frames: 57", top="defaults: {duration: 5}\n").footage.frames == 57
    assert shot(tmp_path, "prompt: waves", "duration: 4", top="defaults: {frames: 57}\n").footage.frames == 97


def test_continues_beats_a_default_first_frame(tmp_path: Path) -> None:
    picture(tmp_path, "a.png")
    text = film("id: a", "id: b, continues: a", head="defaults: {prompt: waves, first_frame: a.png}")
    first, second = story(text, tmp_path).shots
    assert isinstance(first.media[0].source, LocalFile)
    assert [medium.source for medium in second.media] == [FromShot("a")]


def test_a_shot_may_continue_a_later_one(tmp_path: Path) -> None:
    text = film("id: a, first_frame: 'shot:b'", "id: b")
    assert story(text, tmp_path).shots[0].media[0].source == FromShot("b")


def test_first_frame_may_name_the_shot_before(tmp_path: Path) -> None:
    text = film("id: a", "id: b, first_frame: 'shot:previous'")
    assert story(text, tmp_path).shots[1].media[0].source == FromShot("a")


def test_a_picture_may_stand_alone(tmp_path: Path) -> None:
    picture(tmp_path, "a.png")
    assert len(shot(tmp_path, "first_frame: a.png").media) == 1


def test_addresses_are_passed_on_as_they_are(tmp_path: Path) -> None:
    made = shot(
        tmp_path,
        "prompt: waves",
        "references: [{video: 'https://example.org/a.mp4?sig=1'}, {image: 'asset://x-1'}]",
        model=TWO,
    )
    assert {medium.source for medium in made.media} == {
        Address("https://example.org/a.mp4?sig=1"),
        Address("asset://x-1"),
    }


def test_with_a_place_for_uploads_files_and_clips_stand_where_only_addresses_go(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"\0\0\0\x18ftypisom" + b"\0" * 64)
    text = (
        f"version: 1\nmodel: {TWO}\ndefaults: {{prompt: waves, duration: 4}}\nshots:\n  - id: a\n  - id: b\n"
        "    references: [{video: a.mp4}, {video: 'shot:a'}, {image: 'shot:a'}]\n"
    )
    assert len(told(text, tmp_path)) == 2
    sources = {(medium.kind, type(medium.source)) for medium in story(text, tmp_path, uploads=True).shots[1].media}
    assert sources == {(Kind.VIDEO, LocalFile), (Kind.VIDEO, FromShot), (Kind.IMAGE, FromShot)}


def test_a_rehearsal_takes_addresses_of_this_machine(tmp_path: Path) -> None:
    line = "first_frame: http://127.0.0.1:8000/a.png"
    made = shot(tmp_path, "prompt: waves", line, loopback=True)
    assert made.media[0].source == Address("http://127.0.0.1:8000/a.png")
    with pytest.raises(AssertionError, match="https://"):
        shot(tmp_path, "prompt: waves", line)


def test_clips_are_measured_by_whom_we_are_given(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"\0\0\0\x18ftypisom" + b"\0" * 64)

    def measure(path: Path) -> Measured:
        return Measured(Fraction(20), Size(1280, 720), Fraction(12), ("h264", "opus"), path.stat().st_size)

    text = f"version: 1\nmodel: {TWO}\nshots: [{{id: a, prompt: waves, references: [{{video: a.mp4}}]}}]\n"
    assert told(text, tmp_path, uploads=True, measure=measure) == [
        "error: references[0].video in shot 'a': 'a.mp4' has 12 frames a second; "
        "modelark/seedance-2-0 takes 24 to 60",
        "error: references[0].video in shot 'a': 'a.mp4' is coded as opus; "
        "modelark/seedance-2-0 takes h264, hevc, aac, mp3",
        "error: references[0].video in shot 'a': 'a.mp4' lasts 20.0 seconds; modelark/seedance-2-0 takes 2 to 15",
    ]


def test_files_too_heavy_for_the_model_or_for_one_request_are_told(tmp_path: Path) -> None:
    picture(tmp_path, "a.png")
    for name, length in (("heavy.png", 30_000_000), ("half.png", 25_000_000)):
        (tmp_path / name).write_bytes((tmp_path / "a.png").read_bytes())
        with (tmp_path / name).open("r+b") as file:
            file.truncate(length)
    text = f"version: 1\nmodel: {TWO}\nshots: [{{id: a, first_frame: FIRST, last_frame: half.png}}]\n"
    assert told(text.replace("FIRST", "heavy.png").replace("half", "a"), tmp_path) == [
        "error: first_frame in shot 'a': 'heavy.png' has 30.0 MB; modelark/seedance-2-0 takes at most 30.0 MB"
    ]
    assert told(text.replace("FIRST", "half.png"), tmp_path) == [
        "error: last_frame in shot 'a': the files of this shot make a request of 66.7 MB; "
        "modelark/seedance-2-0 takes at most 64.0 MB"
    ]


def test_a_picture_of_a_type_that_the_model_does_not_take_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftypheic" + b"\0" * 64)
    text = "version: 1\nmodel: {}\nshots: [{{id: a, first_frame: a.heic}}]\n"
    assert told(text.format(TWO), tmp_path) == []
    assert told(text.format(PRO), tmp_path) == [
        "error: first_frame in shot 'a': 'a.heic' is HEIC; "
        "modelark/seedance-1-0-pro takes JPEG, PNG, WEBP, BMP, TIFF, GIF"
    ]


def test_a_link_to_a_file_outside_is_refused(tmp_path: Path) -> None:
    picture(tmp_path, "secret.png")
    folder = tmp_path / "film"
    folder.mkdir()
    (folder / "a.png").symlink_to(tmp_path / "secret.png")
    text = f"version: 1\nmodel: {PRO}\nshots: [{{id: a, first_frame: a.png}}]\n"
    assert told(text, folder) == ["error: first_frame in shot 'a': 'a.png' leads out of the story's folder"]


def test_the_story_itself_is_never_the_film(tmp_path: Path) -> None:
    text = f"version: 1\nmodel: {PRO}\ncut: {{output: film.mp4}}\nshots: [{{id: a, prompt: waves}}]\n"
    path = write(tmp_path, text, "film.mp4")
    assert messages(read(path)) == [
        "film.mp4:3:15: error: output 'film.mp4' is the story itself; name another file"
    ]


def test_a_folder_is_never_the_film(tmp_path: Path) -> None:
    (tmp_path / "film.mp4").mkdir()
    text = f"version: 1\nmodel: {PRO}\ncut: {{output: film.mp4}}\nshots: [{{id: a, prompt: waves}}]\n"
    assert told(text, tmp_path) == ["error: output 'film.mp4' is a folder; name a file in it"]


def test_the_default_output_is_no_input_either(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "story.mp4").write_bytes(b"\0\0\0\x18ftypisom" + b"\0" * 64)
    text = f"version: 1\nmodel: {TWO}\nshots: [{{id: a, prompt: waves, references: [{{video: out/story.mp4}}]}}]\n"
    assert told(text, tmp_path, uploads=True) == [
        "error: the film would be written over 'out/story.mp4', which shot 'a' is made from; "
        "set cut.output to another file"
    ]


def test_a_cut_may_be_empty_of_output(tmp_path: Path) -> None:
    text = f"version: 1\nmodel: {PRO}\ncut: {{}}\nshots: [{{id: a, prompt: waves}}]\n"
    assert story(text, tmp_path).output == tmp_path / "out" / "story.mp4"


def test_an_output_is_a_template_over_the_storys_variables(tmp_path: Path) -> None:
    text = film("id: a, prompt: x", head="vars: {name: sea}\ncut: {output: 'films/{{ name }}.mp4'}")
    assert story(text, tmp_path).output == tmp_path / "films" / "sea.mp4"


def test_variables_are_seen_through_lists_mappings_and_each_other(tmp_path: Path) -> None:
    top = "vars: {a: {n: [1, '{{ b }}'], t: true}, b: '{{ c }}!', c: sea}\n"
    made = shot(tmp_path, "prompt: '{{ a.n[1] }} {{ a.n[0] }} {{ missing | default(\"sky\") }}'", top=top)
    assert thaw(made.body["content"])[0]["text"] == "sea! 1 sky"


def test_the_nearer_variable_wins(tmp_path: Path) -> None:
    top = "vars: {who: story, line: '{{ who }}'}\ndefaults: {prompt: '{{ line }}', vars: {who: defaults}}\n"
    assert thaw(shot(tmp_path, "takes: 1", top=top).body["content"])[0]["text"] == "defaults"
    assert thaw(shot(tmp_path, "vars: {who: shot}", top=top).body["content"])[0]["text"] == "shot"


def test_a_long_chain_of_variables_is_no_trouble(tmp_path: Path) -> None:
    chain = "".join(f"  v{n}: '{{{{ v{n + 1} }}}}'\n" for n in range(3000))
    made = shot(tmp_path, "prompt: '{{ v0 }}'", top=f"vars:\n{chain}  v3000: sea\n")
    assert thaw(made.body["content"])[0]["text"] == "sea"


def test_a_circle_through_a_shots_own_variable_is_told(tmp_path: Path) -> None:
    text = (
        f"version: 1\nmodel: {PRO}\nvars: {{a: '{{{{ b }}}}', b: sea}}\nshots:\n"
        "  - {id: one, prompt: '{{ a }}'}\n  - {id: two, prompt: '{{ a }}', vars: {b: '{{ a }}'}}\n"
    )
    assert told(text, tmp_path) == ["error: variable 'a' uses itself: a -> b -> a"]


def test_a_circle_of_the_storys_variables_is_told_once_whatever_shots_add(tmp_path: Path) -> None:
    shots = "id: one, prompt: '{{ a }} {{ c }}', vars: {c: '{{ a }}'}", "id: two, prompt: '{{ a }}', vars: {d: x}"
    text = film(*shots, head="vars: {a: '{{ b }}', b: '{{ a }}'}")
    assert told(text, tmp_path) == ["error: variable 'a' uses itself: a -> b -> a"]


def test_a_wrong_variable_is_told_once_whoever_uses_it(tmp_path: Path) -> None:
    text = (
        f"version: 1\nmodel: {PRO}\nvars: {{a: ['{{{{ 1 / 0 }}}}'], b: {{c: '{{{{ a[0] }}}}'}}}}\n"
        "shots:\n  - {id: one, prompt: '{{ b.c }}'}\n  - {id: two, prompt: '{{ a[0] }}', vars: {d: x}}\n"
    )
    assert len(told(text, tmp_path)) == 1


def test_a_template_that_makes_a_control_character_is_told(tmp_path: Path) -> None:
    text = "version: 1\nmodel: " + PRO + "\nshots: [{id: a, prompt: '{{ \"\\x07\" }}'}]\n"
    (line,) = told(text, tmp_path)
    assert "U+0007 is not allowed" in line


def test_a_shot_with_a_wrong_template_still_tells_its_other_problems(tmp_path: Path) -> None:
    text = film("id: a, prompt: '{{ nobody }}', duration: 99, ratio: adaptive")
    assert told(text, tmp_path) == [
        "error: unknown variable 'nobody'",
        "error: duration 99 in shot 'a' is more than modelark/seedance-1-0-pro makes; it makes 2 to 12 seconds",
    ]


def test_wrong_params_hide_no_wrong_keys(tmp_path: Path) -> None:
    text = f"version: 1\nmodel: {PRO}\nshots: [{{id: a, prompt: x, params: 3, duration: 99}}]\n"
    assert len(told(text, tmp_path)) == 2


def test_a_wrong_model_at_the_top_is_told_once_and_hides_nothing_of_other_shots(tmp_path: Path) -> None:
    text = film("id: a", f"id: b, model: {PRO}, duration: 99", model="3")
    assert [line.partition(":")[2].split()[0] for line in told(text, tmp_path)] == ["model", "duration"]


def test_a_wrong_model_of_a_shot_is_not_replaced_by_the_one_at_the_top(tmp_path: Path) -> None:
    text = f"version: 1\nmodel: {PRO}\nshots: [{{id: a, prompt: x, model: [], duration: 99}}]\n"
    assert told(text, tmp_path) == ["error: model in shot 'a' is a list, where text belongs"]


def test_many_circles_are_each_told_once(tmp_path: Path) -> None:
    text = (
        f"version: 1\nmodel: {PRO}\ndefaults: {{prompt: x}}\nshots:\n"
        "  - {id: a, continues: b, last_frame: 'shot:c'}\n  - {id: b, continues: a}\n  - {id: c, continues: a}\n"
        "  - {id: d, continues: e}\n  - {id: e}\n  - {id: f, continues: e}\n"
    )
    assert told(text, tmp_path) == [
        "error: continues in shot 'a': shots wait for each other: a -> b -> a",
        "error: last_frame in shot 'a': shots wait for each other: a -> c -> a",
    ]


def test_a_chain_of_a_thousand_shots_is_no_trouble(tmp_path: Path) -> None:
    rows = "".join(f"  - {{id: s{n}, continues: s{n + 1}}}\n" for n in range(1000))
    text = f"version: 1\nmodel: {PRO}\ndefaults: {{prompt: x}}\nshots:\n{rows}  - id: s1000\n"
    assert len(story(text, tmp_path).shots) == 1001


def test_diagnostics_are_sorted_and_each_is_there_once(tmp_path: Path) -> None:
    text = film("id: b, takes: 0", "id: a", head="defaults: {prompt: x, ratio: '2:1', seed: -5}")
    reading = read(write(tmp_path, text))
    assert len(reading.diagnostics) == 3
    assert list(reading.diagnostics) == sorted(set(reading.diagnostics))


def test_a_key_in_a_story_is_not_repeated_in_lines_or_messages(tmp_path: Path) -> None:
    text = f"version: 1\nmodel: {PRO}\nshots: [{{id: a, prompt: x, ratio: sk-abcdefghijklmnop1234}}]\n"
    reading = read(write(tmp_path, text))
    assert len(reading.diagnostics) == 2
    assert "sk-abc" not in repr(reading)


def test_a_story_that_is_not_there_is_told_without_a_traceback(tmp_path: Path) -> None:
    with pytest.raises(StoryInvalid, match=r"nowhere\.yaml cannot be read: no such file or directory"):
        read(tmp_path / "nowhere.yaml")


def test_without_a_shown_name_messages_have_the_path(tmp_path: Path) -> None:
    path = write(tmp_path, "version: 1\n")
    assert str(read_story(path, CATALOGUE).diagnostics[0]).startswith(f"{path}:1:1: ")


def test_a_key_that_the_environment_holds_is_refused_at_its_place_and_not_repeated(tmp_path: Path) -> None:
    key = "1b4e28ba-2fa1-11d2-883f-0016d3cca427"
    text = f"version: 1\nmodel: {PRO}\nshots: [{{id: a, prompt: a wave {key}}}]  # {key}\n"
    path = write(tmp_path, text)
    reading = read(path, keys={"ARK_API_KEY": key, "RIVYA_API_KEY": "quite-another-value"})
    assert reading.story is None
    (said,) = messages(reading)
    assert "3:32: error: this is the secret key that ARK_API_KEY holds; keys belong in the environment" in said
    assert key[:8] not in repr(reading)
    assert read(path).story is not None, "by itself it does not look like one"


def test_a_relative_path_gives_an_absolute_story(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, f"version: 1\nmodel: {PRO}\nshots: [{{id: a, prompt: x}}]\n")
    monkeypatch.chdir(tmp_path)
    reading = read(Path("story.yaml"))
    assert reading.story is not None
    assert reading.story.path == tmp_path / "story.yaml"
