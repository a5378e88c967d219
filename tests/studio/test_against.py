"""`plan --against`: what a working tree's story would buy beyond what a revision asks for."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conftest import PIPELINES, SHORT, Pipe
from tests.studio.test_git import Repository


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository with one story of two shots in a folder of it, and we are in its top folder."""
    folder = tmp_path / "repository"
    (folder / "films").mkdir(parents=True)
    repository = Repository(folder)
    (folder / "films" / "short.yaml").write_text(SHORT)
    repository.commit()
    monkeypatch.chdir(folder)
    return repository


STORY = Path("films/short.yaml")


def change(*pairs: tuple[str, str]) -> None:
    text = STORY.read_text()
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    STORY.write_text(text)


def test_a_changed_word_is_priced_with_all_that_follows_from_it(tree: Repository, pipe: Pipe) -> None:
    change(("A wave breaks", "A wave rises"))
    told = pipe("plan", STORY, "--against", "HEAD")
    commit = tree.git("rev-parse", "HEAD")[:12]
    assert told.code == 0, told.err
    assert told.out == (
        "step    verdict  price    total    why\n"
        'wave#1  changed  $0.0196  $0.0196  prompt: "A wave breaks" -> "A wave rises"  (films/short.yaml:7:13)\n'
        "                                   drags along foam#1 ($0.0196), film\n"
        "foam#1  changed  $0.0196  $0.0392  after wave#1/frame\n"
        "\n"
        f"Beyond HEAD ({commit}): 2 changed, 0 as before; to buy: $0.0392 (prices as of 2026-09-09).\n"
        "Leaves this machine: the last frame of wave (made by this story) -> modelark, inside the request\n"
        "The last frame of wave#1 is not there yet; made from it: foam#1; not bought if it comes out as before: "
        "foam#1\n"
    )
    assert not (Path("films") / ".seedance").exists()


def test_a_film_that_was_made_changes_nothing_about_a_difference(tree: Repository, pipe: Pipe) -> None:
    change(("A wave breaks", "A wave rises"))
    before = pipe("plan", STORY, "--against", "HEAD", "--sandbox").out
    assert pipe("run", STORY, "--sandbox").code == 0
    assert pipe("plan", STORY, "--against", "HEAD", "--sandbox").out == before


def test_new_names_and_comments_cost_nothing_and_exit_with_0(tree: Repository, pipe: Pipe) -> None:
    change(("id: wave", "id: breaker"), ("continues: wave", "continues: breaker"), ("version: 1", "version: 1 #"))
    told = pipe("plan", STORY, "--against", "HEAD", "--exit-code")
    assert told.code == 0
    assert told.out.startswith("Nothing to buy beyond HEAD (")
    assert told.out.endswith("): 2 takes as before.\n")


def test_shots_that_come_and_go_are_told_with_their_prices(tree: Repository, pipe: Pipe) -> None:
    text = STORY.read_text()
    STORY.write_text(text[: text.index("  - id: foam")] + "  - id: gull\n    prompt: A gull | <b>@me</b>\n")
    told = pipe("plan", STORY, "--against", "HEAD", "--exit-code")
    assert told.code == 1
    assert "gull#1  added    $0.0196  $0.0196  new\n" in told.out
    assert "foam#1  removed                    asked for no more; it was $0.0196\n" in told.out
    assert "): 1 added, 1 removed, 1 as before; to buy: $0.0196 " in told.out
    data = pipe("plan", STORY, "--against", "HEAD", "--json").json
    assert data["removed"] == ["foam#1"]
    assert [(one["step"], one["difference"]) for one in data["steps"]] == [("wave#1", "same"), ("gull#1", "added")]
    assert data["against"]["commit"] == tree.git("rev-parse", "HEAD")
    text = pipe("plan", STORY, "--against", "HEAD", "--markdown").out
    assert "### What `short.yaml` would buy\n" in text
    assert "| `gull#1` | added | `$0.0196` | `$0.0196` | `new`<br>`drags along film` |\n" in text
    assert "| `foam#1` | removed |  |  | `asked for no more; it was $0.0196` |\n" in text


