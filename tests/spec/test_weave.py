"""One film out of several files, profiles and settings: who wins, and where each value says that it stands."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from seedance_pipe.errors import StoryInvalid
from seedance_pipe.spec import include
from seedance_pipe.spec.edition import AS_WRITTEN, Edition
from seedance_pipe.spec.reader import Reading, read_story
from seedance_pipe.spec.story import Shot, Story
from tests.spec.asking import CATALOGUE, FAST, PRO

HEAD = f"version: 1\nmodel: {PRO}\n"
WAVE = "shots:\n  - {id: wave, prompt: 'A wave at {{ light }}'}\n"


def reading(folder: Path, files: Mapping[str, str], edition: Edition = AS_WRITTEN) -> Reading:
    """The story `film.yaml` among `files`."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return read_story(folder / "film.yaml", CATALOGUE, shown="film.yaml", edition=edition)


def film(folder: Path, files: Mapping[str, str], edition: Edition = AS_WRITTEN) -> Story:
    told = reading(folder, files, edition)
    assert told.story is not None, [str(one) for one in told.diagnostics]
    return told.story


def prompt(shot: Shot) -> str:
    (content,) = (one for one in shot.body["content"] if one["type"] == "text")  # type: ignore[index,union-attr]
    return str(content["text"])  # type: ignore[index,call-overload]


def messages(told: Reading) -> list[str]:
    return [str(one) for one in told.diagnostics]


def test_included_shots_come_before_the_own_in_the_order_of_the_files(tmp_path: Path) -> None:
    told = film(
        tmp_path,
        {
            "film.yaml": f"{HEAD}include: [b.yaml, scenes/a.yaml]\nshots: [{{id: end, prompt: The end}}]\n",
            "b.yaml": "version: 1\ninclude: c.yaml\nshots: [{id: b, prompt: B}]\n",
            "scenes/a.yaml": "shots: [{id: a, prompt: A, continues: b}]\n",
            "c.yaml": "shots: [{id: c, prompt: C}]\n",
        },
    )
    assert [shot.id for shot in told.shots] == ["c", "b", "a", "end"]
    assert [str(shot.place) for shot in told.shots][2:] == ["scenes/a.yaml:1:14", "film.yaml:4:14"]


def test_the_story_wins_over_what_it_includes_and_a_later_file_over_an_earlier(tmp_path: Path) -> None:
    files = {
        "film.yaml": f"{HEAD}include: [one.yaml, two.yaml]\nvars: {{light: dawn}}\n"
        "shots: [{id: wave, prompt: '{{ light }} {{ sea }} {{ sky }}'}]\n",
        "one.yaml": "vars: {light: noon, sea: calm, sky: grey}\ndefaults: {duration: 5, resolution: 480p}\n",
        "two.yaml": "vars: {sea: rough}\ndefaults: {duration: 10}\nx-note: ignored\n",
    }
    (shot,) = film(tmp_path, files).shots
    assert prompt(shot) == "dawn rough grey"
    assert (shot.body["duration"], shot.body["resolution"]) == (10, "480p")
    assert str(shot.origins["duration",].place) == "two.yaml:2:22"


def test_a_file_that_two_others_include_is_read_once(tmp_path: Path) -> None:
    files = {
        "film.yaml": f"{HEAD}include: [a.yaml, b.yaml]\n",
        "a.yaml": "include: shot.yaml\n",
        "b.yaml": "include: shot.yaml\n",
        "shot.yaml": "shots: [{id: only, prompt: One}]\n",
    }
    assert [shot.id for shot in film(tmp_path, files).shots] == ["only"]


def test_characters_and_styles_are_parts_of_prompts(tmp_path: Path) -> None:
    files = {
        "film.yaml": f"{HEAD}include: cast.yaml\n"
        "characters: {keeper: {voice: hoarse}}\nstyles: {noir: hard light}\n"
        "vars: {who: '{{ characters.keeper.look }}, {{ characters.keeper.voice }}', coat: yellow}\n"
        "shots: [{id: a, prompt: '{{ who }}, {{ styles.noir }}'}]\n",
        "cast.yaml": "characters: {keeper: {look: 'a keeper in {{ coat }}', voice: soft}}\n",
    }
    (shot,) = film(tmp_path, files).shots
    assert prompt(shot) == "a keeper in yellow, hoarse, hard light"


