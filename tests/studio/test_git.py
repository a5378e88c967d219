"""A story's folder at a revision, read through a real git."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from seedance_pipe.effects import Effects
from seedance_pipe.errors import Missing, PipeError
from seedance_pipe.studio import git
from seedance_pipe.studio.git import NoRevision, at_revision

WHO = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}


class Repository:
    """A repository in a folder of its own, which knows no setting of the person who runs the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str, given: bytes = b"") -> str:
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "GIT_CONFIG_NOSYSTEM": "1", **WHO}
        ended = subprocess.run(
            ["git", *arguments], cwd=self.folder, env=environ, input=given, capture_output=True, check=True
        )
        return ended.stdout.decode().strip()

    def commit(self, **files: bytes) -> str:
        for name, content in files.items():
            path = self.folder / name.replace("__", "/").replace("_yaml", ".yaml").replace("_png", ".png")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "a commit")
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    folder = tmp_path / "repository"
    folder.mkdir()
    return Repository(folder)


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where private folders are made, so that a test sees whether one is left."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def test_the_whole_folder_is_there_as_it_was_and_is_gone_afterwards(repository: Repository, scratch: Path) -> None:
    picture = bytes(range(256)) * 9000
    first = repository.commit(films__a_yaml=b"one\r\n", films__assets__x_png=picture, other_yaml=b"else")
    repository.commit(films__a_yaml=b"two")
    story = repository.folder / "films" / "a.yaml"
    story.write_text("three")
    with at_revision(story, "main~1") as then:
        assert then.commit == first
        assert then.name == "main~1:films/a.yaml"
        assert then.path is not None
        assert then.path.read_bytes() == b"one\r\n"
        assert (then.path.parent / "assets" / "x.png").read_bytes() == picture
        assert sorted(path.name for path in then.path.parent.iterdir()) == ["a.yaml", "assets"]
        assert then.path.parent.stat().st_mode & 0o077 == 0
    assert not list(scratch.iterdir())
    assert story.read_text() == "three"
    assert repository.git("status", "--porcelain") == "M films/a.yaml"


def test_a_story_that_was_not_there_has_no_path(repository: Repository, scratch: Path) -> None:
    repository.commit(a_yaml=b"one")
    (repository.folder / "later").mkdir()
    for story in (repository.folder / "b.yaml", repository.folder / "later" / "a.yaml"):
        with at_revision(story, "HEAD") as then:
            assert then.path is None
    assert not list(scratch.iterdir())


@pytest.mark.parametrize("revision", ["nowhere", "--all", "HEAD:a.yaml", "", "HEAD^{tree}", "a\x1b[31m"])
def test_what_is_no_revision_is_told(repository: Repository, revision: str) -> None:
    repository.commit(a_yaml=b"one")
    with (
        pytest.raises(NoRevision, match="git knows no revision") as told,
        at_revision(repository.folder / "a.yaml", revision),
    ):
        pass
    assert "\x1b" not in str(told.value)


def test_a_folder_without_a_repository_and_a_machine_without_git_are_told(tmp_path: Path) -> None:
    with pytest.raises(Missing, match="lies in no git repository"), at_revision(tmp_path / "a.yaml", "HEAD"):
        pass
    without = Effects(environ={"PATH": str(tmp_path)})
    with pytest.raises(Missing, match="there is no git"), at_revision(tmp_path / "a.yaml", "HEAD", without):
        pass


