from __future__ import annotations

import dataclasses
import errno
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seedance_pipe.disk import DISK, Disk
from seedance_pipe.errors import Missing, PipeError
from seedance_pipe.run import store as store_module
from seedance_pipe.run.store import Store
from seedance_pipe.units import Digest

CLIP = b"\x00\x00\x00\x20ftypisom" + bytes(range(256)) * 9000


class Stopped(BaseException):
    """The program ends here, as if killed."""


def failing_at(number: int, error: BaseException) -> tuple[Disk, list[str]]:
    """A disk that raises `error` instead of its operation `number` (from 0) and of all later ones."""
    done: list[str] = []

    def counted(name: str, operation: Callable[..., Any]) -> Callable[..., Any]:
        def perform(*arguments: Any) -> Any:
            if len(done) >= number:
                raise error
            done.append(name)
            return operation(*arguments)

        return perform

    operations = {field.name: counted(field.name, getattr(DISK, field.name)) for field in dataclasses.fields(Disk)}
    return Disk(**operations), done


def name_of(content: bytes) -> Digest:
    return Digest(hashlib.sha256(content).hexdigest())


def put(store: Store, content: bytes) -> Digest:
    with store.scratch() as scratch:
        file = scratch / "file"
        file.write_bytes(content)
        return store.keep(file)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / ".seedance" / "store")


def test_a_kept_file_is_found_under_the_digest_of_its_content(store: Store) -> None:
    digest = put(store, CLIP)
    path = store.path(digest)
    assert digest == name_of(CLIP)
    assert path == store.folder / digest[:2] / f"{digest[2:]}.mp4"
    assert path.read_bytes() == CLIP
    assert path.stat().st_mode & 0o777 == 0o444
    assert path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("content", "suffix"),
    [
        (CLIP, "mp4"),
        (b"\x1aE\xdf\xa3....", "webm"),
        (b"\x89PNG\r\n\x1a\n....", "png"),
        (b"\xff\xd8\xff\xe0....", "jpg"),
        (b' {"width": 1}', "json"),
        (b"[1]", "json"),
        (b"", "bin"),
        (b"hello", "bin"),
    ],
)
def test_the_name_ends_in_what_the_content_is(store: Store, content: bytes, suffix: str) -> None:
    assert store.path(put(store, content)).suffix == f".{suffix}"


def test_keeping_the_same_content_twice_leaves_one_file(store: Store) -> None:
    assert put(store, CLIP) == put(store, CLIP)
    assert store.digests() == {name_of(CLIP)}


def test_another_store_of_the_same_folder_sees_what_was_kept_after_it_looked(store: Store) -> None:
    other = Store(store.folder)
    assert not other.has(name_of(CLIP))
    put(store, CLIP)
    assert other.has(name_of(CLIP))


def test_a_store_that_nobody_wrote_to_is_empty_and_makes_no_folder(store: Store) -> None:
    assert store.digests() == frozenset()
    assert not store.check(name_of(CLIP))
    with pytest.raises(Missing, match="has no file"):
        store.path(name_of(CLIP))
    store.close()
    assert not store.folder.exists()


@pytest.mark.parametrize("digest", ["", "..journal", "../" * 9, "AB" * 32, "a" * 63])
def test_what_is_no_digest_is_not_looked_for(store: Store, digest: str) -> None:
    put(store, CLIP)
    (store.folder.parent / "journal.db").write_text("secret")
    assert not store.has(Digest(digest))


@given(contents=st.lists(st.binary(max_size=40), max_size=8))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_store_holds_exactly_what_was_kept(store: Store, contents: list[bytes]) -> None:
    before = store.digests()
    kept = {put(store, content) for content in contents}
    assert Store(store.folder).digests() == before | kept == store.digests()
    assert all(store.check(digest) for digest in kept)


def test_a_damaged_file_is_set_aside_and_is_no_longer_there(store: Store) -> None:
    digest = put(store, CLIP)
    for number in ("", "-1"):
        path = store.path(digest)
        path.chmod(0o644)
        path.write_bytes(b"not the clip")
        assert not store.check(digest)
        assert not store.has(digest)
        assert (store.folder / "damaged" / f"{digest}{number}.mp4").read_bytes() == b"not the clip"
        assert put(store, CLIP) == digest
    assert store.check(digest)


def test_a_file_that_vanished_while_it_was_checked_is_told(store: Store) -> None:
    digest = put(store, CLIP)
    store.path(digest).unlink()
    with pytest.raises(PipeError, match="cannot be checked"):
        store.check(digest)


def test_a_link_is_not_kept(store: Store, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    with store.scratch() as scratch:
        (scratch / "file").symlink_to(secret)
        with pytest.raises(PipeError, match="cannot be kept"):
            store.keep(scratch / "file")
    assert secret.stat().st_mode & 0o200


def test_a_folder_or_a_pipe_is_not_kept(store: Store) -> None:
    with store.scratch() as scratch:
        os.mkfifo(scratch / "pipe")
        for path in (scratch, scratch / "pipe"):
            with pytest.raises(PipeError, match="is not a file"):
                store.keep(path)


def test_a_link_in_the_store_is_not_taken_for_a_file(store: Store, tmp_path: Path) -> None:
    digest = put(store, CLIP)
    path = store.path(digest)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert not Store(store.folder).has(digest)


def test_a_store_that_is_a_link_or_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "file").write_text("")
    for name in ("link", "file"):
        with pytest.raises(PipeError), Store(tmp_path / name).scratch():
            pass