@pytest.mark.parametrize(
    ("most", "value", "said"),
    [("MOST_FILES", 2, "at most 2 files"), ("_DEEPEST", 1, "and 1 deep"), ("HEAVIEST", 3, "more than 3 values")],
)
def test_what_a_story_is_made_of_has_limits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: str, value: int, said: str
) -> None:
    monkeypatch.setattr(include, most, value)
    files = {
        "film.yaml": f"{HEAD}include: [a.yaml, b.yaml]\n{WAVE}",
        "a.yaml": "include: c.yaml\n",
        "b.yaml": "vars: {light: dawn}\n",
        "c.yaml": "vars: {sea: calm, sky: grey}\n",
    }
    assert any(said in one for one in messages(reading(tmp_path, files)))


def test_an_empty_included_file_adds_nothing(tmp_path: Path) -> None:
    files = {"film.yaml": f"{HEAD}vars: {{light: dawn}}\ninclude: empty.yaml\n{WAVE}", "empty.yaml": "{}\n"}
    assert film(tmp_path, files).shots
    assert "is a mapping of" in messages(reading(tmp_path, {**files, "empty.yaml": "[]\n"}))[0]
    assert messages(reading(tmp_path, {**files, "empty.yaml": ""}))


PROFILES = f"""{HEAD}vars: {{light: dawn}}
defaults: {{resolution: 1080p, duration: 5}}
profiles:
  draft: {{model: {FAST}, defaults: {{resolution: 480p}}, vars: {{light: noon}}}}
  short: {{defaults: {{duration: 2}}}}
  named: {{cut: {{output: out/other.mp4}}}}
{WAVE}  - {{id: large, resolution: 720p, prompt: A ship}}
"""


def test_a_profile_is_laid_over_the_story_but_not_over_what_a_shot_says(tmp_path: Path) -> None:
    told = film(tmp_path, {"film.yaml": PROFILES}, Edition(profiles=("draft", "short")))
    wave, large = told.shots
    assert (wave.model.name, wave.body["resolution"], wave.body["duration"]) == (large.model.name, "480p", 2)
    assert large.body["resolution"] == "720p"
    assert prompt(wave) == "A wave at noon"
    assert str(wave.origins["resolution",].place) == "film.yaml:6:73"


@pytest.mark.parametrize(
    ("profiles", "output"),
    [
        ((), "film.mp4"),
        (("draft",), "film-draft.mp4"),
        (("draft", "short"), "film-draft-short.mp4"),
        (("named",), "other.mp4"),
        (("draft", "named", "short"), "other-short.mp4"),
    ],
)
def test_a_draft_is_written_beside_the_film(tmp_path: Path, profiles: tuple[str, ...], output: str) -> None:
    assert film(tmp_path, {"film.yaml": PROFILES}, Edition(profiles=profiles)).output.name == output


@pytest.mark.parametrize(
    ("text", "profile", "said"),
    [
        (PROFILES, "drat", "film.yaml has no profile 'drat'; did you mean 'draft'?"),
        (PROFILES, "x", "film.yaml has no profile 'x'; it has draft, short, named"),
        (HEAD + WAVE, "draft", "film.yaml has no profile 'draft'; it has none"),
    ],
)
def test_a_profile_that_is_not_there_is_named(tmp_path: Path, text: str, profile: str, said: str) -> None:
    with pytest.raises(StoryInvalid) as told:
        film(tmp_path, {"film.yaml": text}, Edition(profiles=(profile,)))
    assert told.value.message == said


def test_settings_win_over_profiles_and_files_of_variables_and_say_where_they_stand(tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_text("{light: dusk, unused: 1}\n")
    asked = Edition(("draft",), (tmp_path / "more.yaml",), ("defaults.duration=7", "title='5 to 7'"))
    told = film(tmp_path, {"film.yaml": PROFILES}, asked)
    wave = told.shots[0]
    assert (prompt(wave), wave.body["duration"], told.title) == ("A wave at dusk", 7, "5 to 7")
    assert str(wave.origins["duration",].place) == "--set:1:19"
    asked = Edition(asked.profiles, asked.files, ("light=moon: cold, # bright", "cut.output=out/x.mp4"))
    told = film(tmp_path, {"film.yaml": PROFILES}, asked)
    assert prompt(told.shots[0]) == "A wave at moon: cold, # bright"
    assert told.output.name == "x-draft.mp4"


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("light", "--set:1:1: error: a setting is name=value, such as age=12"),
        ("lihgt=1", "--set:1:1: error: the story has no variable 'lihgt'; did you mean 'light'?"),
        ("zzz=1", "begins with vars, characters, styles, defaults, cut"),
        ("defaults.duration=.inf", "--set:1:19: error: .inf is not a number that can be sent"),
        ("defaults.duratin=7", "--set:1:1: error: unknown key 'duratin' in defaults; did you mean 'duration'?"),
        ("defaults.=7", "--set:1:1: error: the story has no variable 'defaults.'"),
        ("light={{ lihgt }}", "--set:1:10: error: unknown variable 'lihgt'; did you mean 'light'?"),
        ("defaults=7", "--set:1:1: error: the story has no variable 'defaults'"),
    ],
)
def test_a_wrong_setting_is_told_where_it_stands(tmp_path: Path, setting: str, said: str) -> None:
    told = reading(tmp_path, {"film.yaml": PROFILES}, Edition(settings=(setting,)))
    assert any(said in one for one in messages(told)), messages(told)
    assert told.lines["--set"] == (setting,)