def test_links_are_followed_inside_the_folder_and_nowhere_else(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    assets = repository.folder / "assets"
    assets.mkdir()
    (assets / "real.png").write_bytes(b"picture")
    (assets / "same.png").symlink_to("real.png")
    (assets / "up.png").symlink_to("../assets/real.png")
    (assets / "twice.png").symlink_to("same.png")
    (assets / "out.png").symlink_to(tmp_path / "secret")
    (repository.folder / "story.yaml").symlink_to("../secret")
    repository.commit(a_yaml=b"one")
    with at_revision(repository.folder / "a.yaml", "HEAD") as then:
        assert then.path is not None
        found = {path.name: path.read_bytes() for path in (then.path.parent / "assets").iterdir()}
        assert found == {"real.png": b"picture", "same.png": b"picture", "up.png": b"picture"}
        assert not any(path.is_symlink() for path in then.path.parent.rglob("*"))


def test_a_tree_made_by_hand_writes_nothing_outside(repository: Repository, scratch: Path) -> None:
    blob = repository.git("hash-object", "-w", "--stdin", given=b"evil")
    inner = repository.git("mktree", given=f"100644 blob {blob}\tevil\n".encode())
    entries = f"040000 tree {inner}\t..\n100644 blob {blob}\ta.yaml\n"
    tree = repository.git("mktree", "--missing", given=entries.encode())
    commit = repository.git("commit-tree", "-m", "by hand", tree)
    with at_revision(repository.folder / "a.yaml", commit) as then:
        assert then.path is not None
        assert [path.name for path in then.path.parent.iterdir()] == ["a.yaml"]
        assert [path.name for path in scratch.iterdir()] == [then.path.parent.name]


def test_filters_of_the_repository_have_no_say(repository: Repository, tmp_path: Path) -> None:
    repository.git("config", "filter.loud.smudge", f"touch {tmp_path / 'ran'}")
    repository.git("config", "core.fsmonitor", f"touch {tmp_path / 'watched'}")
    (repository.folder / ".gitattributes").write_text("*.yaml export-ignore filter=loud\n")
    repository.commit(a_yaml=b"one")
    (tmp_path / "ran").unlink(missing_ok=True)
    (tmp_path / "watched").unlink(missing_ok=True)
    with at_revision(repository.folder / "a.yaml", "HEAD") as then:
        assert then.path is not None
        assert then.path.read_bytes() == b"one"
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path / "watched").exists()


def test_git_is_given_no_key(repository: Repository, tmp_path: Path) -> None:
    repository.commit(a_yaml=b"one")
    seen = tmp_path / "seen"
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    fake.write_text(f'#!/bin/sh\nenv >> {seen}\nPATH={os.environ["PATH"]} exec git "$@"\n')
    fake.chmod(0o755)
    path = f"{fake.parent}:{os.environ['PATH']}"
    environ = {"PATH": path, "ARK_API_KEY": "a-key-of-ours", "GIT_DIR": "/nowhere", "HOME": str(tmp_path)}
    with at_revision(repository.folder / "a.yaml", "HEAD", Effects(environ=environ)) as then:
        assert then.path is not None
    assert "a-key-of-ours" not in seen.read_text()


def test_a_folder_that_is_too_large_and_an_object_that_is_lost_are_told(
    repository: Repository, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit(a_yaml=b"one", b_yaml=b"a second file")
    story = repository.folder / "a.yaml"
    with monkeypatch.context() as patch:
        patch.setattr(git, "GREATEST", 10)
        with pytest.raises(PipeError, match="more than 0 GiB"), at_revision(story, "HEAD"):
            pass
    with monkeypatch.context() as patch:
        patch.setattr(git, "_GREATEST_FILE", 5)
        with at_revision(story, "HEAD") as then:
            assert then.path is not None
            assert [path.name for path in then.path.parent.iterdir()] == ["a.yaml"]
    for name, told in (("HEAD:b.yaml", "git cannot read the object"), ("HEAD^{tree}", "git ls-tree failed: ")):
        lost = repository.git("rev-parse", name)
        (repository.folder / ".git" / "objects" / lost[:2] / lost[2:]).unlink()
        with pytest.raises(PipeError, match=told), at_revision(story, "HEAD"):
            pass
    assert not list(scratch.iterdir())


def test_a_disk_that_is_full_leaves_nothing_behind(repository: Repository, scratch: Path) -> None:
    repository.commit(a_yaml=b"one")

    def full(descriptor: int, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    outside = Effects()
    outside = replace(outside, disk=replace(outside.disk, write=full))
    story = repository.folder / "a.yaml"
    with (
        pytest.raises(PipeError, match=r"HEAD:a.yaml cannot be copied.*No space"),
        at_revision(story, "HEAD", outside),
    ):
        pass
    assert not list(scratch.iterdir())