def test_a_folder_of_the_store_that_cannot_be_read_is_told(store: Store) -> None:
    store.folder.mkdir(parents=True)
    (store.folder / "ab").write_text("a file where a folder should be")
    with pytest.raises(PipeError, match="cannot be read"):
        store.digests()


def test_scratch_is_on_the_file_system_of_the_store_and_goes_away(store: Store) -> None:
    with store.scratch() as scratch:
        (scratch / "half").write_text("half a clip")
        assert scratch.stat().st_dev == store.folder.stat().st_dev
        with store.scratch() as second:
            assert second != scratch
    assert not scratch.exists()
    store.close()
    assert list((store.folder / "scratch").iterdir()) == []


LEAVER = """
import os, sys
from pathlib import Path
from seedance_pipe.run.store import Store
scratch = Store(Path(sys.argv[1])).scratch()
(scratch.__enter__() / "half").write_text("half")
os.kill(os.getpid(), 9)
"""


def test_what_a_killed_run_left_is_removed_and_a_living_run_keeps_its_own(store: Store) -> None:
    subprocess.run([sys.executable, "-c", LEAVER, str(store.folder)], check=False)
    shelf = store.folder / "scratch"
    (left,) = shelf.iterdir()
    (shelf / "stray").write_text("not a folder")
    with store.scratch() as mine:
        assert not left.exists()
        other = Store(store.folder)
        with other.scratch() as theirs:
            assert mine.exists()
            assert theirs.exists()
        other.close()
        assert mine.exists()


def test_two_runs_that_start_at_once_do_not_take_each_other_for_dead(store: Store) -> None:
    def start(_: int) -> bool:
        own = Store(store.folder)
        with own.scratch() as scratch:
            (scratch / "file").write_text("x")
            there = scratch.exists()
        own.close()
        return there

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(start, range(200)))


def test_a_new_scratch_that_another_run_took_for_dead_is_made_again(store: Store) -> None:
    """The other run strikes before the new folder is opened for its lock, and once more just after."""
    taken: list[Path] = []

    def stolen_before(folder: Path) -> int | None:
        if not taken:
            taken.append(folder)
            folder.rmdir()
        return lock_folder(folder)

    def stolen_after(folder: Path) -> int | None:
        descriptor = lock_folder(folder)
        if len(taken) == 1:
            taken.append(folder)
            folder.rmdir()
        return descriptor

    lock_folder = store_module._lock_folder
    for strike in (stolen_before, stolen_after):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(store_module, "_lock_folder", strike)
            own = Store(store.folder)
            with own.scratch() as scratch:
                assert scratch.parent not in taken
            own.close()
    assert len(taken) == 2


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "no space"), Stopped()], ids=["full disk", "kill"])
def test_a_stop_at_any_operation_leaves_the_file_absent_or_whole(tmp_path: Path, error: BaseException) -> None:
    number, names, finished = 0, [""], False
    while not finished:
        folder = tmp_path / str(number)
        source = tmp_path / f"clip{number}"
        source.write_bytes(CLIP)
        disk, names = failing_at(number, error)
        try:
            Store(folder, disk=disk).keep(source)
            finished = True
        except (PipeError, Stopped):
            after = Store(folder)
            assert after.digests() <= {name_of(CLIP)}
            assert all(after.check(digest) for digest in after.digests())
            assert after.has(name_of(CLIP)) or source.read_bytes() == CLIP
            source.write_bytes(CLIP)
            assert after.keep(source) == name_of(CLIP)
            assert after.check(name_of(CLIP))
        number += 1
    assert names == ["mode", "sync", *["make_folder", "sync_folder"] * 2, "replace", "sync_folder"]


def test_a_file_has_its_name_only_after_its_content_is_on_the_disk(tmp_path: Path) -> None:
    disk, names = failing_at(99, Stopped())
    (tmp_path / "clip").write_bytes(CLIP)
    Store(tmp_path / "store", disk=disk).keep(tmp_path / "clip")
    assert names.index("sync") < names.index("replace") < len(names) - 1 - names[::-1].index("sync_folder")


def test_a_scratch_that_cannot_be_made_or_removed_is_no_disaster(tmp_path: Path) -> None:
    disk, _ = failing_at(0, OSError(errno.EACCES, "Permission denied"))
    with pytest.raises(PipeError, match="no working folder"), Store(tmp_path / "a", disk=disk).scratch():
        pass

    def refuse(path: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    keeps = Store(tmp_path / "b", disk=Disk(remove_tree=refuse))
    with keeps.scratch() as scratch:
        pass
    assert scratch.exists()
    keeps.close()


@pytest.mark.parametrize("number", [errno.EIO, errno.EACCES])
def test_what_the_disk_cannot_read_any_more_is_set_aside_and_what_we_may_not_read_is_not(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    clip = tmp_path / "clip"
    clip.write_bytes(CLIP)
    digest = store.keep(clip)

    def unreadable(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(store_module, "_read", unreadable)
    if number == errno.EIO:
        assert not store.check(digest)
        assert not store.has(digest)
        assert [path.name for path in (store.folder / "damaged").iterdir()] == [f"{digest}.mp4"]
    else:
        with pytest.raises(PipeError, match="cannot be checked: Permission denied"):
            store.check(digest)
        assert store.has(digest)