def test_included_files_and_pictures_are_those_of_the_revision(tree: Repository, pipe: Pipe) -> None:
    assets = Path("films/assets")
    shutil.copytree(PIPELINES / "assets", assets)
    Path("films/parts.yaml").write_text("vars: {sky: a grey sky}\n")
    STORY.write_text(
        SHORT.replace("version: 1\n", "version: 1\ninclude: parts.yaml\n").replace(
            "prompt: A wave breaks", 'prompt: "A wave, {{ sky }}"\n    first_frame: assets/stairs.png'
        )
    )
    tree.commit()
    assert pipe("plan", STORY, "--against", "HEAD", "--exit-code").code == 0
    Path("films/parts.yaml").write_text("vars: {sky: a red sky}\n")
    told = pipe("plan", STORY, "--against", "HEAD").out
    assert 'prompt: "A wave, a grey sky" -> "A wave, a red sky"' in told
    Path("films/parts.yaml").write_text("vars: {sky: a grey sky}\n")
    from PIL import Image

    with Image.open(assets / "stairs.png") as picture:
        picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(assets / "stairs.png")
    told = pipe("plan", STORY, "--against", "HEAD").out
    assert "first_frame: another file  (films/short.yaml:9:18)" in told


def test_of_a_story_that_was_not_there_everything_is_new(tree: Repository, pipe: Pipe) -> None:
    shutil.copy(STORY, "films/new.yaml")
    told = pipe("plan", "films/new.yaml", "--against", "HEAD", "--exit-code")
    assert told.code == 1
    assert "There is no such story at HEAD (" in told.out
    assert "): 2 added, 0 as before; to buy: $0.0392" in told.out
    assert pipe("plan", "films/new.yaml", "--against", "HEAD", "--json").json["against"]["absent"] is True


def test_a_revision_at_which_the_story_was_wrong_is_told_at_its_place(tree: Repository, pipe: Pipe) -> None:
    change(("duration: 2", "durration: 2"))
    tree.commit()
    STORY.write_text(SHORT)
    told = pipe("plan", STORY, "--against", "HEAD")
    assert told.code == 3
    assert told.out == ""
    assert "HEAD:films/short.yaml:4:" in told.err
    assert "HEAD:films/short.yaml has problems" in told.err


def test_what_cannot_be_compared_is_told_and_is_never_taken_for_work(tree: Repository, pipe: Pipe) -> None:
    told = pipe("plan", STORY, "--against", "elsewhere", "--exit-code")
    assert told.code == 2
    assert "git knows no revision 'elsewhere' here" in told.err
    assert pipe("plan", STORY, "--against", "HEAD", "--force", "wave").code == 2
    assert pipe("plan", STORY, "--against", "HEAD", "--json", "--markdown").code == 2
    outside = tree.folder.parent / "alone.yaml"
    outside.write_text(SHORT)
    told = pipe("plan", outside, "--against", "HEAD")
    assert told.code == 6
    assert "lies in no git repository" in told.err


def test_each_film_of_a_story_is_compared_with_its_own(tree: Repository, pipe: Pipe) -> None:
    films = SHORT.replace("version: 1\n", "version: 1\nmatrix: {sky: [grey, red]}\n")
    STORY.write_text(films.replace("prompt: A wave", 'prompt: "A {{ sky }} wave"\n    # A wave'))
    tree.commit()
    change(("[grey, red]", "[grey, blue]"))
    data = pipe("plan", STORY, "--against", "HEAD", "--json").json
    kept, new = data["films"]
    assert {one["difference"] for one in kept["steps"]} == {"same"}
    assert {one["difference"] for one in new["steps"]} == {"added"}