def test_a_setting_finds_no_variable_where_the_story_has_none(tmp_path: Path) -> None:
    told = reading(tmp_path, {"film.yaml": HEAD + "shots: [{id: a, prompt: x}]\n"}, Edition(settings=("a=1", "")))
    assert messages(told)[0].startswith("--set:1:1: error: the story has no variable 'a'")


def test_a_file_of_variables_is_told_like_a_story(tmp_path: Path) -> None:
    more = tmp_path / "more.yaml"
    asked = Edition(files=(more,))
    with pytest.raises(StoryInvalid, match=r"the variables in .* cannot be read: no such file"):
        reading(tmp_path, {"film.yaml": PROFILES}, asked)
    more.write_text("[light]")
    assert "a file of variables is a mapping" in messages(reading(tmp_path, {"film.yaml": PROFILES}, asked))[0]
    more.write_text("{light: 'at {{ lihgt }}'}")
    assert messages(reading(tmp_path, {"film.yaml": PROFILES}, asked)) == [
        f"{more}:1:16: error: unknown variable 'lihgt'; did you mean 'light'?"
    ]
    more.write_text("{light")
    assert messages(reading(tmp_path, {"film.yaml": PROFILES}, asked))


def test_a_key_in_any_file_or_setting_is_told_and_blotted_out(tmp_path: Path) -> None:
    key = "sk-" + "a1B2" * 8
    files = {"film.yaml": f"{HEAD}include: part.yaml\n{WAVE}", "part.yaml": f"vars: {{light: {key}}}\n"}
    told = reading(tmp_path, files, Edition(settings=(f"light={key}",)))
    assert [str(one.place) for one in told.diagnostics] == ["--set:1:7", "part.yaml:1:15"]
    assert key not in str(told.lines)


BIRDS = """shots:
  - id: bird
    foreach: {animal: [heron, {id: gull, gait: fast}, true, "", {x: 1}]}
    prompt: A bird
    continues: previous
"""


def test_a_shot_that_is_repeated_is_called_by_its_values(tmp_path: Path) -> None:
    text = HEAD + BIRDS.replace("    continues: previous\n", "")
    told = film(tmp_path, {"film.yaml": text})
    assert [shot.id for shot in told.shots] == ["bird-heron", "bird-gull", "bird-true", "bird-4", "bird-5"]
    chain = BIRDS.replace("shots:\n", "shots:\n  - {id: sky, prompt: The sky}\n")
    links = [shot.media[0].source for shot in film(tmp_path, {"film.yaml": HEAD + chain}).shots[1:]]
    assert [getattr(link, "shot", None) for link in links] == [
        "sky",
        "bird-heron",
        "bird-gull",
        "bird-true",
        "bird-4",
    ]


def test_a_matrix_makes_every_combination_but_the_excluded(tmp_path: Path) -> None:
    text = f"""{HEAD}vars: {{light: dawn}}
shots:
  - id: bird
    matrix:
      animal: [heron, {{name: Grey Gull, gait: fast}}]
      duration: [5, 10]
      exclude: [{{animal: heron, duration: 10}}, {{duration: 5, animal: {{name: Grey Gull, gait: fast}}}}]
    vars: {{sea: calm}}
    prompt: "{{{{ animal }}}} {{{{ duration }}}} {{{{ sea }}}}"
"""
    told = reading(tmp_path, {"film.yaml": text})
    assert messages(told) == ["film.yaml:11:17: error: a mapping cannot stand in a text; name one of its keys"]
    text = text.replace("{{ animal }} ", "")
    shots = film(tmp_path, {"film.yaml": text}).shots
    assert [(shot.id, shot.body["duration"], prompt(shot)) for shot in shots] == [
        ("bird-heron-5", 5, "5 calm"),
        ("bird-grey-gull-10", 10, "10 calm"),
    ]
    assert str(shots[1].origins["duration",].place) == "film.yaml:8:21"


MATRIX = f"""{HEAD}title: In {{{{ language }}}}
matrix:
  ratio: ["16:9", "9:16"]
  language: [en, de]
  exclude: [{{ratio: "9:16", language: de}}]
shots: [{{id: wave, prompt: "A wave, {{{{ language }}}}"}}]
"""


def test_a_story_is_as_many_films_as_its_matrix_has_combinations(tmp_path: Path) -> None:
    stories = reading(tmp_path, {"film.yaml": MATRIX}).stories
    told = [(one.variant, one.output.name, one.title, one.shots[0].body["ratio"]) for one in stories]
    assert told == [
        ("16-9-en", "film-16-9-en.mp4", "In en", "16:9"),
        ("16-9-de", "film-16-9-de.mp4", "In de", "16:9"),
        ("9-16-en", "film-9-16-en.mp4", "In en", "9:16"),
    ]
    (one,) = reading(tmp_path, {"film.yaml": MATRIX}, Edition(variant="9-16-en")).stories
    assert one == stories[2]


def test_a_film_whose_output_says_what_it_differs_in_keeps_its_name(tmp_path: Path) -> None:
    text = MATRIX + 'cut: {output: \'out/{{ language }}-{{ ratio | replace(":", "x") }}.mp4\'}\n'
    names = [one.output.name for one in reading(tmp_path, {"film.yaml": text}).stories]
    assert names == ["en-16x9.mp4", "de-16x9.mp4", "en-9x16.mp4"]
    text = MATRIX + "cut: {output: out/keeper.mp4}\n"
    names = [one.output.name for one in reading(tmp_path, {"film.yaml": text}).stories]
    assert names == ["keeper-16-9-en.mp4", "keeper-16-9-de.mp4", "keeper-9-16-en.mp4"]


def test_films_may_differ_in_their_model(tmp_path: Path) -> None:
    text = f"version: 1\nforeach: {{model: [{PRO}, {FAST}]}}\nshots: [{{id: wave, prompt: A wave}}]\n"
    stories = reading(tmp_path, {"film.yaml": text}).stories
    assert [one.shots[0].model.wire for one in stories] == [CATALOGUE.find(name).wire for name in (PRO, FAST)]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "variant", "said"),
    [
        (MATRIX, "16-9-eng", "film.yaml has no variant '16-9-eng'; did you mean '16-9-en'?"),
        (MATRIX, "x", "film.yaml has no variant 'x'; its films are 16-9-en, 16-9-de, 9-16-en"),
        (HEAD + WAVE, "x", "film.yaml has no variant 'x'; it is one film"),
    ],
)
def test_a_variant_that_is_not_there_is_named(tmp_path: Path, text: str, variant: str, said: str) -> None:
    with pytest.raises(StoryInvalid) as told:
        reading(tmp_path, {"film.yaml": text}, Edition(variant=variant))
    assert told.value.message == said


def test_with_its_repetitions_a_story_has_no_more_shots_than_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seedance_pipe.spec.repeat.MOST", 4)
    told = messages(reading(tmp_path, {"film.yaml": HEAD + BIRDS}))
    assert told[0] == "film.yaml:4:5: error: with its repetitions the story has more than 4 shots"


PARTS = ("vars", "characters", "styles", "defaults", "shots")
WHOLE = {
    "vars": {"light": "dawn"},
    "characters": {"keeper": "an old keeper"},
    "styles": {"noir": "hard light"},
    "defaults": {"duration": 5, "resolution": "480p"},
    "shots": [{"id": "a", "prompt": "{{ characters.keeper }} at {{ light }}, {{ styles.noir }}"}],
}


@given(moved=st.dictionaries(st.sampled_from(PARTS), st.sampled_from(["a.yaml", "b.yaml", "deep/c.yaml"])))
def test_in_which_file_a_part_stands_changes_no_request(
    tmp_path_factory: pytest.TempPathFactory, moved: dict[str, str]
) -> None:
    head = {"version": 1, "model": PRO, "include": ["a.yaml", "b.yaml"]}
    files = {"film.yaml": head | {part: WHOLE[part] for part in PARTS if part not in moved}}
    files |= {
        name: {part: WHOLE[part] for part in PARTS if moved.get(part) == name} for name in ("a.yaml", "b.yaml")
    }
    files["b.yaml"]["include"] = "deep/c.yaml"
    files["deep/c.yaml"] = {part: WHOLE[part] for part in PARTS if moved.get(part) == "deep/c.yaml"}
    told = {name: yaml.safe_dump(part) for name, part in files.items()}
    folder = tmp_path_factory.mktemp("moved")
    alone = film(folder, {"film.yaml": yaml.safe_dump({"version": 1, "model": PRO, **WHOLE})})
    spread = film(folder, told)
    assert [(one.id, one.body, one.order) for one in spread.shots] == [
        (one.id, one.body, one.order) for one in alone.shots
    ]
